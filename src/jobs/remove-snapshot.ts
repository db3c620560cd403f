import type { RedisClient } from "../redis/connect.ts";
import { type Keys, partitionOf } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";
import { createRecords } from "./records.ts";

const script = loadScript("remove-snapshot");

/** Has every audience of a finished job forget it. */
export function createRemoveSnapshot({
  redis,
  keys,
  partitions,
}: {
  redis: RedisClient;
  keys: Keys;
  partitions: number;
}) {
  const records = createRecords({ redis, keys });
  return async (jobId: string): Promise<void> => {
    const recorded = await records.read(jobId);
    for (const audience of recorded?.record.audiences ?? []) {
      const partition = partitionOf(audience, partitions);
      await script.run(
        redis,
        [keys.jobs(partition, audience), keys.doneJobs(partition, audience)],
        [jobId],
      );
    }
  };
}
