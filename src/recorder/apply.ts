import type { Audience } from "../contract/names.ts";
import { JobcastError } from "../errors.ts";
import type { FeedUpdate, Writer } from "../feeds/append.ts";
import type { Followers } from "../jobs/followers.ts";
import type { Sign } from "../jobs/present.ts";
import { ownerAudience } from "../jobs/record.ts";
import type { Rounds } from "../jobs/rounds.ts";
import type { Durations } from "../jobs/run-times.ts";
import type { JobSnapshot } from "../jobs/snapshot.ts";
import type { Logger } from "../lib/logger.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { type Command, sendAll } from "../redis/primaries.ts";
import { isRefusal } from "../redis/refusal.ts";
import type { CaughtUp } from "../redis/replicas.ts";
import { type Made, type Told, toEntries, withoutSuperseded } from "./entries.ts";
import { FencedError, type Lease } from "./lease.ts";
import type { Measure } from "./measure.ts";
import { createMemory, type KnownFeed } from "./memory.ts";
import type { Parking } from "./parking.ts";
import type { SourceEvent } from "./queue-events.ts";

export interface ApplyOptions {
  lease: Lease;
  redis: RedisClient;
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

/**
 * Brings a batch of a source's events to all whom they concern; resolves when every one of them has it. `caughtUp` is from before the batch was read: what an
 * old primary said may be unknown to the one that has replaced it since.
 */
export type Apply = (events: SourceEvent[], caughtUp: CaughtUp) => Promise<void>;

const OUTCOMES = ["completed", "failed", "removed"];
const isOutcome = ({ event }: SourceEvent): boolean => OUTCOMES.includes(event);

type ToldByAudience = Map<Audience, Told[]>;

/** An update on its way, with what it was made of. */
interface Draft extends FeedUpdate {
  told: Told[];
  snapshots: Made["snapshots"];
}

/** For the one who reads a source under this lease, one batch after the other. */
export function createApply(options: ApplyOptions): Apply {
  const { lease, redis, keys, writer, parking, sign, retentionDays, log } = options;
  const { rounds, measure, followers } = options;
  const { source } = lease;
  const memory = createMemory({ ...options, source });

  async function apply(events: SourceEvent[], caughtUp: CaughtUp): Promise<void> {
    const [told] = await Promise.all([
      withRecords(events),
      // Whoever was told of an outcome must not see the job run again because the primary that had it is gone.
      events.some(isOutcome) ? caughtUp([keys.events(source)]) : undefined,
    ]);
    // Estimates are no reason to hold back what there is to tell.
    const durations = await measure.durations(source).catch(() => undefined);
    let left = await withoutParked(byAudience(told));
    // What is in flight for a source and an audience is one call: its events stay in order, and none overtakes a failed one.
    while (left.size > 0) left = await tell(left, durations);
    await Promise.all([keepRecords(told), takeRounds(told)]);
    await settleFollowers(told);
    for (const { event, record } of told) if (isOutcome(event)) memory.forgetRecord(record.jobId);
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
    const records = await memory.records(new Set(events.map((event) => event.jobId)));
    return events.flatMap((event) => {
      const record = records.get(event.jobId);
      if (record !== undefined) return [{ event, record }];
      log.debug({ jobId: event.jobId, event: event.event }, "recorder: a job without a record");
      return [];
    });
  }

  async function withoutParked(groups: ToldByAudience): Promise<ToldByAudience> {
    for (const [audience, told] of groups) {
      if (!parking.isParked(audience)) continue;
      await parking.put(audience, source, told);
      groups.delete(audience);
    }
    return groups;
  }

  /** Resolves to those whose feeds were found to be other than they were known: to be told by what is there now. */
  async function tell(groups: ToldByAudience, durations?: Durations): Promise<ToldByAudience> {
    lease.signal.throwIfAborted();
    const feeds = await memory.feeds(
      new Map(Array.from(groups, ([audience, told]) => [audience, jobsOf(told)])),
    );
    const drafts: Draft[] = [];
    for (const [audience, told] of groups) {
      const feed = feeds.get(audience);
      if (feed !== undefined) drafts.push(...toDraft(audience, told, feed, durations));
    }
    // Whoever comes next may begin only when none of these is in flight any more.
    const answered = await writer.appendAll(lease, drafts);
    const moved: ToldByAudience = new Map();
    const failures: unknown[] = [];
    for (const { update, answer } of answered) {
      const { audience, told } = update;
      if (answer.outcome === "ok") note(update);
      else memory.forget(audience);
      if (answer.outcome === "moved") moved.set(audience, told);
      if (answer.outcome === "fenced") failures.push(new FencedError(answer.fence));
      if (answer.outcome !== "failed") continue;
      if (isRefusal(answer.reason)) await parking.park(audience, source, told, answer.reason);
      else failures.push(answer.reason);
    }
    if (failures.length > 0) throw failures[0];
    return moved;
  }

  /** Nothing, when all of it was applied before. */
  function toDraft(
    audience: Audience,
    told: Told[],
    { ref: expectedRef, sweptRef, snapshots }: KnownFeed,
    durations: Durations | undefined,
  ): Draft[] {
    const isFresh = ({ event }: Told) => compareStreamIds(event.ref, expectedRef) > 0;
    // They are in order.
    const fresh = told.slice(0, 1).every(isFresh) ? told : told.filter(isFresh);
    const last = fresh.at(-1);
    if (last === undefined) return [];
    const wanted = new Map<string, JobSnapshot>();
    for (const jobId of jobsOf(fresh)) {
      const snapshot = snapshots.get(jobId);
      if (snapshot !== undefined) wanted.set(jobId, snapshot);
    }
    const made = toEntries(fresh, wanted, source, sign, durations);
    const entries = withoutSuperseded(made.entries);
    const { ref } = last.event;
    return [
      { audience, expectedRef, sweptRef, ref, entries, told: fresh, snapshots: made.snapshots },
    ];
  }

  /** Told it is: what was learnt from it can be done without. */
  function note({ audience, ref, told, entries, snapshots }: Draft): void {
    memory.keep(audience, ref, snapshots);
    measure
      .note(source, audience, told, entries)
      .catch((err: unknown) => log.warn({ err, source }, "recorder: run times were not noted"));
  }

  /** Of jobs whose delay is over, and of those whose gateway died before it could ask. Not worth holding back what there is to tell. */
  async function takeRounds(told: Told[]): Promise<void> {
    const inLine = told.filter(({ event }) => event.event === "waiting" && event.prev !== "active");
    const turns = inLine.map(({ record }) => ({
      jobId: record.jobId,
      owner: ownerAudience(record),
    }));
    await rounds
      .take(source, turns)
      .catch((err: unknown) => log.warn({ err, source }, "recorder: jobs wait without a round"));
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

function byAudience(told: Told[]): ToldByAudience {
  const groups: ToldByAudience = new Map();
  for (const one of told)
    for (const audience of one.record.audiences) {
      const group = groups.get(audience);
      if (group === undefined) groups.set(audience, [one]);
      else group.push(one);
    }
  return groups;
}

const jobsOf = (told: Told[]): Set<string> => new Set(told.map(({ event }) => event.jobId));
