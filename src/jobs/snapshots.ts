import type { Cursor } from "../contract/cursor.ts";
import type { Audience } from "../contract/names.ts";
import type { RedisClient } from "../redis/connect.ts";
import { readFeedHead, toFeedHead } from "../redis/feed-head.ts";
import { type Keys, partitionOf, toOpenMember } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";
import { patiently } from "./patience.ts";
import { type JobRecord, ownerAudience } from "./record.ts";
import type { JobSnapshot } from "./snapshot.ts";

/** Ids of an audience's jobs, as they stood at one instant. */
export interface Survey {
  /** Where the feed stood then; `undefined` before it was begun. Whatever is read of these jobs from now on is not older. */
  feedCursor: Cursor | undefined;
  /** Of accepted jobs of which no snapshot was made yet. */
  accepted: string[];
  open: string[];
  done: string[];
}

/** What Redis says of one job. */
export interface Sighting {
  /** Where the feed stands, as in a survey: the snapshot is not older. */
  feedCursor: Cursor | undefined;
  /** Whether it is among the accepted ones of which no snapshot was made yet. */
  isAccepted: boolean;
  snapshot: JobSnapshot | undefined;
}

export interface SurveyRequest {
  /** So many open jobs, and as many accepted ones: the newest. */
  open: number;
  /** Leaves out jobs created after this time, ms since 1970. Those created in this very millisecond come on top of `open`. */
  before?: number | undefined;
  /** Jobs that ended since this time, ms since 1970; the latest `done`. */
  doneSince: number;
  done: number;
}

/** The newest that Redis knows of an audience's jobs. Each call waits 3 s for Redis at most, then fails with `unavailable`. */
export interface Snapshots {
  read(audience: Audience, jobId: string): Promise<JobSnapshot | undefined>;
  sight(audience: Audience, jobId: string): Promise<Sighting>;
  /** In any order; those that are not there are left out. */
  readMany(audience: Audience, jobIds: string[]): Promise<JobSnapshot[]>;
  /** Ids of accepted jobs that wait for a snapshot since before `time` (ms since 1970); at most 100. */
  acceptedBefore(audience: Audience, time: number): Promise<string[]>;
  survey(audience: Audience, request: SurveyRequest): Promise<Survey>;
  /** How many jobs are open or accepted. */
  countOpen(audience: Audience): Promise<number>;
  /** Before the job is made. Whoever is to be told of it and never is will be found by the sweep. */
  accept(record: JobRecord): Promise<void>;
  /** The opposite of `accept`, for what did not come to be. */
  forget(audience: Audience, jobId: string): Promise<void>;
  /** Has audiences know a finished job again that only the history has; those that know it keep what they have. */
  restore(audiences: readonly Audience[], snapshot: JobSnapshot): Promise<void>;
}

/** Longer than it takes to tell what comes next, also when no recorder runs for a while, ms. */
const RESTORED_TTL_MS = 24 * 3_600_000;

interface SnapshotsDeps {
  redis: RedisClient;
  keys: Keys;
  partitions: number;
}

export function createSnapshots({ redis, keys, partitions }: SnapshotsDeps): Snapshots {
  type KeyOf = (partition: number, audience: Audience) => string;
  const at = (keyOf: KeyOf, audience: Audience) =>
    keyOf(partitionOf(audience, partitions), audience);
  const survey = loadScript("survey");
  const restore = loadScript("restore-snapshot");

  return {
    async read(audience, jobId) {
      const text = await patiently(() => redis.hget(at(keys.jobs, audience), jobId));
      return text === null ? undefined : parseSnapshot(text);
    },
    async sight(audience, jobId) {
      const partition = partitionOf(audience, partitions);
      // One round trip. The snapshot comes last, or it might be older than the head, or both it and the acceptance missed. Without Redis all fail.
      const [feedCursor, accepted, text] = await patiently(() =>
        Promise.all([
          readFeedHead(redis, keys, { partition, audience }).catch(() => undefined),
          redis.zscore(keys.accepted(partition, audience), jobId),
          redis.hget(keys.jobs(partition, audience), jobId),
        ]),
      );
      const snapshot = text === null ? undefined : parseSnapshot(text);
      return { feedCursor, isAccepted: accepted !== null, snapshot };
    },
    async readMany(audience, jobIds) {
      if (jobIds.length === 0) return [];
      const texts = await patiently(() => redis.hmget(at(keys.jobs, audience), ...jobIds));
      return texts.filter((text) => text !== null).map(parseSnapshot);
    },
    async survey(audience, { open, before, doneSince, done }) {
      const partition = partitionOf(audience, partitions);
      const keyList = [keys.meta, keys.accepted, keys.openJobs, keys.doneJobs].map((keyOf) =>
        keyOf(partition, audience),
      );
      const reply = await patiently(() =>
        survey.run(
          redis,
          [keys.partition(partition), ...keyList],
          [open, before ?? "", doneSince, done],
        ),
      );
      return toSurvey(reply);
    },
    acceptedBefore: (audience, time) =>
      patiently(() =>
        redis.zrangebyscore(at(keys.accepted, audience), "-inf", time, "LIMIT", 0, 100),
      ),
    async countOpen(audience) {
      const counts = [keys.openJobs, keys.accepted].map((keyOf) =>
        patiently(() => redis.zcard(at(keyOf, audience))),
      );
      const [open = 0, accepted = 0] = await Promise.all(counts);
      return open + accepted;
    },
    async accept(record) {
      const { jobId, audiences } = record;
      const zadd = (key: string, score: number, member: string) =>
        patiently(() => redis.zadd(key, score, member));
      const now = Date.now();
      await Promise.all([
        zadd(at(keys.accepted, ownerAudience(record)), Date.parse(record.createdAt), jobId),
        ...audiences.map((audience) =>
          zadd(keys.open(partitionOf(audience, partitions)), now, toOpenMember(audience, jobId)),
        ),
      ]);
    },
    async forget(audience, jobId) {
      const open = keys.open(partitionOf(audience, partitions));
      await Promise.all([
        patiently(() => redis.zrem(at(keys.accepted, audience), jobId)),
        patiently(() => redis.zrem(open, toOpenMember(audience, jobId))),
      ]);
    },
    async restore(audiences, snapshot) {
      const { jobId } = snapshot.job;
      for (const audience of audiences) {
        const lists = [at(keys.jobs, audience), at(keys.doneJobs, audience)];
        const args = [jobId, JSON.stringify(snapshot), RESTORED_TTL_MS];
        await patiently(() => restore.run(redis, lists, args));
      }
    },
  };
}

type Reply = [unknown, unknown, string[], string[], string[]];

function toSurvey(reply: unknown): Survey {
  if (!isReply(reply)) throw new Error("Unexpected answer of the survey script");
  const [generation, meta, accepted, open, done] = reply;
  return { feedCursor: toFeedHead(generation, meta), accepted, open, done };
}

/** What is in it is as the script's header says: both are of one commit. */
const isReply = (reply: unknown): reply is Reply => Array.isArray(reply) && reply.length === 5;

/** Nobody but the recorder writes snapshots, so their shape is not checked again. */
const parseSnapshot = (text: string): JobSnapshot => JSON.parse(text);
