import { describe, expect, vi } from "vitest";
import { someone } from "../support/gateway.ts";
import { startRedisCluster } from "../support/redis-cluster.ts";
import { startSentinels } from "../support/sentinels.ts";
import { test as base } from "../support/socket-client.ts";

// Servers of several processes are started and fail over; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000 });

describe.concurrent.for([
  ["with sentinels", startSentinels],
  ["that is a cluster", startRedisCluster],
] as const)("two gateways on a Redis %s", ([, startServers]) => {
  const withServers = base.extend("servers", async ({}, { onCleanup }) => {
    const servers = await startServers();
    onCleanup(servers.close);
    return servers;
  });
  /** Closed before the servers, without which a process that leaves waits for them. */
  const test = withServers.extend("gateways", async ({ servers, installation }, { onCleanup }) => {
    onCleanup(installation.close);
    const env = { REDIS_URL: "", ...servers.env };
    const a = await installation.start({ roles: ["gateway", "recorder", "worker"], env });
    return { ...installation, a, b: await installation.start({ env }) };
  });

  test("tell everybody of jobs from beginning to end", async ({
    gateways: { a, b, release },
    connect,
  }) => {
    const sub = someone();
    const token = a.token(sub);
    const clients = [a, b].map((node) => connect(node.url, { token }));
    await Promise.all(clients.map((client) => client.ready()));

    const done = await a.submit(token);
    const held = await b.submit(token, { hold: true });
    const heard = (name: string, jobIds: string[]) =>
      vi.waitFor(() => {
        for (const client of clients)
          expect(client.named(name).map(({ jobId }) => jobId)).toEqual(jobIds);
      });
    await heard("job-completed", [done]);
    await vi.waitFor(() => {
      for (const client of clients) expect(client.named("job-started")).toHaveLength(2);
    });
    release(held);
    await heard("job-completed", [done, held]);
    expect((await b.get("/readyz")).status).toBe(200);
  });
});
