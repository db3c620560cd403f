import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { describe, expect, onTestFinished, vi } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { someAddress } from "../support/some-address.ts";
import { TRANSPORTS } from "../support/transports.ts";
import { openStream, ready, test, visit } from "../support/visits.ts";

const STREAM = TRANSPORTS["an event stream"];

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
    await vi.waitFor(() => expect(back.texts()).toHaveLength(said));
    expect(back.texts().map((text) => Number.parseInt(text, 10))).toEqual(
      Array.from({ length: said }, (_, i) => i + 1),
    );
  });
});
