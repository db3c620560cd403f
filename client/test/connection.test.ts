import { describe, expect, vi } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { openProxy } from "./proxy.ts";
import { becomes, open, someone, test, textsOf } from "./kit.ts";

describe("a connection", () => {
  test("is idle until it is wanted, live then, and closed in the end", async ({
    cluster: { a },
  }) => {
    const jobcast = open({ url: a.url, token: a.token(someone()) });
    expect(jobcast.connection.get()).toEqual({ status: "idle", transport: null, why: null });
    const seen: string[] = [];
    jobcast.connection.subscribe(() => seen.push(jobcast.connection.get().status));
    jobcast.connect();
    await becomes(jobcast, "live");
    jobcast.close();
    expect(seen).toEqual(["connecting", "live", "closed"]);
  });

  test("goes on where it was when its node is gone and another takes its place", async ({
    installation,
  }) => {
    const first = await installation.start({ roles: ["gateway"] });
    const port = new URL(first.url).port;
    const user = someone();
    const jobcast = open({ url: first.url, token: first.token(user) });
    const texts = textsOf(jobcast);
    jobcast.connect();
    await becomes(jobcast, "live");
    const feed = userAudience(user);
    await installation.tell(feed, { text: "before" });
    await vi.waitFor(() => expect(texts).toEqual(["before"]));
    await first.close();
    await installation.tell(feed, { text: "meanwhile" });
    await installation.start({ roles: ["gateway"], env: { PORT: port } });
    await vi.waitFor(() => expect(texts).toEqual(["before", "meanwhile"]), 20_000);
    await becomes(jobcast, "live");
  });

  test("moves when its node says that it leaves, and is not offline for it", async ({
    installation,
  }) => {
    const [first, other] = [
      await installation.start({ roles: ["gateway"] }),
      await installation.start({ roles: ["gateway"] }),
    ];
    const proxy = await openProxy(first.url, { upgrades: true, streams: true });
    const user = someone();
    const jobcast = open({ url: proxy.url, token: first.token(user) });
    const texts = textsOf(jobcast);
    const told: string[] = [];
    jobcast.onEvent((event) => told.push(event));
    jobcast.connect();
    await becomes(jobcast, "live");
    const seen: string[] = [];
    jobcast.connection.subscribe(() => seen.push(jobcast.connection.get().status));
    proxy.leadTo(other.url);
    await Promise.all([
      first.gateway.drain(1000),
      installation.tell(userAudience(user), { text: "on the way" }),
    ]);
    await vi.waitFor(() => expect(seen).toContain("live"));
    expect(told).toContain("server-draining");
    expect(seen).toEqual(["connecting", "live"]);
    await vi.waitFor(() => expect(texts).toEqual(["on the way"]));
  });

  test("says why it is closed, when the gateway will not have it", async ({ cluster: { a } }) => {
    const jobcast = open({ url: a.url, token: "no token" });
    jobcast.connect();
    await becomes(jobcast, "closed");
    expect(jobcast.connection.get().why).toMatchObject({ code: "unauthorized" });
  });

  test("asks for another token when the first is refused", async ({ cluster: { a } }) => {
    const tokens = ["no token", a.token(someone())];
    const jobcast = open({ url: a.url, token: async () => tokens.shift() ?? "" });
    jobcast.connect();
    await becomes(jobcast, "live");
  });

  test("goes on with a new token before the old one runs out", async ({ cluster: { a } }) => {
    const user = someone();
    let asked = 0;
    const jobcast = open({
      url: a.url,
      token() {
        asked += 1;
        return a.token(user, { ttl: 12 });
      },
    });
    const seen: string[] = [];
    jobcast.connection.subscribe(() => seen.push(jobcast.connection.get().status));
    jobcast.connect();
    await becomes(jobcast, "live");
    await vi.waitFor(() => expect(asked).toBeGreaterThan(2), 18_000);
    expect(seen).toEqual(["connecting", "live"]);
  }, 30_000);
});
