import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { cpuSeconds } from "./support/cpu.ts";
import { frameTimes, quantile } from "./support/frames.ts";
import { rowOf, shows } from "./support/list.ts";
import { handIn, type Work } from "./support/work.ts";
import { someone, test } from "./support/world.ts";

const JOBS = 10_000;
/** Two frames of 60 a second are 33 ms; what is slower than this people see. On a machine with other things to do. */
const STUTTER_MS = 100;
const WATCHED_S = 3;

describe("ten thousand jobs", () => {
  test("scroll without a stutter, while news come in", async ({ world, postgresUrl, visit }) => {
    const ada = someone();
    const first = await handIn(world, ada, "the-oldest");
    await first.complete();
    const page = await visit({ user: ada });
    await shows(rowOf(page, "the-oldest"), "Done");
    await multiply(postgresUrl, first.jobId);
    await page.reload();
    await readAll(page);

    const work = await handIn(world, ada, "the-newest");
    const calm = await frameTimes(page, () => scroll(page));
    const news = new AbortController();
    const reporting = reportUntil(news.signal, work);
    await page.evaluate(() => scrollTo(0, 0));
    await shows(rowOf(page, "the-newest"), "Working");
    const cpuS = await cpuSeconds(page, () => page.waitForTimeout(WATCHED_S * 1000));
    const busy = await frameTimes(page, () => scroll(page));
    news.abort();
    await reporting;
    console.log(
      `one job of ${JOBS} reporting: main thread ${((100 * cpuS) / WATCHED_S).toFixed(0)} % busy`,
    );
    tell("nothing new", calm);
    tell("news coming in", busy);
    for (const frames of [calm, busy]) {
      const slow = frames.filter((ms) => ms > STUTTER_MS);
      expect(slow.length).toBeLessThan(Math.max(3, frames.length / 10));
    }
    // Out of ten thousand only those in sight are in the document.
    expect(
      await page.getByRole("list", { name: "Jobs" }).getByRole("listitem").count(),
    ).toBeLessThan(60);
  }, 180_000);
});

/** Down the list and up again, as by a wheel. */
async function scroll(page: Page): Promise<void> {
  await page.mouse.move(400, 500);
  for (let i = 0; i < 120; i += 1) await page.mouse.wheel(0, i < 60 ? 600 : -600);
}

/** As often as the page would hear of it; more would be over what a service may call. */
async function reportUntil(signal: AbortSignal, work: Work): Promise<void> {
  for (let percent = 1; !signal.aborted; percent = Math.min(99, percent + 0.1)) {
    await work.progress(percent);
    await delay(120);
  }
}

function tell(when: string, frames: number[]): void {
  const [p50, p95, most] = [0.5, 0.95, 1].map((share) => Math.round(quantile(frames, share)));
  console.log(
    `scrolling ${JOBS} jobs, ${when}: ${frames.length} frames, p50 ${p50} ms, p95 ${p95} ms, longest ${most} ms`,
  );
}

/** Copies of a job that has ended, of the days before it. */
async function multiply(postgresUrl: string, jobId: string): Promise<void> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `insert into jobs (job_id, user_id, type, lane, status, audiences, run, snapshot, created_at, updated_at, finished_at)
       select copy.id, user_id, type, lane, status, audiences, run,
         jsonb_set(jsonb_set(snapshot, '{job,jobId}', to_jsonb(copy.id)), '{job,createdAt}',
           to_jsonb(to_char((created_at - n * interval '1 minute') at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))),
         created_at - n * interval '1 minute', updated_at, finished_at
       from jobs, generate_series(1, $2::int) as n, lateral (select job_id || '-' || n as id) as copy
       where job_id = $1`,
      [jobId, JOBS],
    );
    expect(rowCount).toBe(JOBS);
  } finally {
    await client.end();
  }
}

/** Goes down until the list says how long it is, which it does when all of it is known. */
async function readAll(page: Page): Promise<void> {
  const items = page.getByRole("list", { name: "Jobs" }).getByRole("listitem");
  await items.first().waitFor();
  for (;;) {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    const total = Number(await items.last().getAttribute("aria-setsize"));
    if (total > JOBS) return;
    await page.waitForTimeout(50);
  }
}
