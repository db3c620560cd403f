import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const FOLDER = fileURLToPath(new URL("../../../docs/screenshots/", import.meta.url));

/** Whether pictures are kept in docs/screenshots: else a run would leave the checkout changed. */
export const isTaken = Boolean(process.env["SCREENSHOTS"]);

/** Keeps a picture, when pictures are taken. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (!isTaken) return;
  await mkdir(FOLDER, { recursive: true });
  await page.screenshot({ path: `${FOLDER}${name}.png`, animations: "disabled" });
}
