import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../until.ts";
import {
  ofAll,
  OWN_LINKS,
  PASSWORD,
  PEERS,
  type ServerMember,
  startMembers,
} from "./redis-member.ts";
import type { RedisSet } from "./redis-set.ts";
import { PRIMARY_NAME, startSentinels } from "./sentinels.ts";

const LOOK_EVERY_MS = 200;
const CHOSEN_WITHIN_MS = 40_000;
/** The processes ask the sentinels every second. */
const LEFT_WITHIN_MS = 15_000;

/** A Redis with a replica and three sentinels, whom the processes ask where it is. */
export async function startSentinelSet(): Promise<RedisSet> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(stack);
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

async function start(stack: AsyncDisposableStack): Promise<RedisSet> {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-redis-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const settings = (port: number) => ({
    "replica-announce-ip": "127.0.0.1",
    "replica-announce-port": `${port}`,
  });
  const members = await startMembers(stack, folder, 2, { isGated: true, settings });
  const [first, second] = members;
  if (first === undefined || second === undefined) throw new Error("No Redis");
  await second.link.replicaof("127.0.0.1", first.port);
  await second.follows(first.port);
  const sentinels = await startSentinels(first.port);
  stack.defer(() => sentinels.stop());
  let primary = first;

  async function follow(): Promise<void> {
    const port = await sentinels.primaryPort();
    const chosen = members.find((member) => member.port === port) ?? primary;
    if (chosen !== primary && (await chosen.isPrimary())) primary = chosen;
  }
  const following = setInterval(() => void follow().catch(() => undefined), LOOK_EVERY_MS);
  stack.defer(() => clearInterval(following));

  const changed = (before: ServerMember): Promise<void> =>
    until("the sentinels have chosen another", CHOSEN_WITHIN_MS, () => primary !== before);

  return {
    env: {
      REDIS_SENTINELS: sentinels.addresses.join(","),
      REDIS_SENTINEL_NAME: `redis://:${PASSWORD}@${PRIMARY_NAME}`,
    },
    ...ofAll(members),
    control: () => primary.link,
    primary: () => primary,
    killLinks: async (type) => Number(await primary.link.call("CLIENT", "KILL", "TYPE", type)),
    flush: async () => void (await primary.link.flushall()),
    async restart(how) {
      await primary.end(how);
      await primary.start();
    },
    async failOver(how) {
      const before = primary;
      if (how === "killed") await before.end(how);
      else await until("the sentinels agree to it", CHOSEN_WITHIN_MS, sentinels.failOver);
      await changed(before);
    },
    async isolatePrimary() {
      const before = primary;
      for (const peer of PEERS) await before.link.call("ACL", "SETUSER", peer, "off");
      for (const peer of PEERS) await before.link.call("CLIENT", "KILL", "USER", peer);
      await changed(before);
      let left: string[] = [];
      const what = () => `nobody is left at a primary that was cut off; there are ${left.join()}`;
      await until(what, LEFT_WITHIN_MS, async () => {
        left = await clientsOf(before);
        return left.length === 0;
      });
    },
    async heal() {
      const replica = primary === first ? second : first;
      if (replica.isDown()) await replica.start();
      for (const { link } of members)
        for (const peer of PEERS) await link.call("ACL", "SETUSER", peer, "on");
      // Whoever was turned away stays so on a link that is up: a sentinel takes the server for dead until it has another.
      for (const type of ["normal", "pubsub"])
        await replica.link.call("CLIENT", "KILL", "TYPE", type);
      // The sentinels would have it follow too, half a minute later.
      if (await replica.isPrimary()) await replica.link.replicaof("127.0.0.1", primary.port);
      await replica.follows(primary.port);
    },
    close: () => stack.disposeAsync(),
  };
}

/** Names of the links of processes. Peers that were turned away have none. */
async function clientsOf({ link }: ServerMember): Promise<string[]> {
  const lines = String(await link.client("LIST")).split("\n");
  const clients = lines.filter((line) => line.includes(" user=default "));
  const names = clients.map((line) => / name=(\S*) /.exec(line)?.[1] ?? "");
  return names.filter((name) => name !== "" && name !== OWN_LINKS);
}
