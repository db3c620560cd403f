import { describe, expect, vi } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { startLoadBalancer, startNginx } from "../support/load-balancer.ts";
import { someAddress } from "../support/some-address.ts";
import { test as base } from "../support/socket-client.ts";
import { TRANSPORTS, type Visit } from "../support/transports.ts";

const BALANCERS = { haproxy: startLoadBalancer, nginx: startNginx };

const portOf = (url: string): number => Number(new URL(url).port);

/** Two gateways, behind each of the balancers. */
const test = base.extend(
  "urls",
  { scope: "file" },
  async ({ cluster: { a, b } }, { onCleanup }) => {
    const gateways = [a, b].map(({ url }) => ({ port: portOf(url), opsPort: portOf(url) }));
    const balancers = await Promise.all(Object.values(BALANCERS).map((start) => start(gateways)));
    onCleanup(async () => {
      for (const balancer of balancers) await balancer.stop();
    });
    const [haproxy, nginx] = balancers.map(({ url }) => url);
    return { haproxy: haproxy ?? "", nginx: nginx ?? "" };
  },
);

const CLIENTS = 8;
const SOCKET_IO = {
  "WebSocket only": ["websocket"],
  "polling only": ["polling"],
  "polling, then an upgrade": ["polling", "websocket"],
} as const;

for (const name of ["haproxy", "nginx"] as const) {
  describe(`behind ${name}`, () => {
    for (const [way, transports] of Object.entries(SOCKET_IO)) {
      test(`Socket.IO clients get through by ${way}`, async ({
        cluster: { a, tell },
        urls,
        connect,
      }) => {
        const users = Array.from({ length: CLIENTS }, someone);
        const clients = users.map((user) =>
          connect(urls[name], {
            token: a.token(user),
            transports: [...transports],
            withCredentials: true,
            extraHeaders: { "x-forwarded-for": someAddress() },
          }),
        );
        await Promise.all(clients.map((client) => client.ready()));
        const last = transports.at(-1);
        await vi.waitFor(() => {
          const names = clients.map(({ socket }) => socket.io.engine.transport.name);
          expect(names).toEqual(users.map(() => last));
        });
        for (const user of users) await tell(userAudience(user), { text: user });
        await vi.waitFor(() => {
          expect(clients.map((client) => client.texts())).toEqual(users.map((user) => [user]));
        });
        expect(clients.flatMap(({ lost }) => lost)).toEqual([]);
      });
    }

    for (const way of ["a plain WebSocket", "an event stream", "a long poll"] as const) {
      test(`clients over ${way} hear at once, from whichever gateway`, async ({
        cluster: { a, tell },
        urls,
        onTestFinished,
      }) => {
        const clients: { user: string; visit: Visit }[] = [];
        onTestFinished(() => clients.forEach(({ visit }) => visit.close()));
        const come = async () => {
          const user = someone();
          const visit = TRANSPORTS[way].visit({ url: urls[name], token: a.token(user) });
          clients.push({ user, visit });
          await vi.waitFor(() => expect(visit.named("ready")).not.toEqual([]));
        };
        await Promise.all(Array.from({ length: CLIENTS }, come));
        if (name === "haproxy" || way !== "a long poll")
          await vi.waitFor(async () => {
            const nodes = clients.map(({ visit }) => visit.named("ready")[0]?.["node"]);
            // A gateway that was slow to say that it is ready gets nobody for a moment.
            if (new Set(nodes).size < 2) await come();
            expect(new Set(nodes).size).toBe(2);
          });
        for (const { user } of clients) await tell(userAudience(user), { text: user });
        await vi.waitFor(() => {
          const heard = clients.map(({ visit }) => visit.texts());
          expect(heard).toEqual(clients.map(({ user }) => [user]));
        });
      });
    }
  });
}
