import { describe, expect, onTestFinished, vi } from "vitest";
import { isConnected, rowOf, shows } from "./support/list.ts";
import { openPlainProxy } from "./support/no-upgrades.ts";
import { handIn } from "./support/work.ts";
import { someone, test, type World } from "./support/world.ts";

/** What the browser says of requests that do not get through. */
const NETWORK = /net::ERR_|WebSocket connection to|50[234]/;

describe("a page", () => {
  test("misses nothing when its gateway is killed", async ({ world, visit, complaints }) => {
    complaints.expect(NETWORK);
    const ada = someone();
    const page = await visit({ user: ada });
    await isConnected(page, "Live");
    const work = await handIn(world, ada, "watched");
    await work.progress(10);
    await shows(rowOf(page, "watched"), /10 %/);

    const killed = await gatewayOf(world, ada);
    world.signal(killed, "SIGKILL");
    const other = killed === "gateway-1" ? "gateway-2" : "gateway-1";
    const meanwhile = await handIn({ ...world, url: world.urlOf(other) }, ada, "meanwhile");
    await meanwhile.complete();
    await shows(rowOf(page, "meanwhile"), "Done");
    await isConnected(page, "Live");
    await world.restart(killed);
    await work.complete();
    await shows(rowOf(page, "watched"), "Done");
  });

  test("says that it is offline, and goes on by itself", async ({ world, visit, complaints }) => {
    complaints.expect(NETWORK);
    const ada = someone();
    const page = await visit({ user: ada });
    await isConnected(page, "Live");
    const work = await handIn(world, ada, "in-the-tunnel");
    await shows(rowOf(page, "in-the-tunnel"), "Waiting");

    await page.context().setOffline(true);
    await shows(page, /You are offline/);
    await work.complete();
    await page.context().setOffline(false);
    await isConnected(page, "Live");
    await shows(rowOf(page, "in-the-tunnel"), "Done");
    expect(await page.getByText(/You are offline/).count()).toBe(0);
  });

  test("stays there when what it loads later does not come, and offers to be loaded anew", async ({
    world,
    visit,
    complaints,
  }) => {
    complaints.expect(/net::ERR_|dynamically imported module/);
    const ada = someone();
    const page = await visit();
    await page.route(/\/assets\/(?!index)[^/]+\.js$/, (route) =>
      route.abort("internetdisconnected"),
    );
    await page.goto(`${world.url}/#token=${await world.token(ada)}`);
    await page.reload();
    await isConnected(page, "Live");
    const work = await handIn(world, ada, "by-the-frame-alone");
    await shows(rowOf(page, "by-the-frame-alone"), "Waiting");
    const failed = page.waitForEvent("requestfailed");
    await rowOf(page, "by-the-frame-alone").getByRole("link").click();
    await failed;
    await work.complete();
    await shows(rowOf(page, "by-the-frame-alone"), "Done");

    await shows(page, "A part of this page cannot be loaded");
    await page.unrouteAll();
    await page.getByRole("button", { name: "Reload" }).click();
    await shows(page.getByRole("dialog"), "by-the-frame-alone");
  });

  test("hears of its jobs where sockets do not get through", async ({
    world,
    visit,
    complaints,
  }) => {
    complaints.expect(NETWORK);
    const ada = someone();
    const proxy = await openPlainProxy(world.url);
    onTestFinished(() => proxy.close());
    const page = await visit({ user: ada, from: proxy.url });
    await isConnected(page, "Live, slower");
    const work = await handIn(world, ada, "the-slow-way");
    await work.progress(50, "half");
    await shows(rowOf(page, "the-slow-way"), /50 %/);
    await work.complete();
    await shows(rowOf(page, "the-slow-way"), "Done");
  });

  test("gets another token before its own runs out, and stays connected", async ({
    world,
    visit,
  }) => {
    const page = await visit();
    let asked = 0;
    // The page asks for an hour.
    await page.context().route("**/api/dev/token", async (route) => {
      asked += 1;
      const claims = Object(route.request().postDataJSON());
      await route.continue({ postData: JSON.stringify({ ...claims, ttl: 12 }) });
    });
    let sockets = 0;
    page.on("websocket", () => (sockets += 1));
    await page.getByRole("button", { name: /Alan/ }).click();
    await isConnected(page, "Live");
    await vi.waitFor(() => expect(asked).toBeGreaterThanOrEqual(3), 30_000);

    const work = await handIn(world, "alan", "after-the-first-token");
    await work.complete();
    await shows(rowOf(page, "after-the-first-token"), "Done");
    expect(sockets).toBe(1);
  });
});

/** The one that a user's only window is connected to. */
async function gatewayOf(world: World, user: string): Promise<string> {
  const token = await world.token(`admin-${user}`, { roles: ["admin"] });
  for (const name of ["gateway-1", "gateway-2"]) {
    const answer = await fetch(`${world.urlOf(name)}/api/realtime/stats`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { users }: { users?: number } = Object(await answer.json());
    if (users === 1) return name;
  }
  throw new Error("No gateway has the window");
}
