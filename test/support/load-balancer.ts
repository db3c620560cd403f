import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

export interface GatewayPorts {
  port: number;
  /** Where it answers `/readyz`. */
  opsPort: number;
}

/** A haproxy on a free port that spreads connections over the gateways which say that they are ready. */
export async function startLoadBalancer(
  gateways: GatewayPorts[],
): Promise<ServerProcess & { url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), "jobcast-haproxy-"));
  const path = join(folder, "haproxy.cfg");
  await writeFile(path, toConfig(port, gateways));
  const server = await startServer({
    command: ["haproxy", "-db", "-f", path],
    // SIGUSR1 would wait for the last connection.
    signal: "SIGTERM",
    // 503 while no gateway is up is an answer too.
    isUp: () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
  });
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { url, stop };
}

/**
 * A gateway that drains gets no new connection but keeps those it has: it moves them itself. One that is frozen is out after 0.6 s.
 * `timeout tunnel` is for WebSockets, which may be silent between two pings.
 */
const toConfig = (port: number, gateways: GatewayPorts[]): string => `
defaults
  mode http
  option forwardfor
  option redispatch
  retries 3
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout tunnel 10m
  timeout check 500ms

frontend clients
  bind 127.0.0.1:${port}
  default_backend gateways

backend gateways
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter 200ms fall 2 rise 1
${gateways.map((gateway) => `  server gateway-${gateway.port} 127.0.0.1:${gateway.port} port ${gateway.opsPort}`).join("\n")}
`;
