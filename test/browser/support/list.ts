import type { Locator, Page } from "playwright-core";

/** The row of a job, by a name that no other has. */
export const rowOf = (page: Page, name: string): Locator =>
  page.getByRole("list", { name: "Jobs" }).getByRole("listitem").filter({ hasText: name });

/** Waits until it can be seen there. Rows hold some things twice, for narrow and for wide windows. */
export const shows = (place: Page | Locator, text: string | RegExp): Promise<void> =>
  place.getByText(text).filter({ visible: true }).first().waitFor();

/** Waits until the light says so. */
export const isConnected = (
  page: Page,
  word: "Connecting" | "Live" | "Live, slower" | "Offline",
): Promise<void> =>
  page.getByRole("button", { name: `Connection: ${word}`, exact: true }).waitFor();
