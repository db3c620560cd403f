import { lookup } from "node:dns/promises";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { isIPv6, type LookupFunction } from "node:net";
import { WorkerError } from "../errors.ts";
import { isPublicAddress, literalAddress } from "./address-guard.ts";

/** The part of the outside world that the guard depends on. */
export interface Network {
  resolve(hostname: string): Promise<string[]>;
  mayConnect(address: string): boolean;
}

export const internet: Network = {
  resolve: async (hostname) =>
    (await lookup(hostname, { all: true })).map(({ address }) => address),
  mayConnect: isPublicAddress,
};

export interface RequestOptions {
  allowPrivate: boolean;
  /** How long the connection may be silent, ms. */
  stallMs: number;
  signal: AbortSignal;
  network: Network;
}

/** One GET without following redirects, to an address that was checked. Fails with a `WorkerError`. */
export async function request(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  const addresses = await resolveChecked(url, options);
  try {
    return await get(url, addresses, options);
  } catch (cause) {
    throw cause instanceof WorkerError ? cause : unreachable(cause);
  }
}

/** Every address of a name must be public: which of them a connection takes is not ours to choose. */
async function resolveChecked(
  url: URL,
  { allowPrivate, network, signal }: RequestOptions,
): Promise<string[]> {
  const literal = literalAddress(url);
  const addresses =
    literal === undefined ? await untilAborted(network.resolve(url.hostname), signal) : [literal];
  const isAllowed =
    addresses.length > 0 &&
    (allowPrivate || addresses.every((address) => network.mayConnect(address)));
  if (!isAllowed) throw unreachable();
  return addresses;
}

/** A look-up cannot be stopped, but it need not be waited for. */
async function untilAborted(resolving: Promise<string[]>, signal: AbortSignal): Promise<string[]> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([resolving, promise]);
  } catch (thrown) {
    throw signal.aborted ? thrown : unreachable(thrown);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function get(
  url: URL,
  addresses: string[],
  { stallMs, signal }: RequestOptions,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = {
    // A kept connection of an earlier request was checked for another name.
    agent: false,
    lookup: always(addresses),
    signal,
    headers: { "user-agent": "jobcast", accept: "*/*", "accept-encoding": "identity" },
  } as const;
  const call = url.protocol === "https:" ? https.get(url, options) : http.get(url, options);
  // Destroying the call under a body that has begun would give the body an error of its own.
  let stalls: { destroy(error: Error): unknown } = call;
  call.on("response", (answer) => {
    stalls = answer;
    resolve(answer);
  });
  call.on("error", reject);
  call.setTimeout(stallMs, () =>
    stalls.destroy(new WorkerError("timeout", "The address stopped answering")),
  );
  return promise;
}

/** In place of a look-up: what was checked is what is connected to. */
function always(addresses: string[]): LookupFunction {
  const entries = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_hostname, { all }, done) => {
    const [first] = entries;
    if (all === true || first === undefined) return done(null, entries);
    done(null, first.address, first.family);
  };
}

/** The same words for a name that does not exist and one that leads inside: neither tells what is there. */
const unreachable = (cause?: unknown): WorkerError =>
  new WorkerError("input_missing", "The address could not be reached", { cause });
