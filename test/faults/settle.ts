import { type Cursor, formatCursor } from "../../src/contract/cursor.ts";
import { readHeads, readQueues } from "./checker/truth.ts";
import type { Device } from "./devices/device.ts";
import type { Load } from "./load/load.ts";
import type { Scene } from "./scene.ts";
import { until } from "./until.ts";

/** Resolves when everybody knows everything: no submit is under way, each job has ended, and each device knows of it and has all that its feed holds. */
export async function settle(
  scene: Scene,
  isExcused: (job: string) => boolean,
  timeoutMs: number,
): Promise<void> {
  let lacks = "";
  const what = () => `every job has ended and every device knows of it; ${lacks}`;
  await until(what, timeoutMs, async () => {
    lacks = (await findLacking(scene, isExcused)) ?? "";
    return lacks === "";
  });
}

async function findLacking(
  { world, load, users, devices }: Scene,
  isExcused: (job: string) => boolean,
): Promise<string | undefined> {
  if (load.unanswered() > 0) return `${load.unanswered()} submits have no answer`;
  const truth = { ...world, redis: world.redis.control() };
  const queued = await readQueues(truth);
  const due = [...load.sent.keys()].filter((job) => !isExcused(job));
  const open = due.filter((job) => (queued.get(job) ?? "open") === "open");
  if (open.length > 0) return `${open.length} jobs are open or gone, such as ${open[0]}`;
  const untold = devices().find((device) => !knowsAll(device, load, isExcused));
  if (untold !== undefined) return `${untold.name} lacks an outcome`;
  const heads = await readHeads(
    truth,
    users.map(({ userId }) => userId),
  );
  const stands = new Map(users.map(({ userId }, i) => [userId, heads[i]]));
  const behind = devices().find((device) => !isAt(device, stands.get(device.userId)));
  return behind === undefined ? undefined : `${behind.name} is behind its feed`;
}

function knowsAll(
  { userId, knows, welcomedAt }: Device,
  { accepted, sent }: Load,
  isExcused: (job: string) => boolean,
): boolean {
  for (const job of accepted.get(userId) ?? []) {
    const isDue = !isExcused(job) && (sent.get(job) ?? 0) > welcomedAt();
    if (isDue && !knows(job)) return false;
  }
  return true;
}

function isAt({ place, isWelcome }: Device, head: Cursor | undefined): boolean {
  const stand = place();
  if (!isWelcome() || head === undefined || stand === undefined) return false;
  return formatCursor(stand) === formatCursor(head);
}
