import { gzipSync } from "node:zlib";
import { setTimeout as delay } from "node:timers/promises";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { quantile } from "./support/frames.ts";
import { isConnected, rowOf, shows } from "./support/list.ts";
import { handIn, type Work } from "./support/work.ts";
import { someone, test } from "./support/world.ts";

const BUSY = { jobs: 20, seconds: 8, everyMs: 100 };

/** Bounds are several times what a quiet machine measures: they are for what has gone wrong, the figures are printed. */
describe("figures of the page", () => {
  test("a first visit", async ({ world, visit }) => {
    const page = await visit();
    const scripts = new Map<string, Promise<number>>();
    page.on("response", (response) => {
      if (response.request().resourceType() !== "script") return;
      // As gzip has it, which every browser takes; what came was brotli, smaller still.
      scripts.set(
        response.url(),
        response.body().then((bytes) => gzipSync(bytes).length),
      );
    });
    await page.goto(`${world.url}/#token=${await world.token(someone())}`);
    await page.reload();
    await isConnected(page, "Live");
    await page.waitForLoadState("networkidle");
    const sizes = await Promise.all(scripts.values());
    const scriptKb = sizes.reduce((sum, bytes) => sum + bytes, 0) / 1024;
    const paintMs = await page.evaluate(
      () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity,
    );
    console.log(
      `first visit: ${scriptKb.toFixed(0)} KB of script by gzip in ${sizes.length} files, first contentful paint after ${paintMs.toFixed(0)} ms`,
    );
    expect(scriptKb).toBeGreaterThan(0);
    expect(scriptKb).toBeLessThan(170);
    expect(paintMs).toBeLessThan(3000);
  });

  test("two hundred reports a second, from the report to what is seen", async ({
    world,
    visit,
  }) => {
    const ada = someone();
    const page = await visit({ user: ada });
    await isConnected(page, "Live");
    const works: Work[] = [];
    for (let i = 0; i < BUSY.jobs; i += 1) works.push(await handIn(world, ada, `busy-${i}`));
    await shows(rowOf(page, `busy-${BUSY.jobs - 1}`), "Waiting");
    const first = works.at(-1);
    await first?.progress(1, "begun");
    await shows(rowOf(page, `busy-${BUSY.jobs - 1}`), /begun/);

    const watched = await watchSteps(page);
    await Promise.all(works.map((work, i) => report(work, (i * BUSY.everyMs) / BUSY.jobs)));
    const { delays, longTasks } = await watched.evaluate((watch) => watch);
    const ms = (share: number) => quantile(delays, share).toFixed(0);
    console.log(
      `${delays.length} changes seen in ${BUSY.seconds} s, from the report's start: p50 ${ms(0.5)} ms, p95 ${ms(0.95)} ms, longest ${ms(1)} ms; tasks over 50 ms: ${longTasks.length} ${longTasks.map(Math.round).join()}`,
    );
    expect(delays.length).toBeGreaterThan(BUSY.jobs);
    expect(quantile(delays, 0.95)).toBeLessThan(1500);
    expect(longTasks.filter((taskMs) => taskMs > 200)).toEqual([]);
  });
});

/** Says in each step when it was reported. */
async function report(work: Work, afterMs: number): Promise<void> {
  await delay(afterMs);
  const startedAt = Date.now();
  for (;;) {
    const now = Date.now();
    const share = (now - startedAt) / (BUSY.seconds * 1000);
    if (share >= 1) return;
    await work.progress(1 + Math.floor(98 * share), `said at ${now}`);
    await delay(Math.max(0, BUSY.everyMs - (Date.now() - now)));
  }
}

/** In the page: how long after it was reported each step was there to be seen, and tasks that kept the page from answering. */
const watchSteps = (page: Page) =>
  page.evaluateHandle(() => {
    const watch = { delays: new Array<number>(), longTasks: new Array<number>() };
    const seen = new Set<string>();
    new MutationObserver(() => {
      // After the frame that these changes are drawn in.
      requestAnimationFrame(() => {
        for (const [, said = ""] of document.body.innerText.matchAll(/said at (\d+)/g)) {
          if (seen.has(said)) continue;
          seen.add(said);
          watch.delays.push(Date.now() - Number(said));
        }
      });
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) watch.longTasks.push(duration);
    }).observe({ type: "longtask" });
    return watch;
  });
