import { describe, expect, onTestFinished, vi } from "vitest";
import { someone, type TestNode } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";
import { TRANSPORTS } from "../support/transports.ts";

/** A job of a type that no worker takes, so that it waits and keeps none from others. */
async function submitToNobody(node: TestNode, token: string): Promise<string> {
  const answer = await fetch(`${node.url}/api/jobs`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ type: "strict", input: { data: { number: 1 } } }),
  });
  const { jobId }: { jobId: string } = Object(await answer.json());
  return jobId;
}

describe("a stream of more topics than there is room for", () => {
  test("is refused before it begins, not cut at the last one", async ({ cluster: { a } }) => {
    const owner = a.token(someone());
    const submitted = Array.from({ length: 98 }, () => submitToNobody(a, owner));
    const topics = (await Promise.all(submitted)).map((jobId) => `job:${jobId}`);
    // With the feeds of its own, which are three, 98 are one too many.
    const token = a.token(someone(), { roles: ["admin"] });
    const refused = await fetch(
      `${a.url}/api/events/stream?token=${token}&topics=${topics.join()}`,
    );
    await refused.body?.cancel();
    expect(refused.status).toBe(400);

    const most = topics.slice(1).join();
    const client = TRANSPORTS["an event stream"].visit({ url: a.url, token, topics: most });
    onTestFinished(() => client.close());
    await vi.waitFor(() => {
      const told = client.named("job-progress").map(({ jobId }) => jobId);
      expect(new Set(told).size).toBe(97);
    });
  });
});
