import { JobcastError } from "../errors.ts";

/** No segment begins with a dot, so `..` and what a store keeps for itself have no key. */
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}(\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,254})*$/;
const MAX_KEY_LENGTH = 1024;

/** A key as it came. Fails with `invalid`. */
export function checkKey(key: string): string {
  if (key.length <= MAX_KEY_LENGTH && KEY.test(key)) return key;
  throw new JobcastError("invalid", "Malformed file key");
}

/** A prefix that ends in `/`, as it came. Fails with `invalid`. */
export const checkPrefix = (prefix: string): string => `${checkKey(prefix.slice(0, -1))}/`;

/** The id of a growing file. Fails with `invalid`. */
export function checkGrowingId(id: string): string {
  if (/^[\w-]{1,64}$/.test(id)) return id;
  throw new JobcastError("invalid", "Malformed upload id");
}
