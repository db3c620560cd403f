import type { CompleteReport } from "../contract/external.ts";
import type { Caller } from "../contract/tokens.ts";
import type { FileRef } from "../contract/worker.ts";
import { JobcastError } from "../errors.ts";
import { presentationOf } from "../storage/content-types.ts";
import type { Store } from "../storage/store.ts";
import type { Uploads } from "./uploads/uploads.ts";

export interface FilesDeps {
  store: Pick<Store, "open" | "put" | "remove">;
  /** Finds a finished upload of the caller's. */
  uploads: Pick<Uploads, "use">;
}

export interface Place {
  /** Nobody else's; ends in `/`. */
  folder: string;
  caller: Caller;
}

/** Copies uploads into a folder of the job's, where they stay and go with it. Fails with `invalid`, `not_found`; then none is kept. */
export async function keepFiles(
  files: NonNullable<CompleteReport["files"]>,
  { folder, caller }: Place,
  deps: FilesDeps,
): Promise<FileRef[]> {
  const names = new Set(files.map(({ name }) => name));
  if (names.size < files.length) throw invalid("Two files have the same name");
  try {
    const kept: FileRef[] = [];
    for (const { uploadId, name } of files)
      kept.push(await keepFile({ uploadId, key: `${folder}${name}`, name }, caller, deps));
    return kept;
  } catch (thrown) {
    await dropFiles(folder, deps);
    throw thrown;
  }
}

/** Removes what a report brought that does not stand. What cannot be removed now goes with the job. */
export const dropFiles = (folder: string, { store }: Pick<FilesDeps, "store">): Promise<void> =>
  store.remove(folder).catch(() => undefined);

async function keepFile(
  { uploadId, key, name }: { uploadId: string; key: string; name: string },
  caller: Caller,
  { store, uploads }: FilesDeps,
): Promise<FileRef> {
  const upload = await uploads.use(uploadId, caller);
  const { bytes } = await store.put(key, await store.open(upload.key));
  return { key, name, bytes, contentType: presentationOf(name).contentType };
}

const invalid = (message: string): JobcastError =>
  new JobcastError("invalid", message, { fields: [{ path: "/files", message }] });
