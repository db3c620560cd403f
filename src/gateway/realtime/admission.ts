import type { IncomingMessage } from "node:http";
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

/** Resolves when a new connection may be made, before anything is known of its client; fails with what may pass by itself. */
export type Admission = (request: IncomingMessage) => Promise<void>;

const HANDSHAKES_PER_MINUTE = 60;

/** Counts new connections of all transports. */
export function createAdmission({
  maxConnections,
  trustProxy,
  connections,
  isDraining,
}: AdmissionOptions): Admission {
  const handshakes = new RateLimiterMemory({ points: HANDSHAKES_PER_MINUTE, duration: 60 });
  const trust = proxyAddress.compile([...trustProxy]);

  return async (request) => {
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
  };
}
