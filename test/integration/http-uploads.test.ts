import { createHash } from "node:crypto";
import { request } from "node:http";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, vi } from "vitest";
import type { Store } from "../../src/storage/store.ts";
import { test, type TestHttp } from "../support/http.ts";

type Part = readonly [field: string, content: string | Blob, fileName?: string];

function form(...parts: Part[]): FormData {
  const data = new FormData();
  for (const [field, content, fileName] of parts) {
    if (typeof content === "string") data.append(field, content);
    else data.append(field, content, fileName);
  }
  return data;
}

const picture = new Blob(["a picture"], { type: "image/jpeg" });
const file = (name = "cat.jpg"): Part => ["file", picture, name];

async function upload({ bearer, listen }: TestHttp, body: FormData, headers: object = {}) {
  const address = await listen();
  return () =>
    fetch(`${address}/api/jobs`, {
      method: "POST",
      headers: { ...bearer("42"), ...headers },
      body,
    });
}

describe("an upload", () => {
  test.for([
    ["first", [file(), ["type", "image"], ["metadata", '{"a": "b"}']]],
    ["last", [["type", "image"], ["metadata", '{"a": "b"}'], file()]],
  ] as const)("makes a job of its file, which may stand %s", async ([, parts], { http }) => {
    const gateway = await http();
    const { deps, files } = gateway;
    const post = await upload(gateway, form(...parts));
    const answer = await post();
    expect(answer.status).toBe(201);
    const job = await answer.json();
    expect(job).toMatchObject({
      type: "image",
      metadata: { a: "b" },
      input: { name: "cat.jpg", bytes: 9, contentType: "image/jpeg" },
    });
    const [key = ""] = await files();
    expect(key).toMatch(/^uploads\/[\w-]{36}\/cat\.jpg$/);
    expect(await deps.store.open(key).then(async (stream) => String(await stream.toArray()))).toBe(
      "a picture",
    );
  });

  test("that the store has no room for is no fault of the client's", async ({ http, parts }) => {
    const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    const put: Store["put"] = async (key, content) => {
      const disk = new Writable({ write: (_chunk, _encoding, done) => done(full) });
      await pipeline(content, disk);
      return { key, bytes: 0 };
    };
    const gateway = await http({ store: { ...parts.store, put } });
    const large = new Blob([new Uint8Array(300_000)], { type: "image/jpeg" });
    const post = await upload(gateway, form(["type", "image"], ["file", large, "cat.jpg"]));
    const answer = await post();
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ code: "internal" });
    expect(gateway.logged.join()).toContain("ENOSPC");
  });

  test("takes the types of its other fields from the contract", async ({ http }) => {
    const gateway = await http();
    const options = JSON.stringify({ variants: [{ name: "thumb", width: 10 }] });
    const post = await upload(
      gateway,
      form(
        ["type", "image"],
        ["delay", "1000"],
        ["notify", "false"],
        ["lane", "large"],
        ["options", options],
        file(),
      ),
    );
    expect(await post().then((answer) => answer.json())).toMatchObject({
      status: "queued",
      lane: "large",
    });
  });

  test.for([
    ["no file", [["type", "image"]], 400, "invalid"],
    ["no type", [file()], 400, "invalid"],
    ["two files", [["type", "image"], file(), file("dog.jpg")], 400, "invalid"],
    [
      "a file without a name",
      [
        ["type", "image"],
        ["file", "text"],
      ],
      400,
      "invalid",
    ],
    [
      "a file whose name is empty",
      [
        ["type", "image"],
        ["file", new Blob([]), ""],
      ],
      400,
      "invalid",
    ],
    [
      "a file of another name",
      [
        ["type", "image"],
        ["picture", picture, "cat.jpg"],
      ],
      400,
      "invalid",
    ],
    ["a field twice", [["type", "image"], ["type", "image"], file()], 400, "invalid"],
    ["a field that is not known", [["type", "image"], file(), ["x", "1"]], 400, "invalid"],
    ["an input beside the file", [["type", "image"], ["input", "{}"], file()], 400, "invalid"],
    ["metadata that is no JSON", [["type", "image"], ["metadata", "a=b"], file()], 400, "invalid"],
    [
      "a prototype in its metadata",
      [["type", "image"], ["metadata", '{"__proto__": "b"}'], file()],
      400,
      "invalid",
    ],
    ["a prototype as field", [["type", "image"], ["__proto__", "x"], file()], 400, "invalid"],
    ["a type that is not known", [["type", "nope"], file()], 400, "invalid"],
    ["another user's name", [["type", "image"], ["userId", "7"], file()], 403, "forbidden"],
    ["a delay in words", [["type", "image"], ["delay", "soon"], file()], 400, "invalid"],
    [
      "a field that is too large",
      [["type", "image"], ["caseId", "x".repeat(100_000)], file()],
      413,
      "too_large",
    ],
    [
      "a hundred fields",
      [...Array.from({ length: 100 }, (_, i): Part => [`f${i}`, "x"]), file()],
      413,
      "too_large",
    ],
    [
      "a file that is too large",
      [
        ["type", "image"],
        ["file", new Blob(["x".repeat(2000)]), "cat.jpg"],
      ],
      413,
      "too_large",
    ],
  ] as const)(
    "with %s is refused, and leaves nothing",
    async ([, parts, status, code], { http }) => {
      const gateway = await http({ env: { UPLOAD_MAX_BYTES: "1000" } });
      const { app, bearer, files, logged } = gateway;
      const post = await upload(gateway, form(...parts));
      const answer = await post();
      expect(await answer.json()).toMatchObject({ status, code });
      expect(await files()).toEqual([]);
      const list = await app.inject({ url: "/api/jobs", headers: bearer("42") });
      expect(list.json()).toMatchObject({ items: [] });
      expect(logged.filter((line) => line.includes('"level":50'))).toEqual([]);
    },
  );

  test("far above the limit is refused before it is sent", async ({ http }) => {
    const { listen, bearer } = await http({ env: { UPLOAD_MAX_BYTES: "1000" } });
    const address = await listen();
    const headers = {
      ...bearer("42"),
      "content-type": "multipart/form-data; boundary=b",
      "content-length": 1e10,
    };
    const sent = request(`${address}/api/jobs`, { method: "POST", headers });
    sent.flushHeaders();
    const status = await new Promise((resolve) =>
      sent.once("response", (answer) => resolve(answer.statusCode)),
    );
    sent.destroy();
    expect(status).toBe(413);
  });

  test.for([
    ["without a boundary", "multipart/form-data", "x"],
    [
      "that ends in the middle",
      "multipart/form-data; boundary=b",
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nabc',
    ],
    ["that is none", "multipart/form-data; boundary=b", "hello"],
    ["that is empty", "multipart/form-data; boundary=b", ""],
  ] as const)("%s is refused, and leaves nothing", async ([, contentType, payload], { http }) => {
    const { app, bearer, files, logged } = await http();
    const headers = { ...bearer("42"), "content-type": contentType };
    const answer = await app.inject({ method: "POST", url: "/api/jobs", headers, payload });
    expect(answer.json()).toMatchObject({ status: 400, code: "invalid" });
    expect(await files()).toEqual([]);
    expect(logged.filter((line) => line.includes('"level":50'))).toEqual([]);
  });

  test("whose sender goes away leaves nothing", async ({ http }) => {
    const { listen, bearer, files, logged } = await http();
    const address = await listen();
    const headers = {
      ...bearer("42"),
      "content-type": "multipart/form-data; boundary=b",
      "content-length": 1e6,
    };
    const sent = request(`${address}/api/jobs`, { method: "POST", headers });
    sent.on("error", () => undefined);
    sent.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n');
    sent.write("x".repeat(100_000));
    await vi.waitFor(async () => expect(await files()).toHaveLength(1));
    sent.destroy();
    await vi.waitFor(async () => expect(await files()).toEqual([]));
    expect(logged.filter((line) => line.includes('"level":50'))).toEqual([]);
  });

  test("has a safe name in the store, whatever it is called", async ({ http }) => {
    const gateway = await http();
    const name = "..\u00dcber/../\u4f60 cat.JPG";
    const post = await upload(gateway, form(["type", "image"], file(name)));
    expect((await post()).status).toBe(201);
    expect(await gateway.files()).toEqual([
      expect.stringMatching(/^uploads\/[\w-]{36}\/[A-Za-z0-9_-][\w.-]*\.JPG$/),
    ]);
  });

  test("repeated with its key is kept once, and another file with that key is refused", async ({
    http,
  }) => {
    const gateway = await http();
    const key = { "idempotency-key": createHash("sha256").update("k").digest("hex") };
    const post = await upload(gateway, form(["type", "image"], file()), key);
    const first = await post();
    const again = await post();
    expect(await again.json()).toEqual(await first.json());
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(await gateway.files()).toHaveLength(1);

    const other = form(["type", "image"], ["file", new Blob(["another"]), "cat.jpg"]);
    const address = first.url;
    const headers = { ...gateway.bearer("42"), ...key };
    const mismatch = await fetch(address, { method: "POST", headers, body: other });
    expect(await mismatch.json()).toMatchObject({ status: 409, code: "idempotency_mismatch" });
    expect(await gateway.files()).toHaveLength(1);
  });

  test("stays in the store when nobody knows whether its job was made", async ({ http, parts }) => {
    const gateway = await http({
      jobs: { ...parts.jobs, submit: () => Promise.reject(new Error("the link broke")) },
    });
    const post = await upload(gateway, form(["type", "image"], file()));
    expect((await post()).status).toBe(500);
    expect(await gateway.files()).toHaveLength(1);
  });
});
