import type { Keys } from "../../redis/keys.ts";
import { scanKeys } from "../../redis/primaries.ts";
import { loadScript } from "../../redis/script.ts";
import { patiently } from "../patience.ts";
import type { RedisClient } from "../../redis/connect.ts";
import type { Upload } from "./upload.ts";

export interface RecordedUpload {
  upload: Upload;
  /** Milliseconds since 1970. */
  usedAt: number;
}

/** What is known of uploads beside their files; each call waits 3 s for Redis at most, then fails with `unavailable`. */
export interface UploadRecords {
  write(entry: RecordedUpload): Promise<void>;
  read(uploadId: string): Promise<RecordedUpload | undefined>;
  /** `false` when it is gone; otherwise it stays for another `UPLOAD_TTL_MS`. */
  touch(uploadId: string, now: number): Promise<boolean>;
  /** Forgets an upload, unless it was used after `usedBefore`. */
  drop(uploadId: string, usedBefore: number): Promise<boolean>;
  /** All of them, in any order; what comes or goes meanwhile may be missed. */
  list(): AsyncGenerator<RecordedUpload>;
}

const BATCH = 500;

export function createUploadRecords({
  redis,
  keys,
}: {
  redis: RedisClient;
  keys: Pick<Keys, "upload">;
}): UploadRecords {
  const touch = loadScript("touch-upload");
  const drop = loadScript("drop-upload");

  async function read(key: string): Promise<RecordedUpload | undefined> {
    const [upload, usedAt] = await patiently(() => redis.hmget(key, "upload", "usedAt"));
    return typeof upload === "string"
      ? { upload: parseUpload(upload), usedAt: Number(usedAt) }
      : undefined;
  }

  return {
    async write({ upload, usedAt }) {
      const fields = { upload: JSON.stringify(upload), usedAt };
      await patiently(() => redis.hset(keys.upload(upload.uploadId), fields));
    },
    read: (uploadId) => read(keys.upload(uploadId)),
    async touch(uploadId, now) {
      return (await patiently(() => touch.run(redis, [keys.upload(uploadId)], [now]))) === 1;
    },
    async drop(uploadId, usedBefore) {
      return (await patiently(() => drop.run(redis, [keys.upload(uploadId)], [usedBefore]))) === 1;
    },
    async *list() {
      for await (const found of scanKeys(redis, keys.upload("*"), BATCH)) {
        for (const key of found) {
          const entry = await read(key);
          if (entry !== undefined) yield entry;
        }
      }
    },
  };
}

/** Nobody but Jobcast writes these, so their shape is not checked again. */
const parseUpload = (text: string): Upload => JSON.parse(text);
