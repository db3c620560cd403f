import { createChecker } from "./checker/check.ts";
import type { Transport } from "./devices/device.ts";
import { chooseMixed } from "./faults/mixed.ts";
import type { Form } from "./form.ts";
import { createLoad } from "./load/load.ts";
import { createUsers } from "./load/users.ts";
import { playRound, type Row } from "./round.ts";
import type { Fault } from "./scene.ts";
import { createDice } from "./seed.ts";
import { until } from "./until.ts";
import type { RedisKind } from "./world/redis-set.ts";
import { startWorld } from "./world/world.ts";

export interface CampaignOptions {
  form: Form;
  redis: RedisKind;
  seed: number;
  /** One after the other. */
  faults: readonly Fault[];
  /** How many rounds of several of them at once. */
  mixed: number;
  /** Leaves out the rounds of one fault each. */
  isMixedOnly?: boolean;
  transports: readonly Transport[];
  onRow: (row: Row) => void;
  /** Fires when the run is broken off. */
  signal?: AbortSignal;
}

const WELCOME_WITHIN_MS = 60_000;

/** Starts everything, breaks one thing after the other and then several at once, and stops everything. Resolves to what was found. */
export async function runCampaign(options: CampaignOptions): Promise<Row[]> {
  const { form, redis, seed, faults, transports, onRow, signal } = options;
  await using stack = new AsyncDisposableStack();
  const dice = createDice(seed);
  const world = await startWorld({ ...form, redis });
  stack.defer(() => world.close());
  const { url, secret } = world;
  const users = createUsers({
    url,
    secret,
    count: form.users,
    transports,
    dice: dice.fork("users"),
  });
  const devices = users.flatMap((user) => user.devices);
  stack.defer(() => devices.forEach((device) => device.close()));
  const { jobsPerSecond } = form;
  const load = await createLoad({ url, users, jobsPerSecond, dice: dice.fork("load") });
  stack.defer(() => load.close());
  await until("every device is welcome", WELCOME_WITHIN_MS, () =>
    devices.every((device) => device.isWelcome()),
  );

  const checker = createChecker();
  const excused = new Set<string>();
  const rows: Row[] = [];
  const { warmth, settleMs, pace } = form;
  const single = options.isMixedOnly === true ? [] : faults;
  const rounds = [...single, ...chooseMixed(faults, options.mixed, dice.fork("mixed"))];
  for (const { name, allows = {}, bounds, inflict } of rounds) {
    if (signal?.aborted === true) break;
    const scene = { world, load, users, pace, dice: dice.fork(name) };
    const round = { name, scene, devices, checker, excused, allows, bounds, inflict };
    const row = await playRound({ ...round, warmth, settleMs });
    rows.push(row);
    onRow(row);
  }
  return rows;
}
