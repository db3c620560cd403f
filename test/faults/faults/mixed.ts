import { setTimeout as delay } from "node:timers/promises";
import type { Allowance, Fault, Scene } from "../scene.ts";
import type { Dice } from "../seed.ts";

/** How many faults there are in one round at most. */
const MAX_AT_ONCE = 4;
/** They begin within that time of each other. */
const SPREAD_MS = 3000;

/** Rounds of several faults that overlap, as the seed has it; never two that break the same. */
export function chooseMixed(faults: readonly Fault[], count: number, dice: Dice): Fault[] {
  return Array.from({ length: count }, (_, i) => {
    const chosen = choose(faults, dice);
    const starts = chosen.map(() => dice.below(SPREAD_MS));
    return { ...together(chosen, starts), name: `mixed-${i + 1}` };
  });
}

function choose(faults: readonly Fault[], dice: Dice): Fault[] {
  const chosen: Fault[] = [];
  const limit = 2 + dice.below(MAX_AT_ONCE - 1);
  for (const fault of dice.shuffle(faults)) {
    const isFree = chosen.every(({ touches }) =>
      touches.every((one) => !fault.touches.includes(one)),
    );
    if (isFree && chosen.length < limit) chosen.push(fault);
  }
  return chosen;
}

/** Several as one; each begins after so many ms. */
export function together(chosen: readonly Fault[], starts: readonly number[]): Fault {
  return {
    name: chosen.map(({ name }) => name).join("+"),
    about: chosen.map(({ about }) => about).join("; "),
    touches: chosen.flatMap(({ touches }) => touches),
    allows: allowanceOf(chosen),
    async inflict(scene: Scene) {
      scene.note(chosen.map(({ name }) => name).join(" + "));
      const all = chosen.map(async ({ inflict }, i) => {
        await delay(starts[i]);
        await inflict(scene);
      });
      // All have been mended before the round goes on, whatever became of one.
      const failed = (await Promise.allSettled(all)).find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") throw failed.reason;
    },
  };
}

/** More than one process comes to harm, so a job may lose its worker too often. */
const allowanceOf = (chosen: readonly Fault[]): Allowance => ({
  resync: chosen.some(({ allows }) => allows?.resync === true),
  failed: true,
});
