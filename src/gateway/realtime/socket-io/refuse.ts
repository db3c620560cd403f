import type { IncomingMessage, ServerResponse } from "node:http";
import { JobcastError } from "../../../errors.ts";

/** Answers a handshake. engine.io itself knows only 400 and 403; it is not called back after the answer was given here. */
export function refuseByHttp(
  request: IncomingMessage & { res?: ServerResponse },
  thrown: unknown,
): void {
  const error = JobcastError.from(thrown);
  const body = JSON.stringify({ code: error.code, message: error.message });
  const headers = {
    "Content-Type": "application/json",
    "Retry-After": String(error.retryAfterSeconds ?? 1),
    Connection: "close",
  };
  if (request.headers.upgrade === undefined && request.res !== undefined) {
    request.res.writeHead(error.status, headers).end(body);
    return;
  }
  const lines = Object.entries({ ...headers, "Content-Length": Buffer.byteLength(body) }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const { socket } = request;
  // Node took its own listener off with the upgrade: a client that hangs up now would end the process.
  socket.on("error", () => socket.destroy());
  socket.end(`HTTP/1.1 ${error.status} ${error.code}\r\n${lines.join("\r\n")}\r\n\r\n${body}`, () =>
    socket.destroy(),
  );
}
