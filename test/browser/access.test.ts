import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { barriersOf } from "./support/axe.ts";
import { choose, makePicture } from "./support/files.ts";
import { isConnected, rowOf, shows } from "./support/list.ts";
import { shoot } from "./support/shot.ts";
import { handIn } from "./support/work.ts";
import { someone, test } from "./support/world.ts";

const LOOKS = (["phone", "desktop"] as const).flatMap((width) =>
  [false, true].map((isDark) => ({ width, isDark, name: `${width}-${isDark ? "dark" : "light"}` })),
);

describe.for(LOOKS)("everyone can use the page: $name", ({ name, ...look }) => {
  test("before signing in", async ({ visit }) => {
    const page = await visit(look);
    await shows(page, "Sign in to Jobcast");
    expect(await barriersOf(page)).toEqual([]);
  });

  test("with nothing in it, and cut off", async ({ visit, complaints }) => {
    complaints.expect(/net::ERR_|WebSocket connection to/);
    const page = await visit({ user: someone(), ...look });
    await isConnected(page, "Live");
    await shows(page, "No jobs yet");
    expect(await barriersOf(page)).toEqual([]);
    // What it loads after the first sight has to be there.
    await page.waitForLoadState("networkidle");
    await page.context().setOffline(true);
    await shows(page, /You are offline/);
    expect(await barriersOf(page)).toEqual([]);
  });

  test("with work of every kind, and the details of each", async ({ world, visit }) => {
    const ada = someone();
    const page = await visit({ user: ada, ...look });
    const [, working, done, failed] = await Promise.all(
      ["waiting", "working", "done", "broken"].map((what) => handIn(world, ada, `the ${what}`)),
    );
    await working?.progress(35, "page 4 of 12");
    await done?.complete();
    await failed?.fail("The service gave up");
    await shows(rowOf(page, "the waiting"), "Waiting");
    await shows(rowOf(page, "the working"), "Working");
    await shows(rowOf(page, "the done"), "Done");
    await shows(rowOf(page, "the broken"), "Failed");
    await choose(page, await makePicture("photo.jpg"));
    await shows(page, "photo.jpg");
    await atRest(page);
    expect(await barriersOf(page)).toEqual([]);
    await page.getByRole("button", { name: "Send 1 file" }).click();
    await shows(rowOf(page, "photo.jpg"), "Done");
    await shoot(page, `work-${name}`);

    for (const which of ["the waiting", "the working", "the done", "the broken", "photo.jpg"]) {
      await rowOf(page, which).getByRole("link").click();
      await shows(page.getByRole("dialog"), which);
      await atRest(page);
      expect(await barriersOf(page)).toEqual([]);
      if (which === "photo.jpg") await shoot(page, `details-${name}`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
  });
});

/** Colours on their way from one to another have contrasts that nobody chose. */
const atRest = async (page: Page): Promise<void> => {
  await page.evaluate(() =>
    Promise.allSettled(
      document
        .getAnimations()
        .filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
        .map(({ finished }) => finished),
    ).then(() => undefined),
  );
};
