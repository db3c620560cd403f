import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { toS3Options } from "../../src/storage/open-store.ts";

const load = (env: Record<string, string>) => loadConfig({ JWT_SECRET: "x".repeat(32), ...env });

describe("the address of a bucket", () => {
  test("names it, and where it is", () => {
    const config = load({
      STORAGE_URL: "s3://my-bucket/below/this?endpoint=http://127.0.0.1:9000&region=eu-central-1",
      AWS_ACCESS_KEY_ID: "key",
      AWS_SECRET_ACCESS_KEY: "secret",
    });
    expect(toS3Options(config)).toEqual({
      bucket: "my-bucket",
      prefix: "below/this/",
      endpoint: "http://127.0.0.1:9000",
      region: "eu-central-1",
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    });
  });

  test("is enough by itself, with what the machine was given", () => {
    expect(toS3Options(load({ STORAGE_URL: "s3://my-bucket" }))).toEqual({
      bucket: "my-bucket",
      prefix: "",
      endpoint: undefined,
      region: undefined,
      credentials: undefined,
    });
  });

  test.for([
    [{ STORAGE_URL: "s3://" }, "STORAGE_URL"],
    [{ STORAGE_URL: "s3://My_Bucket" }, "STORAGE_URL"],
    [{ STORAGE_URL: "http://bucket" }, "STORAGE_URL"],
    [{ AWS_ACCESS_KEY_ID: "key" }, "AWS_SECRET_ACCESS_KEY is missing"],
    [{ AWS_SECRET_ACCESS_KEY: "secret" }, "AWS_ACCESS_KEY_ID is missing"],
  ] as const)("is refused as %j", ([env, problem]) => {
    expect(() => load(env)).toThrow(problem);
  });
});
