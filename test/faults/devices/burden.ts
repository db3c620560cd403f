import { connect, type Socket } from "node:net";

/** What a client does that is a burden to its gateway. */
export type Habit = "stops reading" | "reads a byte a second" | "never answers";

/** A client that speaks Socket.IO by hand, over a WebSocket by hand, so that it can misbehave down to the last byte. */
export interface Burden {
  /** Resolves when its gateway has let it in; from then on it has its habit. To `false` when the gateway went away before. */
  welcomed: Promise<boolean>;
  /** Whether its gateway has closed the connection, as far as it can know. */
  isCut(): boolean;
  close(): void;
}

export interface BurdenOptions {
  /** Of a gateway: a load balancer would take much of the burden on itself. */
  url: string;
  token: string;
  address: string;
  habit: Habit;
}

const TRICKLE_MS = 1000;
const READY = '"ready"';
/** Of WebSocket: asked for by nobody, and no answer to a heartbeat of Socket.IO. */
const EMPTY_PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

export function openBurden({ url, token, address, habit }: BurdenOptions): Burden {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const welcomed = Promise.withResolvers<boolean>();
  let trickle: NodeJS.Timeout | undefined;
  let isCut = false;
  let isWelcome = false;
  let read = "";

  socket.write(
    [
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
      `Host: ${hostname}:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      `X-Forwarded-For: ${address}`,
      "\r\n",
    ].join("\r\n"),
  );
  socket.once("data", () => sendText(socket, `40${JSON.stringify({ token })}`));
  socket.on("data", (chunk) => {
    if (habit !== "never answers" && isWelcome) return;
    read += chunk.toString("latin1");
    isWelcome ||= read.includes(READY);
    read = read.slice(-READY.length);
    if (!isWelcome) return;
    welcomed.resolve(true);
    if (habit !== "never answers") socket.pause();
    if (habit === "reads a byte a second") trickle = setInterval(() => socket.read(1), TRICKLE_MS);
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isCut = true;
    welcomed.resolve(false);
  });
  return {
    welcomed: welcomed.promise,
    isCut() {
      // Whoever does not read learns of the end by writing alone.
      if (!isCut) socket.write(EMPTY_PONG);
      return isCut;
    },
    close() {
      clearInterval(trickle);
      socket.destroy();
    },
  };
}

/** One frame of text, masked with zeros as a client's have to be. */
function sendText(socket: Socket, text: string): void {
  const payload = Buffer.from(text);
  const length = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  socket.write(Buffer.concat([length, Buffer.alloc(4), payload]));
}
