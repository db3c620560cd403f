import { describe, expect } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";

const names = (heard: { name: string }[]) => heard.map(({ name }) => name);
const NOBODYS = { userId: null, caseId: null, batchId: null, metadata: {} };

describe("a token for one job", () => {
  test("shows that job from the start, without whose it is, and nothing else", async ({
    cluster: { a, b, tell, release },
    connect,
  }) => {
    const sub = someone();
    const owner = connect(a.url, { token: a.token(sub) });
    await owner.ready();
    const [jobId, other] = [
      await a.submit(a.token(sub), { hold: true, steps: [40] }),
      await a.submit(a.token(sub)),
    ];
    await expect.poll(() => owner.named("job-completed")).toMatchObject([{ jobId: other }]);
    const guest = connect(b.url, { token: a.jobToken(sub, jobId) });
    const ready = await guest.ready();
    expect(ready).toEqual({
      userId: null,
      sessionId: guest.socket.id,
      protocol: 1,
      recovered: false,
      cursors: {},
      cursor: expect.any(String),
      jobs: [expect.objectContaining({ ...NOBODYS, jobId, status: "processing" })],
      openJobs: 1,
      unread: 0,
      node: expect.any(String),
    });

    await tell(userAudience(sub), { text: "private" });
    await a.submit(a.token(sub));
    await tell("all", { text: "all" });
    release(jobId);
    await expect.poll(() => names(guest.heard)).toContain("job-completed");
    const heard = guest.heard.slice(1);
    expect(names(heard)).toEqual(["job-completed"]);
    expect(heard[0]?.data).toMatchObject({ ...NOBODYS, jobId, status: "completed" });
    expect(Object.keys(heard[0]?.data ?? {})).not.toContain("feed");
    expect(Object.keys(heard[0]?.data ?? {})).not.toContain("cursor");
    await expect.poll(() => owner.named("job-completed")).toHaveLength(3);
  });

  test("shows it also when it is over", async ({ cluster: { a }, connect }) => {
    const sub = someone();
    const owner = connect(a.url, { token: a.token(sub) });
    await owner.ready();
    const jobId = await a.submit(a.token(sub));
    await expect.poll(() => owner.named("job-completed")).toHaveLength(1);
    expect(await connect(a.url, { token: a.jobToken(sub, jobId) }).ready()).toMatchObject({
      jobs: [{ ...NOBODYS, jobId, status: "completed" }],
      openJobs: 0,
    });
  });

  test("is refused whatever else is asked with it", async ({
    cluster: { a, release },
    connect,
  }) => {
    const sub = someone();
    const [jobId, other] = [
      await a.submit(a.token(sub), { hold: true }),
      await a.submit(a.token(sub)),
    ];
    const guest = connect(a.url, { token: a.jobToken(sub, jobId) });
    await guest.ready();
    expect(await guest.ask("subscribe", { topic: `job:${other}` })).toMatchObject({
      error: { code: "not_found" },
    });
    for (const token of [a.token(sub), a.jobToken(sub, other), a.jobToken(someone(), jobId)])
      expect(await guest.ask("auth-refresh", { token })).toMatchObject({
        error: { code: "forbidden" },
      });
    expect(await guest.ask("subscribe", { topic: `job:${jobId}` })).toMatchObject({
      ok: true,
      job: { ...NOBODYS, jobId },
    });
    expect(await guest.ask("auth-refresh", { token: a.jobToken(sub, jobId) })).toMatchObject({
      ok: true,
    });
    release(jobId);
    await expect.poll(() => guest.named("job-completed")).toHaveLength(1);
    expect(guest.named("job-completed")[0]).toMatchObject(NOBODYS);
  });

  test("whose job is gone has its holder leave for good", async ({ cluster: { a }, connect }) => {
    const guest = connect(a.url, { token: a.jobToken(someone(), "no-such-job") });
    await expect.poll(() => guest.lost).toEqual(["io server disconnect"]);
    expect(guest.heard).toEqual([]);
    expect(guest.socket.active).toBe(false);
  });

  test("leaves its maker as many connections as before", async ({ installation, connect }) => {
    const node = await installation.start({
      roles: ["gateway", "recorder"],
      env: { WS_MAX_CONNECTIONS_PER_USER: "1" },
    });
    const sub = someone();
    const jobId = await node.submit(node.token(sub));
    await connect(node.url, { token: node.jobToken(sub, jobId) }).ready();
    await connect(node.url, { token: node.token(sub) }).ready();
  });
});

describe("subscribe to a job", () => {
  test("shows an administrator the job and its events, outside any feed", async ({
    cluster: { a, b, release },
    connect,
  }) => {
    const jobId = await a.submit(a.token(someone()), { hold: true, steps: [10] });
    const admin = connect(b.url, { token: a.token(someone(), { roles: ["admin"] }) });
    await admin.ready();
    const topic = `job:${jobId}`;
    expect(await admin.ask("subscribe", { topic })).toMatchObject({
      ok: true,
      topic,
      job: { jobId },
    });
    release(jobId);
    await expect.poll(() => admin.named("job-completed")).toHaveLength(1);
    const [fact = {}] = admin.named("job-completed");
    expect(fact).toMatchObject({ jobId, userId: expect.stringContaining("user-") });
    expect(Object.keys(fact)).toEqual(expect.not.arrayContaining(["feed", "cursor"]));
  });

  test("is not_found for everybody else, as are topics that do not exist", async ({
    cluster: { a },
    connect,
  }) => {
    const jobId = await a.submit(a.token(someone()));
    const client = connect(a.url, { token: a.token(someone()) });
    for (const topic of [`job:${jobId}`, "job:no-such", "job:", "user:x", "all", "case:1"])
      expect(await client.ask("subscribe", { topic })).toMatchObject({
        ok: false,
        error: { code: "not_found" },
      });
  });

  test("does not double what its owner hears, and asked twice nobody's", async ({
    cluster: { a, release },
    connect,
  }) => {
    const sub = someone();
    const owner = connect(a.url, { token: a.token(sub) });
    const admin = connect(a.url, { token: a.token(someone(), { roles: ["admin"] }) });
    await Promise.all([owner.ready(), admin.ready()]);
    const jobId = await a.submit(a.token(sub), { hold: true });
    const topic = `job:${jobId}`;
    const asked = [owner, admin, admin].map((client) => client.ask("subscribe", { topic }));
    for (const answer of await Promise.all(asked))
      expect(answer).toMatchObject({ ok: true, job: { jobId } });
    release(jobId);
    const marker = await a.submit(a.token(sub));
    const told = () => owner.named("job-completed").map((job) => String(job["jobId"]));
    await expect.poll(() => told().toSorted()).toEqual([jobId, marker].toSorted());
    await expect.poll(() => admin.named("job-completed")).toHaveLength(1);
  });

  test("ends with unsubscribe", async ({ cluster: { a, release }, connect }) => {
    const [left, kept] = [
      await a.submit(a.token(someone()), { hold: true }),
      await a.submit(a.token(someone()), { hold: true }),
    ];
    const admin = connect(a.url, { token: a.token(someone(), { roles: ["admin"] }) });
    await admin.ready();
    for (const jobId of [left, kept]) await admin.ask("subscribe", { topic: `job:${jobId}` });
    expect(await admin.ask("unsubscribe", { topic: `job:${left}` })).toEqual({ ok: true });
    const witness = connect(a.url, { token: a.token(someone(), { roles: ["admin"] }) });
    await witness.ask("subscribe", { topic: `job:${left}` });
    release(left);
    await expect.poll(() => witness.named("job-completed")).toHaveLength(1);
    release(kept);
    await expect.poll(() => admin.named("job-completed")).toMatchObject([{ jobId: kept }]);
  });

  test("takes at most a hundred topics", async ({ cluster: { a }, connect }) => {
    const sub = someone();
    const jobs: string[] = [];
    for (let n = 0; n < 99; n += 1) jobs.push(await a.submit(a.token(sub)));
    const admin = connect(a.url, { token: a.token(someone(), { roles: ["admin"] }) });
    await admin.ready();
    const answers = await Promise.all(
      jobs.map((jobId) => admin.ask("subscribe", { topic: `job:${jobId}` })),
    );
    expect(answers.filter(({ ok }) => ok === true)).toHaveLength(97);
    expect(answers.at(-1)).toMatchObject({ error: { code: "invalid" } });
  });
});
