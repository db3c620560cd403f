import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import { queueName } from "../src/contract/names.ts";
import { createWorkerRegistry } from "../src/jobs/worker-registry.ts";
import { startCluster } from "../test/support/cluster.ts";
import { startPostgresServer } from "../test/support/postgres-server.ts";
import { startRedisServer } from "../test/support/redis-server.ts";
import { openStage } from "../test/support/stage.ts";

/**
 * What telling 1,000 waiting jobs their places costs a gateway while their lane moves: CPU of a gateway process while their owners are
 * connected, against the same lane moving while as many others are, who wait for nothing: what a connection costs by itself is no part of it.
 * `node bench/positions.ts`
 */
const JOBS = 1000;
const SECONDS = 20;
const MOVES_PER_SECOND = 2;
const QUEUE = queueName("image", "normal");

const [redis, postgres] = await Promise.all([startRedisServer(), startPostgresServer()]);
const prefix = "bench";
const cluster = await startCluster({
  redisUrl: redis.url,
  postgresUrl: postgres.url,
  prefix,
  nodes: { gateway: ["gateway"], recorder: ["recorder"] },
  env: { WS_MAX_CONNECTIONS_PER_USER: "100" },
});
// Its partitions are not used here, and its recorder is not started.
const stage = openStage(redis.url, prefix);
try {
  const rows: Record<string, object> = {};
  for (const owners of [1, 100, 1000]) {
    const row = await measure(owners);
    rows[`${owners} owners, ${JOBS / owners} jobs each`] = row;
  }
  console.log(`${JOBS} waiting jobs, ${MOVES_PER_SECOND} leave a second; CPU of the gateway`);
  console.table(rows);
} finally {
  await stage.close();
  await cluster.close();
  await Promise.all([redis.stop(), postgres.stop()]);
}

async function measure(owners: number) {
  const users = Array.from({ length: owners }, () => `user-${randomUUID()}`);
  for (let i = 0; i < JOBS; i += 1) {
    const userId = users[i % owners] ?? "";
    await stage.submit({
      userId,
      audiences: [`user:${userId}`],
      createdAt: new Date().toISOString(),
    });
  }
  const registry = createWorkerRegistry(stage);
  const beat = () =>
    registry.pulse({ id: "bench", queues: { [QUEUE]: { concurrency: 1, active: 1 } } });
  await beat();
  const beating = setInterval(() => void beat().catch(() => undefined), 2000);
  const worker = await stage.work(async () => {
    await delay(1000 / MOVES_PER_SECOND);
    return {};
  });
  await settled();
  const strangers = await connectAll(users.map(() => `stranger-${randomUUID()}`));
  const without = await share();
  for (const socket of strangers) socket.close();
  const pushes = { places: 0, statuses: 0 };
  const sockets = await connectAll(users);
  for (const socket of sockets) {
    socket.on("job-progress", () => (pushes.places += 1));
    socket.on("queue-status", () => (pushes.statuses += 1));
  }
  const withOwners = await share();
  for (const socket of sockets) socket.close();
  await worker.close(true);
  clearInterval(beating);
  await stage.redis.del(...Object.values(stage.keys.line(QUEUE)));
  const percent = (value: number) => `${(value * 100).toFixed(2)} %`;
  return {
    "others connected": percent(without),
    "owners connected": percent(withOwners),
    positions: percent(withOwners - without),
    "places a second": Math.round(pushes.places / SECONDS),
    "statuses a second": Math.round(pushes.statuses / SECONDS),
  };
}

/** Until the recorder has told of all of them. */
async function settled(): Promise<void> {
  for (;;) {
    const [newest] = await stage.redis.xrevrange(stage.keys.events(QUEUE), "+", "-", "COUNT", 1);
    if ((await stage.redis.get(stage.keys.place(QUEUE))) === newest?.[0]) return;
    await delay(100);
  }
}

/** What is done once at the beginning is over then. */
async function connectAll(users: string[]): Promise<Socket[]> {
  const sockets = await Promise.all(users.map(connect));
  await delay(3000);
  return sockets;
}

/** Of one core, over `SECONDS`. */
async function share(): Promise<number> {
  const before = await cpuSeconds();
  const since = performance.now();
  await delay(SECONDS * 1000);
  return (((await cpuSeconds()) - before) * 1000) / (performance.now() - since);
}

async function cpuSeconds(): Promise<number> {
  const answer = await fetch(`${cluster.opsUrlOf("gateway")}/metrics`);
  const line = /^process_cpu_seconds_total\S* (\S+)/m.exec(await answer.text());
  return Number(line?.[1]);
}

async function connect(userId: string): Promise<Socket> {
  const socket = io(cluster.urlOf("gateway"), {
    transports: ["websocket"],
    multiplex: false,
    extraHeaders: {
      "x-forwarded-for": `10.1.${Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}`,
    },
    auth: { token: tokenOf(userId) },
  });
  await new Promise((resolve) => socket.once("ready", resolve));
  return socket;
}

function tokenOf(sub: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const body = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ sub, iat: now, exp: now + 3600 })}`;
  return `${body}.${createHmac("sha256", cluster.secret).update(body).digest("base64url")}`;
}
