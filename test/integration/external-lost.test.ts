import { describe, expect, vi } from "vitest";
import { lockOf } from "../support/external.ts";
import { refused, test } from "../support/external-setting.ts";

/** The stalled check runs every five seconds, and needs to see a job twice. */
const LOST = { timeout: 20_000, interval: 50 };

// Side by side: the stalled check comes when it comes.
describe.concurrent("an external job whose lease may run out", { timeout: 60_000 }, () => {
  test("never shows progress that goes back, nor of a claim that was lost", async ({
    setting: { a, service, submit, told, facts, keys },
    redis,
  }) => {
    const jobId = await submit();
    const first = await service.take(a, jobId);
    await service.progress(a, jobId, { claim: first, progress: 60 });
    await vi.waitFor(() => expect(told(jobId).at(-1)?.data).toMatchObject({ progress: 60 }));
    expect(await service.progress(a, jobId, { claim: first, progress: 20 })).toMatchObject({
      body: { progress: 60 },
    });
    // Its lease runs out.
    await redis.pexpire(lockOf(keys, jobId), 1);
    await vi.waitFor(() => expect(facts(jobId).at(-1)).toBe("job-retrying"), LOST);
    expect(told(jobId).at(-1)?.data).toMatchObject({
      status: "queued",
      error: { code: "worker_lost", retryable: true },
    });
    expect(await service.progress(a, jobId, { claim: first, progress: 90 })).toMatchObject(
      refused("stale_claim"),
    );

    const { body } = await service.claim(a, jobId, {});
    expect(body).toMatchObject({ attempt: 2 });
    expect(await service.complete(a, jobId, { claim: first, result: {} })).toMatchObject(
      refused("stale_claim"),
    );
    await service.progress(a, jobId, { claim: body["claim"], progress: 10 });
    await service.complete(a, jobId, { claim: body["claim"], result: {} });
    await vi.waitFor(() =>
      expect(facts(jobId)).toEqual([
        "job-queued",
        "job-started",
        "job-retrying",
        "job-started",
        "job-completed",
      ]),
    );
    const percents = told(jobId).map(({ data }) => [data["attempt"], data["progress"]]);
    expect(percents.filter(([attempt]) => attempt === 2)).toEqual(
      expect.arrayContaining([
        [2, 0],
        [2, 10],
        [2, 100],
      ]),
    );
    expect(percents).not.toContainEqual([2, 90]);
  });

  test("goes back in line when nobody keeps its lease, and stays in hand when somebody does", async ({
    setting: { a, service, submit, facts },
  }) => {
    const [kept, lost] = [await submit(), await submit()];
    const claim = await service.take(a, kept, 5);
    await service.take(a, lost, 5);
    await vi.waitFor(async () => {
      expect(await service.heartbeat(a, kept, { claim })).toMatchObject({ status: 200 });
      expect(facts(lost).at(-1)).toBe("job-retrying");
    }, LOST);
    expect(facts(kept)).toEqual(["job-queued", "job-started"]);
    expect(await service.complete(a, kept, { claim, result: {} })).toMatchObject({ status: 200 });
  });

  test("is lost too often, and ends with worker_lost", async ({
    setting: { a, service, submit, facts, told, keys },
    redis,
  }) => {
    const jobId = await submit();
    await service.take(a, jobId);
    const lock = lockOf(keys, jobId);
    // As after three losses.
    await redis.hset(lock.slice(0, -":lock".length), "stc", 3);
    await redis.pexpire(lock, 1);
    await vi.waitFor(() => expect(facts(jobId).at(-1)).toBe("job-retrying"), LOST);
    expect(await service.claim(a, jobId, {})).toMatchObject(refused("job_finished"));
    await vi.waitFor(() => expect(facts(jobId).at(-1)).toBe("job-failed"));
    expect(told(jobId).at(-1)?.data).toMatchObject({ error: { code: "worker_lost" } });
  });
});
