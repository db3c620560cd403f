import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addAbortSignal, pipeline as connect, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { S3Client } from "@aws-sdk/client-s3";
import { JobcastError } from "../errors.ts";
import { ByteLimit } from "./byte-limit.ts";
import { flushDraft } from "./drafts.ts";
import { checkKey, checkPrefix } from "./file-keys.ts";
import { createS3GrowingFiles, GROWING } from "./s3-growing.ts";
import { createObjects, type Objects } from "./s3-objects.ts";
import { putWhole } from "./s3-parts.ts";
import type { Store } from "./store.ts";

export interface S3StoreOptions {
  bucket: string;
  /** Begins every key; empty, or ends in `/`. */
  prefix?: string;
  /** Of a server other than Amazon's, which is then asked by paths: `http://host:9000`. */
  endpoint?: string | undefined;
  region?: string | undefined;
  /** Without them, those that the machine has. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
}

const MARKER = ".id";
/** Longer than any upload may rest. */
const LEFTOVER_MS = 48 * 3_600_000;
/** Deleted at a time. */
const BATCH = 20;
const SOCKETS = 200;

/** A store in a bucket of S3, or of a server that speaks it. Nothing is kept on this machine but copies that `withPath` makes. */
export function createS3Store(options: S3StoreOptions): Store {
  const { bucket, prefix = "" } = options;
  const objects = createObjects({ client: createClient(options), bucket, prefix });

  const store: Store = {
    async put(key, content, { maxBytes = Infinity, signal } = {}) {
      checkKey(key);
      signal?.throwIfAborted();
      const limit = new ByteLimit(
        maxBytes,
        () => new JobcastError("too_large", `More than ${maxBytes} bytes`),
      );
      // What goes wrong on the way comes out of the last of them.
      const limited = connect(toReadable(content), limit, () => undefined);
      if (signal !== undefined) addAbortSignal(signal, limited);
      return { key, bytes: await putWhole(objects, key, limited, signal) };
    },

    head: async (key) => objects.head(checkKey(key)),
    open: async (key, range) => (await objects.open(checkKey(key), range)) ?? raise(),

    async *list(below) {
      yield* objects.list(checkPrefix(below));
    },

    async withPath(key, use, { tempDir = tmpdir(), signal } = {}) {
      const folder = await mkdtemp(join(tempDir, "jobcast-copy-"));
      try {
        const content = await store.open(key);
        const path = join(folder, "file");
        const stop = signal === undefined ? {} : { signal };
        await pipeline(content, createWriteStream(path), stop);
        return await use(path);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },

    draftFolder: undefined,

    async adopt(key, path) {
      checkKey(key);
      await flushDraft(path);
      const stored = await store.put(key, createReadStream(path));
      await rm(path);
      return stored;
    },

    async remove(keyOrPrefix) {
      if (keyOrPrefix.endsWith("/")) await removeBelow(objects, checkPrefix(keyOrPrefix));
      else await objects.remove(checkKey(keyOrPrefix));
    },

    growing: createS3GrowingFiles(objects),

    async id() {
      await clearLeftovers(objects, store);
      await objects.put(MARKER, Buffer.from(randomUUID()), { ifAbsent: true });
      const marker = await objects.read(MARKER);
      return Buffer.from(marker ?? raise()).toString();
    },

    async probe() {
      const key = `.probe/${randomUUID()}`;
      await objects.put(key, Buffer.from("ok"));
      await objects.remove(key);
    },
  };
  return store;
}

function createClient({ endpoint, region, credentials }: S3StoreOptions): S3Client {
  return new S3Client({
    region: region ?? "us-east-1",
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    // Servers other than Amazon's do not all know the newer checksums.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: 5000,
      socketTimeout: 60_000,
      httpAgent: { maxSockets: SOCKETS },
      httpsAgent: { maxSockets: SOCKETS },
    },
  });
}

async function removeBelow(objects: Objects, prefix: string): Promise<void> {
  let batch: Promise<void>[] = [];
  for await (const { key } of objects.list(prefix)) {
    batch.push(objects.remove(key));
    if (batch.length < BATCH) continue;
    await Promise.all(batch);
    batch = [];
  }
  await Promise.all(batch);
}

/** Of uploads that nobody remembers: Redis was lost. */
async function clearLeftovers(objects: Objects, { growing }: Store): Promise<void> {
  const newest = new Map<string, number>();
  for await (const { key, putAt } of objects.list(GROWING)) {
    const [id = ""] = key.slice(GROWING.length).split("/");
    newest.set(id, Math.max(putAt, newest.get(id) ?? 0));
  }
  for (const [id, putAt] of newest) if (putAt < Date.now() - LEFTOVER_MS) await growing.discard(id);
}

const toReadable = (content: Readable | Uint8Array): Readable =>
  content instanceof Readable ? content : Readable.from([content], { objectMode: false });

function raise(): never {
  throw new JobcastError("not_found", "No such file");
}
