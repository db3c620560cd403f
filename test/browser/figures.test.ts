import { gzipSync } from "node:zlib";
import { setTimeout as delay } from "node:timers/promises";
import type { Page } from "playwright-core";
import { describe, expect, vi } from "vitest";
import { cpuSeconds } from "./support/cpu.ts";
import { quantile } from "./support/frames.ts";
import { isConnected, rowOf, shows } from "./support/list.ts";
import { type News, standBetween } from "./support/news.ts";
import { handIn } from "./support/work.ts";
import { someone, test } from "./support/world.ts";

const BUSY = { jobs: 20, seconds: 5, perSecond: 200 };

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

  test("two hundred events a second on screen", async ({ world, visit }) => {
    const ada = someone();
    const page = await visit();
    // All of them are in sight.
    await page.setViewportSize({ width: 1280, height: 1800 });
    const news = await standBetween(page);
    await page.goto(`${world.url}/#token=${await world.token(ada)}`);
    await page.reload();
    await isConnected(page, "Live");
    for (let i = 0; i < BUSY.jobs; i += 1) await handIn(world, ada, `busy-${i}`);
    await vi.waitFor(() => expect(news.heard.size).toBe(BUSY.jobs));
    await shows(page, "busy-0");

    const watched = await watchSteps(page);
    let said = 0;
    const cpuS = await cpuSeconds(page, async () => {
      said = await sayAll(news);
    });
    const { delays, longTasks } = await watched.evaluate((watch) => watch);
    const share = cpuS / BUSY.seconds;
    console.log(
      `${said} events in ${BUSY.seconds} s, ${delays.length} seen: ${describeDelays(delays)}; main thread ${(share * 100).toFixed(0)} % busy; tasks over 50 ms: ${longTasks.length}, longest ${Math.max(0, ...longTasks)} ms`,
    );
    expect(said).toBeGreaterThan(100 * BUSY.seconds);
    expect(share).toBeLessThan(0.8);
    expect(Math.max(0, ...longTasks)).toBeLessThan(1000);
  });

  test("from a service's report to what is seen", async ({ world, visit }) => {
    const ada = someone();
    const page = await visit({ user: ada });
    await isConnected(page, "Live");
    const work = await handIn(world, ada, "watched");
    await work.progress(1, "begun");
    await shows(rowOf(page, "watched"), /begun/);
    const watched = await watchSteps(page);
    for (let percent = 2; percent < 32; percent += 1) {
      await work.progress(percent, `said at ${Date.now()}`);
      await delay(120);
    }
    const { delays } = await watched.evaluate((watch) => watch);
    console.log(`${delays.length} of 30 reports seen, ${describeDelays(delays)}`);
    expect(delays.length).toBeGreaterThan(20);
    expect(quantile(delays, 0.95)).toBeLessThan(1500);
  });
});

const describeDelays = (delays: number[]): string =>
  [0.5, 0.95, 1]
    .map((share) => `p${share * 100} ${quantile(delays, share).toFixed(0)} ms`)
    .join(", ");

/** Each job in turn, and in each step when it was said. */
async function sayAll({ heard, say }: News): Promise<number> {
  const jobs = [...heard.values()];
  const startedAt = Date.now();
  const totalMs = BUSY.seconds * 1000;
  let said = 0;
  for (let now = startedAt; now - startedAt < totalMs; now = Date.now()) {
    const due = ((now - startedAt) / 1000) * BUSY.perSecond;
    for (; said < due; said += 1) {
      const job = jobs[said % jobs.length];
      if (job === undefined) return said;
      say({
        ...job,
        status: "processing",
        startedAt: job.createdAt,
        updatedAt: new Date(now).toISOString(),
        progress: 1 + Math.floor((98 * (now - startedAt)) / totalMs),
        // Two jobs may speak in one millisecond.
        step: `said at ${now}.${said}`,
      });
    }
    await delay(5);
  }
  return said;
}

/** In the page: how long after it was said each step was there to be seen, and tasks that kept the page from answering. */
const watchSteps = (page: Page) =>
  page.evaluateHandle(() => {
    const watch = { delays: new Array<number>(), longTasks: new Array<number>() };
    const seen = new Set<string>();
    const take = (text: string, now: number): void => {
      const [step, said = ""] = /said at (\d+)[.\d]*/.exec(text) ?? [""];
      if (step === "" || seen.has(step)) return;
      seen.add(step);
      watch.delays.push(now - Number(said));
    };
    new MutationObserver((changes) => {
      const texts = changes.map(({ target }) => target.textContent ?? "");
      // After the frame that they are drawn in.
      requestAnimationFrame(() => {
        for (const text of texts) take(text, Date.now());
      });
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) watch.longTasks.push(duration);
    }).observe({ type: "longtask" });
    return watch;
  });
