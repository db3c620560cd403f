import { Compile } from "typebox/compile";
import Value from "typebox/value";
import type { JsonObject } from "../contract/shared.ts";
import type { WorkError, WorkInput, WorkResult } from "../contract/worker.ts";
import { JobcastError } from "../errors.ts";
import type { JobType } from "./catalog.ts";
import type { JobRecord } from "./record.ts";

/** Stands in the record of a job whose input is its parent's. */
export const NOT_KNOWN_YET: WorkInput = { data: null };

/** A type's own word on what it takes. */
type Taker = Pick<JobType, "type" | "accepts">;

const MAX_NAME = 255;

/** What `{from: "parent", file?}` asks for; `undefined` for an input that says nothing of the parent. Fails with `invalid`. */
export function readFromParent(type: Taker, input: JsonObject): JobRecord["from"] {
  const { from, file, ...others } = input;
  if (from === undefined) return undefined;
  if (from !== "parent") throw invalid("/input/from", 'Must be "parent"');
  const [other] = Object.keys(others);
  if (other !== undefined) throw invalid(`/input/${other}`, "Unknown field");
  if (file === undefined) return {};
  if (typeof file !== "string" || file.length === 0 || file.length > MAX_NAME)
    throw invalid("/input/file", `Must be a name of at most ${MAX_NAME} characters`);
  if (!takesFiles(type)) throw invalid("/input/file", `A job of type ${type.type} takes no file`);
  return { file };
}

export type ParentInput =
  | { kind: "input"; input: WorkInput }
  | { kind: "failed"; error: WorkError };

/**
 * What a job works on, of all that its parent made: the file of a name; without one, the parent's only file for a type that takes files, else what
 * the parent says, as far as the type knows its fields.
 */
export function toParentInput(
  type: Taker & Pick<JobType, "data">,
  { file }: NonNullable<JobRecord["from"]>,
  { files = [], ...said }: WorkResult,
): ParentInput {
  if (file !== undefined) {
    const found = files.find(({ name }) => name === file);
    if (found !== undefined) return { kind: "input", input: toFileInput(type, found) };
    return missing(`The job before it made no file named ${JSON.stringify(file)}`);
  }
  const [only, ...more] = takesFiles(type) ? files : [];
  if (more.length > 0) return missing("The job before it made several files: name the one wanted");
  if (only !== undefined) return { kind: "input", input: toFileInput(type, only) };
  return toData(type, said);
}

function toFileInput(
  { accepts }: Taker,
  file: NonNullable<WorkResult["files"]>[number],
): WorkInput {
  return accepts.includes("file") ? { file } : { files: [{ file }] };
}

function toData({ accepts, data }: Taker & Pick<JobType, "data">, said: JsonObject): ParentInput {
  if (!accepts.includes("data"))
    return missing("The job before it made no file that this one could work on");
  if (data === undefined) return { kind: "input", input: { data: said } };
  const known: unknown = Value.Clean(data, structuredClone(said));
  if (Compile(data).Check(known)) return { kind: "input", input: { data: known } };
  return {
    kind: "failed",
    error: {
      code: "input_unsupported",
      message: "What the job before it says does not fit this kind of job",
    },
  };
}

const takesFiles = ({ accepts }: Taker): boolean =>
  accepts.some((kind: string) => kind === "file" || kind === "files");

const missing = (message: string): ParentInput => ({
  kind: "failed",
  error: { code: "input_missing", message },
});

const invalid = (path: string, message: string): JobcastError =>
  new JobcastError("invalid", message, { fields: [{ path, message }] });
