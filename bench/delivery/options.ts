import { parseArgs } from "node:util";

export interface Options {
  workloads: string[];
  /** Names of targets, each with `+<MiB>` where its nodes get that `--max-semi-space-size`. */
  targets: string[];
  /** Instead of those of the workload: events a second. */
  rates?: number[];
  rounds: number;
  isQuick: boolean;
  isProfiled: boolean;
  /** Results are kept, and put into docs/performance.md. */
  writes: boolean;
}

interface Known {
  workloads: string[];
  targets: string[];
  /** What is compared unless something else was asked for. */
  variants: string[];
}

export function readOptions(args: string[], known: Known): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      targets: { type: "string" },
      rates: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  const { quick, profile } = values;
  const workloads = values.only?.split(",") ?? known.workloads;
  const targets = values.targets?.split(",") ?? known.variants;
  expectKnown("workload", workloads, known.workloads);
  const names = targets.map((variant) => toVariant(variant).name);
  expectKnown("target", names, known.targets);
  const rates = values.rates?.split(",").map(Number);
  if (rates?.some((rate) => !(rate > 0)))
    throw new Error("--rates takes numbers above 0, by comma");
  const rounds = Number(values.rounds ?? (quick || profile ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error("--rounds takes a whole number from 1");
  return {
    workloads,
    targets,
    ...(rates === undefined ? {} : { rates }),
    rounds,
    isQuick: quick,
    isProfiled: profile,
    writes: values.write,
  };
}

/** `raw+64` is `raw` with 64 MiB for young objects. */
export function toVariant(text: string): { name: string; flags: string[] } {
  const [name = "", semiSpace] = text.split("+");
  return { name, flags: semiSpace === undefined ? [] : [`--max-semi-space-size=${semiSpace}`] };
}

function expectKnown(what: string, given: string[], known: string[]): void {
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`No ${what} ${unknown.join(", ")}; there are ${known.join(", ")}`);
}
