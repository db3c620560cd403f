import type { Redis } from "ioredis";
import { describe, expect, vi } from "vitest";
import { createKeys } from "../../src/redis/keys.ts";
import { findBreaches } from "../support/checker.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { countFacts, type Crowd, gather, seat, SLOW } from "../support/crowd.ts";
import { freezeInMidBatch } from "../support/mid-batch.ts";
import { test as base } from "../support/postgres.ts";
import type { Witness } from "../support/witness.ts";

const PREFIX = `faults-${process.pid}`;
const feeds = { keys: createKeys(PREFIX), partitions: 16 };
const USERS = ["ada", "ben", "cleo", "dora", "emil"];

/** Five users with three devices each, in front of two of every role. */
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
    const crowd = await gather(cluster.url, USERS);
    onCleanup(() => crowd.close());
    const { witnesses } = crowd;
    await vi.waitFor(
      () => expect(witnesses.map(({ welcomes }) => welcomes().length)).not.toContain(0),
      10_000,
    );
    return crowd;
  });

interface Scene {
  cluster: Cluster;
  crowd: Crowd;
  redis: Redis;
  redisUrl: string;
}

/** What happens when a quarter of the outcomes has been heard; resolves when it is over. */
type Fault = (scene: Scene) => Promise<void>;

const PHOTOS = 20;

/** Has the crowd send photographs, breaks something in the middle, and waits until every job has ended and every device knows all that its feed holds. */
async function goThrough(scene: Scene, fault: Fault): Promise<void> {
  const { crowd, redis } = scene;
  const before = crowd.ended().length;
  const sent = crowd.send(PHOTOS);
  await vi.waitFor(() => expect(crowd.ended().length - before).toBeGreaterThan(PHOTOS / 4), 60_000);
  await fault(scene);
  await sent;
  // What was frozen a moment ago has something to spoil.
  await crowd.send(USERS.length);
  await vi.waitFor(
    async () => {
      expect(crowd.pending()).toEqual([]);
      const places = crowd.witnesses.map(({ place }) => place());
      expect(places).toEqual(await countFacts(crowd.witnesses, { redis, ...feeds }));
    },
    { timeout: 60_000, interval: 100 },
  );
}

describe(
  "two gateways, two recorders and two workers behind a load balancer",
  { timeout: 150_000 },
  () => {
    const FAULTS = {
      "a gateway is killed": underListeners("gateway-1", KILL),
      "a worker is killed in mid-job": inMidJob("worker-1", KILL),
      "the active recorder is killed": inMidBatch(KILL),
      "a gateway is frozen": underListeners("gateway-2", FREEZE),
      "the active recorder is frozen for longer than its lease": inMidBatch(FREEZE_UNTIL_REPLACED),
      "a worker is frozen for longer than its locks": inMidJob("worker-2", FREEZE_UNTIL_REPLACED),
      "a gateway leaves in order": underListeners("gateway-2", LEAVE),
      "a worker leaves in order": suffer("worker-2", LEAVE),
      "devices come and go all the time": restlessness,
    } satisfies Record<string, Fault>;

    for (const [name, fault] of Object.entries(FAULTS)) {
      test(`lose nothing, double nothing and take nothing back when ${name}`, async ({
        cluster,
        crowd,
        redis,
        redisUrl,
      }) => {
        await goThrough({ cluster, crowd, redis, redisUrl }, fault);
        expect(await findBreaches({ redis, ...feeds, ...crowd })).toEqual([]);
      });
    }
  },
);

interface Harm {
  strike: (scene: Scene, name: string) => void;
  mend: (scene: Scene, name: string) => Promise<void>;
}

const KILL: Harm = {
  strike: ({ cluster }, name) => cluster.signal(name, "SIGKILL"),
  mend: ({ cluster }, name) => cluster.restart(name),
};

const FREEZE: Harm = {
  strike: ({ cluster }, name) => cluster.signal(name, "SIGSTOP"),
  mend: async ({ cluster }, name) => cluster.signal(name, "SIGCONT"),
};

/** Whatever it was at when it froze, another has done by then. */
const FREEZE_UNTIL_REPLACED: Harm = {
  ...FREEZE,
  async mend(scene, name) {
    await vi.waitFor(() => expect(scene.crowd.pending()).toEqual([]), 40_000);
    await FREEZE.mend(scene, name);
  },
};

const LEAVE: Harm = {
  strike: ({ cluster }, name) => cluster.signal(name, "SIGTERM"),
  async mend({ cluster }, name) {
    expect(await cluster.node(name).exited()).toBe(0);
    await cluster.restart(name);
  },
};

function suffer(name: string, { strike, mend }: Harm): Fault {
  return async (scene) => {
    strike(scene, name);
    await mend(scene, name);
  };
}

/** As many as all workers can have in hand. */
const IN_HAND = 4;

/** A worker comes to harm that has jobs in hand, which others do then. */
function inMidJob(name: string, harm: Harm): Fault {
  return async (scene) => {
    const { crowd } = scene;
    const inHand = await crowd.send(IN_HAND, SLOW);
    await vi.waitFor(
      () => expect(crowd.ofWhichHeard("job-started", inHand)).toHaveLength(IN_HAND),
      20_000,
    );
    await suffer(name, harm)(scene);
    await vi.waitFor(
      () => expect(crowd.ofWhichHeard("job-retrying", inHand)).not.toEqual([]),
      40_000,
    );
  };
}

/** So many facts at least are stored for each user while their phone is away. */
const MISSED = 2;

/**
 * A gateway comes to harm while each user's phone and tablet are connected to it. The tablets come back at once; the phones do when their feeds have gone
 * on without them, so that what they are told on return matters. The desks are at the other gateway, and nothing happens to them.
 */
function underListeners(name: string, { strike, mend }: Harm): Fault {
  return async (scene) => {
    const { cluster, crowd, redis } = scene;
    const [phones, tablets, desks] = [crowd.all("phone"), crowd.all("tablet"), crowd.all("desk")];
    const id = await cluster.idOf(name);
    await seat([...phones, ...tablets], (node) => node === id);
    await seat(desks, (node) => node !== id);
    const isBack = hasBeenWelcomedSince([...phones, ...tablets]);
    const isMoved = hasBeenWelcomedSince(desks);

    for (const phone of phones) phone.stayAway();
    strike(scene, name);
    await vi.waitFor(
      () => expect(phones.map(({ socket }) => socket.connected)).not.toContain(true),
      10_000,
    );
    const storedAtCut = await countFacts(phones, { redis, ...feeds });
    await crowd.send(USERS.length);
    await vi.waitFor(async () => {
      const stored = await countFacts(phones, { redis, ...feeds });
      const missed = phones.map(
        ({ place }, i) => (stored[i] ?? 0) - Math.max(storedAtCut[i] ?? 0, place()),
      );
      expect(Math.min(...missed)).toBeGreaterThanOrEqual(MISSED);
    }, 20_000);

    for (const phone of phones) phone.comeBack();
    await vi.waitFor(() => expect(isBack()).not.toContain(false), 10_000);
    expect(isMoved()).not.toContain(true);
    await mend(scene, name);
  };
}

/** The tablets hang up and come back, on and on while facts are made: often just when one is. */
const restlessness: Fault = async ({ crowd }) => {
  const goal = crowd.ended().length + PHOTOS / 2;
  await Promise.all(
    crowd.all("tablet").map(async (tablet) => {
      while (crowd.ended().length < goal) await tablet.hop();
    }),
  );
};

function hasBeenWelcomedSince(witnesses: Witness[]): () => boolean[] {
  const before = witnesses.map(({ welcomes }) => welcomes().length);
  return () => witnesses.map(({ welcomes }, i) => welcomes().length > (before[i] ?? 0));
}

/** The active recorder comes to harm when it is just about to write. */
function inMidBatch(harm: Harm): Fault {
  return async (scene) => {
    const { cluster, crowd, redis, redisUrl } = scene;
    const holder = (await redis.hget(feeds.keys.lease("image.normal"), "holder")) ?? "";
    const name = await recorderNamed(cluster, holder);
    const freeze = () => cluster.signal(name, "SIGSTOP");
    const thaw = () => cluster.signal(name, "SIGCONT");
    const over = new AbortController();
    const caught = freezeInMidBatch({ redis, redisUrl, prefix: PREFIX, holder, freeze, thaw });
    const goOn = async () => {
      while (!over.signal.aborted) await crowd.send(1);
    };
    await Promise.all([caught.finally(() => over.abort()), goOn()]);
    await suffer(name, harm)(scene);
  };
}

async function recorderNamed(cluster: Cluster, id: string): Promise<string> {
  for (const name of ["recorder-1", "recorder-2"]) {
    if ((await cluster.idOf(name)) === id) return name;
  }
  throw new Error(`No recorder is ${id}`);
}
