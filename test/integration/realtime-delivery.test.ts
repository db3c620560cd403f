import { describe, expect, vi } from "vitest";
import { groupAudience, userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";

const texts = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);
const facts = (from: number, to: number) => texts(from, to).map((text) => ({ text }));

describe("a client with the documented snippet", () => {
  test("misses, doubles and reorders nothing when it comes back on another node", async ({
    cluster: { a, b, tell },
    connect,
  }) => {
    const sub = someone();
    const feed = userAudience(sub);
    const token = a.token(sub);
    const first = connect(a.url, { token });
    await first.ready();
    await tell(feed, ...facts(1, 3));
    await vi.waitFor(() => expect(first.texts()).toEqual(texts(1, 3)));

    first.socket.disconnect();
    await tell(feed, ...facts(4, 500));
    const second = connect(b.url, { token, cursors: first.cursors });
    await second.ready();
    await tell(feed, ...facts(501, 503));
    await vi.waitFor(() => expect(second.texts()).toContain("503"));
    expect([...first.texts(), ...second.texts()]).toEqual(texts(1, 503));
    expect(second.named("ready")).toMatchObject([{ recovered: true }]);
    expect(second.heard.findIndex(({ name }) => name === "ready")).toBe(497);
  });

  test("misses nothing although it had heard nothing yet", async ({
    cluster: { a, b, tell },
    connect,
  }) => {
    const sub = someone();
    const token = a.token(sub);
    const first = connect(a.url, { token });
    await first.ready();
    expect(first.cursors).toEqual({
      [`user:${sub}`]: expect.stringMatching(/^[0-9a-z]+\.[0-9a-z]+-0$/),
      all: expect.any(String),
    });
    first.socket.disconnect();
    await tell(userAudience(sub), { text: "missed" });
    const second = connect(b.url, { token, cursors: first.cursors });
    await second.ready();
    expect(second.texts()).toEqual(["missed"]);
  });

  test("hears every fact once while it moves to and fro and more is said", async ({
    cluster: { a, b, tell },
    connect,
  }) => {
    const sub = someone();
    const cursors = {};
    const heard: string[] = [];
    const idle = connect(a.url, { token: a.token(sub), cursors });
    await idle.ready();
    idle.socket.disconnect();
    let said = 0;
    const arrival = new AbortController();
    const saying = (async () => {
      while (!arrival.signal.aborted) await tell(userAudience(sub), { text: `${(said += 1)}` });
    })();
    for (let visit = 0; visit < 8; visit += 1) {
      const client = connect([a, b][visit % 2]?.url ?? "", { token: a.token(sub), cursors });
      await client.ready();
      const { length } = client.texts();
      await vi.waitFor(() => expect(client.texts().length).toBeGreaterThan(length + 5));
      client.socket.disconnect();
      heard.push(...client.texts());
    }
    arrival.abort();
    await saying;
    const last = connect(b.url, { token: a.token(sub), cursors });
    await last.ready();
    expect([...heard, ...last.texts()]).toEqual(texts(1, said));
  });
});

describe("ready", () => {
  test("says who, where, and from where on nothing is missed", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const sub = someone();
    const group = someone();
    await tell(groupAudience(group), ...facts(1, 2));
    const client = connect(a.url, { token: a.token(sub, { groups: [group] }) });
    const ready = await client.ready();
    expect(ready).toEqual({
      userId: sub,
      sessionId: client.socket.id,
      protocol: 1,
      recovered: false,
      cursors: {
        [`user:${sub}`]: expect.stringMatching(/-0$/),
        all: expect.stringMatching(/-\d+$/),
        [`group:${group}`]: expect.stringMatching(/-2$/),
      },
      cursor: expect.any(String),
      jobs: [],
      openJobs: 0,
      unread: 0,
      node: expect.stringContaining("gateway"),
    });
    const stats = await a.get("/api/realtime/stats", a.token(sub, { roles: ["admin"] }));
    expect(stats.body["node"]).toBe(ready["node"]);
  });

  test("is not recovered when one of the cursors given could not be replayed", async ({
    cluster: { a },
    connect,
  }) => {
    const token = a.token(someone());
    const first = connect(a.url, { token });
    await first.ready();
    const cursors = { ...first.cursors, all: "a.b-7" };
    expect(await connect(a.url, { token, cursors }).ready()).toMatchObject({ recovered: false });
  });

  test("has the open jobs, the newest first, and counts them all", async ({
    cluster: { a, b, release },
    connect,
  }) => {
    const token = a.token(someone());
    const jobs: string[] = [];
    const watcher = connect(a.url, { token });
    await watcher.ready();
    for (let n = 0; n < 3; n += 1) jobs.push(await a.submit(token, { hold: true }));
    await vi.waitFor(() => expect(watcher.named("job-started")).toHaveLength(3));
    const ready = await connect(b.url, { token }).ready();
    expect(ready).toMatchObject({
      openJobs: 3,
      jobs: jobs.toReversed().map((jobId) => ({ jobId, status: "processing" })),
    });
    for (const jobId of jobs) release(jobId);
    await vi.waitFor(() => expect(watcher.named("job-completed")).toHaveLength(3));
    expect(await connect(b.url, { token }).ready()).toMatchObject({ openJobs: 0, jobs: [] });
  });
});

describe("facts", () => {
  test("reach all devices of a user, on whichever node, and nobody else", async ({
    cluster: { a, b, tell },
    connect,
  }) => {
    const [alice, bob] = [someone(), someone()];
    const devices = [a, b].map((node) => connect(node.url, { token: a.token(alice) }));
    const others = [a, b].map((node) => connect(node.url, { token: a.token(bob) }));
    await Promise.all([...devices, ...others].map((client) => client.ready()));
    await tell(userAudience(alice), ...facts(1, 20));
    await tell(userAudience(bob), { text: "marker" });
    for (const device of devices) {
      await vi.waitFor(() => expect(device.texts()).toHaveLength(20));
      expect(device.heard.slice(1)).toEqual(devices[0]?.heard.slice(1));
    }
    for (const other of others) await vi.waitFor(() => expect(other.texts()).toEqual(["marker"]));
  });

  test("of groups and of all reach who is in by token", async ({
    cluster: { a, b, tell },
    connect,
  }) => {
    const group = someone();
    const member = connect(a.url, { token: a.token(someone(), { groups: [group] }) });
    const stranger = connect(b.url, { token: a.token(someone(), { groups: [someone()] }) });
    const admin = connect(b.url, { token: a.token(someone(), { roles: ["admin"] }) });
    const claimant = connect(b.url, { token: a.token(someone(), { groups: ["admins"] }) });
    const clients = [member, stranger, admin, claimant];
    await Promise.all(clients.map((client) => client.ready()));
    await tell(groupAudience(group), { text: "group" });
    await tell(groupAudience("admins"), { text: "admins" });
    await tell("all", { text: "all" });
    for (const client of clients) await vi.waitFor(() => expect(client.texts()).toContain("all"));
    expect(member.texts().toSorted()).toEqual(["all", "group"]);
    expect(stranger.texts()).toEqual(["all"]);
    expect(admin.texts().toSorted()).toEqual(["admins", "all"]);
    expect(claimant.texts()).toEqual(["all"]);
  });

  test.for(["websocket", "polling"] as const)(
    "arrive as they were said over %s",
    async (transport, { cluster: { a, tell }, connect }) => {
      const sub = someone();
      const client = connect(a.url, { token: a.token(sub), transports: [transport] });
      await client.ready();
      const said = [
        ...[0, 1, 20, 40, 60, 70].map((length) => "x".repeat(length)),
        'ä €  𝄞 \u0000 " \\ 你好'.repeat(300),
        "é".repeat(40_000),
        "x".repeat(70_000),
      ];
      await tell(userAudience(sub), ...said.map((text) => ({ text })));
      await vi.waitFor(() => expect(client.texts()).toHaveLength(said.length));
      expect(client.texts()).toEqual(said);
      expect(client.lost).toEqual([]);
    },
  );
});
