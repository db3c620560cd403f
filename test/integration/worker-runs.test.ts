import { randomUUID } from "node:crypto";
import { describe, expect, vi } from "vitest";
import { openQueues } from "../../src/jobs/queues.ts";
import { createRecords } from "../../src/jobs/records.ts";
import { openStrictRedis } from "../../src/redis/connect.ts";
import { record } from "../support/jobs.ts";
import { silent } from "../support/stage.ts";
import { test } from "../support/workers.ts";

describe("a job that was cancelled while it waited for another attempt, and retried", () => {
  test("goes on counting its runs, so that no folder of results is used twice", async ({
    line,
    start,
    redis,
    redisUrl,
    onTestFinished,
  }) => {
    const { keys } = line;
    const strict = openStrictRedis(redisUrl, "test-runs", 3000);
    const queues = openQueues({ redis: strict, keys, retentionDays: 1, log: silent });
    onTestFinished(async () => {
      await queues.close();
      strict.disconnect();
    });
    await start();
    await vi.waitFor(() => expect(strict.status).toBe("ready"));
    const jobId = randomUUID();
    const job = record({ jobId, type: "probe", options: { act: "save" } });
    await createRecords({ redis, keys }).write(job);
    await queues.add(job, { runBase: 3, retries: 1 });

    const { result } = await line.outcome(jobId);
    expect(result).toMatchObject({ files: [{ key: `jobs/${jobId}/4/a.txt` }] });
  });
});
