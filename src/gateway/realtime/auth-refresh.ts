import { Compile } from "typebox/compile";
import { formatCursor } from "../../contract/cursor.ts";
import { type Audience, jobOfTopic } from "../../contract/names.ts";
import { AuthRefreshRequest } from "../../contract/socket.ts";
import type { Caller } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import type { Seat } from "../../feeds/seat.ts";
import type { Tokens } from "../auth/tokens.ts";
import { checkExpiry, verifyForSocket } from "./expiry.ts";
import { feedsOf, joinFeed, type JoinDeps } from "./join.ts";
import { saySubscribed } from "./message.ts";
import type { Afterwards, Call } from "./receive.ts";
import { leaveSeat, type Session } from "./session.ts";
import { findWatched } from "./watch.ts";

const isAuthRefreshRequest = Compile(AuthRefreshRequest);

export interface RefreshDeps extends Pick<JoinDeps, "feeds" | "jobs" | "records"> {
  tokens: Pick<Tokens, "verifyToken">;
}

/** What a date can hold: a token may be good for longer. */
const LATEST_MS = 8.64e15;

/** `auth-refresh {token}`: the same user goes on with a new token; groups it gained are joined, groups it lost are left. Refused, the old one stays. */
export function createAuthRefresh(deps: RefreshDeps): Call {
  return async (session, request, afterwards) => {
    if (!isAuthRefreshRequest.Check(request))
      throw new JobcastError("invalid", "Malformed request");
    const caller = await verifyForSocket(deps.tokens, request.token);
    if (!isSame(caller, session.caller))
      throw new JobcastError("forbidden", "The token is somebody else's");
    await regroup(deps, session, caller, afterwards);
    checkExpiry(session);
    return { expiresAt: new Date(Math.min(caller.expiresAt, LATEST_MS)).toISOString() };
  };
}

const isSame = (a: Caller, b: Caller): boolean => a.userId === b.userId && a.onlyJob === b.onlyJob;

/** All that can fail comes first, so that a token refused leaves everything as it was. */
async function regroup(
  deps: RefreshDeps,
  session: Session,
  caller: Caller,
  afterwards: Afterwards,
): Promise<void> {
  const before = new Set(feedsOf(session.caller));
  const after = new Set(feedsOf(caller));
  const ended = await findEnded(deps, session, caller);
  const gained = await joinAll(deps, session, [...after.difference(before)]);
  session.caller = caller;
  for (const topic of [...before.difference(after), ...ended]) leaveSeat(session, topic);
  for (const [feed, seat] of gained) {
    session.outlet.send(saySubscribed(feed, formatCursor(seat.cursor)));
    afterwards(() => seat.start());
  }
}

/** Jobs followed that the new token does not show, or that one of its feeds tells of anyway. */
async function findEnded(deps: RefreshDeps, session: Session, caller: Caller): Promise<string[]> {
  if (caller.onlyJob !== undefined) return [];
  const feeds = new Set(feedsOf(caller));
  const ended: string[] = [];
  for (const topic of session.seats.keys()) {
    const jobId = jobOfTopic(topic);
    if (jobId === undefined) continue;
    const watched = await findWatched(deps, caller, jobId);
    if (watched === undefined || feeds.has(watched.audience)) ended.push(topic);
  }
  return ended;
}

async function joinAll(
  deps: RefreshDeps,
  session: Session,
  feeds: Audience[],
): Promise<Map<Audience, Seat>> {
  const seats = new Map<Audience, Seat>();
  try {
    for (const feed of feeds) seats.set(feed, await joinFeed(deps, session, feed));
  } catch (thrown) {
    for (const feed of seats.keys()) leaveSeat(session, feed);
    throw thrown;
  }
  return seats;
}
