import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, vi } from "vitest";
import { createKeys } from "../../src/redis/keys.ts";
import { findBreaches } from "../support/checker.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { fetchToken, makePhoto, submitPhoto } from "../support/cluster-client.ts";
import { test as base } from "../support/postgres.ts";
import { createWitness, type Witness } from "../support/witness.ts";

const PARTITIONS = 16;
const PREFIX = `faults-${process.pid}`;
const keys = createKeys(PREFIX);
const USERS = ["ada", "ben", "cleo", "dora", "emil"];

/** Five users with two devices each, in front of two of every role. */
const test = base
  .extend("cluster", { scope: "file" }, async ({ redisUrl, postgresUrl }, { onCleanup }) => {
    const cluster = await startCluster({
      redisUrl,
      postgresUrl,
      prefix: PREFIX,
      nodes: {
        "gateway-1": ["gateway"],
        "gateway-2": ["gateway"],
        "recorder-1": ["recorder"],
        "recorder-2": ["recorder"],
        "worker-1": ["worker"],
        "worker-2": ["worker"],
      },
      env: { HEARTBEAT_SECONDS: "2", HEARTBEAT_TIMEOUT_SECONDS: "2", WORKER_CONCURRENCY: "2" },
    });
    onCleanup(() => cluster.close());
    return cluster;
  })
  .extend("crowd", { scope: "file" }, async ({ cluster }, { onCleanup }) => {
    const crowd = await gather(cluster);
    onCleanup(() => crowd.witnesses.forEach((witness) => witness.close()));
    return crowd;
  });

interface Crowd {
  photo: Buffer;
  tokens: Map<string, string>;
  witnesses: Witness[];
  /** Ids of all jobs accepted so far, by user. */
  accepted: Map<string, string[]>;
}

async function gather(cluster: Cluster): Promise<Crowd> {
  const tokens = new Map<string, string>();
  const witnesses: Witness[] = [];
  for (const [i, userId] of USERS.entries()) {
    const token = await fetchToken(cluster.url, userId);
    tokens.set(userId, token);
    for (const device of [1, 2]) {
      const address = `10.0.0.${2 * i + device}`;
      witnesses.push(
        createWitness({
          url: cluster.url,
          token,
          userId,
          name: `${userId}-${device}`,
          address,
        }),
      );
    }
  }
  await vi.waitFor(
    () =>
      expect(witnesses.every(({ heard }) => heard.some(({ event }) => event === "ready"))).toBe(
        true,
      ),
    10_000,
  );
  return {
    photo: await makePhoto(),
    tokens,
    witnesses,
    accepted: new Map(USERS.map((userId) => [userId, []])),
  };
}

interface Ordeal {
  cluster: Cluster;
  crowd: Crowd;
  jobs: number;
  /** Called when a quarter of the outcomes has been heard; resolves when the fault is over. */
  fault: () => Promise<void>;
}

/** Has the crowd send jobs, breaks something in the middle, and waits until everybody has heard how their jobs went. */
async function goThrough({ cluster, crowd, jobs, fault }: Ordeal): Promise<void> {
  const { witnesses, accepted, tokens, photo } = crowd;
  const before = countOutcomes(witnesses);
  const submits = Array.from({ length: jobs }, async (_, i) => {
    const userId = USERS[i % USERS.length] ?? "";
    accepted.get(userId)?.push(await submitPhoto(cluster.url, tokens.get(userId) ?? "", photo));
  });
  await vi.waitFor(
    () => expect(countOutcomes(witnesses) - before).toBeGreaterThan(jobs / 2),
    60_000,
  );
  await fault();
  await Promise.all(submits);
  const missing = () =>
    witnesses.flatMap(({ userId, name, outcomes }) => {
      const heard = outcomes();
      return (accepted.get(userId) ?? [])
        .filter((job) => !heard.has(job))
        .map((job) => `${name} ${job}`);
    });
  await vi.waitFor(() => expect(missing()).toEqual([]), { timeout: 60_000, interval: 100 });
}

/** Each outcome is heard by two devices. */
const countOutcomes = (witnesses: Witness[]): number =>
  witnesses.reduce((sum, { outcomes }) => sum + outcomes().size, 0);

describe(
  "two gateways, two recorders and two workers behind a load balancer",
  { timeout: 150_000 },
  () => {
    const FAULTS = {
      "a gateway is killed": kill("gateway-1"),
      "a worker is killed in mid-job": kill("worker-1"),
      "the active recorder is killed": killActiveRecorder,
      "a gateway is frozen": freeze("gateway-2", 8000),
      "the active recorder is frozen for longer than its lease": freezeActiveRecorder,
      "a worker is frozen for longer than its locks": freeze("worker-2", 16_000),
      "a gateway leaves in order": leave("gateway-2"),
      "a worker leaves in order": leave("worker-2"),
    };

    for (const [name, fault] of Object.entries(FAULTS)) {
      test(`lose nothing, double nothing and take nothing back when ${name}`, async ({
        cluster,
        crowd,
        redis,
      }) => {
        const jobs = name.includes("killed") ? 50 : 25;
        await goThrough({ cluster, crowd, jobs, fault: () => fault(cluster, redis) });
        expect(await findBreaches({ redis, keys, partitions: PARTITIONS, ...crowd })).toEqual([]);
      });
    }
  },
);

type Fault = (
  cluster: Cluster,
  redis: { hget(key: string, field: string): Promise<string | null> },
) => Promise<void>;

function kill(name: string): Fault {
  return async (cluster) => {
    cluster.signal(name, "SIGKILL");
    await cluster.restart(name);
  };
}

function freeze(name: string, ms: number): Fault {
  return async (cluster) => {
    cluster.signal(name, "SIGSTOP");
    // The length of the fault itself: nothing is waited for.
    await delay(ms);
    cluster.signal(name, "SIGCONT");
  };
}

function leave(name: string): Fault {
  return async (cluster) => {
    cluster.signal(name, "SIGTERM");
    expect(await cluster.node(name).exited()).toBe(0);
    await cluster.restart(name);
  };
}

const killActiveRecorder: Fault = async (cluster, redis) =>
  kill(await activeRecorder(cluster, redis))(cluster, redis);
const freezeActiveRecorder: Fault = async (cluster, redis) =>
  freeze(await activeRecorder(cluster, redis), 9000)(cluster, redis);

/** Every process names itself in its metrics as it does in the lease. */
async function activeRecorder(cluster: Cluster, redis: Parameters<Fault>[1]): Promise<string> {
  const holder = await redis.hget(keys.lease("image.normal"), "holder");
  for (const name of ["recorder-1", "recorder-2"]) {
    const metrics = await fetch(`${cluster.opsUrlOf(name)}/metrics`).then((answer) =>
      answer.text(),
    );
    if (holder !== null && metrics.includes(holder)) return name;
  }
  throw new Error(`No recorder is ${holder}`);
}
