import type { IncomingHttpHeaders } from "node:http";
import { JobcastError } from "../../errors.ts";
import type { NewUpload, UploadState } from "../../jobs/uploads/uploads.ts";
import { toBareName, toContentType } from "../../storage/file-names.ts";

/** The version of the protocol, the only one there is. */
export const TUS_VERSION = "1.0.0";

/** What pages of other origins may read of an answer. */
export const TUS_HEADERS = [
  "Location",
  "Tus-Resumable",
  "Upload-Expires",
  "Upload-Length",
  "Upload-Metadata",
  "Upload-Offset",
];

const MAX_METADATA_BYTES = 4096;

/** What `Upload-Length` and `Upload-Metadata` say of a new upload. Fails with `invalid`. */
export function readNewUpload(headers: IncomingHttpHeaders): NewUpload {
  if (headers["upload-defer-length"] !== undefined)
    throw invalid("The length of an upload must be known when it is created");
  const bytes = readCount(headers, "upload-length");
  const metadata = textOf(headers, "upload-metadata");
  const values = readMetadata(metadata);
  const contentType = toContentType(values.get("filetype") ?? "");
  return { bytes, name: toBareName(values.get("filename") ?? ""), contentType, metadata };
}

/** A header that counts bytes. Fails with `invalid`. */
export function readCount(headers: IncomingHttpHeaders, name: string): number {
  const text = textOf(headers, name);
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count)) throw invalid(`The header ${name} must be a number of bytes`);
  return count;
}

/** What an answer says of an upload. */
export function describeUpload({ upload, offset, expiresAt }: UploadState): Record<string, string> {
  const isFinished = offset === upload.bytes;
  return {
    "Upload-Offset": String(offset),
    ...(isFinished ? {} : { "Upload-Expires": new Date(expiresAt).toUTCString() }),
  };
}

/** Pairs of a name and a value in base64, by comma; a value may be missing. */
function readMetadata(text: string): Map<string, string> {
  if (text.length > MAX_METADATA_BYTES) throw invalid("The header upload-metadata is too long");
  const values = new Map<string, string>();
  for (const pair of text.split(",").filter((part) => part.trim() !== "")) {
    const [name = "", value = "", ...rest] = pair.trim().split(" ");
    if (rest.length > 0 || !/^[\w.-]+$/.test(name) || values.has(name)) throw malformed();
    values.set(name, decode(value));
  }
  return values;
}

function decode(value: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw malformed();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "base64"));
  } catch (cause) {
    throw new JobcastError("invalid", malformed().message, { cause });
  }
}

const textOf = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name];
  return typeof value === "string" ? value : "";
};

const malformed = () =>
  invalid("The header upload-metadata must hold pairs of a name and a value in base64, by comma");
const invalid = (message: string): JobcastError => new JobcastError("invalid", message);
