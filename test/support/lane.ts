import { randomUUID } from "node:crypto";
import type { Audience } from "../../src/contract/names.ts";
import { createRounds } from "../../src/jobs/rounds.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { QUEUE, type Stage } from "./stage.ts";

/** The lane that a stage's jobs wait in: who put what there, and in which order it is taken. */
export function createLane(stage: Stage) {
  const { redis, keys } = stage;
  const line = keys.line(QUEUE);
  const names = new Map<string, string>();
  const taken: string[] = [];

  return {
    taken,
    line,
    idOf: (name: string) => [...names].find(([, known]) => known === name)?.[0] ?? "",
    nameOf: (jobId: string) => names.get(jobId) ?? "",
    /** Jobs of one owner, one after the other, named `<owner>1`, `<owner>2` …. */
    async submit(owner: string, count = 1, fields: Partial<JobRecord> = {}): Promise<JobRecord[]> {
      const audiences: Audience[] = [`user:${owner}`];
      const jobs: JobRecord[] = [];
      for (let i = 0; i < count; i += 1) {
        const jobId = randomUUID();
        const number = [...names.values()].filter((name) => name.startsWith(owner)).length + 1;
        names.set(jobId, `${owner}${number}`);
        jobs.push(await stage.submit({ jobId, userId: owner, audiences, ...fields }));
      }
      return jobs;
    },
    /** A worker that notes what it takes. */
    work: (run: (name: string) => Promise<void> | void = () => undefined, concurrency = 1) =>
      stage.work(async ({ id = "" }) => {
        const name = names.get(id) ?? "";
        taken.push(name);
        await run(name);
        return {};
      }, concurrency),
    /** The jobs in line, the next one first. */
    async order(): Promise<string[]> {
      const wait = await redis.lrange(line.wait, 0, -1);
      const ids = [...wait.toReversed(), ...(await redis.zrange(line.prioritized, 0, "-1"))];
      return ids.map((id) => names.get(id) ?? id);
    },
    roundOf: async (name: string): Promise<number> => {
      const id = [...names].find(([, known]) => known === name)?.[0] ?? "";
      return Number(await redis.hget(`${line.job}${id}`, "priority"));
    },
    rounds: (rebaseAbove?: number) =>
      createRounds({ redis, keys, ...(rebaseAbove === undefined ? {} : { rebaseAbove }) }),
  };
}
