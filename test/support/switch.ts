import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test as base } from "./raw-client.ts";

/** Stands for a load balancer: new connections go where it points, the others stay. */
export interface Switch {
  url: string;
  pointTo(url: string): void;
  /** Cuts the connections there are, and new ones too until it is pointed somewhere. */
  cut(): void;
  close(): void;
}

export async function openSwitch(target: string): Promise<Switch> {
  let address: URL | undefined = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((inner) => {
    if (address === undefined) return void inner.destroy();
    const outer = connect(Number(address.port), address.hostname);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.on("error", () => to.destroy()).on("close", () => to.destroy());
      from.once("close", () => sockets.delete(from));
      from.pipe(to);
    }
    return undefined;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port }: AddressInfo = Object(server.address());
  const cut = () => {
    address = undefined;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    pointTo: (url) => void (address = new URL(url)),
    cut,
    close() {
      cut();
      server.close();
    },
  };
}

/** Tests with a switch in front of their nodes. */
export const test = base.extend("openSwitch", async ({}, { onCleanup }) => {
  const opened = new AsyncDisposableStack();
  onCleanup(() => opened.disposeAsync());
  return async (target: string): Promise<Switch> =>
    opened.adopt(await openSwitch(target), (it) => it.close());
});
