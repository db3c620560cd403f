import type { Socket } from "socket.io";
import type { Session } from "../session.ts";

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
