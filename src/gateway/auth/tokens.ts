import fastifyJwt, { type JWT } from "@fastify/jwt";
import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import { Compile } from "typebox/compile";
import { ADMINS_GROUP, jobTopic } from "../../contract/names.ts";
import { type Caller, Claims, type DevTokenRequest } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import { toCaller } from "./caller.ts";

declare module "@fastify/jwt" {
  interface FastifyJWT {
    namespaces: string;
  }
}

export interface TokensOptions {
  /** HS256 secrets of whoever issues tokens, the newest first. */
  jwtKeys: readonly Buffer[];
  /** HS256 secret of the tokens made here. */
  signingKey: Buffer;
  /** Required `iss` and `aud` of tokens issued elsewhere. */
  issuer?: string | undefined;
  audience?: string | undefined;
}

export interface Tokens {
  /** Who a token speaks for. Fails with `token_expired` only for what was once good, else with `unauthorized`. */
  verifyToken(token: string): Promise<Caller>;
  /** A token that is good for reading one job and nothing else. */
  signJobToken(request: { jobId: string; userId: string; ttlSeconds: number }): {
    token: string;
    expiresAt: string;
  };
  /** A token that is good for hearing the caller's events and nothing else, and for no longer than the caller's own. */
  signEventToken(caller: Caller): { token: string; expiresAt: string };
  /** A token as an issuer would make it; for development only. */
  signDevToken(request: Static<typeof DevTokenRequest>): string;
}

const MAX_TOKEN_LENGTH = 8192;
const DEFAULT_TTL_SECONDS = 3600;
const EVENT_TOKEN_SECONDS = 900;
/** For so long after its `exp` a token is still good, since clocks differ. */
export const LEEWAY_MS = 5000;
const claimsCheck = Compile(Claims);

/** Registers `@fastify/jwt` once for each key with `app`: HTTP and sockets verify their tokens here and nowhere else. */
export async function createTokens(app: FastifyInstance, options: TokensOptions): Promise<Tokens> {
  const { jwtKeys, signingKey, issuer, audience } = options;
  const issued: JWT[] = [];
  for (const [index, key] of jwtKeys.entries()) {
    issued.push(await registerKey(app, { name: `issued${index}`, key, issuer, audience }));
  }
  const own = await registerKey(app, { name: "own", key: signingKey });
  const [newest = own] = issued;
  const issuedHere = present({ iss: issuer, aud: audience });

  return {
    async verifyToken(token) {
      if (token === "" || token.length > MAX_TOKEN_LENGTH) throw unauthorized();
      const { claims, jwt } = readClaims(token, [...issued, own]);
      // Whoever got hold of the key of the links must not be able to make an administrator with it.
      if (jwt === own && (claims.only === undefined || claims.only[0] === "events"))
        throw unauthorized();
      return toCaller(claims);
    },

    signJobToken({ jobId, userId, ttlSeconds }) {
      const exp = secondsFromNow(ttlSeconds);
      const token = own.sign({ sub: userId, only: [jobTopic(jobId)], exp });
      return { token, expiresAt: new Date(exp * 1000).toISOString() };
    },

    signEventToken({ userId, groups, expiresAt }) {
      const exp = Math.min(secondsFromNow(EVENT_TOKEN_SECONDS), Math.floor(expiresAt / 1000));
      const isAdmin = groups.includes(ADMINS_GROUP);
      const claims = { sub: userId, groups, ...(isAdmin ? { roles: ["admin"] } : {}), exp };
      // With the issuer's key, since it speaks for groups; the key of the links must not be able to.
      const token = newest.sign({ ...claims, only: ["events"], ...issuedHere });
      return { token, expiresAt: new Date(exp * 1000).toISOString() };
    },

    signDevToken({ ttl = DEFAULT_TTL_SECONDS, ...claims }) {
      const exp = secondsFromNow(ttl);
      return newest.sign({ ...claims, exp, ...issuedHere });
    },
  };
}

interface Key {
  name: string;
  key: Buffer;
  issuer?: string | undefined;
  audience?: string | undefined;
}

/** A secret given once becomes a key object once: with a secret by call, every verification would build it anew. */
async function registerKey(
  app: FastifyInstance,
  { name, key, issuer, audience }: Key,
): Promise<JWT> {
  const expected = present({ iss: issuer, aud: audience });
  await app.register(fastifyJwt, {
    namespace: name,
    secret: key,
    sign: { algorithm: "HS256" },
    verify: {
      algorithms: ["HS256"],
      clockTolerance: LEEWAY_MS,
      ...present({ allowedIss: issuer, allowedAud: audience }),
      // The allowed values of a claim say nothing about a token without it.
      requiredClaims: ["sub", "exp", ...Object.keys(expected)],
    },
  });
  const jwt = app.jwt[name];
  if (jwt === undefined) throw new Error(`No key ${name} in @fastify/jwt`);
  return jwt;
}

/** Tries the keys in turn, on to the next only when the signature is not that of this one. */
function readClaims(token: string, keys: readonly JWT[]): { claims: Claims; jwt: JWT } {
  for (const jwt of keys) {
    try {
      const claims: unknown = jwt.verify(token);
      if (!claimsCheck.Check(claims)) throw unauthorized();
      return { claims, jwt };
    } catch (thrown) {
      if (codeOf(thrown) === "FAST_JWT_INVALID_SIGNATURE") continue;
      if (codeOf(thrown) === "FAST_JWT_EXPIRED") {
        throw new JobcastError("token_expired", "The token has expired", { cause: thrown });
      }
      throw unauthorized(thrown);
    }
  }
  throw unauthorized();
}

const unauthorized = (cause?: unknown) =>
  new JobcastError("unauthorized", "The token is not valid", { cause });

const codeOf = (thrown: unknown): unknown =>
  thrown instanceof Error && "code" in thrown ? thrown.code : undefined;

const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** Only what is not `undefined`: an option that is there without a value counts as given. */
function present<T extends Record<string, string | undefined>>(
  fields: T,
): { [K in keyof T]?: string } {
  const given: { [K in keyof T]?: string } = {};
  for (const name in fields) if (fields[name] !== undefined) given[name] = fields[name];
  return given;
}
