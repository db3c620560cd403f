import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RedisClient } from "./connect.ts";

type Argument = string | number;

/** A Lua script of `redis/scripts`, sent by its hash, and whole when the server does not know it yet. */
export interface Script {
  run(redis: RedisClient, keys: string[], args: Argument[]): Promise<unknown>;
}

export function loadScript(name: string): Script {
  // What several scripts have in common stands where they say `-- use <name>`: Redis knows no modules.
  const source = read(name).replace(/^-- use (\S+)$/gm, (_, shared: string) =>
    read(`shared/${shared}`),
  );
  const sha = createHash("sha1").update(source).digest("hex");
  return {
    async run(redis, keys, args) {
      try {
        return await redis.evalsha(sha, keys.length, ...keys, ...args);
      } catch (thrown) {
        if (!(thrown instanceof Error && thrown.message.startsWith("NOSCRIPT"))) throw thrown;
        return await redis.eval(source, keys.length, ...keys, ...args);
      }
    },
  };
}

const read = (name: string): string =>
  readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), "utf8");
