import { runCampaign } from "./campaign.ts";
import { toLine } from "./checker/breach.ts";
import { killBelow } from "../support/process-tree.ts";
import { chooseFaults } from "./faults/all.ts";
import { FULL, type Form, SHORT } from "./form.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { writeReport } from "./report.ts";
import type { Row } from "./round.ts";
import { heading, toRow } from "./table.ts";
import type { RedisKind } from "./world/redis-set.ts";

/** So many lines of one row are printed; all are in the file. */
const SHOWN = 10;

const SETUPS: Record<RedisKind, string> = {
  sentinel: "with a replica and three sentinels",
  cluster: "Cluster of three primaries with a replica each",
};

process.exitCode = await main(process.argv.slice(2));

/** 0 when nothing was violated, 1 when something was, 2 when the run could not be made. */
async function main(args: string[]): Promise<number> {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => {
      if (interrupted.signal.aborted) return void endAtOnce();
      console.log("\nStopping after this fault; once more ends the run at once");
      return interrupted.abort();
    });
  try {
    return await run(readOptions(args), interrupted.signal);
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    console.error(USAGE);
    return 2;
  }
}

/** No process stays behind. */
async function endAtOnce(): Promise<never> {
  await killBelow(process.pid);
  process.exit(2);
}

async function run(options: Options, signal: AbortSignal): Promise<number> {
  const { seed, transports, redis, only, out } = options;
  const faults = chooseFaults(
    only.filter((name) => name !== "mixed"),
    redis,
  );
  const form = toForm(options);
  const command = toCommand(options);
  console.log(`${form.users} users, a Redis ${SETUPS[redis]}, seed ${seed}\n\n${heading()}`);
  const onlyMixed = only.length === 1 && only[0] === "mixed";
  const rows = await runCampaign({
    form,
    redis,
    seed,
    faults,
    isMixedOnly: onlyMixed,
    mixed: only.length === 0 || only.includes("mixed") ? form.mixed : 0,
    transports,
    onRow: print,
    signal,
  });
  const path = await writeReport({ seed, form, redis, transports, command, rows, out });
  const violations = rows.flatMap(({ breaches }) => breaches).length;
  console.log(`\n${violations} violations in ${rows.length} rounds. Written to ${path}`);
  if (violations > 0) console.log(`Repeat with: ${command}`);
  return violations === 0 ? 0 : 1;
}

function toForm({ isShort, users, mixed }: Options): Form {
  const form = isShort ? SHORT : FULL;
  return { ...form, users: users ?? form.users, mixed: mixed ?? form.mixed };
}

function toCommand({ seed, only, isShort, users, mixed, redis, transports }: Options): string {
  const given = [
    `--seed ${seed}`,
    ...(only.length === 0 ? [] : [`--only ${only.join(",")}`]),
    ...(isShort ? ["--short"] : []),
    ...(users === undefined ? [] : [`--users ${users}`]),
    ...(mixed === undefined ? [] : [`--mixed ${mixed}`]),
    `--redis ${redis}`,
    `--transports ${transports.join(",")}`,
  ];
  return `npm run faults -- ${given.join(" ")}`;
}

function print(row: Row): void {
  console.log(toRow(row));
  for (const breach of row.breaches.slice(0, SHOWN)) console.log(`    ${toLine(breach)}`);
  const more = row.breaches.length - SHOWN;
  if (more > 0) console.log(`    and ${more} more`);
  for (const [job, lines] of Object.entries(row.evidence))
    console.log([`    ${job}`, ...lines].join("\n      "));
}
