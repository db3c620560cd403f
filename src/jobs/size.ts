import { JobcastError } from "../errors.ts";

/** Fails with `too_large` when a value takes more than `maxBytes` as JSON. */
export function requireSize(path: string, value: unknown, maxBytes: number): void {
  if (Buffer.byteLength(JSON.stringify(value)) <= maxBytes) return;
  const message = `Must be at most ${maxBytes} bytes`;
  throw new JobcastError("too_large", `${path} is too large`, { fields: [{ path, message }] });
}
