import { createHmac, createSign, generateKeyPairSync, randomBytes } from "node:crypto";
import Fastify from "fastify";
import { describe, expect, test } from "vitest";
import { createTokens, type TokensOptions } from "../../src/gateway/auth/tokens.ts";

const jwtKey = randomBytes(32);
const oldKey = randomBytes(32);
const signingKey = randomBytes(32);
const now = () => Math.floor(Date.now() / 1000);

const create = (options: Partial<TokensOptions> = {}) =>
  createTokens(Fastify(), { jwtKeys: [jwtKey, oldKey], signingKey, ...options });

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** Made by hand, so that it can be made wrong. */
function sign(
  claims: object,
  { key = jwtKey, alg = "HS256" }: { key?: Buffer; alg?: string } = {},
) {
  const input = `${encode({ alg, typ: "JWT" })}.${encode(claims)}`;
  return `${input}.${createHmac(alg === "HS512" ? "sha512" : "sha256", key)
    .update(input)
    .digest("base64url")}`;
}

const refused = (code: string) => expect.objectContaining({ name: "JobcastError", code });

describe("a token", () => {
  test("tells who calls and what that one may do", async () => {
    const { verifyToken } = await create();
    const exp = now() + 60;
    const claims = {
      sub: "42",
      exp,
      roles: ["admin", "editor"],
      groups: ["a", "a"],
      plan: "premium",
      other: 1,
    };
    expect(await verifyToken(sign(claims))).toEqual({
      userId: "42",
      isAdmin: true,
      isService: false,
      groups: ["a", "admins"],
      isPremium: true,
      onlyJob: undefined,
      onlyEvents: false,
      expiresAt: exp * 1000,
    });
  });

  test("signed with the older secret is good while rotating", async () => {
    const { verifyToken } = await create();
    const token = sign({ sub: "42", exp: now() + 60 }, { key: oldKey });
    expect((await verifyToken(token)).userId).toBe("42");
  });

  test("cannot claim the group of the administrators", async () => {
    const { verifyToken } = await create();
    const caller = await verifyToken(sign({ sub: "42", exp: now() + 60, groups: ["admins", "b"] }));
    expect(caller).toMatchObject({ isAdmin: false, groups: ["b"] });
  });

  test("is good for 5 s after it ran out, and then expired", async () => {
    const { verifyToken } = await create();
    expect((await verifyToken(sign({ sub: "42", exp: now() - 3 }))).userId).toBe("42");
    await expect(verifyToken(sign({ sub: "42", exp: now() - 10 }))).rejects.toEqual(
      refused("token_expired"),
    );
  });

  test("that expired and was never good is not told that it expired", async () => {
    const { verifyToken } = await create();
    const forged = sign({ sub: "42", exp: now() - 10 }, { key: randomBytes(32) });
    await expect(verifyToken(forged)).rejects.toEqual(refused("unauthorized"));
  });

  test.for([
    ["nothing", ""],
    ["no token", "hello"],
    ["a forged one", sign({ sub: "42", exp: now() + 60 }, { key: randomBytes(32) })],
    [
      "one without a signature",
      `${encode({ alg: "none" })}.${encode({ sub: "42", exp: now() + 60 })}.`,
    ],
    ["one that says none and is signed", sign({ sub: "42", exp: now() + 60 }, { alg: "none" })],
    ["one of another algorithm", sign({ sub: "42", exp: now() + 60 }, { alg: "HS512" })],
    ["one without an expiry", sign({ sub: "42" })],
    ["one whose expiry is a text", sign({ sub: "42", exp: "never" })],
    ["one without a user", sign({ exp: now() + 60 })],
    ["one with an empty user", sign({ sub: "", exp: now() + 60 })],
    ["one whose user has a line break", sign({ sub: "4\n2", exp: now() + 60 })],
    ["one whose roles are no list", sign({ sub: "42", exp: now() + 60, roles: "admin" })],
    ["one for two jobs", sign({ sub: "42", exp: now() + 60, only: ["job:1", "job:2"] })],
    ["one for no job", sign({ sub: "42", exp: now() + 60, only: ["job:"] })],
    ["one that is not good yet", sign({ sub: "42", exp: now() + 60, nbf: now() + 30 })],
    ["one as long as a book", sign({ sub: "42", exp: now() + 60, x: "x".repeat(10_000) })],
    [
      "one for administrators with the key of the links",
      sign({ sub: "42", exp: now() + 60, roles: ["admin"] }, { key: signingKey }),
    ],
  ] as const)("that is %s is refused", async ([, token]) => {
    const { verifyToken } = await create();
    await expect(verifyToken(token)).rejects.toEqual(refused("unauthorized"));
  });

  test("signed with a private key is refused, the secret being its public one", async () => {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const input = `${encode({ alg: "RS256" })}.${encode({ sub: "42", exp: now() + 60 })}`;
    const token = `${input}.${createSign("sha256").update(input).sign(pair.privateKey, "base64url")}`;
    const { verifyToken } = await create();
    await expect(verifyToken(token)).rejects.toEqual(refused("unauthorized"));
  });

  test("of another issuer or for another audience is refused where these are set", async () => {
    const { verifyToken, signDevToken } = await create({
      issuer: "https://id.example",
      audience: "jobcast",
    });
    const claims = { sub: "42", exp: now() + 60, iss: "https://id.example", aud: ["jobcast", "x"] };
    expect((await verifyToken(sign(claims))).userId).toBe("42");
    expect((await verifyToken(signDevToken({ sub: "7" }))).userId).toBe("7");
    for (const wrong of [
      { iss: "https://evil.example" },
      { aud: "x" },
      { iss: undefined },
      { aud: undefined },
    ]) {
      await expect(verifyToken(sign({ ...claims, ...wrong }))).rejects.toEqual(
        refused("unauthorized"),
      );
    }
  });

  test("made for a job is good for that job", async () => {
    const { verifyToken, signJobToken } = await create({ issuer: "https://id.example" });
    const { token, expiresAt } = signJobToken({ jobId: "j1", userId: "42", ttlSeconds: 60 });
    const caller = await verifyToken(token);
    expect(caller).toMatchObject({ userId: "42", onlyJob: "j1", isAdmin: false, groups: [] });
    expect(new Date(caller.expiresAt).toISOString()).toBe(expiresAt);
  });
});
