import { Readable } from "node:stream";
import { describe, expect } from "vitest";
import type { Caller } from "../../src/contract/tokens.ts";
import { createUploads, type Uploads } from "../../src/jobs/uploads/uploads.ts";
import { createRecords } from "../../src/jobs/records.ts";
import { sweepUploads } from "../../src/recorder/upload-sweep.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { pino } from "pino";
import { record } from "../support/jobs.ts";
import { test as base } from "../support/workers.ts";

const HOUR_MS = 3_600_000;
const log = pino({ level: "silent" });
const owner: Caller = {
  userId: "42",
  isAdmin: false,
  isService: false,
  groups: [],
  isPremium: false,
  onlyJob: undefined,
  onlyEvents: false,
  expiresAt: Number.MAX_SAFE_INTEGER,
};

/** Uploads, and the sweep, at a time that the test tells. */
const test = base.extend("desk", ({ redis, prefix, store }) => {
  const keys = createKeys(prefix);
  const clock = { now: Date.now() };
  const options = { redis, keys, store, log, now: () => clock.now };
  const uploads: Uploads = createUploads({ ...options, maxBytes: 1000 });

  async function upload(content: string, missing = 0): Promise<string> {
    const bytes = content.length + missing;
    const made = await uploads.create(
      { bytes, name: "a.txt", contentType: "text/plain", metadata: "" },
      owner,
    );
    const { uploadId } = made.upload;
    const { signal } = new AbortController();
    const source = Readable.from([Buffer.from(content)]);
    await uploads.append(uploadId, { offset: 0, content: source, bytes, signal }, owner);
    return uploadId;
  }
  return {
    clock,
    uploads,
    upload,
    records: createRecords({ redis, keys }),
    sweep: () => sweepUploads(options),
  };
});

describe("the sweep of resumable uploads", () => {
  test("takes what nobody went on with or used for a day, and nothing else", async ({
    desk: { clock, uploads, upload, records, sweep },
    line,
    redis,
    prefix,
  }) => {
    await upload("unused");
    await upload("half", 3);
    const used = await upload("used");
    const given = await uploads.use(used, owner);
    await records.write(record({ jobId: "1", input: { files: [{ file: given }] } }));
    clock.now += 23 * HOUR_MS;
    const young = await upload("young");
    expect(await sweep()).toBe(0);

    clock.now += 2 * HOUR_MS;
    expect(await sweep()).toBe(2);
    expect(await line.files()).toHaveLength(2);
    expect(await redis.keys(`${prefix}:upload:*`)).toHaveLength(2);
    await expect(uploads.use(used, owner)).resolves.toMatchObject({ bytes: 4 });
    await expect(uploads.use(young, owner)).resolves.toMatchObject({ bytes: 5 });

    await records.remove("1");
    expect(await sweep()).toBe(0);
    clock.now += 25 * HOUR_MS;
    expect(await sweep()).toBe(2);
    expect(await line.files()).toEqual([]);
    expect(await redis.keys(`${prefix}:upload:*`)).toEqual([]);
  });

  test("leaves one that is given to a job while it looks", async ({
    desk: { clock, uploads, upload, sweep },
    redis,
    store,
    prefix,
  }) => {
    const uploadId = await upload("hello");
    clock.now += 25 * HOUR_MS;
    const given = await uploads.find(uploadId, owner);
    // Used after it was listed as unused: just before it would be dropped.
    const options = {
      redis,
      keys: createKeys(prefix),
      log,
      now: () => clock.now,
      store: {
        ...store,
        async *list(below: string) {
          await uploads.use(uploadId, owner);
          yield* store.list(below);
        },
      },
    };
    expect(await sweepUploads(options)).toBe(0);
    expect(await store.head(given.upload.key)).toBeDefined();
    clock.now += 25 * HOUR_MS;
    expect(await sweep()).toBe(1);
    await expect(uploads.use(uploadId, owner)).rejects.toMatchObject({ code: "not_found" });
  });
});
