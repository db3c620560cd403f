import type { Cursor } from "../../../src/contract/cursor.ts";
import type { Heard } from "../checker/heard.ts";
import type { Token } from "../world/tokens.ts";

export const TRANSPORTS = ["socket-io", "event-stream", "long-poll"] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface DeviceOptions {
  /** Of the load balancer. */
  url: string;
  userId: string;
  name: string;
  /** Its own, as seen by the gateways, which count handshakes by address. */
  address: string;
  /** Asked for at each connection. */
  token: () => Token;
}

/** What a user holds in the hand: a careful client that writes down what it hears, over all its connections, and comes back by itself. */
export interface Device {
  userId: string;
  name: string;
  transport: Transport;
  /** What it heard since this was last asked. */
  takeRecord(): Heard[];
  /** Whether it knows how a job ended. */
  knows(jobId: string): boolean;
  /** How often it has heard an event, over its whole life. */
  count(event: string): number;
  /** Of its user's newest fact that it knows of. */
  place(): Cursor | undefined;
  /** The gateway that last told it where it stands, as that calls itself. */
  node(): string;
  /** When it was first told where it stands, ms since 1970. */
  welcomedAt(): number;
  /** Whether it has been told where it stands since it last connected, and knows the state. */
  isWelcome(): boolean;
  /** Breaks its connection, from which it comes back by itself. */
  cut(): void;
  /** Breaks its connection, and stays away until `comeBack`. */
  stayAway(): void;
  comeBack(): void;
  close(): void;
}

/** From when on it tries again, ms; random, or all would come at once. */
export const comeBackAfter = (): number => 300 + Math.random() * 700;
