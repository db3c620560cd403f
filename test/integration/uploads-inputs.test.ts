import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { describe, expect, vi } from "vitest";
import type { FileRef } from "../../src/contract/worker.ts";
import type { Jobs, Submission } from "../../src/jobs/jobs.ts";
import type { Records } from "../../src/jobs/records.ts";
import { type JobSnapshot, toSnapshot } from "../../src/jobs/snapshot.ts";
import { caller, request, test } from "../support/jobs-service.ts";

const UNKNOWN = randomUUID();

interface Service {
  jobs: Jobs;
  records: Pick<Records, "read">;
  tell(snapshot: JobSnapshot): Promise<void>;
}

/** What a worker is given. */
async function inputOf({ jobs, records }: Service, submission: Submission) {
  const { job } = await jobs.submit(submission);
  return { job, input: (await records.read(job.jobId))?.record.input };
}

/** A job that is done, with a file among its results. */
async function finish(service: Service, owner: ReturnType<typeof caller>): Promise<string> {
  const { job } = await service.jobs.submit({ request: request(), caller: owner });
  const record = (await service.records.read(job.jobId))?.record;
  if (record === undefined) throw new Error("No record");
  const { job: queued, ...rest } = toSnapshot(record);
  const file: FileRef = {
    key: `jobs/${job.jobId}/1/page.png`,
    name: "page.png",
    contentType: "image/png",
    bytes: 7,
  };
  await service.tell({
    ...rest,
    job: { ...queued, status: "completed", result: { files: [file] } },
  });
  return job.jobId;
}

describe("a job whose input is an upload", () => {
  test("gets its file, and shows its name and size", async ({ service }) => {
    const owner = caller();
    const uploadId = await service.upload(owner, "hello");
    const asked = { request: request({ input: { uploadId } }), caller: owner };
    const { job, input } = await inputOf(service, asked);

    expect(job.input).toEqual({ name: "note.txt", bytes: 5, contentType: "text/plain" });
    if (input === undefined || !("file" in input)) throw new Error("No file");
    expect(await text(await service.store.open(input.file.key))).toBe("hello");
  });

  test("goes into the lane that its size asks for", async ({ service }) => {
    const owner = caller();
    const uploadId = await service.upload(owner, "x".repeat(1001));
    const asked = { request: request({ input: { uploadId } }), caller: owner };
    expect((await service.jobs.submit(asked)).job.lane).toBe("large");
    const files = request({
      input: {
        files: [
          { uploadId: await service.upload(owner, "x".repeat(600)) },
          { uploadId: await service.upload(owner, "x".repeat(600)) },
        ],
      },
    });
    const { job } = await service.jobs.submit({ request: files, caller: owner });
    expect(job).toMatchObject({ lane: "large", input: { name: null, bytes: 1200 } });
  });

  test("leaves the file to others when it is removed", async ({ service }) => {
    const owner = caller();
    const uploadId = await service.upload(owner, "hello");
    const asked = { request: request({ input: { uploadId } }), caller: owner };
    const first = await inputOf(service, asked);
    const second = await inputOf(service, asked);
    expect(second.input).toEqual(first.input);

    await service.jobs.cancel(first.job.jobId, owner);
    const recorded = await service.records.read(first.job.jobId);
    if (recorded === undefined) throw new Error("No record");
    const { job, ...rest } = toSnapshot(recorded.record);
    await service.tell({ ...rest, job: { ...job, status: "cancelled" } });
    await service.jobs.remove(first.job.jobId, owner);

    expect(service.removed).toEqual([`jobs/${first.job.jobId}/`]);
    expect(await service.uploads.use(uploadId, owner)).toMatchObject({ bytes: 5 });
  });

  test("is made once for a key, also when its upload is gone by the repeat", async ({
    service,
  }) => {
    const owner = caller();
    const uploadId = await service.upload(owner, "hello");
    const asked = {
      request: request({ input: { uploadId } }),
      caller: owner,
      idempotency: { key: randomUUID(), bodyHash: "a" },
    };
    const first = await service.jobs.submit(asked);
    await service.uploads.remove(uploadId, owner);

    expect(await service.jobs.submit(asked)).toEqual({ job: first.job, isReplay: true });
    const other = { ...asked, idempotency: { ...asked.idempotency, bodyHash: "b" } };
    await expect(service.jobs.submit(other)).rejects.toMatchObject({ code: "not_found" });
    expect((await service.jobs.list({}, owner)).items).toHaveLength(1);
  });

  test("is refused for what is not there, somebody else's or unfinished, and makes nothing", async ({
    service,
  }) => {
    const [owner, other] = [caller(), caller()];
    const theirs = await service.upload(other, "hello");
    const half = await service.upload(owner, "hel", 2);
    const submit = (input: Record<string, unknown>) =>
      service.jobs.submit({ request: request({ input }), caller: owner });
    const told = [];
    for (const uploadId of [UNKNOWN, theirs, "../../etc/passwd", "*"])
      told.push(await submit({ uploadId }).catch((thrown: unknown) => thrown));
    expect(new Set(told.map(String)).size).toBe(1);
    expect(told[0]).toMatchObject({ code: "not_found", fields: [{ path: "/input/uploadId" }] });
    await expect(submit({ uploadId: half })).rejects.toMatchObject({
      code: "invalid",
      message: "The upload is not finished",
    });
    expect(await service.jobs.list({}, owner)).toEqual({ items: [], nextCursor: null });
  });
});

describe("a job whose input is another's result", () => {
  test("gets the file, for whoever may read that job", async ({ service }) => {
    const owner = caller();
    const jobId = await finish(service, owner);
    const key = `jobs/${jobId}/1/page.png`;
    for (const who of [owner, caller({ isAdmin: true }), caller({ isService: true })]) {
      const asked = request({ input: { jobId, name: "page.png" } });
      expect((await inputOf(service, { request: asked, caller: who })).input).toMatchObject({
        file: { key, bytes: 7, contentType: "image/png" },
      });
    }
  });

  test("is refused for everyone else, as if there were no such job", async ({ service }) => {
    const owner = caller();
    const jobId = await finish(service, owner);
    const { job: open } = await service.jobs.submit({ request: request(), caller: owner });
    const submit = (input: Record<string, unknown>, who = owner) =>
      service.jobs
        .submit({ request: request({ input }), caller: who })
        .catch((thrown: unknown) => thrown);

    const strange = await submit({ jobId, name: "page.png" }, caller());
    expect(strange).toMatchObject({ code: "not_found", message: "There is no such job" });
    expect(String(await submit({ jobId: UNKNOWN, name: "a" }))).toBe(String(strange));
    expect(await submit({ jobId, name: "other.png" })).toMatchObject({ code: "not_found" });
    expect(await submit({ jobId: open.jobId, name: "a" })).toMatchObject({ code: "invalid" });
  });
});

describe("a job of several files", () => {
  test("gets them in their order, wherever they come from", async ({ service }) => {
    const owner = caller();
    const uploadId = await service.upload(owner, "hello");
    const jobId = await finish(service, owner);
    const files = [
      { url: "https://example.com/a.pdf" },
      { uploadId },
      { jobId, name: "page.png" },
      { uploadId },
    ];
    const asked = { request: request({ input: { files } }), caller: owner };
    const { job, input } = await inputOf(service, asked);
    expect(input).toEqual({
      files: [
        { url: "https://example.com/a.pdf" },
        { file: expect.objectContaining({ name: "note.txt" }) },
        { file: expect.objectContaining({ key: `jobs/${jobId}/1/page.png` }) },
        { file: expect.objectContaining({ name: "note.txt" }) },
      ],
    });
    expect(job.input).toEqual({ name: null, bytes: null, contentType: null });
  });

  const url = "https://example.com/a";
  const refusals: [string, unknown, string, string][] = [
    ["none", [], "invalid", "/input/files"],
    ["101", Array.from({ length: 101 }, () => ({ url })), "invalid", "/input/files"],
    ["no list", { url }, "invalid", "/input/files"],
    ["a text", ["a"], "invalid", "/input/files/0"],
    ["an empty one", [{ url }, {}], "invalid", "/input/files/1"],
    ["one of two kinds", [{ url, uploadId: UNKNOWN }], "invalid", "/input/files/0"],
    ["an unknown field", [{ url, size: 1 }], "invalid", "/input/files/0/size"],
    ["a key of the store", [{ file: { key: "jobs/1/a" } }], "invalid", "/input/files/0/file"],
    ["a name alone", [{ url, name: "a" }], "invalid", "/input/files/0/name"],
    ["a job without a name", [{ jobId: "1" }], "invalid", "/input/files/0/name"],
    ["an unknown upload", [{ url }, { uploadId: UNKNOWN }], "not_found", "/input/files/1/uploadId"],
    ["files in files", [{ files: [{ url }] }], "invalid", "/input/files/0/files"],
  ];
  test.for(refusals)("is refused with %s", async ([, files, code, path], { service }) => {
    const submitted = service.jobs.submit({
      request: request({ input: { files } }),
      caller: caller(),
    });
    await expect(submitted).rejects.toMatchObject({ code, fields: [{ path }] });
  });

  test("is refused by a type that takes one, and with an address that is private", async ({
    service,
  }) => {
    const submit = (type: string, at: string) =>
      service.jobs.submit({
        request: request({ type, input: { files: [{ url: at }] } }),
        caller: caller(),
      });
    await expect(submit("echo", url)).rejects.toMatchObject({ code: "invalid" });
    await expect(submit("image", "http://127.0.0.1/")).rejects.toMatchObject({ code: "invalid" });
  });
});

test("an upload given to a job stays for another day", async ({ service }) => {
  const owner = caller();
  const uploadId = await service.upload(owner, "hello");
  const before = (await service.uploads.find(uploadId, owner)).expiresAt;
  await vi.waitFor(() => expect(Date.now() + 24 * 3_600_000).toBeGreaterThan(before));
  await service.jobs.submit({ request: request({ input: { uploadId } }), caller: owner });
  expect((await service.uploads.find(uploadId, owner)).expiresAt).toBeGreaterThan(before);
});
