import { createHmac } from "node:crypto";

export interface TokenClaims {
  sub: string;
  plan?: "premium";
  /** s. */
  ttl: number;
}

/** Until when a token is good, ms since 1970. */
export interface Token {
  text: string;
  goodUntil: number;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token as an issuer makes it who shares the secret: HS256. */
export function signToken(secret: string, { ttl, ...claims }: TokenClaims): Token {
  const exp = Math.floor(Date.now() / 1000) + ttl;
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ ...claims, exp })}`;
  const signature = createHmac("sha256", secret).update(signed).digest("base64url");
  return { text: `${signed}.${signature}`, goodUntil: exp * 1000 };
}
