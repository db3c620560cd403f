import { parseArgs } from "node:util";
import { type Transport, TRANSPORTS } from "./devices/device.ts";
import { REDIS_KINDS, type RedisKind } from "./world/redis-set.ts";

export interface Options {
  seed: number;
  /** Names of faults, or their beginnings; empty: all. */
  only: string[];
  isShort: boolean;
  users: number | undefined;
  redis: RedisKind;
  transports: readonly Transport[];
  /** Where the findings go, as JSON. */
  out: string | undefined;
  /** Rounds of several faults at once. */
  mixed: number | undefined;
}

export const USAGE = `npm run faults -- [options]
  --seed N          repeats a run; without it one is chosen and printed
  --only a,b        faults by name or by how their names begin; a+b for both at once, "mixed" for what the seed joins
  --short           few users, less patience
  --users N         how many people there are
  --mixed N         how many rounds of several faults at once
  --redis KIND      ${REDIS_KINDS.join(" or ")}
  --transports a,b  any of ${TRANSPORTS.join(", ")}; by default all
  --out FILE        where the findings go, as JSON`;

/** Throws an error that says what is wrong with the command line. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: "string" },
      only: { type: "string" },
      short: { type: "boolean", default: false },
      users: { type: "string" },
      mixed: { type: "string" },
      redis: { type: "string", default: REDIS_KINDS[0] },
      transports: { type: "string" },
      out: { type: "string" },
    },
  });
  const named = toList(values.transports);
  const transports = TRANSPORTS.filter((transport) => named.includes(transport));
  if (transports.length < named.length) throw new Error(`--transports: ${named.join(", ")}`);
  const redis = REDIS_KINDS.find((kind) => kind === values.redis);
  if (redis === undefined) throw new Error(`--redis: ${values.redis}`);
  return {
    redis,
    seed: toNumber("seed", values.seed) ?? Math.floor(Math.random() * 1_000_000),
    only: toList(values.only),
    isShort: values.short,
    users: toNumber("users", values.users),
    mixed: toNumber("mixed", values.mixed),
    transports: transports.length === 0 ? TRANSPORTS : transports,
    out: values.out,
  };
}

const toList = (text: string | undefined): string[] => (text ?? "").split(",").filter(Boolean);

function toNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`--${name}: expected a whole number`);
  return Number(text);
}
