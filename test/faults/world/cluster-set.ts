import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRedis } from "../../../src/redis/connect.ts";
import { toClusterTarget } from "../../../src/redis/target.ts";
import { freePort } from "../../support/free-port.ts";
import { until } from "../until.ts";
import { ofAll, OWN_LINKS, PASSWORD, type ServerMember, startMembers } from "./redis-member.ts";
import type { RedisSet } from "./redis-set.ts";

const PRIMARIES = 3;
const SLOTS = 16_384;
const SHARE = Math.ceil(SLOTS / PRIMARIES);
const READY_WITHIN_MS = 30_000;
const CHOSEN_WITHIN_MS = 40_000;

/** Three primaries of a Redis Cluster, each with a replica. Of the faults comes to harm whoever has `key`. */
export async function startClusterSet(key: string): Promise<RedisSet> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(key, stack);
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

async function start(key: string, stack: AsyncDisposableStack): Promise<RedisSet> {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-redis-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const settings = async () => ({
    "cluster-enabled": "yes",
    // By itself ten thousand above its own, which may be more than there are.
    "cluster-port": `${await freePort()}`,
    // Longer than a restart takes on a machine that is busy.
    "cluster-node-timeout": "5000",
  });
  // A process has links to every node: gates for all of them would take more time than whatever is behind.
  const members = await startMembers(stack, folder, 2 * PRIMARIES, { isGated: false, settings });
  await joinAll(members);
  const urls = members.map(({ port }) => `redis://:${PASSWORD}@127.0.0.1:${port}`);
  const control = openRedis(toClusterTarget(urls), OWN_LINKS);
  control.on("error", () => undefined);
  stack.defer(() => control.disconnect());

  const slot = Number(await members[0]?.link.call("CLUSTER", "KEYSLOT", key));
  const at = Math.floor(slot / SHARE);
  let [primary, replica] = [members[at], members[at + PRIMARIES]];
  const both = () => {
    if (primary === undefined || replica === undefined) throw new Error("There are six");
    return { primary, replica };
  };
  async function primaries(): Promise<ServerMember[]> {
    const isOne = await Promise.all(members.map((member) => member.isPrimary()));
    return members.filter((_, i) => isOne[i]);
  }

  return {
    env: { REDIS_CLUSTER_NODES: urls.slice(0, PRIMARIES).join(",") },
    ...ofAll(members),
    control: () => control,
    primary: () => both().primary,
    async killLinks(type) {
      const cut = members.map(({ link }) => link.call("CLIENT", "KILL", "TYPE", type).then(Number));
      return (await Promise.all(cut)).reduce((sum, count) => sum + count, 0);
    },
    async flush() {
      for (const { link } of await primaries()) await link.flushall();
    },
    async restart(how) {
      const { primary: one } = both();
      await one.end(how);
      await one.start();
    },
    async failOver(how) {
      const { primary: before, replica: successor } = both();
      if (how === "killed") await before.end(how);
      else await successor.link.call("CLUSTER", "FAILOVER");
      await until("the replica is the primary", CHOSEN_WITHIN_MS, successor.isPrimary);
      [primary, replica] = [successor, before];
    },
    isolatePrimary: () => Promise.reject(new Error("Nobody can be kept out of a cluster's bus")),
    async heal() {
      const { primary: leader, replica: follower } = both();
      if (follower.isDown()) await follower.start();
      await follower.follows(leader.port);
      await agreed(members);
    },
    close: () => stack.disposeAsync(),
  };
}

/** Makes one cluster of them, the latter half replicas of the former. */
async function joinAll(members: readonly ServerMember[]): Promise<void> {
  for (const [i, { link, port }] of members.entries()) {
    // Otherwise two that were never anything might agree on one epoch, and settle it only later.
    await link.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
    if (i < PRIMARIES)
      await link.call("CLUSTER", "ADDSLOTSRANGE", i * SHARE, Math.min(SLOTS, (i + 1) * SHARE) - 1);
    const [, bus = ""] = toTexts(await link.config("GET", "cluster-port"));
    await members[0]?.link.call("CLUSTER", "MEET", "127.0.0.1", port, bus);
  }
  await agreed(members);
  for (const [i, { link }] of members.slice(PRIMARIES).entries())
    await link.call("CLUSTER", "REPLICATE", await idOf(members[i]));
  for (const [i, member] of members.slice(PRIMARIES).entries())
    await member.follows(members[i]?.port ?? 0);
}

/** All know all, and every slot has somebody. */
async function agreed(members: readonly ServerMember[]): Promise<void> {
  await until("the nodes of the cluster know each other", READY_WITHIN_MS, async () => {
    const infos = await Promise.all(members.map(({ link }) => link.call("CLUSTER", "INFO")));
    return infos.every(
      (info) =>
        String(info).includes(`cluster_known_nodes:${members.length}\r`) &&
        String(info).includes("cluster_state:ok"),
    );
  });
}

const idOf = async (member: ServerMember | undefined): Promise<string> =>
  String(await member?.link.call("CLUSTER", "MYID"));

const toTexts = (answer: unknown): string[] => (Array.isArray(answer) ? answer.map(String) : []);
