import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { onTestFinished } from "vitest";

export interface Proxy {
  url: string;
  /** What it lets through from now on; what is open stays. */
  allow(what: Partial<Allowed>): void;
  /** Where to pass on what comes from now on. */
  leadTo(target: string): void;
}

export interface Allowed {
  upgrades: boolean;
  streams: boolean;
}

/** A proxy of an office before a gateway: it may know nothing of upgrades, or keep streams to itself. Gone with the test. */
export async function openProxy(target: string, allowed: Allowed): Promise<Proxy> {
  let { hostname, port } = new URL(target);
  const may = { ...allowed };
  const server = createServer((asked, answer) => {
    if (!may.streams && asked.url?.startsWith("/api/events/stream") === true) {
      answer.writeHead(403, { "content-type": "text/html" }).end("<h1>Not here</h1>");
      return;
    }
    const { method, url, headers } = asked;
    const passed = request({ hostname, port, method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    answer.on("close", () => passed.destroy());
    asked.pipe(passed);
  });
  server.on("upgrade", (asked: IncomingMessage, inner: Duplex) => {
    if (!may.upgrades) {
      inner.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const outer = connect(Number(port), hostname);
    const lines = asked.rawHeaders.flatMap((name, i, all) =>
      i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : [],
    );
    outer.write([`GET ${asked.url} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
    inner.pipe(outer).pipe(inner);
    for (const end of [inner, outer]) end.on("error", () => inner.destroy() && outer.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const ownPort = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${ownPort}`,
    leadTo: (other) => void ({ hostname, port } = new URL(other)),
    allow: (what) => void Object.assign(may, what),
  };
}
