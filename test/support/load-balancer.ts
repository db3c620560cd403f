import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

export interface GatewayPorts {
  port: number;
  /** Where it answers `/readyz`. */
  opsPort: number;
}

export interface LoadBalancer extends ServerProcess {
  url: string;
  /** Reads its configuration anew: a new process takes the new connections, the old one lets go of its own within 10 s. */
  reload(): void;
}

/** A haproxy as `deploy/` sets it up, on a free port, that spreads connections over the gateways which say that they are ready. */
export async function startLoadBalancer(gateways: GatewayPorts[]): Promise<LoadBalancer> {
  return await startBalancer({
    config: "haproxy.cfg",
    command: (path) => ["haproxy", "-W", "-db", "-f", path],
    reloadBy: "SIGUSR2",
    adapt: (text, port) =>
      replaceLines(text, /^ {2}server gateway-1 .*$/, (i) => {
        const gateway = gateways[i];
        if (gateway === undefined) return undefined;
        return `  server g${i} 127.0.0.1:${gateway.port} port ${gateway.opsPort} cookie g${i}`;
      })
        .replace(/^ {2}server gateway-.*\n/gm, "")
        .replace("bind :80", `bind 127.0.0.1:${port}`)
        // Clients of a test that was cut off are gone; those of a process are frozen, and should be out soon.
        .replace("inter 500ms", "inter 200ms")
        .replace("hard-stop-after 60s", "hard-stop-after 10s"),
  });
}

/** An nginx as `deploy/` sets it up. */
export async function startNginx(gateways: Pick<GatewayPorts, "port">[]): Promise<LoadBalancer> {
  return await startBalancer({
    config: "nginx.conf",
    reloadBy: "SIGHUP",
    command: (path) => ["nginx", "-c", path, "-g", `daemon off; pid ${path}.pid;`, "-e", "stderr"],
    adapt: (text, port) =>
      replaceLines(text, /^ {4}server gateway-1:3000 .*$/, (i) => {
        const gateway = gateways[i];
        return gateway && `    server 127.0.0.1:${gateway.port} max_fails=1 fail_timeout=2s;`;
      })
        .replace(/^ {4}server gateway-.*\n/gm, "")
        .replace("listen 80;", `listen 127.0.0.1:${port};`)
        .replace("access_log /dev/stdout paths;", "access_log off;"),
  });
}

/** In the place of each line that fits stand those that `line` gives, until it gives none. */
function replaceLines(
  text: string,
  pattern: RegExp,
  line: (i: number) => string | undefined,
): string {
  const lines: string[] = [];
  for (let i = 0, next = line(0); next !== undefined; next = line(++i)) lines.push(next);
  return text.replace(new RegExp(pattern, "gm"), lines.join("\n"));
}

interface BalancerOptions {
  /** In `deploy/`. */
  config: string;
  command: (path: string) => string[];
  adapt: (text: string, port: number) => string;
  reloadBy: NodeJS.Signals;
}

async function startBalancer({
  config,
  command,
  adapt,
  reloadBy,
}: BalancerOptions): Promise<LoadBalancer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), "jobcast-balancer-"));
  const path = join(folder, config);
  const text = await readFile(new URL(`../../deploy/${config}`, import.meta.url), "utf8");
  await writeFile(path, adapt(text, port));
  const server = await startServer({
    command: command(path),
    // haproxy would wait for the last connection after SIGUSR1.
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
  return { url, stop, reload: () => server.signal(reloadBy) };
}
