import { createHash } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The system allows 107 on Linux, 103 on macOS. */
const MAX_BYTES = 100;

/** Where the server of a folder listens: in it, or, when that path is too long for a socket, in a short one made for it. */
export async function socketPath(dir: string): Promise<string> {
  const path = join(resolve(dir), "redis.sock");
  if (Buffer.byteLength(path) <= MAX_BYTES) return path;
  const hash = createHash("sha256").update(path).digest("hex").slice(0, 16);
  const short = join(tmpdir(), `jobcast-${hash}`);
  await mkdir(short, { recursive: true, mode: 0o700 });
  const { uid, mode } = await lstat(short);
  // Anybody may make folders there, and would then be our Redis.
  if (uid !== process.getuid?.() || (mode & 0o77) !== 0)
    throw new Error(`${short} belongs to somebody else: remove it`);
  return join(short, "redis.sock");
}
