import type { Page } from "playwright-core";
import { describe, expect, vi } from "vitest";
import { pdf } from "../support/pdfs.ts";
import { speak } from "../support/speech.ts";
import { barriersOf } from "./support/axe.ts";
import { choose, makePicture } from "./support/files.ts";
import { isConnected, rowOf, shows } from "./support/list.ts";
import { isTaken, shoot } from "./support/shot.ts";
import { handIn } from "./support/work.ts";
import { someone, test } from "./support/world.ts";

/** Each width and each colour once; with pictures, all of them. */
const LOOKS = (["phone", "desktop"] as const).flatMap((width) =>
  [false, true]
    .filter((isDark) => isTaken || isDark === (width === "phone"))
    .map((isDark) => ({ width, isDark, name: `${width}-${isDark ? "dark" : "light"}` })),
);

describe.for(LOOKS)("everyone can use the page: $name", ({ name, ...look }) => {
  test("before signing in", async ({ visit }) => {
    const page = await visit(look);
    await shows(page, "Sign in to Jobcast");
    await isOpenToAll(page, `sign-in-${name}`);
  });

  test("with nothing in it, and cut off", async ({ visit, complaints }) => {
    complaints.expect(/net::ERR_|WebSocket connection to/);
    const page = await visit({ user: someone(), ...look });
    await isConnected(page, "Live");
    await shows(page, "No jobs yet");
    await isOpenToAll(page, `empty-${name}`);
    // What it loads after the first sight has to be there.
    await page.waitForLoadState("networkidle");
    await page.context().setOffline(true);
    await shows(page, /You are offline/);
    await isOpenToAll(page, `offline-${name}`);
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
    await isOpenToAll(page, `choosing-${name}`);
    await page.getByRole("button", { name: "Send 1 file" }).click();
    await shows(rowOf(page, "photo.jpg"), "Done");
    await isOpenToAll(page, `work-${name}`);

    for (const which of ["the waiting", "the working", "the done", "the broken", "photo.jpg"]) {
      await rowOf(page, which).getByRole("link").click();
      await shows(page.getByRole("dialog"), which);
      await isOpenToAll(page, `details-of-${which.replaceAll(/\W+/g, "-")}-${name}`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
  });
});

test("everyone can use what becomes of a document and of a recording", async ({ visit }) => {
  const page = await visit({ user: someone() });
  const type = "application/pdf";
  await isConnected(page, "Live");
  await choose(
    page,
    { name: "report.pdf", type, bytes: await pdf(4) },
    { name: "morning.wav", type: "audio/wav", bytes: await speak() },
  );
  await page.getByRole("button", { name: "Send 2 files" }).click();
  for (const name of ["report.pdf", "morning.wav"]) {
    await shows(rowOf(page, name), "Done");
    await rowOf(page, name).getByRole("link").click();
    await shows(page.getByRole("dialog"), name);
    await page.waitForLoadState("networkidle");
    await isOpenToAll(page, `details-of-${name.replace(/\..*/, "")}`);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
});

/** Nothing keeps anybody from using what is shown, once it stands still. A picture of it is kept when pictures are asked for. */
async function isOpenToAll(page: Page, name: string): Promise<void> {
  await vi.waitFor(async () => {
    await atRest(page);
    expect(await barriersOf(page)).toEqual([]);
  });
  await shoot(page, name);
}

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
