import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bySelfTime } from "./cpu-profile.ts";

/** CPU profiles of nodes, cut to what was measured. */
export interface Profiles {
  /** Begins one; `print` shows and removes it when the node has ended. */
  begin(what: string): Promise<Profile>;
}

export interface Profile {
  /** Of Node, for the nodes of a target and for their helpers. */
  flags: Record<"nodes" | "helpers", string[]>;
  measured: (fromUs: number, toUs: number) => void;
  print(): Promise<void>;
}

const TOP = 10;
const INTERVAL_US = 500;
const NONE: Profile = {
  flags: { nodes: [], helpers: [] },
  measured: () => undefined,
  print: async () => undefined,
};

export function createProfiles(isWanted: boolean): Profiles {
  return {
    async begin(what) {
      if (!isWanted) return NONE;
      const folder = await mkdtemp(join(tmpdir(), "jobcast-profile-"));
      let last = { fromUs: 0, toUs: 0 };

      const flagsOf = (part: string) => [
        "--cpu-prof",
        `--cpu-prof-dir=${join(folder, part)}`,
        `--cpu-prof-interval=${INTERVAL_US}`,
      ];
      async function printPart(part: string): Promise<void> {
        for (const file of await readdir(join(folder, part)).catch(() => [])) {
          const profile = JSON.parse(await readFile(join(folder, part, file), "utf8"));
          const times = bySelfTime(profile, last.fromUs, last.toUs);
          // Of several cases the last one counts; whoever ended before has nothing to show.
          if (times.length === 0) continue;
          console.log(`\n${what}: where the CPU of one of the ${part} goes`);
          for (const { name, share } of times.slice(0, TOP))
            console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
        }
      }

      return {
        flags: { nodes: flagsOf("nodes"), helpers: flagsOf("helpers") },
        measured: (fromUs, toUs) => void (last = { fromUs, toUs }),
        async print() {
          await printPart("nodes");
          await printPart("helpers");
          await rm(folder, { recursive: true });
        },
      };
    },
  };
}
