import { randomBytes } from "node:crypto";

const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);
let used = 0;

/** `length` random characters of `0-9a-z`. */
export function randomToken(length: number): string {
  let token = "";
  for (const byte of take(length)) token += (byte % 36).toString(36);
  return token;
}

/** Each asking for randomness costs ten times what the bytes do. */
function take(length: number): Uint8Array {
  if (used + length > pool.length) {
    pool = randomBytes(Math.max(POOL_BYTES, length));
    used = 0;
  }
  used += length;
  return pool.subarray(used - length, used);
}
