import { createHmac, timingSafeEqual } from "node:crypto";
import { JobcastError } from "../errors.ts";

export interface LinksOptions {
  signingKey: Uint8Array | string;
  /** Makes links absolute; without it they begin with `/`. */
  publicUrl?: string | undefined;
  ttlSeconds: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface SignedLink {
  url: string;
  /** ISO 8601. */
  expiresAt: string;
}

/** Links to files that are good for reading, by whoever holds them, until they expire. */
export interface Links {
  sign(key: string): SignedLink;
  /** Fails with `link_invalid`, and with `link_expired` only for what was once good. `HEAD` may be asked of what `GET` may. */
  verify(
    method: string,
    key: string,
    expires: string | undefined,
    signature: string | undefined,
  ): void;
}

/** HMAC-SHA256 over method, key and expiry, in seconds since 1970. */
export function createLinks({
  signingKey,
  publicUrl = "",
  ttlSeconds,
  now = Date.now,
}: LinksOptions): Links {
  const base = `${publicUrl.replace(/\/+$/, "")}/api/files`;
  const signatureOf = (method: string, key: string, expires: string): Buffer =>
    createHmac("sha256", signingKey).update(`${method}\n${key}\n${expires}`).digest();

  return {
    sign(key) {
      const expires = Math.floor(now() / 1000) + ttlSeconds;
      const path = key.split("/").map(encodeURIComponent).join("/");
      const signature = signatureOf("GET", key, String(expires)).toString("base64url");
      const url = `${base}/${path}?expires=${expires}&signature=${signature}`;
      return { url, expiresAt: new Date(expires * 1000).toISOString() };
    },

    verify(method, key, expires = "", signature = "") {
      const expected = signatureOf(method === "HEAD" ? "GET" : method, key, expires);
      const given = Buffer.from(signature, "base64url");
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        throw new JobcastError("link_invalid", "This link is not valid");
      }
      if (Number(expires) * 1000 <= now())
        throw new JobcastError("link_expired", "This link has expired");
    },
  };
}
