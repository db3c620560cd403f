import type { Page } from "playwright-core";

/** How long each frame took that was drawn while `act` went on, ms. */
export async function frameTimes(page: Page, act: () => Promise<void>): Promise<number[]> {
  const watching = await page.evaluateHandle(() => {
    const times: number[] = [];
    const watch = { times, isOver: false };
    let last = performance.now();
    const next = (): void => {
      const now = performance.now();
      times.push(now - last);
      last = now;
      if (!watch.isOver) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
    return watch;
  });
  await act();
  return await watching.evaluate((watch) => {
    watch.isOver = true;
    return watch.times;
  });
}

/** Of numbers in any order: the one that this share of them is not above. */
export const quantile = (numbers: readonly number[], share: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.ceil(share * (numbers.length - 1))] ?? 0;
