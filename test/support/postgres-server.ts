import { execFile } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { freePort } from "./free-port.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const run = promisify(execFile);

/** initdb and postgres refuse to run as root. */
const asPostgres =
  process.getuid?.() === 0
    ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
    : [];

export interface PostgresServer extends ServerProcess {
  /** Of its empty database `postgres`. */
  url: string;
  /** Ends it, with all connections; `resume` starts it again with what it had, on its port. */
  halt(): Promise<void>;
  resume(): Promise<void>;
}

/** A PostgreSQL of its own on a free port. */
export async function startPostgresServer(): Promise<PostgresServer> {
  const bin = await findBinaries();
  const folder = (await runAsPostgres(["mktemp", "-d", "/tmp/jobcast-postgres-XXXXXX"])).trim();
  const initdb = [
    join(bin, "initdb"),
    "--pgdata",
    folder,
    "--username",
    "postgres",
    "--auth",
    "trust",
  ];
  await runAsPostgres([...initdb, "--no-sync", "--encoding", "UTF8", "--locale", "C"]);
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const start = () =>
    startServer({
      command: [
        ...asPostgres,
        join(bin, "postgres"),
        "-D",
        folder,
        ...settings({
          port: `${port}`,
          unix_socket_directories: folder,
          listen_addresses: "127.0.0.1",
        }),
        ...settings({ fsync: "off", max_connections: "200" }),
      ],
      // SIGINT: disconnects clients instead of waiting for them.
      signal: "SIGINT",
      isUp: () => answers(url),
    });
  let server = await start();
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return {
    stop,
    url,
    halt: () => server.stop(),
    async resume() {
      server = await start();
    },
  };
}

const settings = (values: Record<string, string>): string[] =>
  Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

async function findBinaries(): Promise<string> {
  const root = "/usr/lib/postgresql";
  const versions = await readdir(root).catch(() => []);
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error("No PostgreSQL found: install the package postgresql");
  return join(root, newest, "bin");
}

async function runAsPostgres(command: string[]): Promise<string> {
  const [file = "", ...args] = [...asPostgres, ...command];
  // "/" since the current folder may be closed to the user postgres.
  const { stdout } = await run(file, args, { cwd: "/" });
  return stdout;
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
