import { createHash } from "node:crypto";
import type { RedisClient } from "./connect.ts";
import type { Keys } from "./keys.ts";

/** What all processes that share a Redis have to agree on. */
export interface Installation {
  partitions: number;
  storeId: string;
  /** Left out by roles that verify and sign nothing. */
  secrets?: { jwtKeys: Buffer[]; signingKey: Buffer };
}

/** Compares this process with the first one that ever used this Redis. Throws one sentence for the operator when they do not belong together. */
export async function joinInstallation(
  redis: RedisClient,
  keys: Keys,
  { partitions, storeId, secrets }: Installation,
): Promise<void> {
  await agree("FEED_PARTITIONS", "partitions", String(partitions));
  await agree("STORAGE_URL", "store", storeId);
  if (secrets !== undefined) await agreeOnSecrets(secrets);

  async function agree(variable: string, field: string, mine: string): Promise<void> {
    await redis.hsetnx(keys.installation, field, mine);
    const theirs = await redis.hget(keys.installation, field);
    if (theirs === mine) return;
    throw new Error(
      `${variable}: this process has ${mine}, the others on this Redis have ${theirs}. Give all of them the same, or another REDIS_PREFIX`,
    );
  }

  /** While secrets are rotated, processes have one key in common; the signing key may follow it. */
  async function agreeOnSecrets({
    jwtKeys,
    signingKey,
  }: NonNullable<Installation["secrets"]>): Promise<void> {
    const jwt = jwtKeys.map(fingerprint).toSorted();
    const signing = fingerprint(signingKey);
    const known = await redis.hmget(keys.installation, "jwt", "signing");
    const theirs = (known[0] ?? jwt.join()).split(",");
    const isRotating = theirs.join() !== jwt.join();
    if (!jwt.some((key) => theirs.includes(key))) throw differs("JWT_SECRET", keys.installation);
    if (!isRotating && (known[1] ?? signing) !== signing)
      throw differs("SIGNING_SECRET", keys.installation);
    await redis.hset(keys.installation, "jwt", jwt.join(), "signing", signing);
  }
}

const fingerprint = (key: Buffer): string =>
  createHash("sha256").update("jobcast").update(key).digest("hex").slice(0, 16);

const differs = (variable: string, installation: string): Error =>
  new Error(
    `${variable}: this process and the others on this Redis have different ones. Give all of them the same; if it was changed on purpose, ` +
      `run: redis-cli HDEL ${installation} jwt signing`,
  );
