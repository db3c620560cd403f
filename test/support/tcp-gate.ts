import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface Gate {
  port: number;
  /** Refuses new connections and cuts those there are, as a server that was stopped does. */
  shut(): void;
  /** Takes everything and answers nothing, as a frozen server does. */
  freeze(): void;
  open(): void;
  close(): Promise<void>;
}

/** Stands before a server at 127.0.0.1, so that a test can take that away and give it back. */
export async function openGate(targetPort: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  let state: "open" | "shut" | "frozen" = "open";
  const server = createServer((inner) => {
    if (state === "shut") {
      inner.destroy();
      return;
    }
    const outer = connect(targetPort, "127.0.0.1");
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on("data", (chunk) => {
        if (state === "open") to.write(chunk);
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const shut = () => {
    state = "shut";
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    shut,
    freeze: () => {
      state = "frozen";
    },
    open: () => {
      state = "open";
    },
    close: async () => {
      shut();
      server.close();
      await once(server, "close");
    },
  };
}
