import { describe, expect, vi } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { test } from "../support/feeds.ts";
import { listen, seqsOf, upTo } from "../support/listening.ts";
import { hangUp, PARTITIONS } from "../support/stage.ts";
import { createTeller, fact } from "../support/telling.ts";

const audience: Audience = "user:42";
const partition = partitionOf(audience, PARTITIONS);
/** Of the same partition. */
const neighbour = upTo(100)
  .map((n): Audience => `user:${n}-neighbour`)
  .find((one) => partitionOf(one, PARTITIONS) === partition);

describe("a jump in a tail's running number", () => {
  test("has its feeds read from their logs, also those of which nothing more is said", async ({
    stage,
  }) => {
    const { redis, keys, writer } = stage;
    const tailRedis = stage.ear();
    const node = await stage.node({ tailRedis, compareEveryMs: 60_000 });
    const { items } = await listen(node, audience);
    const tell = createTeller(writer, audience);
    await tell(fact());
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1]));
    await hangUp(tailRedis);
    const said = await tell(fact());
    await redis.xdel(keys.tail(partition), said.outcome === "ok" ? said.tailId : "");
    await createTeller(writer, neighbour ?? audience)(fact());
    await tailRedis.connect();
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1, 2]));
  });
});
