import { posix } from "node:path";
import type { JsonObject } from "../contract/shared.ts";
import type { FileRef, WorkInput, WorkSource } from "../contract/worker.ts";
import { JobcastError } from "../errors.ts";
import { checkUrl } from "../storage/address-guard.ts";
import type { JobType } from "./catalog.ts";
import type { JobRecord } from "./record.ts";
import { requireSize } from "./size.ts";

/** Where a request says that a file is: stored with it, uploaded before, at an address, or among the results of a job. */
export type AskedSource =
  | { file: FileRef }
  | { uploadId: string }
  | { url: string }
  | { jobId: string; name: string };

/** What a request asks to work on. Whether what it refers to is there, and the caller's to use, is seen when it is resolved. */
export type AskedInput = AskedSource | { files: AskedSource[] } | { data: unknown };

interface InputCheck {
  type: Pick<JobType, "type" | "accepts">;
  /** The request's `input`. */
  input: JsonObject;
  file: FileRef | undefined;
  allowPrivateUrls: boolean;
}

const MAX_DATA_BYTES = 16 * 1024;
const MAX_FILES = 100;
/** What a field of an input stands for; `name` belongs to `jobId`. */
const KINDS = {
  uploadId: "file",
  url: "url",
  jobId: "file",
  files: "files",
  data: "data",
} as const;
const isField = (name: string): name is keyof typeof KINDS => Object.hasOwn(KINDS, name);

/** Exactly one kind of input, and one that the type takes. Fails with `invalid` or `too_large`. */
export function readInput({ type, input, file, allowPrivateUrls }: InputCheck): AskedInput {
  const { name, ...rest } = input;
  const fields = Object.keys(rest).filter((field) => rest[field] !== undefined);
  const strangers = fields.filter((field) => !isField(field));
  const isStranded = name !== undefined && rest["jobId"] === undefined;
  refuse("/input", isStranded ? [...strangers, "name"] : strangers);
  const kinds = fields.filter(isField).map((field) => KINDS[field]);
  const [kind, ...others] = file === undefined ? kinds : ["file" as const, ...kinds];
  if (kind === undefined || others.length > 0)
    throw invalid(
      "/input",
      "Give exactly one of a file, `uploadId`, `url`, `jobId` with `name`, `files` and `data`",
    );
  if (!type.accepts.includes(kind))
    throw invalid("/input", `A job of type ${type.type} takes ${type.accepts.join(" or ")}`);

  if (file !== undefined) return { file };
  if (kind === "files") return { files: readSources(rest["files"], allowPrivateUrls) };
  if (kind !== "data") return readSource("/input", input, allowPrivateUrls);
  requireSize("/input/data", rest["data"], MAX_DATA_BYTES);
  return { data: rest["data"] };
}

/** The files of an input, if it has any. */
export function sourcesOf(input: WorkInput): WorkSource[] {
  if ("files" in input) return input.files;
  return "data" in input ? [] : [input];
}

/** As far as it is known. */
export function sizeOf(input: WorkInput): number {
  const sizes = sourcesOf(input).map((source) => ("file" in source ? source.file.bytes : 0));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** What is shown of an input. Of an address only its last part: the rest may hold a secret. */
export function toShown(input: WorkInput): JobRecord["shown"] {
  if ("file" in input) {
    const { name, bytes, contentType } = input.file;
    return { name, bytes, contentType };
  }
  const areStored = "files" in input && input.files.every((source) => "file" in source);
  const name = "url" in input ? posix.basename(new URL(input.url).pathname) : "";
  return {
    name: name === "" ? null : name,
    bytes: areStored ? sizeOf(input) : null,
    contentType: null,
  };
}

function readSources(files: unknown, allowPrivateUrls: boolean): AskedSource[] {
  const path = "/input/files";
  if (!Array.isArray(files) || files.length < 1 || files.length > MAX_FILES)
    throw invalid(path, `Must be a list of 1 to ${MAX_FILES} files`);
  return files.map((source: unknown, i) => {
    if (!isObject(source)) throw invalid(`${path}/${i}`, "Must be an object");
    const { uploadId, url, jobId, name, ...strangers } = source;
    const isStranded = name !== undefined && jobId === undefined;
    refuse(`${path}/${i}`, [...Object.keys(strangers), ...(isStranded ? ["name"] : [])]);
    if ([uploadId, url, jobId].filter((value) => value !== undefined).length !== 1)
      throw invalid(
        `${path}/${i}`,
        "Give exactly one of `uploadId`, `url` and `jobId` with `name`",
      );
    return readSource(`${path}/${i}`, source, allowPrivateUrls);
  });
}

/** One of its fields is there, and nothing that does not belong to it. */
function readSource(path: string, source: JsonObject, allowPrivateUrls: boolean): AskedSource {
  const { uploadId, url, jobId, name } = source;
  if (uploadId !== undefined) return { uploadId: toText(`${path}/uploadId`, uploadId) };
  if (jobId !== undefined)
    return { jobId: toText(`${path}/jobId`, jobId), name: toText(`${path}/name`, name) };
  const address = toText(`${path}/url`, url);
  return { url: checkUrl(address, { allowPrivate: allowPrivateUrls }).href };
}

function refuse(path: string, strangers: string[]): void {
  if (strangers.length === 0) return;
  const fields = strangers.map((name) => ({ path: `${path}/${name}`, message: "Unknown field" }));
  throw new JobcastError("invalid", "The input has unknown fields", { fields });
}

function toText(path: string, value: unknown): string {
  if (typeof value === "string" && value.length > 0 && value.length <= 8192) return value;
  throw invalid(path, path.endsWith("/url") ? "Must be an address" : "Must be a text");
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const invalid = (path: string, message: string): JobcastError =>
  new JobcastError("invalid", message, { fields: [{ path, message }] });
