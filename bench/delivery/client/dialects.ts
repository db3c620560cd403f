/** How a target is spoken to. */
export type DialectName = "jobcast" | "socket.io" | "streams" | "ws" | "nchan";

export interface Dialect {
  path(token: string, audience: string, cursors: Cursors): string;
  /** Subprotocol. */
  protocol?: string;
  /** What to answer when the connection is open. */
  hello?: (token: string, cursors: Cursors) => string;
  /** Whether the client hears everything from this message on. */
  isReady(text: string): boolean;
  /** Where a client is that has heard this. */
  note?: (text: string, cursors: Cursors) => Cursors;
  /** Whether the connection alone means that. */
  isReadyWhenOpen?: boolean;
}

export type Cursors = Record<string, string>;

const SOCKET_IO = "/socket.io/?EIO=4&transport=websocket";

export const dialects: Record<DialectName, Dialect> = {
  jobcast: {
    path: () => SOCKET_IO,
    hello: (token, cursors) => `40${JSON.stringify({ token, cursors })}`,
    isReady: (text) => text.startsWith('42["ready"'),
    note(text, cursors) {
      if (!text.startsWith("42")) return cursors;
      const [name, { cursors: all, feed, cursor }] = JSON.parse(text.slice(2));
      if (name === "ready") return all;
      return cursor === undefined ? cursors : { ...cursors, [feed]: cursor };
    },
  },
  "socket.io": {
    path: () => SOCKET_IO,
    hello: (token) => `40${JSON.stringify({ token })}`,
    isReady: (text) => text.startsWith("40"),
  },
  /** With what Socket.IO's connection state recovery needs of a client. */
  streams: {
    path: () => SOCKET_IO,
    hello: (token, cursors) => `40${JSON.stringify({ token, ...cursors })}`,
    isReady: (text) => text.startsWith("40"),
    note(text, cursors) {
      if (text.startsWith("40")) return { ...cursors, pid: JSON.parse(text.slice(2)).pid };
      if (!text.startsWith("42")) return cursors;
      return { ...cursors, offset: JSON.parse(text.slice(2)).at(-1) };
    },
  },
  ws: {
    path: (token) => `/?token=${token}`,
    isReady: (text) => text === "ready",
  },
  nchan: {
    path: (_, audience, { last }) =>
      last === undefined
        ? `/sub?id=${audience}`
        : `/sub?id=${audience}&last_event_id=${encodeURIComponent(last)}`,
    protocol: "ws+meta.nchan",
    // Each message comes with its id in front of it.
    note: (text) => ({ last: /^id: (.*)$/m.exec(text)?.[1] ?? "" }),
    isReady: () => false,
    isReadyWhenOpen: true,
  },
};
