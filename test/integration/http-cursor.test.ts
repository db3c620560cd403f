import Value from "typebox/value";
import { describe, expect } from "vitest";
import { parseCursor } from "../../src/contract/cursor.ts";
import { JobList } from "../../src/contract/http.ts";
import { isFinal, Job } from "../../src/contract/job.ts";
import { userAudience } from "../../src/contract/names.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { PARTITIONS, someone, type TestNode } from "../support/gateway.ts";
import { test as base } from "../support/socket-client.ts";
import { openGate } from "../support/tcp-gate.ts";

async function read(node: TestNode, path: string, token: string) {
  const headers = { authorization: `Bearer ${token}`, origin: "http://localhost:5173" };
  const answer = await fetch(`${node.url}${path}`, { headers });
  return {
    status: answer.status,
    cursor: answer.headers.get("feed-cursor"),
    headers: answer.headers,
    body: await answer.json(),
  };
}

interface Fact extends Job {
  cursor: string;
}

/** What has been told on a user's feed, oldest first. */
const test = base.extend("facts", ({ redis, cluster: { keys } }) => async (sub: string) => {
  const audience = userAudience(sub);
  const entries = await redis.xrange(
    keys.log(partitionOf(audience, PARTITIONS), audience),
    "-",
    "+",
  );
  return entries.map(([, [, , , , , data]]): Fact => JSON.parse(data ?? ""));
});

const paths = (jobId: string) => ["/api/jobs", "/api/jobs/counts", `/api/jobs/${jobId}`];

describe("an answer about jobs", () => {
  test("names the newest fact of its caller's feed", async ({
    cluster: { a, b, tell, release },
    facts,
  }) => {
    const sub = someone();
    const jobId = await a.submit(a.token(sub), { hold: true });
    await expect.poll(() => facts(sub)).toHaveLength(2);
    for (const text of ["", "another"]) {
      if (text !== "") await tell(userAudience(sub), { text });
      const newest = (await facts(sub)).at(-1);
      for (const path of paths(jobId))
        expect((await read(b, path, a.token(sub))).cursor, path).toBe(newest?.cursor);
    }
    release(jobId);
  });

  test("names the owner's feed, whoever reads", async ({
    cluster: { a, tell, release },
    facts,
  }) => {
    const [owner, other] = [someone(), someone()];
    const jobId = await a.submit(a.token(owner), { hold: true });
    await expect.poll(() => facts(owner)).toHaveLength(2);
    await tell(userAudience(other), { text: "something else" });
    const newest = (await facts(owner)).at(-1);
    for (const role of ["admin", "service"] as const) {
      const token = a.token(other, { roles: [role] });
      for (const path of [`/api/jobs/${jobId}`, `/api/jobs?userId=${owner}`])
        expect((await read(a, path, token)).cursor, path).toBe(newest?.cursor);
    }
    release(jobId);
  });

  test("names none where nobody could follow", async ({ cluster: { a }, facts }) => {
    const sub = someone();
    const jobId = await a.submit(a.token(sub));
    await expect.poll(() => facts(sub)).toHaveLength(3);
    const admin = a.token(someone(), { roles: ["admin"] });
    expect(await read(a, "/api/jobs?userId=*", admin)).toMatchObject({ status: 200, cursor: null });
    const guest = a.jobToken(sub, jobId);
    expect(await read(a, `/api/jobs/${jobId}`, guest)).toMatchObject({ status: 200, cursor: null });
    for (const path of ["/api/jobs", "/api/jobs/counts"])
      expect(await read(a, path, a.token(someone()))).toMatchObject({ status: 200, cursor: null });
  });

  test("is one that a client can go on from", async ({
    cluster: { a, b, tell },
    connect,
    facts,
  }) => {
    const sub = someone();
    const feed = userAudience(sub);
    await a.submit(a.token(sub));
    await expect.poll(() => facts(sub)).toHaveLength(3);
    const { cursor } = await read(a, "/api/jobs", a.token(sub));
    await tell(feed, { text: "told afterwards" });
    const cursors = { [feed]: String(cursor) };
    const client = connect(b.url, { token: a.token(sub), cursors });
    expect(await client.ready()).toMatchObject({ recovered: true });
    expect(client.heard.map(({ data }) => data["text"]).slice(0, -1)).toEqual(["told afterwards"]);
  });

  test("shows all that was told up to the cursor that it names", async ({
    cluster: { a, b },
    facts,
  }) => {
    const JOBS = 60;
    const sub = someone();
    const token = a.token(sub);
    const submitting = (async () => {
      for (let n = 0; n < JOBS; n += 1) await a.submit(token, { steps: [50] });
    })();
    const seen: { cursor: string | null; jobs: Job[]; isWhole: boolean }[] = [];
    for (let ended = 0; ended < JOBS && seen.length < 400;) {
      const list = await read(b, "/api/jobs?limit=200", token);
      const jobs = Value.Parse(JobList, list.body).items;
      seen.push({ cursor: list.cursor, jobs, isWhole: true });
      ended = jobs.filter(({ status }) => isFinal(status)).length;
      const one = jobs[seen.length % jobs.length];
      if (one === undefined) continue;
      const single = await read(b, `/api/jobs/${one.jobId}`, token);
      seen.push({ cursor: single.cursor, jobs: [Value.Parse(Job, single.body)], isWhole: false });
    }
    await submitting;
    await expect.poll(() => facts(sub)).toHaveLength(3 * JOBS);
    const told = await facts(sub);
    const places = new Set<number>();
    for (const { cursor, jobs, isWhole } of seen) {
      const seq = parseCursor(cursor)?.seq ?? 0;
      places.add(seq);
      const known = new Map(told.slice(0, seq).map((fact) => [fact.jobId, fact]));
      const shown = new Map(jobs.map((job) => [job.jobId, job]));
      if (isWhole) expect([...known.keys()].filter((jobId) => !shown.has(jobId))).toEqual([]);
      const older = jobs.filter((job) => stageOf(job) < stageOf(known.get(job.jobId)));
      expect(older).toEqual([]);
    }
    // Of many moments, and not all before the first job or after the last.
    expect(places.size).toBeGreaterThan(10);
  });

  test("names its cursor without Postgres too", async ({ installation, postgresUrl }) => {
    const url = new URL(postgresUrl);
    const gate = await openGate(Number(url.port));
    try {
      url.port = String(gate.port);
      const env = { DATABASE_URL: url.href };
      const node = await installation.start({ roles: ["gateway", "recorder", "worker"], env });
      const sub = someone();
      const token = node.token(sub);
      const jobId = await node.submit(token);
      const completed = async () => (await node.get(`/api/jobs/${jobId}`, token)).body["status"];
      await expect.poll(completed).toBe("completed");
      gate.shut();
      for (const path of ["/api/jobs", `/api/jobs/${jobId}`])
        expect((await read(node, path, token)).cursor, path).toMatch(/-3$/);
      expect(await read(node, "/api/jobs/counts", token)).toMatchObject({
        status: 503,
        cursor: null,
      });
    } finally {
      await gate.close();
    }
  });

  test("shows it to pages of other origins, and the reference tells of it", async ({
    cluster: { a },
  }) => {
    const { headers } = await read(a, "/api/jobs", a.token(someone()));
    const exposed = headers.get("access-control-expose-headers")?.split(", ");
    for (const name of ["Feed-Cursor", "Request-Id", "Retry-After", "Idempotent-Replayed"])
      expect(exposed).toContain(name);
    const { body } = await a.get("/openapi.json");
    for (const path of paths("{jobId}")) {
      expect(body).toHaveProperty(["paths", path, "get", "responses", "200"], {
        description: expect.any(String),
        headers: { "Feed-Cursor": { description: expect.any(String), schema: { type: "string" } } },
        content: { "application/json": { schema: { $ref: expect.stringMatching("schemas/Job") } } },
      });
    }
  });
});

/** How far a job of one attempt has come. */
const stageOf = (job: Pick<Job, "status"> | undefined): number => {
  if (job === undefined || job.status === "queued") return 0;
  return isFinal(job.status) ? 2 : 1;
};
