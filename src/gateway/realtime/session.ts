import type { Socket } from "socket.io";
import type { Acknowledgement } from "../../contract/socket.ts";
import type { Caller } from "../../contract/tokens.ts";
import type { Seat } from "../../feeds/seat.ts";
import type { InTurn } from "../../lib/turns.ts";
import type { Outlet } from "./outlet.ts";

/** What a node knows of a connected client. */
export interface Session {
  caller: Caller;
  /** As the client gave it: unchecked. */
  cursors: Record<string, unknown> | undefined;
  /** Places in rooms, by feed or by topic. */
  seats: Map<string, Seat>;
  outlet: Outlet;
  /** The welcome first, then what the client asks, in its order. */
  inTurn: InTurn;
  /** Called when `caller` has a new token behind it. */
  onRefresh: () => void;
  /** Called when the socket is gone. */
  onClose: (() => void)[];
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
  for (const close of session.onClose) close();
}

export type Reply = (acknowledgement: Acknowledgement) => void;
export const noReply: Reply = () => undefined;

export interface ClientEvents {
  [event: string]: (...args: unknown[]) => void;
}

export interface ServerEvents {
  [event: string]: (data: unknown) => void;
}

export interface SocketData {
  session: Session;
}

export type GatewaySocket = Socket<ClientEvents, ServerEvents, Record<string, never>, SocketData>;
