import { type Burden, type Habit, openBurden } from "../devices/burden.ts";
import { toAddress } from "../load/users.ts";
import type { Fault, Scene } from "../scene.ts";
import { until } from "../until.ts";

const MIB = 1024 * 1024;
const SEEN_WITHIN_MS = 60_000;
/** Beyond those of the users' own devices and of guests. */
const FIRST_ADDRESS = 200;
/** Of one user; his other devices count as well. */
const MAX_OF_USER = 10;
/** Of a gateway: the budgets of all of them, twice, and what a heap takes that has seen so much pass. */
const GROWTH = 192 * MIB;
/** Ten times what a fact takes on a machine that is not busy. */
const P99_MS = 2000;

const ownersOf = ({ users, pace }: Scene) => users.slice(0, Math.ceil(pace.burdens / MAX_OF_USER));

/** Far more than a client takes that does not read. */
async function flood(scene: Scene, habit: Habit): Promise<void> {
  const { load, pace } = scene;
  if (habit === "never answers") return;
  await Promise.all(ownersOf(scene).map((user) => load.sendLarge(user, pace.largeJobs)));
}

/** They connect, are sent far more than they take, and others go on as if nothing were. */
async function bear(scene: Scene, habit: Habit): Promise<Burden[]> {
  const { world, pace } = scene;
  const gateways = world.namesOf("gateway");
  const owners = ownersOf(scene);
  const burdens = Array.from({ length: pace.burdens }, (_, i) => {
    const owner = i % owners.length;
    return openBurden({
      url: world.cluster.urlOf(gateways[i % gateways.length] ?? ""),
      token: owners[owner]?.token().text ?? "",
      address: toAddress(owner, FIRST_ADDRESS + Math.floor(i / owners.length)),
      habit,
    });
  });
  const areIn = await Promise.all(burdens.map(({ welcomed }) => welcomed));
  if (!areIn.includes(true)) throw new Error("No gateway lets them in");
  scene.burdened(owners.map(({ userId }) => userId));
  await flood(scene, habit);
  return burdens.filter((_, i) => areIn[i]);
}

const HABITS: [string, Habit][] = [
  ["clients-not-reading", "stops reading"],
  ["clients-trickling", "reads a byte a second"],
  ["clients-mute", "never answers"],
];

export const BURDEN_FAULTS: Fault[] = HABITS.map(([name, habit]) => ({
  name,
  about: `there are clients of which each ${habit}`,
  touches: ["burdens"],
  bounds: { p99Ms: P99_MS, growthBytes: GROWTH },
  async inflict(scene) {
    // What all that costs those who do read is no fault of those who do not.
    await flood(scene, habit);
    const burdens = await bear(scene, habit);
    try {
      await until("they are cut", SEEN_WITHIN_MS, () => burdens.every((burden) => burden.isCut()));
    } finally {
      for (const burden of burdens) burden.close();
    }
  },
}));
