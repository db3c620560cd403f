import type { Page } from "playwright-core";

/** What `act` cost the page's main thread, s: time on a processor, which is the same however busy the machine is. */
export async function cpuSeconds(page: Page, act: () => Promise<void>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async (): Promise<number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
  };
  const before = await read();
  await act();
  const spent = (await read()) - before;
  await session.detach();
  return spent;
}
