import { describe, expect } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";

describe("a cursor in auth", () => {
  const SENSELESS: [string, unknown][] = [
    ["malformed", "what"],
    ["empty", ""],
    ["negative", "a.b--1"],
    ["absurd", "a.b-99999999999999999999"],
    ["of another epoch", "a.b-0"],
    ["very long", "1".repeat(100_000)],
    ["a number", 7],
    ["an object", { seq: 1 }],
    ["a list", [1]],
    ["true", true],
  ];

  test.for(SENSELESS)(
    "that is %s gives resync and no refusal",
    async ([, cursor], { cluster: { a, tell }, connect }) => {
      const sub = someone();
      const feed = userAudience(sub);
      await tell(feed, { text: "1" });
      const client = connect(a.url, { token: a.token(sub), auth: { cursors: { [feed]: cursor } } });
      const ready = await client.ready();
      expect(client.named("resync")).toEqual([
        {
          feed,
          cursor: expect.stringMatching(/-1$/),
          reason: expect.stringMatching(/^(unknown|epoch)$/),
        },
      ]);
      expect(ready).toMatchObject({ recovered: false, cursors: client.cursors });
      await tell(feed, { text: "2" });
      await expect.poll(() => client.texts()).toEqual(["2"]);
    },
  );

  test("that is too high gives resync", async ({ cluster: { a }, connect }) => {
    const sub = someone();
    const feed = userAudience(sub);
    const token = a.token(sub);
    const ready = await connect(a.url, { token }).ready();
    const cursor = Object.entries(Object(ready["cursors"])).find(([name]) => name === feed)?.[1];
    const cursors = { [feed]: String(cursor).replace(/-0$/, "-5") };
    const client = connect(a.url, { token, cursors });
    await client.ready();
    expect(client.named("resync")).toEqual([{ feed, cursor, reason: "unknown" }]);
  });

  test("of somebody else gives resync for an own feed and is ignored for theirs", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const [alice, bob] = [someone(), someone()];
    await tell(userAudience(alice), { text: "secret" });
    const theirs = connect(a.url, { token: a.token(alice) });
    await theirs.ready();
    const cursor = theirs.cursors[userAudience(alice)] ?? "";
    const client = connect(a.url, {
      token: a.token(bob),
      cursors: { [userAudience(bob)]: cursor, [userAudience(alice)]: cursor.replace(/-1$/, "-0") },
    });
    const ready = await client.ready();
    expect(Object.keys(Object(ready["cursors"]))).toEqual([userAudience(bob), "all"]);
    expect(client.named("resync")).toMatchObject([{ feed: userAudience(bob), reason: "epoch" }]);
    expect(client.texts()).toEqual([]);
  });

  test("that is null counts as none", async ({ cluster: { a }, connect }) => {
    const sub = someone();
    const auth = { cursors: { [userAudience(sub)]: null, all: null } };
    const client = connect(a.url, { token: a.token(sub), auth });
    expect(await client.ready()).toMatchObject({ recovered: false });
    expect(client.named("resync")).toEqual([]);
  });

  test("is one of a thousand, of which only the own ones count", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const sub = someone();
    const token = a.token(sub);
    const first = connect(a.url, { token });
    await first.ready();
    first.socket.disconnect();
    await tell(userAudience(sub), { text: "missed" });
    const others = Array.from({ length: 1000 }, (_, n) => [`case:${n}-${"x".repeat(90)}`, "a.b-1"]);
    const cursors = { ...Object.fromEntries(others), ...first.cursors };
    const client = connect(a.url, { token, cursors });
    expect(await client.ready()).toMatchObject({
      recovered: true,
      cursors: { [userAudience(sub)]: expect.stringMatching(/-1$/), all: first.cursors["all"] },
    });
    expect(client.texts()).toEqual(["missed"]);
  });
});

describe("auth", () => {
  const WRONG: [string, object][] = [
    ["a token that is no text", { token: 5 }],
    ["a token without end", { token: "x".repeat(10_000) }],
    ["a token of a million characters", { token: "x".repeat(1_000_000) }],
    ["cursors that are no object", { cursors: "all" }],
    ["cursors that are a list", { cursors: ["all"] }],
    ["a device that is no text", { device: {} }],
    ["a device without end", { device: "x".repeat(65) }],
    ["a protocol that is no number", { protocol: "1" }],
  ];

  test.for(WRONG)(
    "with %s is refused as invalid, for good",
    async ([, auth], { cluster: { a }, connect }) => {
      const client = connect(a.url, { token: a.token(someone()), auth });
      await expect.poll(() => client.refused).toMatchObject([{ data: { code: "invalid" } }]);
      expect(client.socket.active).toBe(false);
    },
  );

  test.for([
    {},
    { cursors: null, device: null, protocol: null },
    { device: "phone", protocol: 1, more: 1 },
  ])("may leave out or add what it likes: %o", async (auth, { cluster: { a }, connect }) => {
    await connect(a.url, { token: a.token(someone()), auth }).ready();
  });

  test("cannot change what objects have", async ({ cluster: { a }, connect }) => {
    const sub = someone();
    const auth = JSON.parse(
      `{"cursors": {"__proto__": {"user:${sub}": "x"}, "constructor": 1}, "__proto__": {"device": 5}}`,
    );
    const client = connect(a.url, { token: a.token(sub), auth });
    await client.ready();
    expect(client.named("resync")).toEqual([]);
  });
});

describe("a client that is turned away", () => {
  test.for([
    ["without a token", "unauthorized", { token: undefined }],
    ["with a forged token", "unauthorized", { token: "a.b.c" }],
    ["of another protocol", "protocol_unsupported", { protocol: 2 }],
  ] as const)(
    "%s is told why and stays away",
    async ([, code, auth], { cluster: { a }, connect }) => {
      const client = connect(a.url, { token: a.token(someone()), auth });
      await expect.poll(() => client.refused).toHaveLength(1);
      expect(client.refused[0]?.data).toEqual({ code, message: expect.any(String) });
      expect(client.socket.active).toBe(false);
    },
  );

  test("with an expired token connects once the page has another", async ({
    cluster: { a },
    connect,
  }) => {
    const sub = someone();
    let token = a.token(sub, { ttl: -60 });
    const client = connect(a.url, { token: () => token });
    await expect.poll(() => client.refused).toMatchObject([{ data: { code: "token_expired" } }]);
    expect(client.socket.active).toBe(false);
    token = a.token(sub);
    client.socket.connect();
    expect(await client.ready()).toMatchObject({ userId: sub });
  });

  test("as a page of a foreign origin stays away; one of an allowed origin is let in", async ({
    cluster: { a },
    connect,
  }) => {
    const token = a.token(someone());
    const from = (origin: string) => connect(a.url, { token, extraHeaders: { origin } });
    const foreign = from("https://elsewhere.example");
    await expect
      .poll(() => foreign.refused)
      .toMatchObject([{ data: { code: "origin_not_allowed" } }]);
    expect(foreign.socket.active).toBe(false);
    await Promise.all([from("http://localhost:5173"), from(a.url)].map((client) => client.ready()));
  });

  test("has a token in its address taken as well", async ({ cluster: { a }, connect }) => {
    const query = { token: a.token(someone()) };
    const client = connect(a.url, { token: "", auth: { token: undefined }, query });
    await client.ready();
  });
});

describe("connections of a user", () => {
  test("are counted over all nodes, and given back", async ({ installation, connect }) => {
    const env = { WS_MAX_CONNECTIONS_PER_USER: "2" };
    const [a, b] = [await installation.start({ env }), await installation.start({ env })];
    const sub = someone();
    const token = a.token(sub);
    const two = [connect(a.url, { token }), connect(b.url, { token })];
    await Promise.all(two.map((client) => client.ready()));

    const third = connect(b.url, { token });
    await expect
      .poll(() => third.refused, { timeout: 4000 })
      .toMatchObject([{ data: { code: "too_many_connections" } }]);
    expect(third.socket.active).toBe(false);
    await connect(b.url, { token: a.token(someone()) }).ready();

    two[0]?.socket.disconnect();
    await expect
      .poll(async () => {
        const { body } = await a.get("/api/realtime/stats", a.token("x", { roles: ["admin"] }));
        return body;
      })
      .toMatchObject({ connections: 0, users: 0 });
    third.socket.connect();
    await third.ready();
  });

  test("that a killed node had do not keep its users out", async ({
    installation,
    redis,
    connect,
  }) => {
    const { keys } = installation;
    const node = await installation.start({ env: { WS_MAX_CONNECTIONS_PER_USER: "2" } });
    const [long, lately] = [someone(), someone()];
    // As a node that died leaves it: its connections, and its pulse until that runs out.
    await redis.set(keys.node("just-died"), "1", "PX", 700);
    for (const n of [1, 2]) {
      await redis.zadd(keys.connections(`user:${long}`), Date.now(), `died:${n}`);
      await redis.zadd(keys.connections(`user:${lately}`), Date.now(), `just-died:${n}`);
    }
    const clients = [long, lately].map((sub) => connect(node.url, { token: node.token(sub) }));
    await Promise.all(clients.map((client) => client.ready()));
    for (const client of clients) expect(client.refused).toEqual([]);
  });
});
