import type { Audience } from "../../src/contract/names.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { upTo } from "./listening.ts";
import { PARTITIONS, type Stage } from "./stage.ts";

/**
 * In each partition an open job that cannot be mended, since its audience's snapshots are no hash; the sweep looks at it first. Resolves to when each
 * was last looked at, as of then.
 */
export async function addUnmendable({ redis, keys }: Stage) {
  const jobs = upTo(PARTITIONS).map((n) => {
    const audience = audienceIn(n - 1);
    const open = keys.open(n - 1);
    return { open, member: `${audience}\nbroken`, snapshots: keys.jobs(n - 1, audience) };
  });
  for (const { open, member, snapshots } of jobs) {
    await redis.set(snapshots, "no hash");
    await redis.zadd(open, 1, member);
  }
  return () =>
    Promise.all(jobs.map(async ({ open, member }) => Number(await redis.zscore(open, member))));
}

function audienceIn(partition: number): Audience {
  for (let n = 1; ; n += 1) {
    const audience: Audience = `user:broken-${n}`;
    if (partitionOf(audience, PARTITIONS) === partition) return audience;
  }
}
