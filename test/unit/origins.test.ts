import { describe, expect, test } from "vitest";
import { createOriginCheck } from "../../src/gateway/auth/origins.ts";

const isAllowed = createOriginCheck({
  allowed: ["https://app.example.com", "http://localhost:*"],
  publicUrl: "https://jobs.example.com/base",
});

describe("an origin", () => {
  test.for([
    [undefined, "a client that is no page"],
    ["https://app.example.com", "one that is named"],
    ["http://localhost:5173", "any port where any is named"],
    ["http://localhost", "the usual port where any is named"],
    ["https://jobs.example.com", "the public address"],
    ["http://10.0.0.1:3000", "the same host"],
  ] as const)("of %s is let in: %s", ([origin]) => {
    expect(isAllowed(origin, "10.0.0.1:3000")).toBe(true);
  });

  test.for([
    "https://evil.example.com",
    "http://app.example.com",
    "https://app.example.com.evil.example",
    "https://app.example.com:8443",
    "http://localhost.evil.example",
    "http://localhost:80.evil.example",
    "http://10.0.0.1",
    "null",
    "",
  ])("of %s is not", (origin) => {
    expect(isAllowed(origin, "10.0.0.1:3000")).toBe(false);
    expect(isAllowed(origin, undefined)).toBe(false);
  });

  test("may be any, where that is said", () => {
    expect(createOriginCheck({ allowed: ["*"] })("https://a.example", "b")).toBe(true);
  });
});
