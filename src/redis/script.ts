import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";

type Argument = string | number;

/** A Lua script of `redis/scripts`, sent by its hash, and whole when the server does not know it yet. */
export interface Script {
  run(redis: Redis, keys: string[], args: Argument[]): Promise<unknown>;
}

export function loadScript(name: string): Script {
  const source = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), "utf8");
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
