import { randomUUID } from "node:crypto";
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { expect } from "vitest";
import { createRecords } from "../../src/jobs/records.ts";
import { sweepUploads } from "../../src/recorder/upload-sweep.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { record } from "../support/jobs.ts";
import { test as base } from "../support/workers.ts";

const HOUR_MS = 3_600_000;

const test = base.extend("upload", ({ folder, store }) => {
  return async ({ ageHours }: { ageHours: number }) => {
    const key = `uploads/${randomUUID()}/photo.jpg`;
    const { bytes } = await store.put(key, Buffer.from("a photo"));
    const putAt = new Date(Date.now() - ageHours * HOUR_MS);
    await utimes(join(folder, "files", key), putAt, putAt);
    return { key, bytes, name: "photo.jpg", contentType: "image/jpeg" };
  };
});

test("uploads go after a day when no job has them, and nothing else goes", async ({
  redis,
  prefix,
  folder,
  store,
  upload,
}) => {
  const keys = createKeys(prefix);
  const orphan = await upload({ ageHours: 25 });
  const young = await upload({ ageHours: 23 });
  const used = await upload({ ageHours: 100 });
  const records = createRecords({ redis, keys });
  await records.write(record({ jobId: "job-1", input: { file: used } }));
  await records.write(record({ jobId: "job-2", input: { url: "http://example.com/" } }));
  // Of another installation on the same Redis.
  const others = createRecords({ redis, keys: createKeys(`other-${prefix}`) });
  await others.write(record({ jobId: "job-3", input: { file: orphan } }));
  await store.put("jobs/job-9/1/preview.webp", Buffer.from("a result"));
  const old = new Date(0);
  await utimes(join(folder, "files/jobs/job-9/1/preview.webp"), old, old);

  const options = { store, redis, keys, log: pino({ level: "silent" }) };
  expect(await sweepUploads(options)).toBe(1);

  expect(await store.head(orphan.key)).toBeUndefined();
  expect(await readdir(join(folder, "files/uploads"))).toHaveLength(2);
  expect(await store.head(young.key)).toBeDefined();
  expect(await store.head(used.key)).toBeDefined();
  expect(await store.head("jobs/job-9/1/preview.webp")).toBeDefined();
  expect(await sweepUploads(options)).toBe(0);
});

test("there is nothing to sweep where nothing was uploaded", async ({ redis, prefix, store }) => {
  const options = { store, redis, keys: createKeys(prefix), log: pino({ level: "silent" }) };
  expect(await sweepUploads(options)).toBe(0);
});

test("leaves between two files when it is told to", async ({
  redis,
  prefix,
  folder,
  store,
  upload,
}) => {
  await upload({ ageHours: 25 });
  await upload({ ageHours: 25 });
  const leaving = new AbortController();
  const options = {
    redis,
    keys: createKeys(prefix),
    log: pino({ level: "silent" }),
    store: {
      ...store,
      async remove(key: string) {
        await store.remove(key);
        leaving.abort();
      },
    },
  };
  await expect(sweepUploads(options, leaving.signal)).rejects.toMatchObject({ name: "AbortError" });
  expect(await readdir(join(folder, "files/uploads"))).toHaveLength(1);
});
