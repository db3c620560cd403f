import { hkdfSync, randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "./config.ts";

export interface Secrets {
  /** HS256 keys, the current one first; a second is accepted while rotating. */
  jwtKeys: Buffer[];
  /** Signs links and the tokens that Jobcast makes. */
  signingKey: Buffer;
}

/**
 * The secrets of this installation. Without `JWT_SECRET`, which only development allows, one is made once and kept in `DATA_DIR`.
 * The signing key follows the current `JWT_SECRET` unless `SIGNING_SECRET` is set: rotating it ends the links signed before.
 */
export async function loadSecrets(
  config: Pick<Config, "JWT_SECRET" | "SIGNING_SECRET" | "DATA_DIR">,
): Promise<Secrets> {
  const texts = config.JWT_SECRET ?? [await ownSecret(config.DATA_DIR)];
  const [current = "", ...older] = texts;
  const signingKey =
    config.SIGNING_SECRET === undefined ? derive(current) : Buffer.from(config.SIGNING_SECRET);
  return { jwtKeys: [current, ...older].map((text) => Buffer.from(text)), signingKey };
}

const derive = (secret: string): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, "", "jobcast signing key", 32));

async function ownSecret(folder: string): Promise<string> {
  const path = join(folder, "jwt-secret");
  await mkdir(folder, { recursive: true });
  await createOnce(path, randomBytes(32).toString("base64url"));
  return (await readFile(path, "utf8")).trim();
}

/** Whole or not at all, and the first one wins: processes that start together must end up with one secret. */
async function createOnce(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  try {
    await link(draft, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}
