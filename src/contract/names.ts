import type { BatchEventName } from "./batch.ts";
import type { Lane } from "./job.ts";
import type { JOB_GAUGE, JobFact } from "./socket.ts";

/** An event that tells of a job. */
export type JobEventName = JobFact | typeof JOB_GAUGE;

/** An event of a feed. */
export type FeedEventName = JobEventName | BatchEventName;

/** An audience: whoever shares one ordered list of facts. Its name is the feed's name on the wire. */
export type Audience = "all" | `user:${string}` | `group:${string}` | `case:${string}`;

export const isAudience = (text: string): text is Audience =>
  text === "all" || /^(user|group|case):./.test(text);

export const ALL: Audience = "all";
export const userAudience = (userId: string): Audience => `user:${userId}`;
export const groupAudience = (group: string): Audience => `group:${group}`;

/** The group that every `admin` is in, and that a token's `groups` cannot claim. */
export const ADMINS_GROUP = "admins";

/** What a socket may subscribe to beside its own feeds. */
export type Topic = `job:${string}` | `case:${string}`;

export const jobTopic = (jobId: string): Topic => `job:${jobId}`;

/** The job of a `job:<id>` topic, `undefined` for any other topic. */
export const jobOfTopic = (topic: string): string | undefined =>
  topic.startsWith("job:") && topic.length > 4 ? topic.slice(4) : undefined;

/** A BullMQ queue: one lane of one type, `image.normal`. */
export const queueName = (type: string, lane: Lane): string => `${type}.${lane}`;
