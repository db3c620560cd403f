import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test as base } from "./raw-client.ts";

/** Stands for a load balancer: new connections go where it points, the others stay. */
export interface Switch {
  url: string;
  pointTo(url: string): void;
}

/** Tests with a switch in front of their nodes. */
export const test = base.extend("openSwitch", async ({}, { onCleanup }) => {
  const opened = new AsyncDisposableStack();
  onCleanup(() => opened.disposeAsync());
  return async (target: string): Promise<Switch> => {
    let { hostname, port } = new URL(target);
    const sockets = new Set<Socket>();
    const server = createServer((inner) => {
      const outer = connect(Number(port), hostname);
      for (const [from, to] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        sockets.add(from);
        from.on("error", () => to.destroy()).on("close", () => to.destroy());
        from.pipe(to);
      }
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    opened.defer(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { port: own }: AddressInfo = Object(server.address());
    return {
      url: `http://127.0.0.1:${own}`,
      pointTo: (url) => void ({ hostname, port } = new URL(url)),
    };
  };
});
