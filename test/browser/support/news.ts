import type { Page, WebSocketRoute } from "playwright-core";
import type { Job } from "../../../src/contract/job.ts";

/** Stands in the socket of a page, passes on what is said, and says more. */
export interface News {
  /** Jobs as the page has last heard of them. */
  heard: ReadonlyMap<string, Job>;
  /** As the gateway would. */
  say(job: Job): void;
}

/** For the page's next socket, so before it is opened. */
export async function standBetween(page: Page): Promise<News> {
  const heard = new Map<string, Job>();
  let inPage: WebSocketRoute | undefined;
  await page.routeWebSocket(/socket\.io/, (socket) => {
    inPage = socket;
    const server = socket.connectToServer();
    socket.onMessage((message) => server.send(message));
    server.onMessage((message) => {
      socket.send(message);
      const [event, job] = String(message).startsWith("42[")
        ? JSON.parse(String(message).slice(2))
        : [""];
      if (event.startsWith("job-")) heard.set(job.jobId, job);
    });
  });
  return {
    heard,
    say: (job) => inPage?.send(`42${JSON.stringify(["job-progress", job])}`),
  };
}
