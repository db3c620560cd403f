import { describe, expect } from "vitest";
import { QueueStatus } from "../../src/contract/http.ts";
import Value from "typebox/value";
import { someone, type TestNode } from "../support/gateway.ts";
import { test, type TestClient } from "../support/socket-client.ts";

const NOBODY = "No worker for jobs of type echo in the normal lane is running";
const WAIT = { timeout: 20_000, interval: 10 };

/** Places in line that were told of a job, in order. */
const placesOf = ({ heard }: TestClient, jobId: string) =>
  heard
    .filter(({ name, data }) => name === "job-progress" && data["jobId"] === jobId)
    .filter(({ data }) => data["status"] === "queued")
    .map(({ data }) => data["queuePosition"]);

async function cancel(node: TestNode, token: string, jobId: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${node.url}/api/jobs/${jobId}/cancel`, { method: "POST", headers });
  expect(answer.status).toBe(200);
}

describe("places in line", () => {
  test("are told to their owner on every node, when they change, and to nobody else", async ({
    installation,
    connect,
  }) => {
    const a = await installation.start({ roles: ["gateway", "recorder"] });
    const b = await installation.start();
    const [sub, other] = [someone(), someone()];
    const token = a.token(sub);
    const jobs = [await a.submit(token), await a.submit(token), await b.submit(token)];
    const [first = "", second = "", third = ""] = jobs;
    const owners = [connect(a.url, { token }), connect(b.url, { token })];
    const stranger = connect(a.url, { token: a.token(other) });
    await Promise.all([...owners, stranger].map((client) => client.ready()));

    await cancel(a, token, first);
    const last = await a.submit(token);
    for (const client of owners) await expect.poll(() => placesOf(client, last), WAIT).toContain(3);
    // Told a second or more later: until then nothing has moved for the others.
    const marker = await a.submit(token);

    for (const client of owners) {
      await expect.poll(() => placesOf(client, marker), WAIT).toContain(4);
      const seen = { second: placesOf(client, second), third: placesOf(client, third) };
      expect(seen.second.at(-1)).toBe(1);
      expect(seen.third.at(-1)).toBe(2);
      // No place twice in a row.
      for (const places of Object.values(seen))
        expect(places).toEqual(places.filter((place, i) => place !== places[i - 1]));
      const gauge = client.named("job-progress").find(({ jobId }) => jobId === last);
      expect(gauge).toMatchObject({
        status: "queued",
        userId: sub,
        step: NOBODY,
        queuePosition: 3,
      });
      for (const field of ["feed", "cursor", "at", "eventId"])
        expect(gauge).not.toHaveProperty(field);
    }
    expect(stranger.named("job-progress")).toEqual([]);
    expect(stranger.named("queue-status")).toEqual([]);
  });

  test("are told no more once a job has started, and are in what is read until then", async ({
    installation,
    connect,
  }) => {
    const a = await installation.start({ roles: ["gateway", "recorder"] });
    const token = a.token(someone());
    const jobs: string[] = [];
    for (let i = 0; i < 6; i += 1) jobs.push(await a.submit(token, { hold: true }));
    const client = connect(a.url, { token });
    const ready = await client.ready();
    expect(ready["jobs"]).toMatchObject(
      jobs.toReversed().map((jobId, i) => ({ jobId, queuePosition: 6 - i, step: NOBODY })),
    );
    const read = await a.get(`/api/jobs/${jobs[3]}`, token);
    expect(read.body).toMatchObject({ queuePosition: 4, step: NOBODY });

    await installation.start({ roles: ["gateway", "worker"], env: { WORKER_CONCURRENCY: "1" } });
    for (const [i, jobId] of jobs.entries()) {
      const next = jobs[i + 1];
      await expect
        .poll(() => client.named("job-started").map((job) => job["jobId"]), WAIT)
        .toContain(jobId);
      if (next !== undefined) await expect.poll(() => placesOf(client, next), WAIT).toContain(1);
      installation.release(jobId);
    }
    await expect.poll(() => client.named("job-completed").length, WAIT).toBe(6);
    for (const jobId of jobs) {
      const names = client.heard.flatMap(({ name, data }) =>
        data["jobId"] === jobId ? [`${name} ${String(data["status"])}`] : [],
      );
      expect(names.slice(names.indexOf("job-started processing"))).not.toContain(
        "job-progress queued",
      );
    }
  }, 40_000);

  test("are told to whoever follows one job by its token", async ({ installation, connect }) => {
    const a = await installation.start({ roles: ["gateway", "recorder"] });
    const sub = someone();
    const token = a.token(sub);
    const first = await a.submit(token);
    const jobId = await a.submit(token);
    const follower = connect(a.url, { token: a.jobToken(sub, jobId) });
    expect(await follower.ready()).toMatchObject({ jobs: [{ jobId, queuePosition: 2 }] });
    await cancel(a, token, first);
    await expect.poll(() => placesOf(follower, jobId), WAIT).toContain(1);
    expect(follower.named("job-progress").every(({ userId }) => userId === null)).toBe(true);
    expect(follower.named("queue-status")).toEqual([]);
  });

  test("of more jobs than a ready holds are told too", async ({ installation, connect }) => {
    const a = await installation.start({ roles: ["gateway", "recorder"] });
    const token = a.token(someone());
    const jobs: string[] = [];
    for (let i = 0; i < 110; i += 1) jobs.push(await a.submit(token));
    const client = connect(a.url, { token });
    expect((await client.ready())["jobs"]).toHaveLength(100);
    await expect.poll(() => placesOf(client, jobs[0] ?? ""), WAIT).toContain(1);
  }, 30_000);
});

describe("the status of the queues", () => {
  test("is told to whoever waits, on change, in the units of the contract", async ({
    installation,
    redis,
    connect,
  }) => {
    const a = await installation.start({ roles: ["gateway", "recorder"] });
    const token = a.token(someone(), { plan: "premium" });
    const client = connect(a.url, { token });
    await client.ready();
    await a.submit(token, { hold: true });
    await a.submit(token, { hold: true });
    const last = () => client.named("queue-status").at(-1);
    await expect
      .poll(last, WAIT)
      .toMatchObject({ premium: { waiting: 2, active: 0, avgWaitTime: 0 }, totalWorkers: 0 });

    await installation.start({ roles: ["gateway", "worker"], env: { WORKER_CONCURRENCY: "1" } });
    await expect
      .poll(last, WAIT)
      // One slot for each of three lanes.
      .toMatchObject({ premium: { waiting: 1, active: 1 }, totalWorkers: 3, activeWorkers: 1 });
    const told = client.named("queue-status").map((status) => JSON.stringify(status));
    expect(told).toEqual(told.filter((status, i) => status !== told[i - 1]));
    for (const status of client.named("queue-status")) Value.Parse(QueueStatus, status);

    // Three minutes in line, as one that started lately says.
    const minute = Math.floor(Date.now() / 60_000);
    await redis.hset(installation.keys.waits("echo.premium"), {
      [`${minute}:n`]: 2,
      [`${minute}:ms`]: 360_000,
      [`${minute - 15}:n`]: 1,
      [`${minute - 15}:ms`]: 9_000_000,
    });
    await expect
      .poll(async () => (await a.get("/api/queues/status", token)).body, WAIT)
      .toMatchObject({ premium: { avgWaitTime: 3 }, normal: { waiting: 0, avgWaitTime: 0 } });
    expect((await a.get("/api/queues/status")).status).toBe(401);
  });
});
