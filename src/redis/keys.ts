import { hash } from "node:crypto";
import type { Audience } from "../contract/names.ts";

/** The partition of an audience: the same on every node and for ever, since `partitions` is fixed at the first start. */
export function partitionOf(audience: Audience, partitions: number): number {
  return hash("sha1", audience, "buffer").readUInt32BE(0) % partitions;
}

/** All Redis keys of one installation. Keys with one hash tag lie in one slot, so that one script may touch them. */
export function createKeys(prefix: string) {
  const inPartition = (partition: number, name: string) => `${prefix}:{p${partition}}:${name}`;
  const ofSource = (source: string, name: string) => `${prefix}:{${source}}:${name}`;
  const ofBull = (queue: string, name: string) => `${prefix}:{${queue}}:${queue}:${name}`;
  return {
    /** What every process of an installation must agree on: secrets, store, partitions. */
    installation: `${prefix}:installation`,
    /** String, short-lived, in the slot of `key`: written so that replicas can be asked for all that was written before it. */
    caughtUp: (key: string) => `${prefix}:{${/\{([^}]+)\}/.exec(key)?.[1] ?? key}}:caught-up`,

    /** Stream: all that is said in a partition, each entry with a running number. */
    tail: (partition: number) => inPartition(partition, "tail"),
    /** Hash: `generation`, the one that is `settled`, `count` (the running number), and the fences of the sources. */
    partition: (partition: number) => inPartition(partition, "partition"),
    /** Zset: open jobs of audiences (`toOpenMember`) by when their snapshots last changed, in ms, or the jobs were accepted; the sweep reads it. */
    open: (partition: number) => inPartition(partition, "open"),
    /** Stream: facts of an audience, entry id `<seq>-0`. */
    log: (partition: number, audience: Audience) => inPartition(partition, `${audience}:log`),
    /** Hash: `epoch` (the feed's random part), `seq`, and the last ref of each source. */
    meta: (partition: number, audience: Audience) => inPartition(partition, `${audience}:meta`),
    /** Hash: jobId -> snapshot. */
    jobs: (partition: number, audience: Audience) => inPartition(partition, `${audience}:jobs`),
    /** Zset: open jobs by creation, in ms. */
    openJobs: (partition: number, audience: Audience) => inPartition(partition, `${audience}:open`),
    /** Zset: finished jobs whose snapshot is still kept, by outcome, in ms. */
    doneJobs: (partition: number, audience: Audience) => inPartition(partition, `${audience}:done`),
    /** Zset: jobs accepted for an owner that have no snapshot yet, by acceptance, in ms. */
    accepted: (partition: number, audience: Audience) =>
      inPartition(partition, `${audience}:accepted`),
    /** Hash: an open batch, or one that finished lately; `append.lua` says what is in it. */
    batch: (partition: number, audience: Audience, batchId: string) =>
      inPartition(partition, `${audience}:batch:${batchId}`),

    /** Hash: `record` (JSON), `retries` (manual ones), `retriedAt` (when the last was counted, in ms), `cancel` (the retry count that a cancel holds for). */
    job: (jobId: string) => `${prefix}:job:${jobId}`,
    /** Pub/sub channel: ids of running jobs to be cancelled. A worker that misses one still finds `cancel`. */
    cancelChannel: `${prefix}:cancel`,

    /** Hash: `upload` (JSON), `usedAt` (when it was last written or given to a job, in ms). */
    upload: (uploadId: string) => `${prefix}:upload:${uploadId}`,
    /** String: who writes an upload now; expires unless renewed. */
    uploadLock: (uploadId: string) => ofSource(`upload-${uploadId}`, "lock"),
    /** String: there while somebody waits for that. */
    uploadWanted: (uploadId: string) => ofSource(`upload-${uploadId}`, "wanted"),

    /** Hash: who reads a source now (`holder`, `fence`); expires unless renewed. */
    lease: (source: string) => ofSource(source, "lease"),
    /** String: the newest fence given out for a source; outlives the lease. */
    fence: (source: string) => ofSource(source, "fence"),
    /** String: up to where a source was read. */
    place: (source: string) => ofSource(source, "place"),
    /** Stream: what could not be applied, with why. */
    deadLetters: `${prefix}:dead-letters`,
    /** Hash: audiences set aside as `<source>\n<audience>`, each with the first event that it was not told, in ms since 1970. */
    parked: `${prefix}:parked`,

    /** Prefix for BullMQ: a queue's keys share a slot, queues spread over the slots. */
    bull: (queue: string) => `${prefix}:{${queue}}`,
    /** A key of BullMQ's own: `wait`, `active`, or a job by its id. */
    bullKey: (queue: string, name: string) => `${prefix}:{${queue}}:${queue}:${name}`,
    /** BullMQ's event stream of a queue. */
    events: (queue: string) => ofBull(queue, "events"),
    /** BullMQ's own keys of a queue that are read, or written, beside it. A job's hash is `job` and its id. */
    line: (queue: string) => ({
      wait: ofBull(queue, "wait"),
      active: ofBull(queue, "active"),
      prioritized: ofBull(queue, "prioritized"),
      delayed: ofBull(queue, "delayed"),
      counter: ofBull(queue, "pc"),
      meta: ofBull(queue, "meta"),
      limiter: ofBull(queue, "limiter"),
      job: ofBull(queue, ""),
    }),
    /** Hash: `served`, the round that a queue has come to, and `top`, the highest one given out. */
    rounds: (queue: string) => ofSource(queue, "rounds"),
    /** Zset: owners by the last round that a job of theirs took, as far as it was not served yet. */
    turns: (queue: string) => ofSource(queue, "turns"),
    /** Hash: how long the latest jobs of a queue took, in ms, by size class. */
    durations: (queue: string) => ofSource(queue, "durations"),
    /** Hash: how many jobs of a queue started in a minute, and how long they had waited, for some minutes. */
    waits: (queue: string) => ofSource(queue, "waits"),
    /** Hash: worker processes, each with what it says of itself; zset: when they were last heard, in ms. */
    workers: { saying: ofSource("workers", "saying"), pulses: ofSource("workers", "pulses") },

    /** Zset: live connections of `user:<id>` or `job:<id>` over all nodes, as `<node>:<socket>` by when they were last seen, in ms. */
    connections: (payer: string) => `${prefix}:connections:${payer}`,
    /** String: there for as long as a gateway node lives. */
    node: (node: string) => `${prefix}:node:${node}`,
    /** Prefix for rate limiters. */
    limits: (name: string) => `${prefix}:limit:${name}`,
    /** Prefix for Socket.IO's adapter. */
    adapter: `${prefix}:io`,
  };
}
export type Keys = ReturnType<typeof createKeys>;

/** A job among the open ones of its partition; `append.lua` writes it as well. */
export const toOpenMember = (audience: Audience, jobId: string): string => `${audience}\n${jobId}`;

/** What the scripts of a feed begin with, in the order of their headers: all in the slot of its partition. */
export const feedKeys = (keys: Keys, partition: number, audience: Audience): string[] => [
  keys.tail(partition),
  keys.partition(partition),
  keys.log(partition, audience),
  keys.meta(partition, audience),
  keys.jobs(partition, audience),
  keys.openJobs(partition, audience),
];
