import { describe, expect } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";

describe("while Redis is away", () => {
  test("nodes are not ready, and no client loses anything", async ({ mortal, connect }) => {
    const { start, tell, killRedis, restartRedis, release } = mortal;
    const a = await start({ roles: ["gateway", "recorder", "worker"] });
    const b = await start();
    const sub = someone();
    const early = [a, b].map((node) => connect(node.url, { token: a.token(sub) }));
    await Promise.all(early.map((client) => client.ready()));
    const absent = connect(a.url, { token: a.token(sub) });
    await absent.ready();
    absent.socket.disconnect();
    const jobId = await a.submit(a.token(sub), { hold: true });
    await tell(userAudience(sub), { text: "before" });
    for (const client of early) {
      await expect.poll(() => client.texts()).toEqual(["before"]);
      await expect.poll(() => client.named("job-started")).toHaveLength(1);
    }

    await killRedis();
    await expect.poll(async () => (await b.get("/readyz")).status).toBe(503);
    const late = connect(b.url, { token: a.token(sub), cursors: absent.cursors });
    const guest = connect(b.url, { token: a.jobToken(sub, jobId) });
    release(jobId);
    await expect.poll(() => late.socket.connected).toBe(true);
    expect(late.heard).toEqual([]);

    await restartRedis();
    await tell(userAudience(sub), { text: "after" });
    await Promise.all([late.ready(), guest.ready()]);
    const clients = [...early, late];
    for (const client of clients) {
      await expect.poll(() => client.texts()).toEqual(["before", "after"]);
      await expect.poll(() => client.named("job-completed")).toMatchObject([{ jobId }]);
      expect(client.named("resync")).toEqual([]);
      const facts = client.heard.filter(({ data }) => data["feed"] === userAudience(sub));
      const seqs = facts.map(({ data }) => Number(String(data["cursor"]).split("-")[1]));
      expect(seqs).toEqual([1, 2, 3, 4, 5]);
    }
    for (const client of early) expect(client.lost).toEqual([]);
    expect(guest.named("ready").at(-1)).toMatchObject({ jobs: [{ jobId }] });
    await expect.poll(async () => (await b.get("/readyz")).status).toBe(200);
  });

  test("a node closes in time, and in order", async ({ mortal, connect }) => {
    const node = await mortal.start({ env: { DRAIN_SECONDS: "1" } });
    const client = connect(node.url, { token: node.token(someone()) });
    await client.ready();
    await mortal.killRedis();
    await expect.poll(async () => (await node.get("/readyz")).status).toBe(503);
    const startedAt = performance.now();
    await node.close();
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(client.named("server-draining")).toHaveLength(1);
  });
});
