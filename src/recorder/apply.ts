import type { Audience } from "../contract/names.ts";
import { JobcastError } from "../errors.ts";
import type { Entry, Writer } from "../feeds/append.ts";
import type { Followers } from "../jobs/followers.ts";
import type { Sign } from "../jobs/present.ts";
import { ownerAudience } from "../jobs/record.ts";
import { parseRecord } from "../jobs/records.ts";
import type { Rounds } from "../jobs/rounds.ts";
import type { JobSnapshot } from "../jobs/snapshot.ts";
import { groupBy } from "../lib/array.ts";
import type { Logger } from "../lib/logger.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import type { RedisClient } from "../redis/connect.ts";
import { type Keys, partitionOf } from "../redis/keys.ts";
import { type Command, sendAll } from "../redis/primaries.ts";
import type { Replicas } from "../redis/replicas.ts";
import { type Told, toEntries, withoutSuperseded } from "./entries.ts";
import { FencedError, type Lease } from "./lease.ts";
import type { Measure } from "./measure.ts";
import { isLasting, type Parking } from "./parking.ts";
import type { SourceEvent } from "./queue-events.ts";

export interface ApplyOptions {
  redis: RedisClient;
  /** Asked before an outcome is told. */
  replicas: Pick<Replicas, "begin">;
  keys: Keys;
  partitions: number;
  writer: Writer;
  parking: Parking;
  sign: Sign;
  retentionDays: number;
  rounds: Rounds;
  measure: Measure;
  followers: Pick<Followers, "settle">;
  log: Logger;
}

/** Brings a batch of a source's events to all whom they concern; resolves when every one of them has it. */
export type Apply = (lease: Lease, events: SourceEvent[]) => Promise<void>;

const OUTCOMES = ["completed", "failed", "removed"];
const isOutcome = ({ event }: SourceEvent): boolean => OUTCOMES.includes(event);

export function createApply(options: ApplyOptions): Apply {
  const { redis, keys, partitions, writer, parking, sign, retentionDays, log } = options;
  const { rounds, measure, followers, replicas } = options;

  async function apply(lease: Lease, events: SourceEvent[]): Promise<void> {
    const caughtUp = replicas.begin();
    const [told] = await Promise.all([
      withRecords(events),
      // Whoever was told of an outcome must not see the job run again because the primary that had it is gone.
      events.some(isOutcome) ? caughtUp([keys.events(lease.source)]) : undefined,
    ]);
    const pairs = told.flatMap((one) =>
      one.record.audiences.map((audience) => ({ audience, one })),
    );
    const byAudience = groupBy(pairs, ({ audience }) => audience);
    const calls = [...byAudience].map(([audience, group]) =>
      tell(
        lease,
        audience,
        group.map(({ one }) => one),
      ),
    );
    // Whoever comes next may begin only when none of these is in flight any more.
    const failed = (await Promise.allSettled(calls)).find((call) => call.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    await Promise.all([keepRecords(told), takeRounds(lease.source, told)]);
    await settleFollowers(told);
  }

  /** Before the place moves on: whoever dies in between leaves it to its successor. What cannot be done now is left to the sweep. */
  async function settleFollowers(told: Told[]): Promise<void> {
    const ended = told.filter(({ event }) => isOutcome(event));
    const parents = new Map(ended.map(({ record }) => [record.jobId, record]));
    await Promise.all(
      Array.from(parents.values(), (parent) =>
        followers.settle(parent).catch((err: unknown) => {
          if (err instanceof JobcastError && err.code === "unavailable") throw err;
          log.error({ err, jobId: parent.jobId }, "recorder: jobs that wait for this one still do");
        }),
      ),
    );
  }

  async function withRecords(events: SourceEvent[]): Promise<Told[]> {
    const ids = [...new Set(events.map((event) => event.jobId))];
    const texts = await sendAll(
      redis,
      ids.map((id) => ["hget", keys.job(id), "record"]),
    );
    const records = new Map(ids.map((id, i) => [id, texts[i]]));
    return events.flatMap((event) => {
      const text = records.get(event.jobId);
      if (typeof text === "string") return [{ event, record: parseRecord(text) }];
      log.debug({ jobId: event.jobId, event: event.event }, "recorder: a job without a record");
      return [];
    });
  }

  /** One call is in flight for an audience and source at any time: its events stay in order, and none overtakes a failed one. */
  async function tell(lease: Lease, audience: Audience, told: Told[]): Promise<void> {
    if (parking.isParked(audience)) return parking.put(audience, lease.source, told);
    try {
      await append(lease, audience, told);
    } catch (thrown) {
      if (!isLasting(thrown)) throw thrown;
      await parking.park(audience, lease.source, told, thrown);
    }
  }

  async function append(lease: Lease, audience: Audience, told: Told[]): Promise<void> {
    const last = told.at(-1);
    if (last === undefined) return;
    const { source, fence, holder } = lease;
    // Estimates are no reason to hold back what there is to tell.
    const durations = await measure.durations(source).catch(() => undefined);
    for (;;) {
      lease.signal.throwIfAborted();
      const { ref, snapshots } = await load(source, audience, told);
      const fresh = told.filter(({ event }) => compareStreamIds(event.ref, ref) > 0);
      if (fresh.length === 0) return;
      const entries = withoutSuperseded(toEntries(fresh, snapshots, source, sign, durations));
      const answer = await writer.append({
        audience,
        source,
        fence,
        holder,
        expectedRef: ref,
        ref: last.event.ref,
        entries,
        signal: lease.signal,
      });
      if (answer.outcome === "fenced") throw new FencedError(answer.fence);
      if (answer.outcome === "ok") return note(source, audience, fresh, entries);
    }
  }

  /** Told it is: what was learnt from it can be done without. */
  function note(queue: string, audience: Audience, told: Told[], entries: Entry[]): void {
    measure
      .note(queue, audience, told, entries)
      .catch((err: unknown) => log.warn({ err, queue }, "recorder: run times were not noted"));
  }

  async function load(source: string, audience: Audience, told: Told[]) {
    const partition = partitionOf(audience, partitions);
    const ids = [...new Set(told.map(({ event }) => event.jobId))];
    const [ref, texts] = await sendAll(redis, [
      ["hget", keys.meta(partition, audience), `ref:${source}`],
      ["hmget", keys.jobs(partition, audience), ...ids],
    ]);
    const snapshots = new Map<string, JobSnapshot>();
    for (const [i, id] of ids.entries()) {
      const text: unknown = Array.isArray(texts) ? texts[i] : undefined;
      if (typeof text === "string") snapshots.set(id, JSON.parse(text));
    }
    return { ref: typeof ref === "string" ? ref : "", snapshots };
  }

  /** Of jobs whose delay is over, and of those whose gateway died before it could ask. Not worth holding back what there is to tell. */
  async function takeRounds(queue: string, told: Told[]): Promise<void> {
    const inLine = told.filter(({ event }) => event.event === "waiting" && event.prev !== "active");
    const turns = inLine.map(({ record }) => ({
      jobId: record.jobId,
      owner: ownerAudience(record),
    }));
    await rounds
      .take(queue, turns)
      .catch((err: unknown) => log.warn({ err, queue }, "recorder: jobs wait without a round"));
  }

  /** A record goes when its job's outcome is old; a retry brings it back. */
  async function keepRecords(told: Told[]): Promise<void> {
    const commands: Command[] = [];
    for (const { event, record } of told) {
      const key = keys.job(record.jobId);
      if (isOutcome(event)) commands.push(["expire", key, retentionDays * 86_400]);
      if (event.event === "added" || event.prev === "failed") commands.push(["persist", key]);
    }
    if (commands.length > 0) await sendAll(redis, commands);
  }

  return apply;
}
