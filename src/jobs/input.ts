import { posix } from "node:path";
import type { JsonObject } from "../contract/shared.ts";
import type { FileRef, WorkInput, WorkSource } from "../contract/worker.ts";
import { JobcastError } from "../errors.ts";
import { checkUrl } from "../storage/address-guard.ts";
import type { JobType } from "./catalog.ts";
import type { JobRecord } from "./record.ts";
import { requireSize } from "./size.ts";

const MAX_DATA_BYTES = 16 * 1024;
const KINDS = ["file", "url", "data"] as const;

interface InputCheck {
  type: JobType;
  /** The request's `input`. */
  input: JsonObject;
  file: FileRef | undefined;
  allowPrivateUrls: boolean;
}

/** Exactly one of a file, `{url}` and `{data}`, and one that the type takes. Fails with `invalid` or `too_large`. */
export function toWorkInput({ type, input, file, allowPrivateUrls }: InputCheck): WorkInput {
  const { url, data, ...unknown } = input;
  refuseUnknown(Object.keys(unknown));
  const given = KINDS.filter((kind) => (kind === "file" ? file : input[kind]) !== undefined);
  if (given.length !== 1) throw invalid("/input", "Give exactly one of a file, `url` and `data`");
  if (!given.every((kind) => type.accepts.includes(kind))) {
    throw invalid("/input", `A job of type ${type.type} takes ${type.accepts.join(" or ")}`);
  }
  if (file !== undefined) return { file };
  if (url !== undefined) return { url: toUrl(url, allowPrivateUrls) };
  requireSize("/input/data", data, MAX_DATA_BYTES);
  return { data };
}

/** The files of an input, if it has any. */
export function sourcesOf(input: WorkInput): WorkSource[] {
  if ("files" in input) return input.files;
  return "data" in input ? [] : [input];
}

/** What is shown of an input. Of an address only its last part: the rest may hold a secret. */
export function toShown(input: WorkInput): JobRecord["shown"] {
  if ("file" in input) {
    const { name, bytes, contentType } = input.file;
    return { name, bytes, contentType };
  }
  const name = "url" in input ? posix.basename(new URL(input.url).pathname) : "";
  return { name: name === "" ? null : name, bytes: null, contentType: null };
}

function refuseUnknown(fields: string[]): void {
  if (fields.length === 0) return;
  const problems = fields.map((name) => ({ path: `/input/${name}`, message: "Unknown field" }));
  throw new JobcastError("invalid", "The input has unknown fields", { fields: problems });
}

function toUrl(url: unknown, allowPrivate: boolean): string {
  if (typeof url !== "string") throw invalid("/input/url", "Must be an address");
  return checkUrl(url, { allowPrivate }).href;
}

const invalid = (path: string, message: string): JobcastError =>
  new JobcastError("invalid", message, { fields: [{ path, message }] });
