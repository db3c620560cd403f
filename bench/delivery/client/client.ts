import { toToken } from "../lib/token.ts";
import { type Connection, openConnection } from "./connection.ts";
import { type Cursors, type DialectName, dialects } from "./dialects.ts";

export interface ClientOptions {
  index: number;
  dialect: DialectName;
  /** Tried in turn, from `firstPort` on. */
  ports: number[];
  firstPort: number;
  audience: string;
  userId: string;
  groups: string[];
  /** Reads every event as a page does, to know where it is when it comes back. */
  keepsCursors: boolean;
  onEvent: (client: number, buffer: Buffer, start: number, end: number) => void;
}

export interface Client {
  /** Resolves to whether it got as far as hearing everything. */
  connect(): Promise<boolean>;
  /** Comes back by itself from now on, within 200 ms of being cut off, to whichever node answers. */
  follow(returning: Returning): void;
  cut(): void;
  close(): void;
}

/** What becomes of a client that comes back. */
export interface Returning {
  onBack: () => void;
  /** A node was there and did not let it in. */
  onRefused: () => void;
}

const RETRY_MS = 200;
const PING = 0x32;
const OPEN = 0x30;

export function createClient(options: ClientOptions): Client {
  const { index, ports, audience, userId, groups, keepsCursors, onEvent } = options;
  const dialect = dialects[options.dialect];
  const token = toToken({ sub: userId, ...(groups.length > 0 ? { groups } : {}) });
  // An address of its own, as behind a load balancer: handshakes are limited by address.
  const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  let turn = options.firstPort;
  let cursors: Cursors = {};
  let connection: Connection | undefined;
  let returning: Returning | undefined;
  let isClosed = false;

  function connect(): Promise<boolean> {
    return new Promise((resolve) => {
      let isReady = false;
      const ready = () => {
        isReady = true;
        resolve(true);
      };
      const current = openConnection({
        port: ports[turn % ports.length] ?? 0,
        path: dialect.path(token, audience, cursors),
        headers: {
          "X-Forwarded-For": address,
          ...(dialect.protocol === undefined ? {} : { "Sec-WebSocket-Protocol": dialect.protocol }),
        },
        onOpen: () => dialect.isReadyWhenOpen === true && ready(),
        onText(buffer, start, end) {
          if (dialect.hello !== undefined && isForEngine(buffer, start, end)) return;
          if (
            !isReady &&
            dialect.isReady(buffer.toString("latin1", start, Math.min(end, start + 20)))
          )
            ready();
          if (keepsCursors && dialect.note !== undefined)
            cursors = dialect.note(buffer.toString("utf8", start, end), cursors);
          onEvent(index, buffer, start, end);
        },
        onClose(isReached) {
          resolve(false);
          if (returning === undefined || isClosed) return;
          if (isReached && !isReady) returning.onRefused();
          setTimeout(back, Math.random() * RETRY_MS, returning);
        },
      });
      connection = current;

      /** Heartbeat and greeting of engine.io. */
      function isForEngine(buffer: Buffer, start: number, end: number): boolean {
        const kind = buffer[start];
        if (kind === PING && end === start + 1) current.send("3");
        else if (kind === OPEN) current.send(dialect.hello?.(token, cursors) ?? "");
        else return false;
        return true;
      }
    });
  }

  /** The next of the nodes, as a load balancer does with one that has gone. */
  function back({ onBack }: Returning): void {
    turn += 1;
    void connect().then((isBack) => isBack && onBack());
  }

  return {
    connect,
    follow: (how) => void (returning = how),
    cut: () => connection?.destroy(),
    close() {
      isClosed = true;
      connection?.destroy();
    },
  };
}
