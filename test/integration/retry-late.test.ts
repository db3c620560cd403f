import { pino } from "pino";
import { describe, expect } from "vitest";
import { isFinal } from "../../src/contract/job.ts";
import { userAudience } from "../../src/contract/names.ts";
import { openDatabase } from "../../src/db/database.ts";
import { createJobsTable } from "../../src/db/jobs-table.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { echo, test as base } from "../support/batches.ts";
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
  test("is told as any other, and its runs go on counting", async ({
    cluster: { a },
    user,
    connect,
    longAgo,
  }) => {
    const client = connect(a.url, { token: a.token(user.sub) });
    await client.ready();
    const { body: job } = await user.submitJob(echo({ fails: 1, text: "late" }));
    await expect.poll(() => client.named("job-failed")).toHaveLength(1);
    await longAgo([job.jobId]);

    expect((await user.retry(job.jobId)).body).toMatchObject({ status: "queued", attempt: 1 });
    await expect.poll(() => client.named("job-completed")).toHaveLength(1);
    expect(client.named("job-completed")[0]).toMatchObject({
      attempt: 2,
      result: { text: "late" },
    });
    expect(client.named("job-queued")).toHaveLength(2);
  });
});
