import { LANES } from "../../../src/contract/job.ts";
import { type Audience, queueName } from "../../../src/contract/names.ts";
import type { JobRecord } from "../../../src/jobs/record.ts";
import { fromPairs } from "../../../src/lib/array.ts";
import type { RedisClient } from "../../../src/redis/connect.ts";
import { partitionOf } from "../../../src/redis/keys.ts";
import { TYPES, type TruthOptions } from "./truth.ts";

/** All that Redis says of a job, line by line, from its queue to its owner's feed: where an outcome that nobody was told of got lost. */
export async function readEvidence(options: TruthOptions, jobId: string): Promise<string[]> {
  const { redis, keys } = options;
  const { record: text, ...kept } = await redis.hgetall(keys.job(jobId));
  const record: JobRecord | undefined = text === undefined ? undefined : JSON.parse(text);
  const queues = TYPES.flatMap((type) => LANES.map((lane) => queueName(type, lane)));
  const inQueues = await Promise.all(queues.map((queue) => ofQueue(options, queue, jobId)));
  const inFeeds = await Promise.all(
    (record?.audiences ?? []).map((audience) => ofFeed(options, audience, jobId)),
  );
  return [
    record === undefined
      ? "has no record"
      : `was accepted at ${record.createdAt}, ${JSON.stringify(kept)}`,
    ...inQueues.flat(),
    ...inFeeds.flat(),
  ];
}

/** Of BullMQ's hash of a job. */
const OF_JOB = ["timestamp", "processedOn", "finishedOn", "failedReason", "ats", "stc"];

/** Nothing of a queue that never heard of it. */
async function ofQueue(
  { redis, keys }: TruthOptions,
  queue: string,
  jobId: string,
): Promise<string[]> {
  const said = await readStream(redis, keys.events(queue));
  const events = said.flatMap(([id, { jobId: job, event, prev }]) =>
    job === jobId ? [`${id} ${event}${prev === undefined ? "" : ` (${prev})`}`] : [],
  );
  const values = await redis.hmget(keys.bullKey(queue, jobId), ...OF_JOB);
  const isThere = values.some((value) => value !== null);
  if (events.length === 0 && !isThere) return [];
  const place = await redis.get(keys.place(queue));
  const hash = OF_JOB.map((name, i) => `${name} ${values[i]}`);
  return [
    `${queue}: ${isThere ? listed(hash) : "gone"}`,
    `${queue}, read up to ${place}: ${listed(events)}`,
  ];
}

async function ofFeed(
  { redis, keys, partitions }: TruthOptions,
  audience: Audience,
  jobId: string,
): Promise<string[]> {
  const partition = partitionOf(audience, partitions);
  const place = [partition, audience] as const;
  const log = await readStream(redis, keys.log(...place));
  const tail = await readStream(redis, keys.tail(partition));
  const ofJob = ([, { j }]: Entry) => j === jobId;
  const snapshot = await redis.hget(keys.jobs(...place), jobId);
  const lists = { openJobs: keys.openJobs, doneJobs: keys.doneJobs, accepted: keys.accepted };
  const scores = Object.entries(lists).map(async ([name, keyOf]) => {
    const score = await redis.zscore(keyOf(...place), jobId);
    return score === null ? [] : [`${name} ${score}`];
  });
  const looked = await redis.zscore(keys.open(partition), `${audience}\n${jobId}`);
  return [
    `${audience} stands at ${JSON.stringify(await redis.hgetall(keys.meta(...place)))}`,
    `partition ${partition}: ${JSON.stringify(await redis.hgetall(keys.partition(partition)))}`,
    `snapshot: ${snapshot ?? "none"}; in ${listed((await Promise.all(scores)).flat())}; for the sweep since ${looked ?? "never"}`,
    `log: ${listed(log.filter(ofJob).map(([id, { e }]) => `${id} ${e}`))}`,
    `tail: ${listed(tail.filter(ofJob).map(([id, { n, k, e, c }]) => `${id} ${n} ${k} ${e} ${c}`))}`,
  ];
}

type Entry = [id: string, fields: Record<string, string | undefined>];

const readStream = async (redis: RedisClient, stream: string): Promise<Entry[]> =>
  (await redis.xrange(stream, "-", "+")).map(([id, flat]) => [id, fromPairs(flat)]);

const listed = (items: string[]): string => (items.length === 0 ? "nothing" : items.join(", "));
