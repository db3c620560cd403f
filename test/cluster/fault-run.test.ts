import { describe, expect, test } from "vitest";
import { runCampaign } from "../faults/campaign.ts";
import { toLine } from "../faults/checker/breach.ts";
import { chooseFaults } from "../faults/faults/all.ts";
import { SHORT } from "../faults/form.ts";
import { heading, toRow } from "../faults/table.ts";

/** What `npm run faults` does at length, with a few people and the faults that have most to say. */
const NAMES = [
  "gateway-sigkill+worker-sigterm",
  "gateway-sigterm+recorder-sigkill",
  "recorder-sigstop+worker-sigkill",
  "gateway-sigstop+worker-sigstop+devices-restless",
  "redis-sigkill",
  "redis-kill-normal",
];
const SEED = 1;

describe("a system in which one thing after the other breaks", () => {
  test("loses nothing, doubles nothing and takes nothing back", { timeout: 300_000 }, async () => {
    console.log(heading());
    const rows = await runCampaign({
      form: SHORT,
      seed: SEED,
      faults: chooseFaults(NAMES),
      mixed: 0,
      transports: ["socket-io"],
      onRow: (row) => console.log(toRow(row)),
    });
    const breaches = rows.flatMap(({ fault, breaches: found }) =>
      found.map((breach) => `${fault}: ${toLine(breach)}`),
    );
    expect(breaches).toEqual([]);
    expect(rows.map(({ fault }) => fault)).toEqual(NAMES);
  });
});
