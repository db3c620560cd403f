import type { Device } from "../devices/device.ts";
import { userAudience } from "../../../src/contract/names.ts";
import type { Breach, Found } from "./breach.ts";
import { type Heard, isFact } from "./heard.ts";
import { findDoubleWork, findLost, findUntold, listLost, type JobsTruth } from "./jobs.ts";
import { type FeedFacts, followFacts, type Place, startPlace } from "./place.ts";
import { type Beliefs, followJobs, startBeliefs } from "./told-jobs.ts";

/** What was found in one round. */
export interface Findings {
  /** Facts heard, over all devices. */
  events: number;
  breaches: Breach[];
  /** From when a fact was made until a device had it, ms, ascending. */
  latencies: number[];
  /** Of these, those of bystanders, with facts that were made before there was a burden, and those made since. */
  around: { before: number[]; since: number[] };
  /** Accepted jobs that did not end, whether that is allowed or not. */
  lost: string[];
  /** What the devices heard that have something to complain of. */
  records: Map<string, Heard[]>;
}

export interface Checker {
  check(devices: readonly Device[], truth: Truth): Findings;
}

export interface Truth {
  jobs: JobsTruth;
  /** By user. */
  feeds: ReadonlyMap<string, FeedFacts>;
  mayResync: boolean;
  burden?: Burdened | undefined;
}

/** From when on there are clients that are a burden, ms since 1970, and whose: their own limits apply to them, all others are bystanders. */
export interface Burdened {
  at: number;
  userIds: ReadonlySet<string>;
}

interface Standing {
  place: Place;
  beliefs: Beliefs;
}

/** Holds what devices heard against the feeds and the queues, one round after the other. */
export function createChecker(): Checker {
  const standings = new Map<Device, Standing>();

  function standingOf(device: Device): Standing {
    const known = standings.get(device) ?? { place: startPlace(), beliefs: startBeliefs() };
    standings.set(device, known);
    return known;
  }

  function checkDevice(device: Device, heard: Heard[], { jobs, feeds, mayResync }: Truth): Found[] {
    const { userId } = device;
    const { place, beliefs } = standingOf(device);
    const truth = feeds.get(userId);
    if (truth === undefined) throw new Error(`No feed of ${userId}`);
    const since = device.welcomedAt();
    return [
      ...followFacts({ place, heard, truth, mayResync }),
      ...followJobs({ beliefs, heard, userId, feed: userAudience(userId) }),
      ...findUntold({ userId, since, beliefs }, jobs),
    ];
  }

  return {
    check(devices, truth) {
      const records = new Map<string, Heard[]>();
      const delays: Delay[] = [];
      const breaches: Breach[] = [];
      let events = 0;
      const note = (device: string, found: Found[]) =>
        breaches.push(...found.map((one) => ({ ...one, device })));

      for (const device of devices) {
        const heard = device.takeRecord();
        const found = checkDevice(device, heard, truth);
        note(device.name, found);
        if (found.length > 0) records.set(device.name, heard);
        const facts = heard.filter(isFact);
        events += facts.length;
        delays.push(...facts.flatMap((fact) => delayOf(device, fact)));
      }
      note("", findLost(truth.jobs));
      for (const feed of truth.feeds.values()) note(feed.feed, findDoubleWork(feed));
      const lost = listLost(truth.jobs);
      const { at = Infinity, userIds } = truth.burden ?? {};
      const bystanders = delays.filter(({ userId }) => userIds?.has(userId) !== true);
      const before = bystanders.filter(({ madeAt }) => madeAt < at);
      const since = bystanders.filter(({ madeAt }) => madeAt >= at);
      const around = { before: ascending(before), since: ascending(since) };
      return { events, breaches, latencies: ascending(delays), around, lost, records };
    },
  };
}

interface Delay {
  userId: string;
  madeAt: number;
  ms: number;
}

function delayOf({ userId }: Device, { at, madeAt, backAt }: Heard): Delay[] {
  if (madeAt === undefined || madeAt < backAt) return [];
  return [{ userId, madeAt, ms: Math.max(0, at - madeAt) }];
}

const ascending = (delays: Delay[]): number[] =>
  delays.map(({ ms }) => ms).toSorted((a, b) => a - b);
