import { describe, expect, vi } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { becomes, open, someone, test, textsOf } from "./kit.ts";
import { openProxy } from "./proxy.ts";

describe("where sockets do not get through", () => {
  test.for([
    ["stream", true],
    ["poll", false],
  ] as const)(
    "a %s takes their place, until they do: nothing is missed, nothing comes twice",
    { timeout: 120_000 },
    async ([transport, streams], { cluster: { a, tell } }) => {
      const user = someone();
      const proxy = await openProxy(a.url, { upgrades: false, streams });
      const jobcast = open({ url: proxy.url, token: a.token(user) });
      const texts = textsOf(jobcast);
      jobcast.connect();
      await becomes(jobcast, "fallback");
      expect(jobcast.connection.get()).toEqual({ status: "fallback", transport, why: null });
      const feed = userAudience(user);
      let told = 0;
      const over = new AbortController();
      const telling = (async () => {
        while (!over.signal.aborted) await tell(feed, { text: `${(told += 1)}` });
      })();
      await vi.waitFor(() => expect(texts.length).toBeGreaterThan(20));
      proxy.allow({ upgrades: true });
      await becomes(jobcast, "live");
      const { length } = texts;
      await vi.waitFor(() => expect(texts.length).toBeGreaterThan(length + 20));
      over.abort();
      await telling;
      await vi.waitFor(() => expect(texts).toHaveLength(told));
      expect(texts).toEqual(Array.from({ length: told }, (_, n) => `${n + 1}`));
    },
  );

  test("and nothing else does, the page says so, and why", async ({ cluster: { a } }) => {
    const jobcast = open({ url: "http://127.0.0.1:1", token: a.token(someone()) });
    jobcast.connect();
    await becomes(jobcast, "offline");
    expect(jobcast.connection.get().why).toMatchObject({ code: "offline", retryable: true });
  });
});
