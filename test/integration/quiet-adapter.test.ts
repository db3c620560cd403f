import { describe, expect } from "vitest";
import { openRedis } from "../../src/redis/connect.ts";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";

describe("Socket.IO's adapter", () => {
  test("has nothing to say while clients come, hear, ask, leave and are sent away", async ({
    installation: { start, tell, keys, release },
    redisUrl,
    redis,
    connect,
    onTestFinished,
  }) => {
    const said: string[] = [];
    const listener = openRedis(redisUrl, "test-listener");
    onTestFinished(() => listener.disconnect());
    listener.on("pmessage", (_pattern, channel) => said.push(channel));
    await listener.psubscribe(`${keys.adapter}*`);

    const [a, b] = [await start({ roles: ["gateway", "recorder", "worker"] }), await start()];
    const sub = someone();
    const clients = [a, b].map((node) => connect(node.url, { token: a.token(sub) }));
    const admin = connect(b.url, { token: a.token(someone(), { roles: ["admin"] }) });
    await Promise.all([...clients, admin].map((client) => client.ready()));
    const jobId = await a.submit(a.token(sub), { hold: true });
    expect(await admin.ask("subscribe", { topic: `job:${jobId}` })).toMatchObject({ ok: true });
    release(jobId);
    await tell(userAudience(sub), { text: "one" });
    for (const client of clients) {
      await expect.poll(() => client.named("job-completed")).toHaveLength(1);
      await expect.poll(() => client.texts()).toEqual(["one"]);
    }
    expect(await admin.ask("unsubscribe", { topic: `job:${jobId}` })).toMatchObject({ ok: true });
    expect(await admin.ask("auth-refresh", { token: a.token("nobody") })).toMatchObject({
      ok: false,
    });
    clients[0]?.socket.disconnect();
    clients[0]?.socket.connect();
    await clients[0]?.ready(2);
    await b.close();

    await redis.publish(`${keys.adapter}-marker`, "");
    await expect.poll(() => said).toContain(`${keys.adapter}-marker`);
    expect(said).toEqual([`${keys.adapter}-marker`]);
  });
});
