import { describe, expect } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";

const refusal = (code: string) => ({
  ok: false,
  error: { code, message: expect.any(String), retryable: code === "rate_limited" },
});
const polluted: unknown = JSON.parse('{"topic": "job:x", "__proto__": {"admin": true}}');

describe("a message that does not fit", () => {
  const INVALID: [string, unknown[]][] = [
    ["an unknown event", ["no-such-event", {}]],
    ["an event named like a method", ["constructor"]],
    ["no arguments", ["subscribe"]],
    ["null", ["subscribe", null]],
    ["text", ["subscribe", "case:1"]],
    ["a list", ["subscribe", ["job:x"]]],
    ["an empty object", ["subscribe", {}]],
    ["a topic of another type", ["subscribe", { topic: 5 }]],
    ["a topic without end", ["subscribe", { topic: "job:".padEnd(201, "x") }]],
    ["an unknown field", ["subscribe", { topic: "job:x", more: 1 }]],
    ["binary data", ["subscribe", Buffer.from("job:x")]],
    ["binary data in a field", ["subscribe", { topic: Buffer.alloc(100_000) }]],
    ["a polluting object", ["subscribe", polluted]],
    ["a token of another type", ["auth-refresh", { token: null }]],
    ["no topic", ["unsubscribe", { topic: "" }]],
  ];

  test.for(INVALID)(
    "since it is %s is answered invalid",
    async ([, args], { cluster: { a }, connect }) => {
      const client = connect(a.url, { token: a.token(someone()) });
      const [event = "", ...rest] = args;
      expect(await client.ask(String(event), ...rest)).toEqual(refusal("invalid"));
      expect(client.lost).toEqual([]);
      expect(Object.hasOwn(Object.prototype, "admin")).toBe(false);
    },
  );

  test.for([
    ["2 MB", "x".repeat(2_000_000)],
    ["a million characters", "\u{10000}".repeat(500_000)],
    ["few characters but many bytes", "你".repeat(30_000)],
  ])("since it is of %s is answered too_large", async ([, topic], { cluster: { a }, connect }) => {
    const client = connect(a.url, { token: a.token(someone()) });
    expect(await client.ask("subscribe", { topic })).toEqual(refusal("too_large"));
    expect(await client.ask("subscribe", { topic: "x:y" })).toEqual(refusal("not_found"));
    expect(client.lost).toEqual([]);
  });

  test("needs no acknowledgement, and costs its sender nothing", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const sub = someone();
    const client = connect(a.url, { token: a.token(sub) });
    await client.ready();
    client.socket.emit("subscribe");
    client.socket.emit("subscribe", { topic: "x:y" });
    client.socket.emit("subscribe", { topic: "x".repeat(100_000) });
    client.socket.emit("no-such-event", 1, "two", [3]);
    expect(await client.ask("unsubscribe", { topic: "job:x" })).toEqual({ ok: true });
    await tell(userAudience(sub), { text: "marker" });
    await expect.poll(() => client.texts()).toEqual(["marker"]);
    expect(client.lost).toEqual([]);
  });
});

describe("messages", () => {
  test("past 100 in 10 s are refused, the others are answered", async ({
    cluster: { a },
    connect,
  }) => {
    const client = connect(a.url, { token: a.token(someone()) });
    await client.ready();
    const asked = Array.from({ length: 120 }, () => client.ask("unsubscribe", { topic: "job:x" }));
    const answers = await Promise.all(asked);
    expect(answers.findIndex(({ ok }) => ok !== true)).toBe(100);
    for (const answer of answers.slice(100)) expect(answer).toEqual(refusal("rate_limited"));
    expect(client.lost).toEqual([]);
  });

  test("that go on all the same get their sender disconnected for good, and nobody else", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const [noisy, quiet] = [someone(), someone()];
    const [client, other] = [noisy, quiet].map((sub) => connect(a.url, { token: a.token(sub) }));
    await Promise.all([client?.ready(), other?.ready()]);
    for (let n = 0; n < 250; n += 1) client?.socket.emit("no-such-event");
    await expect.poll(() => client?.lost).toEqual(["io server disconnect"]);
    expect(client?.socket.active).toBe(false);
    await tell(userAudience(quiet), { text: "marker" });
    await expect.poll(() => other?.texts()).toEqual(["marker"]);
    expect(other?.lost).toEqual([]);
  });

  test("are taken in the order they were sent", async ({ cluster: { a, release }, connect }) => {
    const jobId = await a.submit(a.token(someone()), { hold: true });
    const admin = connect(a.url, { token: a.token(someone(), { roles: ["admin"] }) });
    await admin.ready();
    const topic = `job:${jobId}`;
    const [, last] = await Promise.all([
      admin.ask("subscribe", { topic }),
      admin.ask("unsubscribe", { topic }),
    ]);
    expect(last).toEqual({ ok: true });
    const watcher = connect(a.url, { token: a.token(someone(), { roles: ["admin"] }) });
    await watcher.ask("subscribe", { topic });
    release(jobId);
    await expect.poll(() => watcher.named("job-completed")).toHaveLength(1);
    expect(admin.named("job-completed")).toEqual([]);
  });
});
