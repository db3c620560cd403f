import { Redis } from "ioredis";
import { sleep } from "../lib/sleep.ts";
import {
  type Address,
  type ClusterTarget,
  type Endpoint,
  type Primary,
  type SentinelTarget,
  toText,
} from "./target.ts";

/** Asks where the primary is that has a key. Fails when nobody answers who knows. */
export type FindPrimary = (key: string) => Promise<Primary>;

const TIMEOUT_MS = 1000;
/** More than half have answered; the rest may know something newer. */
const GRACE_MS = 200;

export function createFindPrimary(target: SentinelTarget | ClusterTarget): FindPrimary {
  if (target.kind === "sentinel")
    return () => newest(target.sentinels.map((sentinel) => askSentinel(sentinel, target.name)));
  const known = new Map(target.nodes.map((node) => [toText(node), node]));
  const learn = (node: Address) => known.set(toText(node), { ...node, ...target.login });
  return (key) =>
    newest(Array.from(known.values(), (node) => askNode({ ...node, ...target.login }, key, learn)));
}

/** One that was cut off from the others still gives the old answer, and one that hangs none. */
async function newest(asked: Promise<Primary>[]): Promise<Primary> {
  const answers: Primary[] = [];
  const reasons: unknown[] = [];
  const done = new AbortController();
  const mostOf = Promise.withResolvers<void>();
  const all = asked.map(async (one) => {
    try {
      answers.push(await one);
      if (answers.length > asked.length / 2) mostOf.resolve();
    } catch (thrown) {
      reasons.push(thrown);
    }
  });
  const late = mostOf.promise.then(() => sleep(GRACE_MS, done.signal));
  await Promise.race([Promise.all(all), late]);
  done.abort();
  const [best] = answers.toSorted((one, other) => other.epoch - one.epoch);
  if (best === undefined) throw new AggregateError(reasons, "Nobody knows where the primary is");
  return best;
}

async function askSentinel(sentinel: Endpoint, name: string): Promise<Primary> {
  return await ask(sentinel, async (redis) => {
    const [address, details] = await Promise.all([
      redis.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name),
      redis.call("SENTINEL", "MASTER", name),
    ]);
    const [host, port] = toTexts(address);
    const fields = toTexts(details);
    if (host === undefined) throw new Error(`${toText(sentinel)} knows of no ${name}`);
    return { host, port: Number(port), epoch: Number(fields[fields.indexOf("config-epoch") + 1]) };
  });
}

async function askNode(
  node: Endpoint,
  key: string,
  learn: (node: Address) => void,
): Promise<Primary> {
  return await ask(node, async (redis) => {
    const [slot, ranges, nodes] = await Promise.all([
      redis.call("CLUSTER", "KEYSLOT", key).then(Number),
      redis.call("CLUSTER", "SLOTS"),
      redis.call("CLUSTER", "NODES").then(String),
    ]);
    let owner: Primary | undefined;
    for (const [from, to, ...servers] of Array.isArray(ranges) ? ranges : []) {
      for (const [place, server] of servers.entries()) {
        const [host, port, id] = toTexts(server);
        // A node that was never told its own address leaves it out.
        const address = {
          host: host === undefined || host === "" ? node.host : host,
          port: Number(port),
        };
        learn(address);
        if (place === 0 && from <= slot && slot <= to)
          owner = { ...address, epoch: epochOf(nodes, id ?? "") };
      }
    }
    if (owner === undefined) throw new Error(`${toText(node)} knows of nobody with slot ${slot}`);
    return owner;
  });
}

/** Its seventh field, in the line of a node. */
const epochOf = (nodes: string, id: string): number =>
  Number(
    nodes
      .split("\n")
      .find((line) => line.startsWith(`${id} `))
      ?.split(" ")[6] ?? 0,
  );

const toTexts = (answer: unknown): (string | undefined)[] =>
  Array.isArray(answer) ? answer.map(toMaybeText) : [];

const toMaybeText = (one: unknown): string | undefined =>
  typeof one === "string" || typeof one === "number" ? String(one) : undefined;

async function ask<T>(endpoint: Endpoint, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({
    ...endpoint,
    connectionName: "jobcast-finder",
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
  });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}
