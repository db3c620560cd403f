import type { QueueStatus } from "../../contract/http.ts";
import type { Lane } from "../../contract/job.ts";
import { type Audience, queueName, userAudience } from "../../contract/names.ts";
import { JOB_GAUGE, QUEUE_STATUS } from "../../contract/socket.ts";
import type { Feeds } from "../../feeds/feeds.ts";
import type { Item } from "../../feeds/item.ts";
import { type Outlook, type Prospect, toWaiting, type Waiting } from "../../jobs/outlook.ts";
import type { JobSnapshot, StoredJob } from "../../jobs/snapshot.ts";
import type { Logger } from "../../lib/logger.ts";
import { sleep } from "../../lib/sleep.ts";

export interface WaitingOptions {
  feeds: Pick<Feeds, "observe" | "review" | "show">;
  outlook: Pick<Outlook, "ofWaiting">;
  queueStatus: () => Promise<QueueStatus>;
  log: Logger;
  everyMs?: number;
}

/**
 * Tells those who wait, once a second, what has changed for them: where their jobs stand, how long it will be and why they do not move, as
 * `job-progress` made of the newest view of the job, and how busy the queues are. Gauges: what is lost is told anew with the next change. Nothing is
 * told of a job that has started, as far as the node has heard, and nothing to members before their `ready`.
 */
export interface WaitingWatch {
  close(): Promise<void>;
}

const EVERY_MS = 1000;
/** Of an owner with more waiting jobs those known first are followed. */
const MAX_FOLLOWED = 1000;
/** Whoever stands further back is looked for every fifth second: nobody sees 872 become 871, and that is what most of the cost was. */
const NEAR = 100;
const FAR_EVERY = 5;
/** The status changes with every job of anybody: told to many, it would cost more than their places. */
const STATUS_EVERY = 2;
const STATUS_EVERY_TO_MANY = 5;
const MANY = 100;
/** In one call, so that Redis is not held up. */
const MAX_ASKED = 5000;

/** A queued job as the node heard of it last; another one takes its place with whatever is said. */
interface View extends Waiting {
  audience: Audience;
  type: string;
  lane: Lane;
  /** The job as JSON, without what is looked up and without the closing brace. */
  text: string;
  shown: Prospect | undefined;
  /** In which of `FAR_EVERY` seconds it is looked for when it is far back, so that not all are at once. */
  turn: number;
}

interface Room {
  views: Map<string, View>;
  /** Whether all open jobs are known. */
  isWhole: boolean;
  status: string;
}

export function watchWaiting({
  feeds,
  outlook,
  queueStatus,
  log,
  everyMs = EVERY_MS,
}: WaitingOptions): WaitingWatch {
  const rooms = new Map<Audience, Room>();
  const closing = new AbortController();
  let ticks = 0;
  let followed = 0;

  function roomOf(audience: Audience): Room {
    const known = rooms.get(audience);
    if (known !== undefined) return known;
    const room = { views: new Map(), isWhole: false, status: "" };
    rooms.set(audience, room);
    return room;
  }

  function follow(room: Room, audience: Audience, job: StoredJob): void {
    const view = toView(audience, job);
    if (view === undefined) return void room.views.delete(job.jobId);
    if (room.views.size < MAX_FOLLOWED || room.views.has(job.jobId))
      room.views.set(job.jobId, { ...view, turn: (followed += 1) % FAR_EVERY });
  }

  feeds.observe({
    hear(audience, item) {
      if (!isOwners(audience)) return;
      const room = roomOf(audience);
      if (item.kind === "resync") {
        room.views.clear();
        room.isWhole = false;
        return;
      }
      if (isOfQueued(item)) follow(room, audience, JSON.parse(item.data));
      else room.views.delete(item.jobId);
    },
    see(audience, open, isWhole) {
      if (!isOwners(audience)) return;
      const room = roomOf(audience);
      if (room.isWhole) return;
      room.isWhole = isWhole || open.length >= MAX_FOLLOWED;
      for (const text of open) {
        const { job }: JobSnapshot = JSON.parse(text);
        if (!room.views.has(job.jobId)) follow(room, audience, job);
      }
    },
    leave: (audience) => void rooms.delete(audience),
  });

  async function tick(): Promise<void> {
    ticks += 1;
    const unknown = [...rooms].filter(([, { isWhole }]) => !isWhole);
    await Promise.all(unknown.map(([audience]) => feeds.review(audience, MAX_FOLLOWED)));
    const views = [...rooms.values()].flatMap((room) => [...room.views.values()]);
    if (views.length === 0) return;
    const lanes = Map.groupBy(views.filter(isDue), ({ type, lane }) => queueName(type, lane));
    await Promise.all(Array.from(lanes.values(), showLane));
    const statusEvery = rooms.size > MANY ? STATUS_EVERY_TO_MANY : STATUS_EVERY;
    if (ticks % statusEvery === 0) await showStatus();
  }

  const isDue = ({ shown, turn }: View): boolean =>
    shown === undefined || !isFar(shown) || (ticks + turn) % FAR_EVERY === 0;

  async function showLane(views: View[]): Promise<void> {
    for (let from = 0; from < views.length; from += MAX_ASKED) {
      const asked = views.slice(from, from + MAX_ASKED);
      const [first] = asked;
      if (first === undefined) return;
      const prospects = await outlook.ofWaiting(first, asked);
      for (const view of asked) show(view, prospects.get(view.jobId));
    }
  }

  function show(view: View, prospect: Prospect | undefined): void {
    const { audience, jobId, text } = view;
    // Something was said of the job since it was looked up.
    if (rooms.get(audience)?.views.get(jobId) !== view) return;
    if (prospect === undefined || !hasChanged(view.shown, prospect)) return;
    view.shown = prospect;
    feeds.show(audience, { event: JOB_GAUGE, jobId, data: `${text},${toFields(prospect)}}` });
  }

  async function showStatus(): Promise<void> {
    const data = JSON.stringify(await queueStatus());
    for (const [audience, room] of rooms) {
      if (room.views.size === 0 || room.status === data) continue;
      room.status = data;
      feeds.show(audience, { event: QUEUE_STATUS, jobId: "", data });
    }
  }

  async function tickOn(): Promise<void> {
    let nextAt = performance.now() + everyMs;
    for (;;) {
      await sleep(Math.max(0, nextAt - performance.now()), closing.signal);
      if (closing.signal.aborted) return;
      nextAt = performance.now() + everyMs;
      await tick().catch((err: unknown) => log.debug({ err }, "waiting: Redis cannot say"));
    }
  }
  const ticking = tickOn();

  return {
    async close() {
      closing.abort();
      await ticking;
    },
  };
}

/** Followers of a case hear of its jobs, and have no place in line. */
const isOwners = (audience: Audience): boolean => /^(user|group):/.test(audience);

/** Looked at as text, since few of the gauges are of queued jobs; a view is made only of what then says so. */
const isOfQueued = (item: Item & { kind: "fact" | "gauge" }): boolean =>
  item.data.includes('"status":"queued"');

/** `undefined` for a job that does not wait, or is told of here but belongs to somebody else. */
function toView(audience: Audience, job: StoredJob): View | undefined {
  if (job.status !== "queued") return undefined;
  const isOwn =
    job.userId === null ? !audience.startsWith("user:") : audience === userAudience(job.userId);
  return isOwn
    ? {
        ...toWaiting(job),
        audience,
        type: job.type,
        lane: job.lane,
        text: toText(job),
        shown: undefined,
        turn: 0,
      }
    : undefined;
}

const isFar = ({ queuePosition }: Prospect): boolean => (queuePosition ?? 0) > NEAR;

type Told = Partial<Record<"at" | "eventId" | "feed" | "cursor", unknown>>;

/** Without what is looked up, and without what makes a fact of it. */
function toText(job: StoredJob & Told): string {
  const { step: _s, queuePosition: _q, estimatedTime: _e, ...told } = job;
  const { at: _a, eventId: _i, feed: _f, cursor: _c, ...rest } = told;
  return JSON.stringify(rest).slice(0, -1);
}

const toFields = ({ step, queuePosition, estimatedTime }: Prospect): string =>
  `"step":${JSON.stringify(step)},"queuePosition":${queuePosition},"estimatedTime":${estimatedTime}`;

/** An estimate wavers with every job that ends: by itself it is worth telling when it is off by a tenth, and by a second. */
function hasChanged(before: Prospect | undefined, now: Prospect): boolean {
  if (before === undefined) return true;
  if (before.queuePosition !== now.queuePosition || before.step !== now.step) return true;
  const [a, b] = [before.estimatedTime, now.estimatedTime];
  if (a === null || b === null) return a !== b;
  return Math.abs(a - b) > Math.max(1, a / 10);
}
