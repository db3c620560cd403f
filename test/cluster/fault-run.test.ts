import { describe, expect, test } from "vitest";
import { runCampaign } from "../faults/campaign.ts";
import { toLine } from "../faults/checker/breach.ts";
import { TRANSPORTS } from "../faults/devices/device.ts";
import { chooseFaults } from "../faults/faults/all.ts";
import { SHORT } from "../faults/form.ts";
import { heading, toRow } from "../faults/table.ts";
import { REDIS_KINDS, type RedisKind } from "../faults/world/redis-set.ts";

/** What `npm run faults` does at length, with a few people and the faults that have most to say. */
const NAMES: Record<RedisKind, string[]> = {
  sentinel: [
    "gateway-sigterm+recorder-sigkill",
    "gateway-sigstop+worker-sigkill+devices-restless",
    "redis-failover",
  ],
  cluster: ["redis-lost"],
};
const SEED = 1;

describe.each(REDIS_KINDS)(
  "a system with Redis %s in which one thing after the other breaks",
  (redis) => {
    test(
      "loses nothing, doubles nothing and takes nothing back",
      { timeout: 300_000 },
      async () => {
        console.log(heading());
        const names = NAMES[redis];
        const rows = await runCampaign({
          form: SHORT,
          redis,
          seed: SEED,
          faults: chooseFaults(names, redis),
          mixed: 0,
          transports: TRANSPORTS,
          onRow: (row) => console.log(toRow(row)),
        });
        const breaches = rows.flatMap(({ fault, breaches: found }) =>
          found.map((breach) => `${fault}: ${toLine(breach)}`),
        );
        expect(breaches).toEqual([]);
        expect(rows.map(({ fault }) => fault)).toEqual(names);
      },
    );
  },
);
