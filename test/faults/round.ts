import { type Bounds, findDegraded } from "./checker/bounds.ts";
import type { Breach } from "./checker/breach.ts";
import type { Checker, Findings } from "./checker/check.ts";
import { readFeed, readHeads, readQueues, type TruthOptions } from "./checker/truth.ts";
import { formatCursor } from "../../src/contract/cursor.ts";
import type { Device } from "./devices/device.ts";
import type { Allowance, Scene } from "./scene.ts";
import { until } from "./until.ts";

/** What came of a fault. */
export interface Row extends Findings {
  fault: string;
  note: string;
  seconds: number;
  /** Of the largest gateway, bytes. */
  memoryBefore: number;
  memoryAfter: number;
}

export interface RoundOptions {
  name: string;
  scene: Omit<Scene, "join" | "devices" | "excuse" | "note" | "pace"> & Pick<Scene, "pace">;
  devices: readonly Device[];
  checker: Checker;
  /** Jobs that were lost for a good reason, over all rounds. */
  excused: Set<string>;
  allows: Allowance;
  bounds?: Bounds | undefined;
  inflict: (scene: Scene) => Promise<void>;
  /** So many outcomes are heard before and after. */
  warmth: number;
  settleMs: number;
}

const WARM_WITHIN_MS = 60_000;

/** Breaks something under load, waits until all is calm again, and holds what everyone heard against what is stored. */
export async function playRound(options: RoundOptions): Promise<Row> {
  const { name, scene, checker, excused, allows, bounds, inflict, settleMs } = options;
  const { world, load, users } = scene;
  const startedAt = Date.now();
  const guests: Device[] = [];
  const notes: string[] = [];
  const breaches: Breach[] = [];
  const devices = () => [...options.devices, ...guests];
  const stage: Scene = {
    ...scene,
    devices,
    join: (more) => void guests.push(...more),
    excuse: () => {
      const now = Date.now();
      for (const [job, at] of load.sent) if (at < now) excused.add(job);
    },
    note: (text) => void notes.push(text),
  };
  const memoryBefore = await world.gatewayMemory();

  load.start();
  await warmUp(options);
  await inflict(stage).catch((thrown: unknown) => breaches.push(unsettled(thrown)));
  await warmUp(options).catch((thrown: unknown) => breaches.push(unsettled(thrown)));
  load.pause();
  await settle(stage, excused, settleMs).catch((thrown: unknown) =>
    breaches.push(unsettled(thrown)),
  );

  const truth: TruthOptions = { ...world, redis: world.redis.control() };
  const userIds = [...new Set(devices().map(({ userId }) => userId))];
  const feeds = await Promise.all(
    userIds.map(async (userId) => [userId, await readFeed(truth, userId)] as const),
  );
  const findings = checker.check(devices(), {
    feeds: new Map(feeds),
    mayResync: allows.resync === true,
    jobs: {
      accepted: load.accepted,
      sent: load.sent,
      queued: await readQueues(truth),
      excused,
      mayFail: allows.failed === true,
    },
  });
  for (const guest of guests) guest.close();
  const memoryAfter = await world.gatewayMemory();
  for (const refusal of load.takeRefused())
    breaches.push({ invariant: "I5", kind: "unanswered", device: "", detail: refusal });
  if (bounds !== undefined) {
    const felt = findDegraded({ ...findings, memoryBefore, memoryAfter }, bounds);
    breaches.push(...felt.map((one) => ({ ...one, device: "" })));
  }
  return {
    fault: name,
    note: notes.join(", "),
    seconds: (Date.now() - startedAt) / 1000,
    ...findings,
    breaches: [...breaches, ...findings.breaches],
    memoryBefore,
    memoryAfter,
  };

  /** Everybody knows everything. */
  async function settle(on: Scene, lost: Set<string>, timeoutMs: number): Promise<void> {
    const ids = users.map(({ userId }) => userId);
    await until("every job has ended, and every device has heard of it", timeoutMs, async () => {
      if (load.unanswered() > 0) return false;
      const queued = await readQueues(toTruth(on));
      const all = [...load.accepted.values()].flatMap((jobs) => [...jobs]);
      if (all.some((job) => !lost.has(job) && !isOver(queued.get(job)))) return false;
      const heads = await readHeads(toTruth(on), ids);
      const stands = new Map(ids.map((userId, i) => [userId, heads[i]]));
      return on.devices().every((device) => {
        const head = stands.get(device.userId);
        const place = device.place();
        if (!device.isWelcome() || head === undefined || place === undefined) return false;
        return formatCursor(place) === formatCursor(head);
      });
    });
  }
}

const isOver = (state: string | undefined) => state === "completed" || state === "failed";

const toTruth = ({ world }: Scene): TruthOptions => ({ ...world, redis: world.redis.control() });

/** Waits until some jobs have gone through. */
async function warmUp({ devices, warmth }: RoundOptions): Promise<void> {
  const heard = () => devices.reduce((total, { count }) => total + count("job-completed"), 0);
  const before = heard();
  await until("jobs go through", WARM_WITHIN_MS, () => heard() >= before + warmth);
}

const unsettled = (thrown: unknown): Breach => ({
  invariant: "I2",
  kind: "not settled",
  device: "",
  detail: thrown instanceof Error ? thrown.message : String(thrown),
});
