import type { IncomingMessage } from "node:http";
import proxyAddress from "@fastify/proxy-addr";
import { toAddressKey } from "../auth/address-key.ts";
import { JobcastError } from "../../errors.ts";
import { createRateWindow } from "../../lib/rate-window.ts";

export interface AdmissionOptions {
  maxConnections: number;
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustProxy: readonly string[];
  connections: () => number;
  isDraining: () => boolean;
}

/** Fails with what may pass by itself when no new connection may be made; nothing is known of its client yet. */
export type Admission = (request: IncomingMessage) => void;

const MAX_REMEMBERED = 100;
const HANDSHAKES = { max: 60, windowMs: 60_000 };

/** Counts new connections of all transports. */
export function createAdmission({
  maxConnections,
  trustProxy,
  connections,
  isDraining,
}: AdmissionOptions): Admission {
  const handshakes = createRateWindow(HANDSHAKES);
  const trust = remembering(proxyAddress.compile([...trustProxy]));

  return (request) => {
    if (isDraining())
      throw new JobcastError("draining", "This node is going away", { retryAfterSeconds: 1 });
    if (connections() >= maxConnections)
      throw new JobcastError("server_full", "This node is full", { retryAfterSeconds: 5 });
    const waitMs = handshakes.take(toAddressKey(proxyAddress(request, trust)));
    if (waitMs > 0)
      throw new JobcastError("rate_limited", "Too many connections from this address", {
        retryAfterSeconds: Math.ceil(waitMs / 1000),
      });
  };
}

type Trust = ReturnType<typeof proxyAddress.compile>;

/** Behind a load balancer they all come from a few addresses, and to read one costs more than the rest. */
function remembering(trust: Trust): Trust {
  const known = new Map<string, boolean>();
  return (address, hop) => {
    const before = known.get(address);
    if (before !== undefined) return before;
    if (known.size >= MAX_REMEMBERED) known.clear();
    const isTrusted = trust(address, hop);
    known.set(address, isTrusted);
    return isTrusted;
  };
}
