import { once } from "node:events";
import { describe, expect, vi } from "vitest";
import { WebSocket } from "ws";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { TRANSPORTS } from "../support/transports.ts";
import { openSocket, ready, test, visit } from "../support/visits.ts";

const PLAIN = TRANSPORTS["a plain WebSocket"];

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
