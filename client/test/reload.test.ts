import { describe, expect, vi } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { becomes, open, someone, test, textsOf, toKeeper } from "./kit.ts";

describe("a page that is loaded again", () => {
  test("hears what was told meanwhile, when it remembers", async ({ cluster: { a, tell } }) => {
    const user = someone();
    const feed = userAudience(user);
    const remember = toKeeper();
    const options = { url: a.url, token: a.token(user), remember };
    const before = open(options);
    before.connect();
    await becomes(before, "live");
    await tell(feed, { text: "before" });
    await vi.waitFor(() => expect(remember.getItem(`jobcast:${a.url}:`)).toMatch(/-1"/));
    before.close();
    await tell(feed, { text: "meanwhile" });

    const after = open(options);
    const texts = textsOf(after);
    after.connect();
    await becomes(after, "live");
    expect(texts).toEqual(["meanwhile"]);
  });

  test("fetches the state where what it remembers can no longer be replayed", async ({
    cluster: { a, tell },
  }) => {
    const user = someone();
    const token = a.token(user);
    const other = open({ url: a.url, token });
    other.connect();
    const answer = await other.submit({ type: "echo", input: { data: { text: "hello" } } });
    const jobId = answer.ok ? answer.value.jobId : "";
    await vi.waitFor(() => expect(other.jobs.get(jobId)?.status).toBe("completed"));

    const remember = toKeeper();
    const cursors = { [userAudience(user)]: "another.life-7" };
    remember.setItem(`jobcast:${a.url}:`, JSON.stringify({ cursors }));
    const page = open({ url: a.url, token, remember });
    const texts = textsOf(page);
    page.connect();
    await vi.waitFor(() => expect(page.jobs.get(jobId)?.status).toBe("completed"));
    await becomes(page, "live");
    await tell(userAudience(user), { text: "after" });
    await vi.waitFor(() => expect(texts).toEqual(["after"]));
  });

  test.for(["", "no JSON", "null", '{"cursors":7,"told":{}}'])(
    "begins anew where what is kept is of no use: %j",
    async (kept, { cluster: { a } }) => {
      const remember = toKeeper();
      remember.setItem(`jobcast:${a.url}:`, kept);
      const page = open({ url: a.url, token: a.token(someone()), remember });
      page.connect();
      await becomes(page, "live");
    },
  );

  test("goes on where nothing can be kept", async ({ cluster: { a } }) => {
    const away = (): never => {
      throw new Error("The storage is closed to this page");
    };
    const remember = { getItem: away, setItem: away, removeItem: away };
    const page = open({ url: a.url, token: a.token(someone()), remember });
    page.connect();
    await becomes(page, "live");
  });
});
