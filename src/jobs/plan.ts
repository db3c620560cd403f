import { randomUUID } from "node:crypto";
import { Compile } from "typebox/compile";
import { JobRequest } from "../contract/job.ts";
import type { JsonObject } from "../contract/shared.ts";
import type { Caller } from "../contract/tokens.ts";
import type { FileRef } from "../contract/worker.ts";
import type { BatchRecord } from "../db/batches-table.ts";
import { type FieldProblem, JobcastError } from "../errors.ts";
import type { CheckSubmission } from "./check-submission.ts";
import type { JobRecord } from "./record.ts";

/** A batch that is to be made, all or nothing; a job comes before those that wait for it. */
export interface Plan {
  batch: BatchRecord;
  records: JobRecord[];
}

export interface PlanRequest {
  caller: Caller;
  name: string | null;
  /** `path` is where the request stands in what the caller sent, to name what is wrong. */
  jobs: { request: JobRequest; path: string; file?: FileRef | undefined }[];
}

/** How deep jobs may follow jobs. */
export const MAX_DEPTH = 5;
/** Of a call, those that follow included. */
export const MAX_JOBS = 2000;
/** Nobody reads more. */
const MAX_PROBLEMS = 100;

const isRequest = Compile(JobRequest);

interface Task {
  jobId: string;
  parentId: string | null;
  request: JobRequest;
  path: string;
  file?: FileRef | undefined;
  followers: string[];
}

/** Checks every job before any is made; fails with all that is wrong, named by its place. */
export function createPlans(check: CheckSubmission, now: () => number) {
  return async ({ caller, name, jobs }: PlanRequest): Promise<Plan> => {
    const at = now();
    const batchId = randomUUID();
    const problems = createProblems();
    const tasks = jobs.flatMap((job) => spread(job, problems));
    if (tasks.length > MAX_JOBS)
      throw new JobcastError(
        "too_large",
        `There are more than ${MAX_JOBS} jobs, with those that follow`,
      );
    const checked = tasks.map(async (task): Promise<JobRecord[]> => {
      const { jobId, parentId, request, path, file, followers } = task;
      try {
        const place = { batchId, parentId };
        const submission = { request, caller, place, ...(file === undefined ? {} : { file }) };
        const record = await check(submission, jobId, at);
        return [followers.length === 0 ? record : { ...record, followers }];
      } catch (thrown) {
        problems.add(path, thrown);
        return [];
      }
    });
    const records = (await Promise.all(checked)).flat();
    requireOneOwner(records, tasks, problems);
    problems.raise();
    return { batch: toBatch(batchId, name, records), records };
  };
}

/** A job and all that follow it. What follows belongs to the same owner, and is labelled as the job before it unless it says otherwise. */
function spread(
  { request, path, file }: PlanRequest["jobs"][number],
  problems: Problems,
  parent?: { jobId: string; depth: number },
): Task[] {
  const depth = parent === undefined ? 0 : parent.depth + 1;
  const jobId = randomUUID();
  const below = (request.then ?? []).map((follower, i) => {
    const place = `${path}/then/${i}`;
    const asked = readFollower(request, follower, place, depth + 1, problems);
    return asked === undefined
      ? []
      : spread({ request: asked, path: place }, problems, { jobId, depth });
  });
  const followers = below.flatMap(([first]) => first?.jobId ?? []);
  const parentId = parent?.jobId ?? null;
  return [{ jobId, parentId, request, path, file, followers }, ...below.flat()];
}

function readFollower(
  before: JobRequest,
  follower: JsonObject,
  path: string,
  depth: number,
  problems: Problems,
): JobRequest | undefined {
  if (depth > MAX_DEPTH) {
    problems.add(
      path,
      new JobcastError("invalid", `At most ${MAX_DEPTH} jobs may follow in a row`),
    );
    return undefined;
  }
  if (!isRequest.Check(follower)) {
    problems.add(path, malformed(isRequest.Errors(follower)));
    return undefined;
  }
  if (follower.userId !== undefined) {
    const message = "A job that follows belongs to the owner of the one before it";
    const fields = [{ path: "/userId", message }];
    problems.add(path, new JobcastError("invalid", message, { fields }));
  }
  const { userId, metadata, notify } = before;
  return {
    ...(metadata === undefined ? {} : { metadata }),
    ...(notify === undefined ? {} : { notify }),
    ...follower,
    ...(userId === undefined ? {} : { userId }),
  };
}

/** A batch is told of on one feed. */
function requireOneOwner(records: JobRecord[], tasks: Task[], problems: Problems): void {
  const owner = records[0]?.userId;
  const stranger = records.find(({ userId }) => userId !== owner);
  const path = tasks.find(({ jobId }) => jobId === stranger?.jobId)?.path;
  if (path === undefined) return;
  const message = "All jobs of a batch belong to one user";
  const fields = [{ path: "/userId", message }];
  problems.add(path, new JobcastError("invalid", message, { fields }));
}

function toBatch(batchId: string, name: string | null, records: JobRecord[]): BatchRecord {
  const [first] = records;
  if (first === undefined) throw new JobcastError("invalid", "There is no job");
  const { userId, caseId, createdAt } = first;
  return { batchId, userId, name, caseId, total: records.length, createdAt };
}

interface Problems {
  add(path: string, thrown: unknown): void;
  /** Throws what was found: the first error, with the fields of all. */
  raise(): void;
}

function createProblems(): Problems {
  let first: JobcastError | undefined;
  const fields: FieldProblem[] = [];
  return {
    add(path, thrown) {
      if (!(thrown instanceof JobcastError) || thrown.status >= 500) throw thrown;
      first ??= thrown;
      const own = thrown.fields ?? [{ path: "", message: thrown.message }];
      fields.push(...own.map((field) => ({ ...field, path: `${path}${field.path}` || "/" })));
    },
    raise() {
      if (first === undefined) return;
      const { code, message } = first;
      throw new JobcastError(code, message, {
        fields: fields.slice(0, MAX_PROBLEMS),
        cause: first,
      });
    },
  };
}

interface SchemaError {
  keyword: string;
  instancePath: string;
  message: string;
}

/** An unknown field is told of twice: by its object, and by itself. */
function malformed(errors: SchemaError[]): JobcastError {
  const fields = errors
    .filter(({ keyword }) => keyword !== "additionalProperties")
    .map(({ keyword, instancePath, message }) => ({
      path: instancePath,
      message: keyword === "boolean" ? "is not a known field" : message,
    }));
  return new JobcastError("invalid", "Malformed request", { fields });
}
