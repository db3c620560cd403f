import { io, type Socket } from "socket.io-client";
import { parseCursor } from "../../src/contract/cursor.ts";
import type { Job } from "../../src/contract/job.ts";
import { userAudience } from "../../src/contract/names.ts";

/** Something that a client heard. */
export interface Heard {
  event: string;
  data: Partial<Job> & {
    feed?: string;
    cursor?: string;
    eventId?: string;
    cursors?: Record<string, string>;
    node?: string;
  };
  /** How many times it had connected by then. */
  connection: number;
}

/** A device of a user with a stock client and the bookkeeping of the docs: it writes down all that it hears, over all its connections. */
export interface Witness {
  userId: string;
  name: string;
  heard: Heard[];
  /** Outcomes heard so far, by job. */
  outcomes(): Map<string, string>;
  /** Every `ready` so far: one for each time that it came. */
  welcomes(): Heard["data"][];
  /** Number of its user's newest fact that it knows of. */
  place(): number;
  socket: Socket;
  /** From now on a connection that is lost stays lost. */
  stayAway(): void;
  comeBack(): void;
  /** Hangs up and comes back at once; resolves when it is welcome. */
  hop(): Promise<void>;
  close(): void;
}

export interface WitnessOptions {
  url: string;
  token: string;
  userId: string;
  name: string;
  /** Its own, `10.0.x.y`, as seen by the gateways. They count handshakes by address, so with each `hop` the second number becomes another. */
  address: string;
}

const OUTCOMES = ["job-completed", "job-failed", "job-cancelled"];

export function createWitness({ url, token, userId, name, address }: WitnessOptions): Witness {
  const heard: Heard[] = [];
  const outcomes = new Map<string, string>();
  const welcomes: Heard["data"][] = [];
  const cursors: Record<string, string> = {};
  let connection = 0;
  let hops = 0;
  // The load balancer is on this machine, and believed.
  const headers = () => ({ "x-forwarded-for": address.replace(".0.", `.${hops}.`) });
  const socket = io(url, {
    transports: ["websocket"],
    // Long enough that something happens meanwhile.
    reconnectionDelay: 1000,
    reconnectionDelayMax: 1500,
    timeout: 3000,
    extraHeaders: headers(),
    auth: (provide) => provide({ token, cursors }),
  });
  socket.on("connect", () => (connection += 1));
  socket.onAny((event: string, data: Heard["data"]) => {
    heard.push({ event, data, connection });
    if (event === "ready") {
      welcomes.push(data);
      Object.assign(cursors, data.cursors);
    }
    if (data?.feed !== undefined && data.cursor !== undefined) cursors[data.feed] = data.cursor;
    if (OUTCOMES.includes(event)) outcomes.set(data.jobId ?? "", event);
  });
  return {
    userId,
    name,
    heard,
    socket,
    outcomes: () => outcomes,
    welcomes: () => welcomes,
    place: () => parseCursor(cursors[userAudience(userId)])?.seq ?? 0,
    stayAway: () => void socket.io.reconnection(false),
    comeBack() {
      socket.io.reconnection(true);
      socket.connect();
    },
    async hop() {
      hops = (hops + 1) % 256;
      socket.io.opts.extraHeaders = headers();
      const welcome = new Promise((resolve) => socket.once("ready", resolve));
      socket.disconnect().connect();
      await welcome;
    },
    close: () => void socket.close(),
  };
}
