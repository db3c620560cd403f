import { mkdir, writeFile } from "node:fs/promises";
import { cpus, platform, release, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import type { Form } from "./form.ts";
import type { Row } from "./round.ts";
import { quantile } from "./checker/bounds.ts";
import type { Transport } from "./devices/device.ts";
import type { RedisKind } from "./world/redis-set.ts";

export interface ReportOptions {
  seed: number;
  form: Form;
  redis: RedisKind;
  transports: readonly Transport[];
  /** What repeats the run. */
  command: string;
  rows: readonly Row[];
  out: string | undefined;
}

/** Writes the table with the setup it was made on, and of each device that has something to complain of what it heard. Resolves to the file. */
export async function writeReport({ rows, out, ...setup }: ReportOptions): Promise<string> {
  const path = out ?? join(tmpdir(), `jobcast-faults-${setup.seed}-${Date.now()}.json`);
  const report = { ...setup, machine: describeMachine(), rows: rows.map(toEntry) };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(report, undefined, 2));
  return path;
}

const describeMachine = () => ({
  node: process.version,
  system: `${platform()} ${release()}`,
  cores: cpus().length,
  processor: cpus()[0]?.model,
  memory: totalmem(),
});

function toEntry({ latencies, around: _around, records, ...row }: Row) {
  const [p50, p99, worst] = [0.5, 0.99, 1].map((share) => quantile(latencies, share));
  return { ...row, lateMs: { p50, p99, worst }, records: Object.fromEntries(records) };
}
