import { randomBytes } from "node:crypto";

/** `length` random characters of `0-9a-z`. */
export function randomToken(length: number): string {
  const bytes = randomBytes(length);
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join("");
}
