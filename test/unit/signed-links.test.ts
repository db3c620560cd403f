import { describe, expect, test } from "vitest";
import { createLinks } from "../../src/storage/signed-links.ts";

const NOW = Date.parse("2026-11-20T12:00:00.500Z");
const KEY = "jobs/1/2/preview.webp";

const linksAt = (now: number, signingKey = "a key") =>
  createLinks({ signingKey, ttlSeconds: 60, now: () => now });

function signed(now = NOW) {
  const { searchParams, pathname } = new URL(linksAt(now).sign(KEY).url, "http://localhost");
  return {
    pathname,
    expires: searchParams.get("expires") ?? "",
    signature: searchParams.get("signature") ?? "",
  };
}

describe("a signed link", () => {
  test("names the file, when it ends, and is relative without a public address", () => {
    const { url, expiresAt } = linksAt(NOW).sign("jobs/1/a b.webp");
    expect(url).toMatch(
      /^\/api\/files\/jobs\/1\/a%20b\.webp\?expires=1795176060&signature=[\w-]{43}$/,
    );
    expect(expiresAt).toBe("2026-11-20T12:01:00.000Z");
  });

  test("is absolute with a public address", () => {
    const links = createLinks({
      signingKey: "a key",
      publicUrl: "https://jobs.example/",
      ttlSeconds: 60,
    });
    expect(links.sign(KEY).url).toMatch(
      /^https:\/\/jobs\.example\/api\/files\/jobs\/1\/2\/preview\.webp\?/,
    );
  });

  test("is good for GET and HEAD until it expires", () => {
    const { expires, signature } = signed();
    for (const method of ["GET", "HEAD"]) {
      expect(() => linksAt(NOW + 59_000).verify(method, KEY, expires, signature)).not.toThrow();
    }
    expect(() => linksAt(NOW + 60_000).verify("GET", KEY, expires, signature)).toThrow(
      expect.objectContaining({ code: "link_expired" }),
    );
  });

  test("is good for no other method, file, expiry, signature or installation", () => {
    const { expires, signature } = signed();
    const later = String(Number(expires) + 1);
    const refused = expect.objectContaining({ code: "link_invalid" });

    expect(() => linksAt(NOW).verify("DELETE", KEY, expires, signature)).toThrow(refused);
    expect(() => linksAt(NOW).verify("GET", "jobs/1/2/other.webp", expires, signature)).toThrow(
      refused,
    );
    expect(() => linksAt(NOW).verify("GET", KEY, later, signature)).toThrow(refused);
    expect(() => linksAt(NOW).verify("GET", KEY, expires, signature.slice(1))).toThrow(refused);
    expect(() => linksAt(NOW).verify("GET", KEY, undefined, undefined)).toThrow(refused);
    expect(() => linksAt(NOW, "another key").verify("GET", KEY, expires, signature)).toThrow(
      refused,
    );
  });
});
