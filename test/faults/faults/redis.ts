import type { Fault, Scene } from "../scene.ts";
import { until } from "../until.ts";

/** Longer than any that processes have with Redis. */
const PATIENCE_MS = 15_000;

/** What a replica had not confirmed was not promised: clients may have seen more than it has, and fetch the state anew, but no job is lost. */
const AFTER_FAILOVER = { resync: true };

const restarts: Fault[] = (["in order", "killed"] as const).map((how) => ({
  name: how === "killed" ? "redis-sigkill" : "redis-restart",
  about: `the primary is ${how === "killed" ? "killed" : "ended in order"} and started again`,
  touches: ["redis"],
  inflict: ({ world }) => world.redis.restart(how),
}));

const failovers: Fault[] = (["in order", "killed"] as const).map((how) => ({
  name: how === "killed" ? "redis-lost" : "redis-failover",
  about: `the replica becomes the primary, ${how === "killed" ? "which is dead" : "as an operator asks"}`,
  touches: ["redis"],
  allows: AFTER_FAILOVER,
  async inflict({ world }) {
    await world.redis.failOver(how);
    await world.redis.heal();
  },
}));

const isolation: Fault = {
  name: "redis-isolated",
  about: "a primary that is cut off from replica and sentinels still answers its clients",
  touches: ["redis"],
  // Nobody can be kept out of the bus of a cluster.
  needs: "sentinel",
  allows: AFTER_FAILOVER,
  async inflict({ world }) {
    await world.redis.isolatePrimary();
    await world.redis.heal();
  },
};

const kills: Fault[] = ["pubsub", "normal"].map((type) => ({
  name: `redis-kill-${type}`,
  about: `every ${type} link to Redis is cut, three times`,
  touches: ["redis"],
  async inflict({ world, load, note }) {
    let cut = 0;
    for (let i = 0; i < 3; i += 1) {
      cut += await world.redis.killLinks(type);
      await load.sendLong(1);
    }
    if (cut === 0) throw new Error(`There was no ${type} link`);
    note(`${cut} links`);
  },
}));

/** What is asked over it gets no answer, and nobody says that it is gone. */
const hang = (name: string, links: RegExp, about: string): Fault => ({
  name: `redis-hang-${name}`,
  about: `links that ${about} hang without closing`,
  touches: ["redis"],
  // In a cluster there is nothing in between.
  needs: "sentinel",
  async inflict(scene) {
    const { redis } = scene.world;
    const count = redis.hang(links);
    if (count === 0) throw new Error(`There was no link that is called ${links.source}`);
    // They hang until their owners give them up, or for ever where nobody asks for anything over them: the round goes on all the same.
    const since = Date.now();
    await until("given up, or hanging for longer than anyone is patient", 2 * PATIENCE_MS, () => {
      return redis.hanging().length === 0 || Date.now() - since > PATIENCE_MS;
    });
    scene.note(`${count} links, ${redis.hanging().length} not asked`);
  },
});

const flush: Fault = {
  name: "redis-flushall",
  about: "everything in Redis is deleted",
  touches: ["redis"],
  allows: { resync: true },
  async inflict({ world, load, excuse }: Scene) {
    await world.redis.flush();
    excuse();
    await load.sendLong(1);
    excuse();
  },
};

export const REDIS_FAULTS: Fault[] = [
  ...restarts,
  ...failovers,
  isolation,
  ...kills,
  hang("tails", /-tails$/, "gateways read the tails over"),
  hang("recorder", /^jobcast-recorder/, "the recorders read and write over"),
  hang("nodes", /^jobcast-(?!recorder).*(?<!-tails|-adapter|-cancel)$/, "processes ask over"),
  flush,
];
