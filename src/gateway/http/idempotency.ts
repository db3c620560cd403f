import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { JobcastError } from "../../errors.ts";

/** The `Idempotency-Key` of a request, if it has one. */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && key.length >= 1 && key.length <= 255) return key;
  throw new JobcastError("invalid", "Idempotency-Key must have 1 to 255 characters");
}

/** The same for two requests that ask for the same: their fields may stand in any order. */
export function hashRequest(parts: {
  route: string;
  body: unknown;
  fileSha256: string | undefined;
}): string {
  const { route, body, fileSha256 = null } = parts;
  return createHash("sha256")
    .update(JSON.stringify([route, sortKeys(body), fileSha256]))
    .digest("hex");
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, field]) => [name, sortKeys(field)]));
}
