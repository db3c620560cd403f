import type { Audience } from "../../contract/names.ts";
import type { Caller } from "../../contract/tokens.ts";
import type { Seat } from "../../feeds/seat.ts";
import type { InTurn } from "../../lib/turns.ts";
import type { Outlet } from "./outlet.ts";
import type { Wire } from "./wire.ts";

/** What a node knows of a connected client. */
export interface Session {
  /** No two are alike. */
  id: string;
  caller: Caller;
  /** Where the client says that it stands in a feed: unchecked, `undefined` when it says nothing. */
  cursorOf: (feed: Audience) => unknown;
  /** Places in rooms, by feed or by topic. */
  seats: Map<string, Seat>;
  wire: Wire;
  outlet: Outlet;
  /** The welcome first, then what the client asks, in its order. */
  inTurn: InTurn;
  /** Whoever was told that their token runs out; a new token makes a new caller. */
  warnedOf: Caller | undefined;
  isClosed: boolean;
}

/** A seat that was still being taken when its client left is given up at once. */
export function keepSeat(session: Session, topic: string, seat: Seat): Seat {
  session.seats.get(topic)?.leave();
  if (session.isClosed) seat.leave();
  else session.seats.set(topic, seat);
  return seat;
}

export function leaveSeat({ seats }: Session, topic: string): void {
  seats.get(topic)?.leave();
  seats.delete(topic);
}

export function closeSession(session: Session): void {
  session.isClosed = true;
  for (const topic of session.seats.keys()) leaveSeat(session, topic);
}
