import type { Caller } from "../contract/tokens.ts";
import type { FileRef, WorkInput, WorkSource } from "../contract/worker.ts";
import { JobcastError } from "../errors.ts";
import type { AskedInput, AskedSource } from "./input.ts";
import type { States } from "./states.ts";
import type { Uploads } from "./uploads/uploads.ts";

export interface ResolveDeps {
  uploads: Pick<Uploads, "use">;
  states: Pick<States, "find">;
}

/** Finds what an input refers to. Fails with `not_found` for what is not there or not the caller's to read, with `invalid` for what is not finished. */
export type ResolveInput = (asked: AskedInput, caller: Caller) => Promise<WorkInput>;

export function createResolveInput({ uploads, states }: ResolveDeps): ResolveInput {
  async function resolveSource(
    path: string,
    asked: AskedSource,
    caller: Caller,
  ): Promise<WorkSource> {
    if ("uploadId" in asked)
      return {
        file: await uploads.use(asked.uploadId, caller).catch(tellWhere(`${path}/uploadId`)),
      };
    if ("jobId" in asked) return { file: await findResult(asked, caller).catch(tellWhere(path)) };
    return asked;
  }

  async function findResult(
    { jobId, name }: { jobId: string; name: string },
    caller: Caller,
  ): Promise<FileRef> {
    const state = await states.find(jobId, caller);
    if (state === undefined) throw new JobcastError("not_found", "There is no such job");
    const { result, status } = state.snapshot.job;
    if (status !== "completed") throw new JobcastError("invalid", "The job has no result yet");
    const file = result?.files?.find((candidate) => candidate.name === name);
    if (file === undefined) throw new JobcastError("not_found", "The job has no file of this name");
    return file;
  }

  return async (asked, caller) => {
    if ("data" in asked) return asked;
    if (!("files" in asked)) return await resolveSource("/input", asked, caller);
    const files = asked.files.map((source, i) =>
      resolveSource(`/input/files/${i}`, source, caller),
    );
    return { files: await Promise.all(files) };
  };
}

function tellWhere(path: string): (thrown: unknown) => never {
  return (thrown) => {
    if (!(thrown instanceof JobcastError) || thrown.status >= 500) throw thrown;
    const { code, message } = thrown;
    throw new JobcastError(code, message, { fields: [{ path, message }], cause: thrown });
  };
}
