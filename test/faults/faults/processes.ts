import { freezeInMidBatch } from "../../support/mid-batch.ts";
import type { Device } from "../devices/device.ts";
import type { Fault, Scene } from "../scene.ts";
import { until } from "../until.ts";
import { MAIN_QUEUE, type Role } from "../world/world.ts";

interface Harm {
  name: string;
  strike(scene: Scene, process: string): void;
  mend(scene: Scene, process: string): Promise<void>;
}

const KILL: Harm = {
  name: "sigkill",
  strike: ({ world }, process) => world.cluster.signal(process, "SIGKILL"),
  mend: ({ world }, process) => world.cluster.restart(process),
};

const FREEZE: Harm = {
  name: "sigstop",
  strike: ({ world }, process) => world.cluster.signal(process, "SIGSTOP"),
  async mend({ world, pace }, process) {
    const frozenAt = Date.now();
    await until("frozen for long enough", pace.frozenMs + 1000, () =>
      Promise.resolve(Date.now() - frozenAt >= pace.frozenMs),
    );
    world.cluster.signal(process, "SIGCONT");
  },
};

const LEAVE: Harm = {
  name: "sigterm",
  strike: ({ world }, process) => {
    world.cluster.signal(process, "SIGTERM");
    // It may have been frozen to be caught in the middle of something.
    world.cluster.signal(process, "SIGCONT");
  },
  mend: leaveInOrder,
};

export async function leaveInOrder({ world }: Scene, process: string): Promise<void> {
  const end = await world.cluster.node(process).exited();
  if (end !== 0) throw new Error(`${process} left with ${end}`);
  await world.cluster.restart(process);
}

const HARMS = [KILL, FREEZE, LEAVE];
const SEEN_WITHIN_MS = 60_000;

/** A quarter of the devices stays away meanwhile, so that what they are told on return matters. */
async function toGateway(scene: Scene, { strike, mend, name }: Harm): Promise<void> {
  const { world, dice } = scene;
  const gateway = dice.pick(world.namesOf("gateway"));
  scene.note(gateway);
  const away = dice.shuffle(scene.devices()).slice(0, scene.devices().length / 4);
  const id = await world.cluster.idOf(gateway);
  const others = scene.devices().filter((device) => !away.includes(device));
  // Polls go anywhere, and streams outlast a freeze.
  const isSeated = ({ transport }: Device) =>
    transport === "socket-io" || (transport === "event-stream" && name !== FREEZE.name);
  const seated = others.filter((device) => device.node() === id && isSeated(device));
  const welcomes = () => sum(seated.map(({ count }) => count("ready")));
  const before = welcomes();
  for (const device of away) device.stayAway();
  try {
    strike(scene, gateway);
    await mend(scene, gateway);
    await until(`${seated.length} devices have come back`, SEEN_WITHIN_MS, () => {
      return seated.length === 0 || welcomes() > before;
    });
  } finally {
    for (const device of away) device.comeBack();
  }
}

/** The one that works comes to harm when it is just about to write. */
async function toRecorder(scene: Scene, { strike, mend }: Harm): Promise<void> {
  const { world, load } = scene;
  const recorder = await world.activeRecorder();
  scene.note(recorder);
  const lease = () => world.redis.control().hmget(world.keys.lease(MAIN_QUEUE), "holder", "fence");
  const [holder] = await lease();
  const over = new AbortController();
  // Of a cluster one server is looked at: some of what is said lies there.
  const primary = world.redis.primary();
  const caught = freezeInMidBatch({
    redis: primary.link,
    redisUrl: primary.url,
    prefix: world.prefix,
    holder: holder ?? "",
    freeze: () => world.cluster.signal(recorder, "SIGSTOP"),
    thaw: () => world.cluster.signal(recorder, "SIGCONT"),
  });
  const goOn = async () => {
    while (!over.signal.aborted) await load.sendLong(1);
  };
  await Promise.all([caught.finally(() => over.abort()), goOn()]);
  const [, before] = await lease();
  strike(scene, recorder);
  await Promise.all([
    mend(scene, recorder),
    // By another as a rule; while Redis is away as well, it may be the same again.
    until("the queue is read under a new lease", SEEN_WITHIN_MS, async () => {
      const [, fence] = await lease();
      return fence !== null && fence !== undefined && fence !== before;
    }),
  ]);
}

/** One comes to harm that has jobs in hand. */
async function toWorker(scene: Scene, { strike, mend, name }: Harm): Promise<void> {
  const { world, load, dice } = scene;
  const worker = dice.pick(world.namesOf("worker"));
  scene.note(worker);
  const told = (event: string) => sum(scene.devices().map(({ count }) => count(event)));
  const begun = told("job-started");
  const inHand = await load.sendLong(2 * world.namesOf("worker").length);
  await until(
    "jobs are in hand",
    SEEN_WITHIN_MS,
    () => told("job-started") >= begun + inHand.length,
  );
  const retried = told("job-retrying");
  strike(scene, worker);
  await mend(scene, worker);
  if (name === KILL.name)
    await until("lost jobs are retried", SEEN_WITHIN_MS, () => told("job-retrying") > retried);
}

const TO: Record<Role, (scene: Scene, harm: Harm) => Promise<void>> = {
  gateway: toGateway,
  recorder: toRecorder,
  worker: toWorker,
};

const ABOUT: Record<string, string> = {
  sigkill: "is killed and started again",
  sigstop: "is frozen, and goes on",
  sigterm: "leaves in order and is started again",
};

export const PROCESS_FAULTS: Fault[] = (["gateway", "recorder", "worker"] as const).flatMap(
  (role) =>
    HARMS.map((harm) => ({
      name: `${role}-${harm.name}`,
      about: `a ${role} ${ABOUT[harm.name]}`,
      touches: [role],
      inflict: (scene: Scene) => TO[role](scene, harm),
    })),
);

const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0);
