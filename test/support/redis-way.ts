import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** How all processes reach a Redis. */
export interface RedisWay {
  url: string;
  port: number;
  /** Nothing more arrives over the links of such a name, in either direction, and none of them is closed. New ones are not concerned. Returns how many there are. */
  hang(name: RegExp): number;
  /** Names of those that hang and have not been given up by whoever opened them. */
  hanging(): string[];
  close(): Promise<void>;
}

interface Link {
  inner: Socket;
  outer: Socket;
  /** As the client calls itself; empty until it has. */
  name: string;
  isHung: boolean;
}

/** Clients introduce themselves with their first command. */
const SETNAME = /setname\r\n\$\d+\r\n([^\r]+)\r\n/i;

export async function openRedisWay(port: number): Promise<RedisWay> {
  const links = new Set<Link>();
  const server = createServer((inner) => {
    const outer = connect(port, "127.0.0.1");
    const link: Link = { inner, outer, name: "", isHung: false };
    links.add(link);
    inner.setNoDelay(true);
    outer.setNoDelay(true);
    inner.on("data", (chunk) => {
      if (link.name === "") link.name = SETNAME.exec(chunk.toString("latin1"))?.[1] ?? "";
      if (!link.isHung) outer.write(chunk);
    });
    outer.on("data", (chunk) => {
      if (!link.isHung) inner.write(chunk);
    });
    for (const socket of [inner, outer]) {
      socket.on("error", () => drop(link));
      socket.on("close", () => drop(link));
    }
  });

  function drop(link: Link): void {
    links.delete(link);
    link.inner.destroy();
    link.outer.destroy();
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const own = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `redis://127.0.0.1:${own}`,
    port: own,
    hang(name) {
      const chosen = [...links].filter((link) => name.test(link.name));
      for (const link of chosen) link.isHung = true;
      return chosen.length;
    },
    hanging: () => [...links].filter(({ isHung }) => isHung).map(({ name }) => name),
    async close() {
      for (const link of links) drop(link);
      server.close();
      await once(server, "close");
    },
  };
}
