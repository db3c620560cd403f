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
  flags: string[];
  measured: (fromUs: number, toUs: number) => void;
  print(): Promise<void>;
}

const TOP = 10;
const INTERVAL_US = 500;
const NONE: Profile = { flags: [], measured: () => undefined, print: async () => undefined };

export function createProfiles(isWanted: boolean): Profiles {
  return {
    async begin(what) {
      if (!isWanted) return NONE;
      const folder = await mkdtemp(join(tmpdir(), "jobcast-profile-"));
      let last = { fromUs: 0, toUs: 0 };
      return {
        flags: ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_US}`],
        // The last case is the one under most load.
        measured: (fromUs, toUs) => void (last = { fromUs, toUs }),
        async print() {
          for (const file of await readdir(folder)) {
            const profile = JSON.parse(await readFile(join(folder, file), "utf8"));
            console.log(`\n${what}: where a node's CPU goes`);
            for (const { name, share } of bySelfTime(profile, last.fromUs, last.toUs).slice(0, TOP))
              console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
          }
          await rm(folder, { recursive: true });
        },
      };
    },
  };
}
