import { describe, expect, vi } from "vitest";
import { rowOf, shows } from "./support/list.ts";
import { handIn } from "./support/work.ts";
import { someone, test } from "./support/world.ts";

describe("windows of one user", () => {
  test("show the same at the same time, and another user's nothing of it", async ({
    world,
    visit,
  }) => {
    const [ada, grace] = [someone(), someone()];
    const [desk, phone, other] = await Promise.all([
      visit({ user: ada }),
      visit({ user: ada, width: "phone" }),
      visit({ user: grace }),
    ]);
    const work = await handIn(world, ada, "the-report");
    const rows = [desk, phone].map((page) => rowOf(page, "the-report"));
    for (const row of rows) await shows(row, "Waiting");

    await work.progress(40, "page 4 of 10");
    for (const row of rows) await shows(row, /40 %.*page 4 of 10/);

    await work.complete();
    for (const row of rows) await shows(row, "Done");

    // What comes after it has come through, so this would have.
    await handIn(world, grace, "hers");
    await shows(rowOf(other, "hers"), "Waiting");
    expect(await rowOf(other, "the-report").count()).toBe(0);
  });

  test("are gone through by keyboard, as fast as one likes", async ({ world, visit }) => {
    const ada = someone();
    for (const name of ["third", "second", "first"]) await handIn(world, ada, name);
    const page = await visit({ user: ada });
    await shows(rowOf(page, "third"), "Waiting");
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    // All before the next frame.
    await page.evaluate(() => {
      for (const key of ["j", "j", "j"])
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    });
    await vi.waitFor(async () => expect(await focused()).toBe("third"));
    await page.keyboard.press("k");
    await vi.waitFor(async () => expect(await focused()).toBe("second"));
    await page.keyboard.press("Enter");
    await shows(page.getByRole("dialog"), "second");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  test("follow what is done in one of them", async ({ world, visit }) => {
    const ada = someone();
    const [desk, phone] = [await visit({ user: ada }), await visit({ user: ada, width: "phone" })];
    await handIn(world, ada, "not-wanted");
    await rowOf(desk, "not-wanted").getByRole("button", { name: "Cancel not-wanted" }).click();
    await shows(rowOf(desk, "not-wanted"), "Cancelled");
    await shows(rowOf(phone, "not-wanted"), "Cancelled");
  });
});
