import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { WebSocket } from "ws";
import { describe, expect, onTestFinished, vi } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone, type TestNode } from "../support/gateway.ts";
import { someAddress } from "../support/some-address.ts";
import { test as base } from "../support/socket-client.ts";
import { TRANSPORTS, type Visit, type VisitOptions } from "../support/transports.ts";

const STREAM = TRANSPORTS["an event stream"];
const PLAIN = TRANSPORTS["a plain WebSocket"];

const test = base
  .extend("user", () => someone())
  .extend("token", ({ cluster: { a }, user }) => a.token(user));

function visit(transport: typeof STREAM, options: VisitOptions): Visit {
  const opened = transport.visit(options);
  onTestFinished(() => opened.close());
  return opened;
}

const ready = (client: Visit) =>
  vi.waitFor(() => expect(client.named("ready")).toHaveLength(1), 10_000);

const openStream = (node: TestNode, search: string, headers: Record<string, string> = {}) =>
  fetch(`${node.url}/api/events/stream${search}`, {
    headers: { "x-forwarded-for": someAddress(), ...headers },
  });

/** A plain WebSocket, with what came over it and how it was closed. */
async function openSocket(node: TestNode, search = "", headers: Record<string, string> = {}) {
  const webSocket = new WebSocket(`${node.url.replace("http", "ws")}/ws${search}`, {
    headers: { "x-forwarded-for": someAddress(), ...headers },
  });
  onTestFinished(() => webSocket.terminate());
  const texts: string[] = [];
  webSocket.on("message", (data: Buffer) => texts.push(data.toString()));
  webSocket.on("error", () => undefined);
  const closed = once(webSocket, "close").then(([code, reason]) => `${code} ${String(reason)}`);
  await Promise.race([once(webSocket, "open"), closed]);
  const heard = () => texts.flatMap((text) => (text.startsWith("{") ? [JSON.parse(text)] : []));
  return {
    webSocket,
    texts,
    heard,
    closed,
    say: (what: object) => webSocket.send(JSON.stringify(what)),
  };
}

describe("an event stream", () => {
  test("begins as the standard and proxies want it, and may have its token in the address", async ({
    cluster: { a },
    token,
  }) => {
    const answer = await openStream(a, `?token=${token}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(answer.headers.get("x-accel-buffering")).toBe("no");
    expect(answer.headers.get("request-id")).toMatch(/./);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    onTestFinished(() => reader?.cancel());
    let text = "";
    while (!text.includes("event: ready")) text += (await reader?.read())?.value ?? "";
    expect(text).toMatch(/^retry: 2000\n\nevent: ready\ndata: \{.*\}\nid: [\w-]+\n\n$/);
  });

  test("may be read by pages of allowed origins, and by no others", async ({
    cluster: { a },
    token,
  }) => {
    for (const [origin, allowed] of [
      ["http://localhost:5173", "http://localhost:5173"],
      ["https://evil.example", null],
    ] as const) {
      const answer = await openStream(a, `?token=${token}`, { origin });
      await answer.body?.cancel();
      expect(answer.headers.get("access-control-allow-origin")).toBe(allowed);
    }
  });

  test.for([
    ["", 401],
    ["?token=nonsense", 401],
    ["?unknown=1", 400],
    ["?topics=job:nobody", 404],
    ["?protocol=2", 400],
  ] as const)(
    "with %o is refused with %i before it begins",
    async ([search, status], { cluster: { a }, token }) => {
      const headers: Record<string, string> =
        status === 401 ? {} : { authorization: `Bearer ${token}` };
      const answer = await openStream(a, search, headers);
      expect(answer.status).toBe(status);
      expect(answer.headers.get("content-type")).toContain("problem+json");
    },
  );

  test("ends when its token has run out, and says so before", async ({ cluster: { a }, user }) => {
    const client = visit(STREAM, { url: a.url, token: a.token(user, { ttl: 2 }) });
    await client.ended;
    expect(client.named("auth-error")).toMatchObject([{ code: "token_expiring" }]);
  });

  test("follows jobs by topic: as they are, and what comes", async ({
    cluster: { a, b, release },
    token,
  }) => {
    const jobId = await a.submit(token, { hold: true });
    const admin = b.token(someone(), { roles: ["admin"] });
    const client = visit(STREAM, { url: b.url, token: admin, topics: `job:${jobId}` });
    await vi.waitFor(() => expect(client.named("job-progress")).toMatchObject([{ jobId }]));
    release(jobId);
    await vi.waitFor(() => expect(client.named("job-completed")).toMatchObject([{ jobId }]));
    expect(client.named("job-completed")[0]).not.toHaveProperty("cursor");
  });

  test("that is not read is cut before it costs much, and goes on from its cursor", async ({
    cluster: { a, tell },
    user,
    token,
  }) => {
    const first = visit(STREAM, { url: a.url, token });
    await ready(first);
    first.close();
    const sleeper = httpRequest(`${a.url}/api/events/stream`, {
      headers: { authorization: `Bearer ${token}`, "x-forwarded-for": someAddress() },
    });
    onTestFinished(() => void sleeper.destroy());
    sleeper.on("error", () => undefined);
    sleeper.end();
    const [response] = await once(sleeper, "response");
    response.pause();
    let said = 0;
    await vi.waitFor(
      async () => {
        const page = Array.from({ length: 40 }, () => ({
          text: `${(said += 1)}`.padEnd(50_000, "x"),
        }));
        await tell(userAudience(user), ...page);
        const admin = a.token("x", { roles: ["admin"] });
        expect((await a.get("/api/realtime/stats", admin)).body["connections"]).toBe(0);
      },
      { timeout: 15_000, interval: 1 },
    );
    const back = visit(STREAM, { url: a.url, token, place: first.place });
    await vi.waitFor(() => expect(back.texts()).toHaveLength(said), 10_000);
    expect(back.texts().map((text) => Number.parseInt(text, 10))).toEqual(
      Array.from({ length: said }, (_, i) => i + 1),
    );
  });
});

describe("a plain WebSocket", () => {
  test("may say who it is in its first frame, and where it stands", async ({
    cluster: { a, tell },
    user,
    token,
  }) => {
    const first = visit(PLAIN, { url: a.url, token });
    await ready(first);
    first.close();
    await tell(userAudience(user), { text: "missed" });
    const { heard, say } = await openSocket(a);
    say({ event: "auth", data: { token, cursor: first.place.cursor } });
    await vi.waitFor(() => expect(heard().map(({ event }) => event)).toContain("ready"));
    expect(heard()).toMatchObject([{ data: { text: "missed" } }, { data: { recovered: true } }]);
    expect(heard().every(({ cursor }) => typeof cursor === "string")).toBe(true);
  });

  test("is answered what it asks, by its id, and `ping` with `pong`", async ({
    cluster: { a, release },
    token,
  }) => {
    const jobId = await a.submit(token, { hold: true });
    const admin = a.token(someone(), { roles: ["admin"] });
    const { webSocket, heard, texts, say } = await openSocket(a, `?token=${admin}`);
    say({ event: "subscribe", data: { topic: `job:${jobId}` }, id: 7 });
    say({ event: "subscribe", data: { topic: "job:nobody" }, id: "8" });
    say({ event: "nonsense", id: 9 });
    webSocket.send("ping");
    await vi.waitFor(() => expect(texts).toContain("pong"));
    await vi.waitFor(() => expect(heard().filter(({ id }) => id !== undefined)).toHaveLength(3));
    expect(heard().find(({ id }) => id === 7)).toMatchObject({ ok: true, job: { jobId } });
    expect(heard().find(({ id }) => id === "8")).toMatchObject({ error: { code: "not_found" } });
    expect(heard().find(({ id }) => id === 9)).toMatchObject({ error: { code: "invalid" } });
    release(jobId);
    await vi.waitFor(() => expect(heard().map(({ event }) => event)).toContain("job-completed"));
  });

  test("goes on with a new token, and is closed when that runs out", async ({
    cluster: { a },
    user,
  }) => {
    const { closed, heard, say } = await openSocket(a, `?token=${a.token(user, { ttl: 2 })}`);
    say({ event: "auth-refresh", data: { token: a.token(user, { ttl: 4 }) }, id: 1 });
    await vi.waitFor(() =>
      expect(heard()).toContainEqual(expect.objectContaining({ id: 1, ok: true })),
    );
    expect(await closed).toBe("4401 expired");
  });

  test.for([
    ["?token=nonsense", {}, "4401 unauthorized"],
    ["?token=TOKEN", { origin: "https://evil.example" }, "4403 origin_not_allowed"],
    ["?token=TOKEN&protocol=2", {}, "4400 protocol_unsupported"],
    ["?token=TOKEN&topics=job:nobody", {}, "4400 not_found"],
  ] as const)(
    "with %o and %o is closed with %s",
    async ([search, headers, code], { cluster: { a }, token }) => {
      const { closed } = await openSocket(a, search.replace("TOKEN", token), headers);
      expect(await closed).toBe(code);
    },
  );

  test.for([
    ["what is not JSON", "nonsense", "4400 invalid"],
    ["anything else than who it is first", '{"event":"subscribe"}', "4400 invalid"],
  ] as const)("is closed when it says %s", async ([, text, code], { cluster: { a } }) => {
    const { webSocket, closed } = await openSocket(a);
    webSocket.send(text);
    expect(await closed).toBe(code);
  });

  test("is answered when it says too much, and closed when it goes on", async ({
    cluster: { a },
    token,
  }) => {
    const { webSocket, heard, closed, say } = await openSocket(a, `?token=${token}`);
    webSocket.send(JSON.stringify({ id: "big", event: "subscribe", data: "x".repeat(70_000) }));
    await vi.waitFor(() =>
      expect(heard()).toContainEqual(
        expect.objectContaining({
          id: "big",
          error: expect.objectContaining({ code: "too_large" }),
        }),
      ),
    );
    for (let i = 0; i < 250; i += 1) say({ event: "unsubscribe", data: { topic: "job:1" }, id: i });
    expect(await closed).toMatch(/^4429/);
    expect(heard().filter(({ error }) => error?.code === "rate_limited").length).toBeGreaterThan(0);
  });

  test("upgrades of other paths are refused", async ({ cluster: { a } }) => {
    const webSocket = new WebSocket(`${a.url.replace("http", "ws")}/elsewhere`);
    const [error] = await once(webSocket, "error");
    expect(String(error)).toContain("404");
  });
});

describe("a node with limits of its own", () => {
  test("counts the connections of a user over all transports", async ({ installation }) => {
    const node = await installation.start({ env: { WS_MAX_CONNECTIONS_PER_USER: "2" } });
    const user = someone();
    const token = node.token(user);
    for (const transport of [STREAM, PLAIN])
      await ready(visit(transport, { url: node.url, token }));
    expect((await openStream(node, "", { authorization: `Bearer ${token}` })).status).toBe(429);
    expect(await (await openSocket(node, `?token=${token}`)).closed).toBe(
      "4429 too_many_connections",
    );
  });

  test("turns away who comes when it is full, and says so", async ({ installation }) => {
    const node = await installation.start({ env: { WS_MAX_CONNECTIONS: "1" } });
    const token = node.token(someone());
    await ready(visit(STREAM, { url: node.url, token }));
    const refused = await openStream(node, "", { authorization: `Bearer ${token}` });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toMatch(/\d/);
    expect(await (await openSocket(node, `?token=${token}`)).closed).toBe("4503 server_full");
    expect((await node.get("/api/realtime/stats")).body).toMatchObject({ available: false });
    // Nobody may ask as fast as they are answered.
    const { body } = await node.get("/api/events", token);
    const askedAt = performance.now();
    await node.get(`/api/events?wait=20&cursor=${String(body["cursor"])}`, token);
    expect(performance.now() - askedAt).toBeGreaterThan(900);
    expect(performance.now() - askedAt).toBeLessThan(10_000);
  });

  test("moves the clients of all transports when it leaves", async ({ installation }) => {
    const node = await installation.start();
    const token = node.token(someone());
    const stream = visit(STREAM, { url: node.url, token });
    await ready(stream);
    const { heard, closed } = await openSocket(node, `?token=${token}`);
    await vi.waitFor(() => expect(heard()).toHaveLength(1));
    const { cursor } = Object(heard()[0]);
    const waiting = fetch(`${node.url}/api/events?wait=25&cursor=${cursor}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const admin = node.token("x", { roles: ["admin"] });
    await vi.waitFor(async () =>
      expect((await node.get("/api/realtime/stats", admin)).body["connections"]).toBe(3),
    );
    await node.close();
    expect(await closed).toBe("4503 draining");
    await stream.ended;
    expect(stream.named("server-draining")).toEqual([{ reconnectIn: expect.any(Number) }]);
    expect((await waiting).status).toBe(200);
  });

  test("ends connections that answer no ping", async ({ installation }) => {
    const env = { HEARTBEAT_SECONDS: "1", HEARTBEAT_TIMEOUT_SECONDS: "1" };
    const node = await installation.start({ env });
    const { webSocket, heard } = await openSocket(node, `?token=${node.token(someone())}`);
    await vi.waitFor(() => expect(heard()).toHaveLength(1));
    webSocket.pause();
    const admin = node.token("x", { roles: ["admin"] });
    await vi.waitFor(
      async () =>
        expect((await node.get("/api/realtime/stats", admin)).body["connections"]).toBe(0),
      10_000,
    );
  });
});
