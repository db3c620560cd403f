import { describe, expect, onTestFinished, vi } from "vitest";
import { groupAudience, userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";

const YEAR = 365 * 86_400;

describe("a token that runs out", () => {
  test("is announced, and has the client come back by itself with another", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const sub = someone();
    const tokens = [a.token(sub, { ttl: 2 }), a.token(sub)];
    const client = connect(a.url, { token: () => tokens.shift() ?? "" });
    await client.ready();
    await expect
      .poll(() => client.named("auth-error"))
      .toEqual([{ code: "token_expiring", message: expect.any(String) }]);
    await tell(userAudience(sub), { text: "before" });
    await client.ready(2);
    await tell(userAudience(sub), { text: "after" });
    await expect.poll(() => client.texts()).toEqual(["before", "after"]);
    expect(client.lost).toEqual(["transport close"]);
    expect(client.named("ready")[1]).toMatchObject({ recovered: true });
    expect(tokens).toEqual([]);
  });

  test("and is shown again is good for its leeway, once, and then refused", async ({
    cluster: { a },
    connect,
  }) => {
    const client = connect(a.url, { token: a.token(someone(), { ttl: -3 }) });
    await client.ready();
    await expect
      .poll(() => client.refused, { timeout: 5000 })
      .toMatchObject([{ data: { code: "token_expired" } }]);
    expect(client.lost).toEqual(["transport close"]);
  });

  test("is not waited for longer than a timer can", async ({ cluster: { a, tell }, connect }) => {
    const sub = someone();
    // What Node says when it makes a millisecond of a time that is too long.
    const warned = vi.fn<(warning: Error) => void>();
    process.on("warning", warned);
    onTestFinished(() => void process.off("warning", warned));
    const clients = [30 * 86_400, 10 * YEAR, 1e15].map((ttl) =>
      connect(a.url, { token: a.token(sub, { ttl }) }),
    );
    await Promise.all(clients.map((client) => client.ready()));
    await tell(userAudience(sub), { text: "marker" });
    for (const client of clients) {
      await expect.poll(() => client.texts()).toEqual(["marker"]);
      expect(client.lost).toEqual([]);
      expect(client.named("auth-error")).toEqual([]);
    }
    expect(warned).not.toHaveBeenCalled();
  });
});

describe("auth-refresh", () => {
  test("keeps the connection past the end of the first token", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const sub = someone();
    const client = connect(a.url, { token: a.token(sub, { ttl: 2 }) });
    await client.ready();
    const answer = await client.ask("auth-refresh", { token: a.token(sub, { ttl: 3600 }) });
    const expiresAt = Date.parse(String(answer["expiresAt"]));
    expect(Math.abs(expiresAt - Date.now() - 3_600_000)).toBeLessThan(5000);

    const witness = connect(a.url, { token: a.token(sub, { ttl: 2 }) });
    await expect.poll(() => witness.lost, { timeout: 5000 }).toEqual(["transport close"]);
    await tell(userAudience(sub), { text: "marker" });
    await expect.poll(() => client.texts()).toEqual(["marker"]);
    expect(client.lost).toEqual([]);
  });

  test("with a token that ends sooner ends the connection sooner", async ({
    cluster: { a },
    connect,
  }) => {
    const sub = someone();
    const tokens = [a.token(sub), a.token(sub)];
    const client = connect(a.url, { token: () => tokens.shift() ?? "" });
    await client.ready();
    await client.ask("auth-refresh", { token: a.token(sub, { ttl: 2 }) });
    expect(client.named("auth-error")).toMatchObject([{ code: "token_expiring" }]);
    await expect.poll(() => client.lost, { timeout: 4000 }).toEqual(["transport close"]);
    await client.ready(2);
  });

  test("takes a token that outlives the calendar", async ({ cluster: { a }, connect }) => {
    const sub = someone();
    const client = connect(a.url, { token: a.token(sub) });
    expect(await client.ask("auth-refresh", { token: a.token(sub, { ttl: 1e15 }) })).toMatchObject({
      ok: true,
    });
  });

  test("with another user's or a bad token is refused, and the old one stays", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const [alice, bob] = [someone(), someone()];
    const client = connect(a.url, { token: a.token(alice) });
    await client.ready();
    for (const [token, code] of [
      [a.token(bob), "forbidden"],
      ["a.b.c", "unauthorized"],
      [a.token(alice, { ttl: -60 }), "token_expired"],
    ])
      expect(await client.ask("auth-refresh", { token })).toMatchObject({
        ok: false,
        error: { code },
      });
    await tell(userAudience(bob), { text: "bob" });
    await tell(userAudience(alice), { text: "alice" });
    await expect.poll(() => client.texts()).toEqual(["alice"]);
    expect(client.lost).toEqual([]);
  });

  test("joins the groups gained, leaves the groups lost, at once", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const sub = someone();
    const [lost, kept, gained] = [someone(), someone(), someone()];
    const client = connect(a.url, { token: a.token(sub, { groups: [lost, kept] }) });
    await client.ready();
    await tell(groupAudience(gained), { text: "too early" });
    await tell(groupAudience(lost), { text: "lost: before" });
    await expect.poll(() => client.texts()).toEqual(["lost: before"]);

    const token = a.token(sub, { groups: [kept, gained] });
    expect(await client.ask("auth-refresh", { token })).toMatchObject({ ok: true });
    expect(client.named("subscribed")).toEqual([
      { feed: groupAudience(gained), cursor: expect.stringMatching(/-1$/) },
    ]);
    for (const group of [lost, kept, gained]) await tell(groupAudience(group), { text: group });
    await expect.poll(() => client.texts().slice(1).toSorted()).toEqual([kept, gained].toSorted());
  });

  test("that follows another at once wins", async ({ cluster: { a, tell }, connect }) => {
    const sub = someone();
    const group = someone();
    const client = connect(a.url, { token: a.token(sub) });
    await client.ready();
    await Promise.all([
      client.ask("auth-refresh", { token: a.token(sub, { groups: [group] }) }),
      client.ask("auth-refresh", { token: a.token(sub) }),
    ]);
    await tell(groupAudience(group), { text: "group" });
    await tell(userAudience(sub), { text: "marker" });
    await expect.poll(() => client.texts()).toContain("marker");
    expect(client.texts(groupAudience(group))).toEqual([]);
  });

  test("sent before ready holds all the same", async ({ cluster: { a, tell }, connect }) => {
    const sub = someone();
    const group = someone();
    const client = connect(a.url, { token: a.token(sub, { groups: [group] }) });
    const asked = client.ask("auth-refresh", { token: a.token(sub) });
    await client.ready();
    expect(await asked).toMatchObject({ ok: true });
    await tell(groupAudience(group), { text: "group" });
    await tell(userAudience(sub), { text: "marker" });
    await expect.poll(() => client.texts()).toEqual(["marker"]);
  });

  test("without the role that a subscription needed ends it", async ({
    cluster: { a, release },
    connect,
  }) => {
    const sub = someone();
    const jobId = await a.submit(a.token(someone()), { hold: true });
    const token = a.token(sub, { roles: ["admin"] });
    const [client, witness] = [connect(a.url, { token }), connect(a.url, { token })];
    for (const one of [client, witness]) await one.ask("subscribe", { topic: `job:${jobId}` });
    expect(await client.ask("auth-refresh", { token: a.token(sub) })).toMatchObject({ ok: true });
    release(jobId);
    await expect.poll(() => witness.named("job-completed")).toHaveLength(1);
    expect(client.named("job-completed")).toEqual([]);
    expect(await client.ask("subscribe", { topic: `job:${jobId}` })).toMatchObject({
      error: { code: "not_found" },
    });
  });
});
