import { createHmac } from "node:crypto";

export const SECRET = "a-secret-for-the-bench-and-nothing-else";

/** HS256, good for an hour. */
export function toToken(claims: { sub: string; groups?: string[] }): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const iat = Math.floor(Date.now() / 1000);
  const body = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ ...claims, iat, exp: iat + 3600 })}`;
  return `${body}.${createHmac("sha256", SECRET).update(body).digest("base64url")}`;
}
