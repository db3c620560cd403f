import type { IncomingMessage, ServerResponse } from "node:http";
import proxyAddress from "@fastify/proxy-addr";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { toAddressKey } from "../auth/address-key.ts";
import { JobcastError } from "../../errors.ts";

export interface AdmissionOptions {
  maxConnections: number;
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustProxy: readonly string[];
  connections: () => number;
  isDraining: () => boolean;
}

/** engine.io's `allowRequest`: called once for each new connection, before anything is known of its client. */
export type Admission = (
  request: IncomingMessage,
  callback: (error: string | null | undefined, allowed: boolean) => void,
) => void;

const HANDSHAKES_PER_MINUTE = 60;

/**
 * Turns clients away by plain HTTP while that may pass by itself: a stock client tries again after a 503 or a 429, and never after a refusal that is
 * Socket.IO's own.
 */
export function createAdmission({
  maxConnections,
  trustProxy,
  connections,
  isDraining,
}: AdmissionOptions): Admission {
  const handshakes = new RateLimiterMemory({ points: HANDSHAKES_PER_MINUTE, duration: 60 });
  const trust = proxyAddress.compile([...trustProxy]);

  async function check(request: IncomingMessage): Promise<void> {
    if (isDraining())
      throw new JobcastError("draining", "This node is going away", { retryAfterSeconds: 1 });
    if (connections() >= maxConnections)
      throw new JobcastError("server_full", "This node is full", { retryAfterSeconds: 5 });
    const address = toAddressKey(proxyAddress(request, trust));
    await handshakes.consume(address).catch((limit: { msBeforeNext?: number }) => {
      const retryAfterSeconds = Math.ceil((limit.msBeforeNext ?? 1000) / 1000);
      throw new JobcastError("rate_limited", "Too many connections from this address", {
        retryAfterSeconds,
      });
    });
  }

  return (request, callback) => {
    check(request).then(
      () => callback(null, true),
      (thrown: unknown) => refuse(request, JobcastError.from(thrown)),
    );
  };
}

/** engine.io itself knows only 400 and 403; it is not called back after the answer was given here. */
function refuse(request: IncomingMessage & { res?: ServerResponse }, error: JobcastError): void {
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
