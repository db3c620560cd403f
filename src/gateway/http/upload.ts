import { createHash, type Hash, randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { Multipart, MultipartFile } from "@fastify/multipart";
import type { FastifyRequest } from "fastify";
import type { FileRef } from "../../contract/worker.ts";
import { JobcastError } from "../../errors.ts";
import { toContentType, toSafeName } from "../../storage/file-names.ts";
import type { Store } from "../../storage/store.ts";
import { toJobcastError } from "./problems.ts";

/** A file just stored, which is nobody's yet: whoever receives one makes it a job's, or discards it. */
export interface Upload {
  file: FileRef;
  /** Hexadecimal. */
  sha256: string;
  discard(): Promise<void>;
}

export interface Received {
  upload: Upload;
  /** The other fields, each given once. */
  fields: Map<string, string>;
}

export interface ReceiveOptions {
  store: Pick<Store, "put" | "remove">;
  maxBytes: number;
}

const LIMITS = {
  fileSize: Infinity,
  files: 2,
  fields: 20,
  parts: 22,
  fieldSize: 64 * 1024,
  fieldNameSize: 100,
};

/** Reads a multipart request with exactly one `file`, which goes to the store as it comes. When it fails, nothing is left in the store. */
export async function receiveUpload(
  request: FastifyRequest,
  options: ReceiveOptions,
): Promise<Received> {
  const { store, maxBytes } = options;
  if (Number(request.headers["content-length"]) > maxBytes + LIMITS.fields * LIMITS.fieldSize)
    throw tooLarge(maxBytes);
  const fields = new Map<string, string>();
  let upload: Upload | undefined;
  try {
    for await (const part of wellFormed(request.parts({ limits: LIMITS }))) {
      if (part.type === "field") {
        addField(fields, part);
        continue;
      }
      if (upload !== undefined || part.fieldname !== "file")
        throw invalid("Send exactly one file, in the field `file`");
      upload = await storeFile(part, { store, maxBytes });
    }
    if (upload === undefined) throw invalid("There is no file in the field `file`");
    return { upload, fields };
  } catch (thrown) {
    await upload?.discard();
    throw thrown;
  }
}

async function storeFile(
  part: MultipartFile,
  { store, maxBytes }: ReceiveOptions,
): Promise<Upload> {
  if (!part.filename) throw invalid("The file has no name");
  const folder = `uploads/${randomUUID()}/`;
  const key = `${folder}${toSafeName(part.filename)}`;
  const hash = createHash("sha256");
  const content = Readable.from(hashed(part.file, hash), { objectMode: false });
  const { bytes } = await store.put(key, content, { maxBytes }).catch((thrown: unknown) => {
    // A client that went away, or sent half a part, is no failure of the store; a part that was given up since the store failed is no fault of the client's.
    const { errored } = part.file;
    throw errored === null || isAbort(errored) ? thrown : malformed(errored);
  });
  return {
    file: {
      key,
      name: part.filename.slice(0, 255),
      contentType: toContentType(part.mimetype),
      bytes,
    },
    sha256: hash.digest("hex"),
    discard: () => store.remove(folder),
  };
}

async function* hashed(source: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}

/** What goes wrong while parts are read is the client's fault, even where the parser throws a plain error. */
async function* wellFormed(parts: AsyncIterable<Multipart>): AsyncGenerator<Multipart> {
  try {
    yield* parts;
  } catch (thrown) {
    throw malformed(thrown);
  }
}

function addField(fields: Map<string, string>, part: Extract<Multipart, { type: "field" }>): void {
  const { fieldname, value, valueTruncated } = part;
  if (valueTruncated) throw new JobcastError("too_large", `The field ${fieldname} is too large`);
  if (fields.has(fieldname)) throw invalid(`The field ${fieldname} is given twice`);
  fields.set(fieldname, typeof value === "string" ? value : JSON.stringify(value));
}

const isAbort = ({ name }: Error): boolean => name === "AbortError";

const invalid = (message: string): JobcastError => new JobcastError("invalid", message);

const tooLarge = (maxBytes: number): JobcastError =>
  new JobcastError("too_large", `More than ${maxBytes} bytes`);

function malformed(thrown: unknown): JobcastError {
  const error = toJobcastError(thrown);
  return error.code === "internal"
    ? new JobcastError("invalid", "Malformed multipart body", { cause: thrown })
    : error;
}
