import { type Bounds, findDegraded } from "./checker/bounds.ts";
import type { Breach } from "./checker/breach.ts";
import type { Burdened, Checker, Findings } from "./checker/check.ts";
import { readEvidence } from "./checker/evidence.ts";
import { readFeed, readQueues, type TruthOptions } from "./checker/truth.ts";
import type { Device } from "./devices/device.ts";
import type { Allowance, Scene } from "./scene.ts";
import { settle } from "./settle.ts";
import { until } from "./until.ts";
import type { Memory } from "./world/world.ts";

/** What came of a fault. */
export interface Row extends Findings {
  fault: string;
  note: string;
  seconds: number;
  /** What the processes printed last, by name; only when something was violated. */
  logs: Record<string, string>;
  /** What Redis says of the first jobs that something is wrong with. */
  evidence: Record<string, string[]>;
  /** Of the largest gateway. */
  memoryBefore: Memory;
  memoryAfter: Memory;
}

export interface RoundOptions {
  name: string;
  scene: Omit<Scene, "join" | "devices" | "excuse" | "burdened" | "note" | "pace"> &
    Pick<Scene, "pace">;
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
/** So many jobs with which something is wrong are looked into. */
const EXPLAINED = 3;

/** Breaks something under load, waits until all is calm again, and holds what everyone heard against what is stored. */
export async function playRound(options: RoundOptions): Promise<Row> {
  const { name, scene, checker, excused, allows, bounds, inflict, settleMs } = options;
  const { world, load } = scene;
  const startedAt = Date.now();
  const guests: Device[] = [];
  const notes: string[] = [];
  let excusedUntil = 0;
  let burden: Burdened | undefined;
  const breaches: Breach[] = [];
  const devices = () => [...options.devices, ...guests];
  const stage: Scene = {
    ...scene,
    devices,
    join: (more) => void guests.push(...more),
    excuse: () => void (excusedUntil = Date.now()),
    burdened: (userIds) => void (burden ??= { at: Date.now(), userIds: new Set(userIds) }),
    note: (text) => void notes.push(text),
  };
  // By when it was sent: the answer may have come later.
  const isExcused = (job: string) => excused.has(job) || (load.sent.get(job) ?? 0) < excusedUntil;
  const memoryBefore = await world.gatewayMemory();

  load.start();
  for (const step of [
    () => warmUp(options),
    () => inflict(stage),
    () => warmUp(options),
    async () => load.pause(),
    () => settle(stage, isExcused, settleMs),
  ])
    await step().catch((thrown: unknown) => breaches.push(unsettled(thrown)));

  for (const job of load.sent.keys()) if (isExcused(job)) excused.add(job);
  const truth: TruthOptions = { ...world, redis: world.redis.control() };
  const userIds = [...new Set(devices().map(({ userId }) => userId))];
  const feeds = await Promise.all(
    userIds.map(async (userId) => [userId, await readFeed(truth, userId)] as const),
  );
  const findings = checker.check(devices(), {
    feeds: new Map(feeds),
    mayResync: allows.resync === true,
    burden,
    jobs: {
      accepted: load.accepted,
      sent: load.sent,
      queued: await readQueues(truth),
      excused,
      mayFail: allows.failed === true,
    },
  });
  // Lost once is said once.
  for (const job of findings.lost) excused.add(job);
  for (const guest of guests) guest.close();
  const memoryAfter = await world.gatewayMemory();
  for (const refusal of load.takeRefused())
    breaches.push({ invariant: "I5", kind: "unanswered", device: "", detail: refusal });
  if (bounds !== undefined) {
    const { before, since: latencies } = findings.around;
    const grown = { memoryBefore: memoryBefore.resident, memoryAfter: memoryAfter.resident };
    const felt = findDegraded({ latencies, before, ...grown }, bounds);
    breaches.push(...felt.map((one) => ({ ...one, device: "" })));
  }
  const all = [...breaches, ...findings.breaches];
  return {
    fault: name,
    logs: all.length === 0 ? {} : world.cluster.logs(),
    evidence: await gather(truth, all),
    note: notes.join(", "),
    seconds: (Date.now() - startedAt) / 1000,
    ...findings,
    breaches: all,
    memoryBefore,
    memoryAfter,
  };
}

async function gather(truth: TruthOptions, breaches: Breach[]): Promise<Row["evidence"]> {
  const jobs = [...new Set(breaches.flatMap(({ jobId }) => jobId ?? []))].slice(0, EXPLAINED);
  return Object.fromEntries(
    await Promise.all(jobs.map(async (job) => [job, await readEvidence(truth, job)] as const)),
  );
}

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
