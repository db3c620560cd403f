import { describe, expect, test } from "vitest";
import { toClusterTarget, toSentinelTarget } from "../../../src/redis/target.ts";

describe("a Redis with several servers", () => {
  test("is a cluster whose nodes share the login of the first one named", () => {
    expect(toClusterTarget(["rediss://jobcast:p%40ss@one:7000", "two", "[::1]:7001"])).toEqual({
      kind: "cluster",
      nodes: [
        { host: "one", port: 7000, username: "jobcast", password: "p@ss", tls: {} },
        { host: "two", port: 6379 },
        { host: "::1", port: 7001 },
      ],
      login: { username: "jobcast", password: "p@ss", tls: {} },
    });
  });

  test("is known to sentinels, which have a login of their own, by a name", () => {
    expect(toSentinelTarget(["redis://:one@a", "b:5000"], "redis://:two@My-Master")).toEqual({
      kind: "sentinel",
      sentinels: [
        { host: "a", port: 26379, password: "one" },
        { host: "b", port: 5000 },
      ],
      name: "My-Master",
      login: { password: "two" },
    });
    expect(toSentinelTarget(["a"], "main")).toMatchObject({ name: "main", login: {} });
  });
});
