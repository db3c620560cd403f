import { fileURLToPath } from "node:url";
import { createDiskStore } from "./disk-store.ts";
import { createS3Store, type S3StoreOptions } from "./s3-store.ts";
import type { Store } from "./store.ts";

export interface StoreConfig {
  /** `file:///folder`, or `s3://bucket/prefix?endpoint=…&region=…`. */
  STORAGE_URL: string;
  AWS_ACCESS_KEY_ID?: string;
  AWS_SECRET_ACCESS_KEY?: string;
  AWS_SESSION_TOKEN?: string;
}

/** The store that the configuration names. Nothing is asked of it yet. */
export function openStore(config: StoreConfig): Store {
  if (!config.STORAGE_URL.startsWith("s3:"))
    return createDiskStore({ root: fileURLToPath(config.STORAGE_URL) });
  return createS3Store(toS3Options(config));
}

/** Of a bucket's address. */
export function toS3Options({
  STORAGE_URL,
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_SESSION_TOKEN: sessionToken,
}: StoreConfig): S3StoreOptions {
  const { hostname, pathname, searchParams } = new URL(STORAGE_URL);
  const folder = pathname.split("/").filter((name) => name !== "");
  return {
    bucket: hostname,
    prefix: folder.map((name) => `${name}/`).join(""),
    endpoint: searchParams.get("endpoint") ?? undefined,
    region: searchParams.get("region") ?? undefined,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  };
}
