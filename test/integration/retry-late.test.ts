import { pino } from "pino";
import { describe, expect } from "vitest";
import { isFinal } from "../../src/contract/job.ts";
import { userAudience } from "../../src/contract/names.ts";
import { openDatabase } from "../../src/db/database.ts";
import { createJobsTable } from "../../src/db/jobs-table.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { echo, follow, test as base } from "../support/batches.ts";
import { PARTITIONS } from "../support/gateway.ts";

/** Time in which Redis lets go of what it knew of a user's jobs, and the history keeps it. */
const test = base
  .extend("history", { scope: "file" }, async ({ postgresUrl }, { onCleanup }) => {
    const log = pino({ level: "silent" });
    const database = await openDatabase({ databaseUrl: postgresUrl, dataDir: "", log });
    onCleanup(() => database.close());
    return createJobsTable(database.db);
  })
  .extend("longAgo", ({ cluster: { keys }, redis, user, history }) => async (jobIds: string[]) => {
    for (const jobId of jobIds)
      await expect
        .poll(async () => isFinal((await history.find(jobId))?.snapshot.job.status ?? "queued"))
        .toBe(true);
    const owner = userAudience(user.sub);
    const partition = partitionOf(owner, PARTITIONS);
    await redis.del(keys.jobs(partition, owner), keys.doneJobs(partition, owner));
  });

describe("a retry after Redis has let go of the job", () => {
  test("is told as any other, and its runs go on counting", async ({ user, longAgo, client }) => {
    const { body: job } = await user.submitJob(echo({ fails: 1, text: "late" }));
    await expect.poll(() => client.named("job-failed")).toHaveLength(1);
    await longAgo([job.jobId]);

    expect(await user.retry(job.jobId)).toMatchObject({ status: 200 });
    await expect.poll(() => client.named("job-completed")).toHaveLength(1);
    expect(client.named("job-completed")[0]).toMatchObject({
      attempt: 2,
      result: { text: "late" },
    });
    expect(client.named("job-queued")).toHaveLength(2);
  });

  test("lets a job go whose parent has succeeded long ago", async ({
    cluster: { release },
    user,
    longAgo,
  }) => {
    const { body: parent } = await user.submitJob(
      echo({ hold: true, text: "said" }, { then: [follow()] }),
    );
    const jobs = await user.jobs(parent.batchId ?? "");
    const follower = jobs.find(({ parentId }) => parentId !== null)?.jobId ?? "";
    await user.cancelJob(follower);
    release(parent.jobId);
    await longAgo([parent.jobId, follower]);

    expect(await user.retry(follower)).toMatchObject({ status: 200 });
    await expect
      .poll(() => user.job(follower))
      .toMatchObject({ status: "completed", result: { text: "said" } });
  });

  test.for([
    ["failed", { fails: 1 }, {}],
    ["cancelled", {}, { delay: 600_000 }],
  ] as const)(
    "has all that followed a %s one wait again",
    async ([status, data, more], { user, longAgo }) => {
      const { body: parent } = await user.submitJob(
        echo({ ...data, text: "late" }, { ...more, then: [follow({ then: [follow()] })] }),
      );
      if (status === "cancelled") await user.cancelJob(parent.jobId);
      const ids = (await user.jobs(parent.batchId ?? "")).map(({ jobId }) => jobId);
      expect(ids).toHaveLength(3);
      await longAgo(ids);

      expect(await user.retry(parent.jobId)).toMatchObject({ status: 200 });
      for (const id of ids)
        await expect
          .poll(() => user.job(id))
          .toMatchObject({ status: "completed", result: { text: "late" } });
    },
  );
});
