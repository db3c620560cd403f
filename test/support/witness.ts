import { io, type Socket } from "socket.io-client";
import type { Job } from "../../src/contract/job.ts";

/** Something that a client heard. */
export interface Heard {
  event: string;
  data: Partial<Job> & { feed?: string; cursor?: string; eventId?: string };
}

/** A device of a user with a stock client and the bookkeeping of the docs: it writes down all that it hears, over all its connections. */
export interface Witness {
  userId: string;
  name: string;
  heard: Heard[];
  /** Outcomes heard so far, by job. */
  outcomes(): Map<string, string>;
  socket: Socket;
  close(): void;
}

export interface WitnessOptions {
  url: string;
  token: string;
  userId: string;
  name: string;
  /** Its own, as seen by the gateways: they count handshakes by address. */
  address: string;
}

const OUTCOMES = ["job-completed", "job-failed", "job-cancelled"];

export function createWitness({ url, token, userId, name, address }: WitnessOptions): Witness {
  const heard: Heard[] = [];
  const cursors: Record<string, string> = {};
  const socket = io(url, {
    transports: ["websocket"],
    // Long enough that something happens meanwhile.
    reconnectionDelay: 1000,
    reconnectionDelayMax: 1500,
    timeout: 3000,
    // The load balancer is on this machine, and believed.
    extraHeaders: { "x-forwarded-for": address },
    auth: (provide) => provide({ token, cursors }),
  });
  socket.onAny((event: string, data: Heard["data"] & { cursors?: Record<string, string> }) => {
    heard.push({ event, data });
    if (event === "ready") Object.assign(cursors, data.cursors);
    if (data?.feed !== undefined && data.cursor !== undefined) cursors[data.feed] = data.cursor;
  });
  return {
    userId,
    name,
    heard,
    socket,
    outcomes: () =>
      new Map(
        heard
          .filter(({ event }) => OUTCOMES.includes(event))
          .map(({ event, data }) => [data.jobId ?? "", event]),
      ),
    close: () => void socket.close(),
  };
}
