import { describe, expect } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone, type TestNode } from "../support/gateway.ts";
import { test as base } from "../support/socket-client.ts";

interface Answer {
  status: number;
  /** Milliseconds. */
  took: number;
  events: { event: string; data: Record<string, unknown> }[];
  cursor: string;
  cursors: Record<string, string>;
  pollAfter: number;
  code: string;
}

async function poll(node: TestNode, token: string, given: Record<string, string> = {}) {
  const startedAt = performance.now();
  const answer = await fetch(`${node.url}/api/events?${new URLSearchParams(given).toString()}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const body = Object(await answer.json());
  const result: Answer = { ...body, status: answer.status, took: performance.now() - startedAt };
  return result;
}

const names = ({ events }: Answer) => events.map(({ event }) => event);
const texts = ({ events }: Answer) => events.map(({ data }) => data["text"]);

const test = base
  .extend("user", () => someone())
  .extend("token", ({ cluster: { a }, user }) => a.token(user));

describe("a poll", () => {
  test("without a cursor answers at once with `ready` alone", async ({ cluster: { a }, token }) => {
    const answer = await poll(a, token, { wait: "20" });
    expect(names(answer)).toEqual(["ready"]);
    expect(answer.took).toBeLessThan(5000);
    expect(answer.pollAfter).toBe(0);
    expect(answer.cursors).toEqual(answer.events[0]?.data["cursors"]);
  });

  test("waits for the first fact, and brings what comes right after it", async ({
    cluster: { a, b, tell },
    user,
    token,
  }) => {
    const { cursor } = await poll(a, token);
    const asked = poll(b, token, { cursor, wait: "20" });
    await expect.poll(async () => (await stats(b)).connections).toBeGreaterThan(0);
    await tell(userAudience(user), { text: "1" });
    const answer = await asked;
    expect(texts(answer)[0]).toBe("1");
    expect(answer.took).toBeLessThan(10_000);
    await tell(userAudience(user), { text: "2" });
    const next = await poll(a, token, { cursor: answer.cursor });
    expect([...texts(answer), ...texts(next)]).toEqual(["1", "2"]);
  });

  test("is answered empty when its time is over", async ({ cluster: { a }, token }) => {
    const { cursor } = await poll(a, token);
    const answer = await poll(a, token, { cursor, wait: "0.2" });
    expect(answer).toMatchObject({ status: 200, events: [], pollAfter: 0 });
  });

  test("brings much in bearable pieces, and says that there is more", async ({
    cluster: { a, tell },
    user,
    token,
  }) => {
    let { cursor } = await poll(a, token);
    const big = Array.from({ length: 30 }, (_, i) => ({ text: `${i}`.padEnd(30_000, "x") }));
    await tell(userAudience(user), ...big);
    const heard: unknown[] = [];
    const pace: number[] = [];
    for (let round = 0; round < 10 && heard.length < 30; round += 1) {
      const answer = await poll(a, token, { cursor });
      heard.push(...texts(answer));
      pace.push(answer.pollAfter);
      expect(answer.events.length).toBeLessThan(15);
      cursor = answer.cursor;
    }
    expect(heard).toEqual(big.map(({ text }) => text));
    expect(pace.slice(0, -1).every((ms) => ms === 1)).toBe(true);
    expect(pace.at(-1)).toBe(0);
  });

  test("follows a job from the line to its end, by facts and by what has changed in between", async ({
    cluster: { a, b, release },
    token,
  }) => {
    const { cursor } = await poll(a, token);
    const jobId = await a.submit(token, { hold: true, steps: [10, 60] });
    const heard: Answer["events"] = [];
    let last = await poll(b, token, { cursor, wait: "20" });
    heard.push(...last.events);
    while (!heard.some(({ data }) => data["progress"] === 60)) {
      expect(last.pollAfter).toBeGreaterThan(0);
      last = await poll(b, token, { cursor: last.cursor, wait: "20" });
      heard.push(...last.events);
    }
    expect(last.pollAfter).toBe(3000);
    // Nothing has changed, so nothing is told.
    const quiet = await poll(a, token, { cursor: last.cursor, wait: "0.3" });
    expect(quiet.events).toEqual([]);
    expect(quiet.pollAfter).toBe(3000);
    release(jobId);
    while (!heard.some(({ event }) => event === "job-completed")) {
      last = await poll(a, token, { cursor: last.cursor, wait: "20" });
      heard.push(...last.events);
    }
    expect(last.pollAfter).toBe(0);
    const facts = heard.filter(({ data }) => data["cursor"] !== undefined);
    expect(facts.map(({ event }) => event)).toEqual(["job-queued", "job-started", "job-completed"]);
  });

  test("says by `pollAfter` that a job waits", async ({ cluster: { a }, token }) => {
    await a.submit(token, { delay: 60_000 }).catch(() => undefined);
    const answer = await fetch(`${a.url}/api/jobs`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ type: "strict", input: { data: { number: 1 } } }),
    });
    expect(answer.status).toBe(201);
    await expect.poll(async () => (await poll(a, token)).pollAfter).toBe(10_000);
  });

  test.for([
    [{ wait: "26" }, "invalid"],
    [{ wait: "-1" }, "invalid"],
    [{ unknown: "1" }, "invalid"],
    [{ topics: "job:nobody" }, "not_found"],
    [{ topics: "case:1" }, "not_found"],
    [{ protocol: "2" }, "protocol_unsupported"],
    [{ token: "x" }, "invalid"],
  ] as const)("with %o is answered %s", async ([given, code], { cluster: { a }, token }) => {
    expect((await poll(a, token, given)).code).toBe(code);
  });
});

describe("a poll for one job", () => {
  test("with the job's token tells how it ended, though its facts are nobody's there", async ({
    cluster: { a, b, release },
    user,
    token,
  }) => {
    const jobId = await a.submit(token, { hold: true });
    const status = async () => (await a.get(`/api/jobs/${jobId}`, token)).body["status"];
    const jobToken = a.jobToken(user, jobId);
    // Its start would be told after `ready`.
    await expect.poll(status).toBe("processing");
    const first = await poll(b, jobToken);
    expect(first.events).toMatchObject([{ event: "ready", data: { userId: null } }]);
    release(jobId);
    await expect.poll(status).toBe("completed");
    const next = await poll(a, jobToken, { cursor: first.cursor, wait: "5" });
    expect(next.events).toMatchObject([{ event: "job-completed", data: { jobId, userId: null } }]);
    expect(next.pollAfter).toBe(0);
    // Told once.
    const last = await poll(a, jobToken, { cursor: next.cursor, wait: "0.1" });
    expect(last.events).toEqual([]);
  });

  test("by its topic tells whoever may see it, and nobody else", async ({
    cluster: { a },
    token,
  }) => {
    const jobId = await a.submit(token, { text: "done" });
    const admin = a.token(someone(), { roles: ["admin"] });
    const { events } = await poll(a, admin, { topics: `job:${jobId}` });
    expect(events).toMatchObject([{ event: "ready" }, { data: { jobId } }]);
    const stranger = await poll(a, a.token(someone()), { topics: `job:${jobId}` });
    expect(stranger).toMatchObject({ status: 404, code: "not_found" });
  });
});

describe("an event token", () => {
  test("hears its user's events, and does nothing else", async ({
    cluster: { a, tell },
    user,
    token,
  }) => {
    const made = await fetch(`${a.url}/api/events/token`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    const { token: eventToken, expiresAt }: Record<string, string> = Object(await made.json());
    const leftMs = Date.parse(expiresAt ?? "") - Date.now();
    expect(leftMs).toBeGreaterThan(850_000);
    expect(leftMs).toBeLessThanOrEqual(900_000);
    const { cursor } = await poll(a, eventToken ?? "");
    await tell(userAudience(user), { text: "heard" });
    expect(texts(await poll(a, eventToken ?? "", { cursor }))).toEqual(["heard"]);
    for (const path of ["/api/jobs", "/api/jobs/counts", "/api/uploads/x"])
      expect((await a.get(path, eventToken)).status).toBe(path === "/api/uploads/x" ? 404 : 403);
    const again = await fetch(`${a.url}/api/events/token`, {
      method: "POST",
      headers: { authorization: `Bearer ${eventToken}` },
    });
    expect(again.status).toBe(403);
  });

  test("is good for no longer than the token it was made with", async ({
    cluster: { a },
    user,
  }) => {
    const made = await fetch(`${a.url}/api/events/token`, {
      method: "POST",
      headers: { authorization: `Bearer ${a.token(user, { ttl: 60 })}` },
    });
    const { expiresAt }: Record<string, string> = Object(await made.json());
    expect(Date.parse(expiresAt ?? "") - Date.now()).toBeLessThanOrEqual(60_000);
  });
});

async function stats(node: TestNode): Promise<{ connections?: number }> {
  const admin = node.token("stats", { roles: ["admin"] });
  return (await node.get("/api/realtime/stats", admin)).body;
}
