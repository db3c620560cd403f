/** How a target is spoken to. */
export type DialectName = "jobcast" | "socket.io" | "ws" | "nchan";

export interface Dialect {
  path(token: string, audience: string): string;
  /** What to answer when the connection is open. */
  hello?: (token: string, cursors: Cursors) => string;
  /** Whether the client hears everything from this message on. */
  isReady(text: string): boolean;
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
  },
  "socket.io": {
    path: () => SOCKET_IO,
    hello: (token) => `40${JSON.stringify({ token })}`,
    isReady: (text) => text.startsWith("40"),
  },
  ws: {
    path: (token) => `/?token=${token}`,
    isReady: (text) => text === "ready",
  },
  nchan: {
    path: (_, audience) => `/sub?id=${audience}`,
    isReady: () => false,
    isReadyWhenOpen: true,
  },
};
