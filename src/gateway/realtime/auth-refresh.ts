import { Compile } from "typebox/compile";
import { formatCursor } from "../../contract/cursor.ts";
import { AuthRefreshRequest } from "../../contract/socket.ts";
import type { Caller } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Tokens } from "../auth/tokens.ts";
import { toFrame } from "./frame.ts";
import { type Afterwards, handle } from "./handle.ts";
import { feedsOf, joinFeed, type JoinDeps } from "./join.ts";
import { type GatewaySocket, leaveSeat, type Session } from "./session.ts";

const isAuthRefreshRequest = Compile(AuthRefreshRequest);

/** `auth-refresh {token}`: the same user goes on with a new token; groups it gained are joined, groups it lost are left. Refused, the old one stays. */
export function registerAuthRefresh(
  socket: GatewaySocket,
  deps: Pick<JoinDeps, "feeds"> & { tokens: Pick<Tokens, "verifyToken"> },
  log: Logger,
): void {
  const { session } = socket.data;
  handle(socket, "auth-refresh", log, async (request, afterwards) => {
    if (!isAuthRefreshRequest.Check(request))
      throw new JobcastError("invalid", "Malformed request");
    const caller = await deps.tokens.verifyToken(request.token);
    if (!isSame(caller, session.caller))
      throw new JobcastError("forbidden", "The token is somebody else's");
    await regroup(deps, session, caller, afterwards);
    session.onRefresh();
    return { expiresAt: new Date(caller.expiresAt).toISOString() };
  });
}

const isSame = (a: Caller, b: Caller): boolean => a.userId === b.userId && a.onlyJob === b.onlyJob;

async function regroup(
  deps: Pick<JoinDeps, "feeds">,
  session: Session,
  caller: Caller,
  afterwards: Afterwards,
): Promise<void> {
  const before = new Set(feedsOf(session.caller));
  const after = new Set(feedsOf(caller));
  session.caller = caller;
  for (const feed of before.difference(after)) leaveSeat(session, feed);
  for (const feed of after.difference(before)) {
    const seat = await joinFeed(deps, session, feed);
    session.outlet.send(
      toFrame("subscribed", JSON.stringify({ feed, cursor: formatCursor(seat.cursor) })),
    );
    afterwards(seat.start);
  }
}
