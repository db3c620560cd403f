import { describe, expect } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";

const told = (heard: { name: string; data: Record<string, unknown> }[]) =>
  heard.slice(1).map(({ name, data }) => `${name} ${String(data["text"])}`);

describe("progress", () => {
  test("comes at most ten times a second for a job, the last one always", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const sub = someone();
    const client = connect(a.url, { token: a.token(sub) });
    await client.ready();
    const times: number[] = [];
    client.socket.on("job-progress", () => times.push(performance.now()));
    const startedAt = performance.now();
    let said = 0;
    while (performance.now() - startedAt < 1000) {
      await tell(userAudience(sub), { kind: "gauge", text: `${(said += 1)}` });
    }
    await expect.poll(() => client.named("job-progress").at(-1)).toMatchObject({ text: `${said}` });
    expect(said).toBeGreaterThan(50);
    expect(times.length).toBeGreaterThan(3);
    expect(times.length).toBeLessThanOrEqual(13);
    const texts = client.named("job-progress").map(({ text }) => Number(text));
    expect(texts).toEqual(texts.toSorted((x, y) => x - y));
  });

  test("of one job does not hold back another's", async ({ cluster: { a, tell }, connect }) => {
    const sub = someone();
    const client = connect(a.url, { token: a.token(sub) });
    await client.ready();
    const jobs = ["a", "b", "c"];
    await tell(
      userAudience(sub),
      ...jobs.map((jobId) => ({ kind: "gauge" as const, jobId, text: jobId })),
    );
    await expect
      .poll(() => told(client.heard))
      .toEqual(jobs.map((jobId) => `job-progress ${jobId}`));
  });

  test("never follows the outcome it came before", async ({ cluster: { a, tell }, connect }) => {
    const sub = someone();
    const client = connect(a.url, { token: a.token(sub) });
    await client.ready();
    const gauge = (text: string) => ({ kind: "gauge" as const, text });
    await tell(userAudience(sub), gauge("1"), gauge("2"), { event: "job-completed", text: "done" });
    // Another job's gauge, offered later than the one that was held back.
    await tell(userAudience(sub), { ...gauge("other"), jobId: "other" });
    await expect.poll(() => told(client.heard).at(-1)).toBe("job-progress other");
    await tell(userAudience(sub), { ...gauge("late"), jobId: "other" });
    await expect.poll(() => told(client.heard).at(-1)).toBe("job-progress late");
    expect(told(client.heard)).toEqual([
      "job-progress 1",
      "job-completed done",
      "job-progress other",
      "job-progress late",
    ]);
  });

  test("of real jobs only grows and ends with the outcome", async ({
    cluster: { a, b },
    connect,
  }) => {
    const sub = someone();
    const clients = [a, b].map((node) => connect(node.url, { token: a.token(sub) }));
    await Promise.all(clients.map((client) => client.ready()));
    const steps = Array.from({ length: 60 }, (_, i) => i + 20);
    const jobs = await Promise.all(
      Array.from({ length: 5 }, () => a.submit(a.token(sub), { steps, gapMs: 5 })),
    );
    for (const client of clients) {
      await expect.poll(() => client.named("job-completed").length).toBe(jobs.length);
      for (const jobId of jobs) {
        const heard = client.heard.filter(({ data }) => data["jobId"] === jobId);
        const progress = heard.map(({ data }) => Number(data["progress"]));
        expect(progress).toEqual(progress.toSorted((x, y) => x - y));
        expect(heard.at(-1)?.name).toBe("job-completed");
        expect(heard.some(({ name }) => name === "job-progress")).toBe(true);
      }
    }
  });
});
