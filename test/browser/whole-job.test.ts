import { describe, expect, vi } from "vitest";
import { drop, makePicture } from "./support/files.ts";
import { isConnected, rowOf, shows } from "./support/list.ts";
import { test } from "./support/world.ts";

describe("somebody new", () => {
  test("chooses a user, drops a picture and sees its variants", async ({ visit }) => {
    const page = await visit();
    await page.getByRole("button", { name: /Grace/ }).click();
    await isConnected(page, "Live");
    await drop(page, await makePicture("mountains.jpg"));
    await page.getByRole("button", { name: "Send 1 file" }).click();
    await shows(rowOf(page, "mountains.jpg"), "Done");

    await rowOf(page, "mountains.jpg").getByRole("link", { name: "mountains.jpg" }).click();
    const panel = page.getByRole("dialog");
    await panel.getByRole("img").first().waitFor();
    // What is shown has come, from the address that the page's policy lets in.
    await vi.waitFor(
      async () =>
        expect(
          await panel
            .getByRole("img")
            .evaluateAll((all) =>
              all.map((one) => one instanceof HTMLImageElement && one.naturalWidth > 0),
            ),
        ).not.toContain(false),
      10_000,
    );
    expect(new URL(page.url()).pathname).toMatch(/^\/jobs\//);
    await page.goBack();
    await panel.waitFor({ state: "detached" });
    expect(new URL(page.url()).pathname).toBe("/");

    await page.reload();
    await shows(rowOf(page, "mountains.jpg"), "Done");
  });
});
