import { isAudience } from "../../../../src/contract/names.ts";
import { createWriter, type FeedUpdate } from "../../../../src/feeds/append.ts";
import { BATCH, GATHER_MS } from "../../../../src/recorder/source.ts";
import { openStrictRedis } from "../../../../src/redis/connect.ts";
import { createKeys } from "../../../../src/redis/keys.ts";
import { PARTITIONS, PREFIX } from "../../lib/installation.ts";
import type { Due } from "../event.ts";
import { inBatches } from "../in-batches.ts";
import type { OpenSource } from "../source.ts";

const CLAIM = { source: "bench", fence: 1, holder: "bench" };

/** Numbers, stores and tells events as the recorder does, in batches as it reads them: the audiences of a partition together, and the next batch when the last is done. */
export const openJobcast: OpenSource = async ({ redisUrl }) => {
  const redis = openStrictRedis(redisUrl, "bench-publisher");
  await new Promise((resolve) => redis.once("ready", resolve));
  const writer = createWriter({
    redis,
    keys: createKeys(PREFIX),
    partitions: PARTITIONS,
    maxFacts: 10_000,
    ttlHours: 72,
    continuity: {
      ensure: async () => undefined,
      note: () => undefined,
      mark: () => "",
      doubt: () => undefined,
    },
  });
  const refs = new Map<string, number>();

  function toUpdate(audience: string, due: Due[]): FeedUpdate {
    if (!isAudience(audience)) throw new Error(`No audience: ${audience}`);
    const last = refs.get(audience) ?? 0;
    refs.set(audience, last + 1);
    return {
      audience,
      expectedRef: last === 0 ? "" : `${last}-0`,
      ref: `${last + 1}-0`,
      entries: due.map(({ jobId, event }) => ({
        kind: "fact",
        event: "job-started",
        jobId,
        body: JSON.stringify(event).slice(0, -1),
        snapshot: "",
        isOpen: false,
        createdAt: 0,
      })),
    };
  }

  const batches = inBatches({ size: BATCH, pauseMs: GATHER_MS }, async (due) => {
    const byAudience = Map.groupBy(due, ({ audience }) => audience);
    const updates = Array.from(byAudience, ([audience, group]) => toUpdate(audience, group));
    for (const { answer } of await writer.appendAll(CLAIM, updates))
      if (answer.outcome !== "ok") throw new Error(`Could not tell: ${answer.outcome}`);
  });
  return { ...batches, close: () => redis.disconnect() };
};
