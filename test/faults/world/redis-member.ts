import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "../../support/free-port.ts";
import { openRedisWay, type RedisWay } from "../../support/redis-way.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import type { MortalServer } from "../../support/server-process.ts";
import { until } from "../until.ts";
import type { Ending } from "./redis-set.ts";

/** One of several servers. */
export interface ServerMember {
  /** By which clients, peers and sentinels know it: of its gate if it has one. */
  port: number;
  /** Where links can be made to hang. */
  way: RedisWay | undefined;
  /** Past the gate. */
  link: Redis;
  url: string;
  isDown(): boolean;
  start(): Promise<void>;
  end(how: Ending): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  isPrimary(): Promise<boolean>;
  /** Resolves when it has everything that the server at this gate has. */
  follows(port: number): Promise<void>;
  close(): Promise<void>;
}

/** Of the clients. Whoever is not let in as a peer must not be taken for one of them. */
export const PASSWORD = "jobcast";
/** Those whom an isolated server no longer lets in. */
export const PEERS = ["sentinel", "replica"];
/** What the links of the fault run itself are called. */
export const OWN_LINKS = "faults";

const USERS = { default: PASSWORD, sentinel: "sentinel", replica: "replica" };

/** Given the port that the server is known by. */
type Settings = (port: number) => Record<string, string> | Promise<Record<string, string>>;

interface MemberOptions {
  isGated: boolean;
  settings: Settings;
}

export async function startMember(
  dir: string,
  { isGated, settings }: MemberOptions,
): Promise<ServerMember> {
  await mkdir(dir);
  const aclfile = join(dir, "users.acl");
  // Known from the first moment on: a sentinel that was turned away would take the server for dead.
  await writeFile(aclfile, Object.entries(USERS).map(toAclLine).join("\n"));
  const own = await freePort();
  const way = isGated ? await openRedisWay(own) : undefined;
  const known = way?.port ?? own;
  const further = await settings(known);
  const start = () =>
    startRedisServer({
      port: own,
      dir,
      password: PASSWORD,
      settings: {
        // What was acknowledged is with the system, which outlives the process. With `everysec` it may not be: while the disk is busy writes are put off.
        appendfsync: "no",
        aclfile,
        masteruser: "replica",
        masterauth: "replica",
        "repl-diskless-sync-delay": "0",
        // As the processes ask for at their start: cut off from its replica, it takes nothing that its successor would not have.
        "min-replicas-to-write": "1",
        ...further,
      },
    });
  let server: MortalServer | undefined = await start();
  const link = new Redis({
    port: own,
    host: "127.0.0.1",
    password: PASSWORD,
    connectionName: OWN_LINKS,
    maxRetriesPerRequest: null,
  });
  // It is away now and then.
  link.on("error", () => undefined);

  async function end(how: Ending): Promise<void> {
    const ending = server;
    server = undefined;
    await (how === "killed" ? ending?.kill() : ending?.stop());
  }
  return {
    port: known,
    way,
    link,
    url: `redis://:${PASSWORD}@127.0.0.1:${own}`,
    isDown: () => server === undefined,
    async start() {
      server = await start();
    },
    end,
    signal: (name) => server?.signal(name),
    isPrimary: async () => (await link.role())[0] === "master",
    async follows(port) {
      await until("the replica has everything", 60_000, async () => {
        const info = await link.info("replication");
        return (
          info.includes("role:slave") &&
          info.includes(`master_port:${port}\r`) &&
          info.includes("master_link_status:up")
        );
      });
    },
    async close() {
      link.disconnect();
      await way?.close();
      await end("in order");
    },
  };
}

const toAclLine = ([user, password]: [string, string]): string =>
  `user ${user} on >${password} ~* &* +@all`;

/** Starts several; when one of them does not start, the others are closed. */
export async function startMembers(
  stack: AsyncDisposableStack,
  folder: string,
  count: number,
  options: MemberOptions,
): Promise<ServerMember[]> {
  const members: ServerMember[] = [];
  for (let i = 0; i < count; i += 1) {
    const member = await startMember(join(folder, `${i}`), options);
    stack.defer(() => member.close());
    members.push(member);
  }
  return members;
}

/** What a set has of all its members. */
export const ofAll = (members: readonly ServerMember[]) => ({
  hang: (name: RegExp) => members.reduce((sum, { way }) => sum + (way?.hang(name) ?? 0), 0),
  hanging: () => members.flatMap(({ way }) => way?.hanging() ?? []),
});
