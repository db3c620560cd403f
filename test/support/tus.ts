import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Upload, type UploadOptions } from "tus-js-client";
import type { Store } from "../../src/storage/store.ts";

export const TUS = { "tus-resumable": "1.0.0" };
export const OCTETS = { "content-type": "application/offset+octet-stream" };

export interface Source {
  path: string;
  bytes: number;
  sha256: string;
  content: Buffer;
}

/** A file of random bytes. */
export async function makeFile(folder: string, bytes: number): Promise<Source> {
  const content = randomBytes(bytes);
  const path = join(folder, `source-${bytes}.bin`);
  await writeFile(path, content);
  return { path, bytes, content, sha256: sha256Of(content) };
}

export const sha256Of = (content: Uint8Array): string =>
  createHash("sha256").update(content).digest("hex");

/** Of a file in the store. */
export async function storedSha256(store: Pick<Store, "open">, key: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of await store.open(key)) hash.update(chunk);
  return hash.digest("hex");
}

export interface Sent {
  /** The last part of the upload's address. */
  uploadId: string;
  url: string;
}

/**
 * Uploads a file with the stock client, which sends it in one request and asks where to go on whenever that breaks. `stopAt` ends it, as a closed page does, once that many bytes are
 * acknowledged or on their way.
 */
export function upload(
  source: Source,
  { stopAt = Infinity, ...options }: UploadOptions & { stopAt?: number },
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const settle = () => resolve({ url: sending.url ?? "", uploadId: idOf(sending.url ?? "") });
    const sending = new Upload(createReadStream(source.path), {
      uploadSize: source.bytes,
      retryDelays: [0, 200, 500, 1000, 2000, 4000, 8000],
      ...options,
      onProgress(sent, total) {
        options.onProgress?.(sent, total);
        if (sent >= stopAt) void sending.abort().then(settle, reject);
      },
      onSuccess: settle,
      onError: reject,
    });
    sending.start();
  });
}

export const idOf = (url: string): string => url.split("/").at(-1) ?? "";

/** Creates an upload by hand. */
export async function create(
  url: string,
  bytes: number,
  headers: Record<string, string>,
): Promise<Sent> {
  const answer = await fetch(`${url}/api/uploads`, {
    method: "POST",
    headers: { ...TUS, "upload-length": String(bytes), ...headers },
  });
  const location = answer.headers.get("location");
  if (answer.status !== 201 || location === null)
    throw new Error(`Not created: ${answer.status} ${await answer.text()}`);
  return { uploadId: idOf(location), url: new URL(location, url).href };
}

export const patch = (
  url: string,
  offset: number,
  content: Buffer,
  headers: Record<string, string>,
): Promise<Response> =>
  fetch(url, {
    method: "PATCH",
    headers: { ...TUS, ...OCTETS, "upload-offset": String(offset), ...headers },
    body: new Uint8Array(content),
  });

export const head = (url: string, headers: Record<string, string>): Promise<Response> =>
  fetch(url, { method: "HEAD", headers: { ...TUS, ...headers } });

export interface OpenPatch {
  sent: ClientRequest;
  /** The status; or `undefined` when the connection broke. */
  answer: Promise<number | undefined>;
}

/** A PATCH whose body does not end by itself. */
export function openPatch(
  url: string,
  offset: number,
  bytes: number,
  headers: Record<string, string>,
): OpenPatch {
  const sent = request(url, {
    method: "PATCH",
    headers: {
      ...TUS,
      ...OCTETS,
      "upload-offset": offset,
      "content-length": bytes,
      ...headers,
    },
  });
  const answer = new Promise<number | undefined>((resolve) => {
    sent.once("error", () => resolve(undefined));
    sent.once("response", (response) => {
      void text(response).catch(() => undefined);
      resolve(response.statusCode);
    });
  });
  sent.flushHeaders();
  return { sent, answer };
}
