import { formatCursor } from "../../contract/cursor.ts";
import { ALL, type Audience, groupAudience, jobTopic, userAudience } from "../../contract/names.ts";
import { PROTOCOL, type Ready } from "../../contract/socket.ts";
import type { Caller } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import type { Feeds } from "../../feeds/feeds.ts";
import type { Item, Listener } from "../../feeds/item.ts";
import type { Seat, SeatRequest } from "../../feeds/seat.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { Outlook } from "../../jobs/outlook.ts";
import { toWireJob, type Sign } from "../../jobs/present.ts";
import type { Records } from "../../jobs/records.ts";
import type { JobSnapshot, StoredJob } from "../../jobs/snapshot.ts";
import { type Cursors, messageOf, say } from "./message.ts";
import { toOpaque } from "./opaque.ts";
import type { Outlet } from "./outlet.ts";
import { keepSeat, type Session } from "./session.ts";
import { findWatched, watchJob } from "./watch.ts";

export interface JoinDeps {
  feeds: Pick<Feeds, "join">;
  jobs: Pick<Jobs, "find">;
  records: Pick<Records, "read">;
  outlook: Pick<Outlook, "show">;
  sign: Sign;
  node: string;
}

const MAX_READY_JOBS = 100;

/** The feeds that a caller follows without asking. */
export const feedsOf = ({ userId, groups, onlyJob }: Caller): Audience[] =>
  onlyJob === undefined ? [userAudience(userId), ALL, ...groups.map(groupAudience)] : [];

/** Places in all feeds of a client, which begin to hear when they are started. */
export interface Joined {
  seats: Seat[];
  cursors: Cursors;
  /** Cursors were given and all were replayed. */
  recovered: boolean;
  /** Open jobs of the client's own, the newest 100, as of `cursors`. */
  open: StoredJob[];
  openJobs: number;
}

/** Replays what the client missed. */
export async function joinFeeds(deps: JoinDeps, session: Session): Promise<Joined> {
  const feeds = feedsOf(session.caller);
  const given = feeds.map(session.cursorOf);
  // It holds all that was said at the door, the token included.
  session.cursorOf = () => undefined;
  const seats = await Promise.all(feeds.map((feed, i) => joinFeed(deps, session, feed, given[i])));
  const own = seats[0];
  const returning = seats.filter((_, i) => given[i] !== undefined);
  return {
    seats,
    cursors: Object.fromEntries(feeds.map((feed, i) => [feed, placeOf(seats[i])])),
    recovered: returning.length > 0 && returning.every((seat) => seat.isRecovered),
    open: await deps.outlook.show((own?.open ?? []).map(toStored)),
    openJobs: own?.openJobs ?? 0,
  };
}

/** Replays what the client missed, says `ready`, and has it hear what comes. */
export async function welcome(deps: JoinDeps, session: Session): Promise<void> {
  const { caller } = session;
  if (caller.onlyJob !== undefined) return welcomeToJob(deps, session, caller.onlyJob);
  const { seats, cursors, recovered, open, openJobs } = await joinFeeds(deps, session);
  sayReady(session, {
    userId: caller.userId,
    sessionId: session.id,
    protocol: PROTOCOL,
    recovered,
    cursors,
    cursor: toOpaque(cursors),
    jobs: open.map((job) => toWireJob(job, deps.sign)),
    openJobs,
    unread: 0,
    node: deps.node,
  });
  for (const seat of seats) seat.start();
}

/** Takes a place in a feed's room. Facts after the cursor are on their way when it resolves. */
export async function joinFeed(
  deps: Pick<JoinDeps, "feeds">,
  session: Session,
  audience: Audience,
  cursor?: unknown,
): Promise<Seat> {
  const seat = await deps.feeds.join(new Member(audience, cursor, session));
  return keepSeat(session, audience, seat);
}

/** A client in the room of one of its feeds. A class, since each has two and more. */
class Member implements SeatRequest, Listener {
  readonly audience: Audience;
  readonly cursor: unknown;
  readonly maxOpenJobs: number;
  readonly #outlet: Outlet;

  constructor(audience: Audience, cursor: unknown, { outlet }: Pick<Session, "outlet">) {
    this.audience = audience;
    this.cursor = cursor;
    this.maxOpenJobs = audience.startsWith("user:") ? MAX_READY_JOBS : 0;
    this.#outlet = outlet;
  }

  get listener(): Listener {
    return this;
  }

  hear(item: Item): void {
    const outlet = this.#outlet;
    if (item.kind === "gauge") return outlet.sendGauge(item.jobId, messageOf(item));
    if (item.kind === "fact") outlet.dropGauge(item.jobId);
    outlet.send(messageOf(item));
  }

  drained(): Promise<void> {
    return this.#outlet.drained();
  }

  onLost(): void {
    this.#outlet.cut("lost");
  }
}

async function welcomeToJob(deps: JoinDeps, session: Session, jobId: string): Promise<void> {
  const watched = await findWatched(deps, session.caller, jobId);
  if (watched === undefined) throw new JobcastError("not_found", "No such job");
  const { job, seat } = await watchJob(deps, session, watched);
  keepSeat(session, jobTopic(jobId), seat);
  const nobody = { userId: null, unread: 0, cursors: {}, cursor: toOpaque({}), recovered: false };
  const isOpen = job.finishedAt === null;
  sayReady(session, {
    ...nobody,
    sessionId: session.id,
    protocol: PROTOCOL,
    jobs: [job],
    openJobs: isOpen ? 1 : 0,
    node: deps.node,
  });
  seat.start();
}

const sayReady = ({ outlet }: Session, ready: Ready): void =>
  outlet.send(say("ready", ready, ready.cursors));

const placeOf = (seat: Seat | undefined): string =>
  seat === undefined ? "" : formatCursor(seat.cursor);

function toStored(text: string): StoredJob {
  const snapshot: JobSnapshot = JSON.parse(text);
  return snapshot.job;
}
