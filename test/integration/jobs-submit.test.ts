import { describe, expect } from "vitest";
import type { JobRequest } from "../../src/contract/job.ts";
import type { Caller } from "../../src/contract/tokens.ts";
import { userAudience } from "../../src/contract/names.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { caller, PARTITIONS, request, test } from "../support/jobs-service.ts";
import { record } from "../support/jobs.ts";
import { openGate } from "../support/tcp-gate.ts";

const file = (bytes: number) => ({
  key: "uploads/1/cat.jpg",
  name: "cat.jpg",
  contentType: "image/jpeg",
  bytes,
});

describe("a submit", () => {
  test("makes a queued job that its owner can read at once", async ({ service }) => {
    const owner = caller();
    const { job, isReplay } = await service.jobs.submit({
      request: request({ metadata: { a: "b" } }),
      caller: owner,
    });
    expect(isReplay).toBe(false);
    expect(job).toMatchObject({ status: "queued", userId: owner.userId, metadata: { a: "b" } });
    expect(await service.jobs.find(job.jobId, owner)).toEqual({ job });
  });

  test("hands the queue what a worker needs, and keeps the record until the outcome", async ({
    service,
    redis,
  }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({
      request: request({ options: { width: 5 }, delay: 60_000 }),
      caller: owner,
    });
    const queued = await service.queues.find(job);
    expect(queued?.data).toEqual({
      input: { data: { text: "hello" } },
      options: { width: 5 },
      runBase: 0,
      retries: 0,
    });
    expect(queued?.opts).toMatchObject({
      attempts: 3,
      delay: 60_000,
      backoff: { type: "exponential", delay: 1000, jitter: 0.5 },
      removeOnComplete: { age: 30 * 86_400 },
      removeOnFail: { age: 30 * 86_400 },
    });
    expect(await redis.ttl(service.keys.job(job.jobId))).toBe(-1);
    expect(
      await redis.hget(
        `${service.keys.bull("image.normal")}:image.normal:meta`,
        "opts.maxLenEvents",
      ),
    ).toBe("1000000");
  });

  test("shows the name and size of a file, and of an address no more than its last part", async ({
    service,
  }) => {
    const owner = caller();
    const empty = request({ input: {} });
    const { job } = await service.jobs.submit({ request: empty, caller: owner, file: file(9) });
    expect(job.input).toEqual({ name: "cat.jpg", bytes: 9, contentType: "image/jpeg" });
    const url = "https://example.com/pictures/dog.png?token=secret";
    const fetched = await service.jobs.submit({
      request: request({ input: { url } }),
      caller: owner,
    });
    expect(fetched.job.input).toEqual({ name: "dog.png", bytes: null, contentType: null });
  });

  test("is put in a lane by size, plan and wish", async ({ service }) => {
    const lane = async (who: Caller, fields: Partial<JobRequest>, bytes = 10) => {
      const asked = request({ input: {}, ...fields });
      return (await service.jobs.submit({ request: asked, caller: who, file: file(bytes) })).job
        .lane;
    };
    expect(await lane(caller(), {})).toBe("normal");
    expect(await lane(caller(), {}, 1001)).toBe("large");
    expect(await lane(caller({ isPremium: true }), {})).toBe("premium");
    expect(await lane(caller({ isPremium: true }), { lane: "normal" })).toBe("normal");
    expect(await lane(caller(), { lane: "large" })).toBe("large");
    expect(await lane(caller({ isService: true }), { lane: "premium" }, 1001)).toBe("premium");
    await expect(lane(caller(), { lane: "premium" })).rejects.toMatchObject({ code: "forbidden" });
    await expect(lane(caller(), { lane: "normal" }, 1001)).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  test("may name another owner only when it comes from a service or an administrator", async ({
    service,
  }) => {
    const other = caller();
    const forOther = request({ userId: other.userId });
    for (const who of [caller({ isService: true }), caller({ isAdmin: true })]) {
      const { job } = await service.jobs.submit({ request: forOther, caller: who });
      expect(job.userId).toBe(other.userId);
    }
    await expect(
      service.jobs.submit({ request: forOther, caller: caller() }),
    ).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  const refusals: [string, Partial<JobRequest>, string, string | undefined][] = [
    ["an unknown type", { type: "nope" }, "invalid", "/type"],
    ["a type that only an object's prototype has", { type: "constructor" }, "invalid", "/type"],
    [
      "options of a wrong type",
      { options: { width: "wide" } },
      "invalid_options",
      "/options/width",
    ],
    ["unknown options", { options: { colour: 1 } }, "invalid_options", "/options/colour"],
    ["no input", { input: {} }, "invalid", "/input"],
    ["two inputs", { input: { url: "https://example.com/a", data: {} } }, "invalid", "/input"],
    ["an unknown kind of input", { input: { path: "/etc/passwd" } }, "invalid", "/input/path"],
    [
      "a kind of input that the type does not take",
      { type: "echo", input: { url: "https://example.com/a" } },
      "invalid",
      "/input",
    ],
    [
      "data that do not fit the type",
      { type: "echo", input: { data: { text: 1 } } },
      "invalid",
      "/input/data/text",
    ],
    ["an address that is none", { input: { url: 7 } }, "invalid", "/input/url"],
    ["an address of this machine", { input: { url: "http://127.0.0.1/" } }, "invalid", undefined],
    ["too much data", { input: { data: "x".repeat(16 * 1024) } }, "too_large", "/input/data"],
    ["too much metadata", { metadata: { a: "x".repeat(2048) } }, "too_large", "/metadata"],
    [
      "too many keys of metadata",
      { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, ""])) },
      "too_large",
      "/metadata",
    ],
  ];
  test.for(refusals)(
    "refuses %s and makes nothing",
    async ([, fields, code, path], { service }) => {
      const owner = caller();
      const submitted = service.jobs.submit({ request: request(fields), caller: owner });
      await expect(submitted).rejects.toMatchObject({
        code,
        ...(path === undefined ? {} : { fields: [expect.objectContaining({ path })] }),
      });
      expect(await service.jobs.list({}, owner)).toEqual({ items: [], nextCursor: null });
    },
  );

  test("is refused with a token made for one job", async ({ service }) => {
    const scoped = caller({ onlyJob: "some-job" });
    await expect(service.jobs.submit({ request: request(), caller: scoped })).rejects.toMatchObject(
      {
        code: "forbidden",
      },
    );
  });

  test("is refused while 5,000 jobs of the owner are open, accepted ones included", async ({
    service,
    redis,
  }) => {
    const owner = caller();
    const audience = userAudience(owner.userId);
    const place = [partitionOf(audience, PARTITIONS), audience] as const;
    const waiting = Array.from({ length: 4999 }, (_, i) => [Date.now(), `job-${i}`]).flat();
    await redis.zadd(service.keys.openJobs(...place), ...waiting);
    await service.jobs.submit({ request: request(), caller: owner });
    await expect(service.jobs.submit({ request: request(), caller: owner })).rejects.toMatchObject({
      code: "quota_exceeded",
      retryAfterSeconds: 60,
    });
  });
});

describe("a submit while Redis is away", () => {
  const gated = test
    .extend("gate", async ({ redisUrl }, { onCleanup }) => {
      const gate = await openGate(Number(new URL(redisUrl).port));
      onCleanup(() => gate.close());
      return gate;
    })
    .extend("serviceUrl", ({ gate }) => `redis://127.0.0.1:${gate.port}`);

  for (const way of ["shut", "freeze"] as const) {
    gated(`fails within 4 s and makes nothing later (${way})`, async ({ service, gate }) => {
      const owner = caller();
      const { job } = await service.jobs.submit({ request: request(), caller: owner });
      gate[way]();
      const begun = Date.now();
      await expect(
        service.jobs.submit({ request: request(), caller: owner }),
      ).rejects.toMatchObject({
        code: "unavailable",
      });
      expect(Date.now() - begun).toBeLessThan(4000);
      gate.open();
      gate.shut();
      gate.open();
      const marker = await service.jobs.submit({ request: request(), caller: owner });
      const queue = await service.queues.find(marker.job);
      expect(queue?.id).toBe(marker.job.jobId);
      const { items } = await service.jobs.list({}, owner);
      expect(items.map(({ jobId }) => jobId)).toEqual([marker.job.jobId, job.jobId]);
    });
  }

  gated("adds nothing later to a queue that could not be opened", async ({ service, gate }) => {
    gate.shut();
    const late = record({ jobId: "job-1" });
    const count = { runBase: 0, retries: 0 };
    await expect(service.queues.add(late, count)).rejects.toMatchObject({ code: "unavailable" });
    gate.open();
    await service.queues.add(record({ jobId: "job-2" }), count);
    expect(await service.queues.find(late)).toBeUndefined();
  });

  gated("waits for a Redis that is back in a moment", async ({ service, gate }) => {
    const owner = caller();
    gate.shut();
    const submitted = service.jobs.submit({ request: request(), caller: owner });
    gate.open();
    expect((await submitted).job.status).toBe("queued");
  });
});
