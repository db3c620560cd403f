import { describe, expect } from "vitest";
import { createLinks } from "../../src/storage/signed-links.ts";
import { test, type TestHttp } from "../support/http.ts";

async function put({ deps }: TestHttp, key = "results/1/cat.webp", content = "0123456789") {
  await deps.store.put(key, Buffer.from(content));
  return deps.links.sign(key).url;
}

describe("a file", () => {
  test("is read with a link and no token", async ({ http }) => {
    const gateway = await http();
    const url = await put(gateway);
    const answer = await gateway.app.inject({ url });
    expect(answer).toMatchObject({ statusCode: 200, body: "0123456789" });
    expect(answer.headers).toMatchObject({
      "content-type": "image/webp",
      "content-length": "10",
      "content-disposition": 'inline; filename="cat.webp"',
      "cache-control": expect.stringMatching(/^private/),
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "accept-ranges": "bytes",
    });
  });

  test("is described without its content", async ({ http }) => {
    const gateway = await http();
    const url = await put(gateway);
    const answer = await gateway.app.inject({ method: "HEAD", url });
    expect(answer).toMatchObject({ statusCode: 200, body: "" });
    expect(answer.headers["content-length"]).toBe("10");
  });

  test.for([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=8-", 206, "89", "bytes 8-9/10"],
    ["bytes=0-1,3-4", 200, "0123456789", undefined],
  ] as const)("is read in part: %s", async ([range, statusCode, body, contentRange], { http }) => {
    const gateway = await http();
    const url = await put(gateway);
    const answer = await gateway.app.inject({ url, headers: { range } });
    expect(answer).toMatchObject({ statusCode, body });
    expect(answer.headers["content-range"]).toBe(contentRange);
    expect(answer.headers["content-length"]).toBe(String(body.length));
  });

  test("has no part behind its end", async ({ http }) => {
    const gateway = await http();
    const url = await put(gateway);
    const answer = await gateway.app.inject({ url, headers: { range: "bytes=10-" } });
    expect(answer.json()).toMatchObject({ status: 416, code: "invalid" });
    expect(answer.headers["content-range"]).toBe("bytes */10");
    expect(answer.headers["content-disposition"]).toBeUndefined();
  });

  test("is not sent again to who has it, and in part only to who has this one", async ({
    http,
  }) => {
    const gateway = await http();
    const { app } = gateway;
    const url = await put(gateway);
    const etag = String((await app.inject({ url })).headers["etag"]);
    const same = await app.inject({ url, headers: { "if-none-match": etag } });
    expect(same).toMatchObject({ statusCode: 304, body: "" });
    const rest = await app.inject({ url, headers: { range: "bytes=5-", "if-range": etag } });
    expect(rest).toMatchObject({ statusCode: 206, body: "56789" });
    const whole = await app.inject({ url, headers: { range: "bytes=5-", "if-range": '"old"' } });
    expect(whole).toMatchObject({ statusCode: 200, body: "0123456789" });
  });

  test("that is empty is sent as such", async ({ http }) => {
    const gateway = await http();
    const url = await put(gateway, "results/1/empty.txt", "");
    const answer = await gateway.app.inject({ url });
    expect(answer).toMatchObject({ statusCode: 200, body: "" });
    expect(answer.headers["content-length"]).toBe("0");
  });

  test.for([
    ["page.html", "text/html; charset=utf-8", "attachment"],
    ["drawing.svg", "image/svg+xml", "attachment"],
    ["data.json", "application/json", "attachment"],
    ["program.exe", "application/octet-stream", "attachment"],
    ["nameless", "application/octet-stream", "attachment"],
    ["report.PDF", "application/pdf", "inline"],
    ["notes.txt", "text/plain; charset=utf-8", "inline"],
    ["talk.mp3", "audio/mpeg", "inline"],
    ["film.mp4", "video/mp4", "inline"],
  ] as const)("named %s is %s, %s", async ([name, contentType, disposition], { http }) => {
    const gateway = await http();
    const url = await put(gateway, `results/1/${name}`);
    const { headers } = await gateway.app.inject({ url });
    expect(headers["content-type"]).toBe(contentType);
    expect(headers["content-disposition"]).toBe(`${disposition}; filename="${name}"`);
  });

  test("is kept from who has no link, or one that is changed, of another file, or old", async ({
    http,
  }) => {
    const gateway = await http();
    const { app, deps, bearer } = gateway;
    const url = await put(gateway);
    const other = await put(gateway, "results/2/dog.webp");
    const { searchParams } = new URL(other, "http://a");
    const links = [
      "/api/files/results/1/cat.webp",
      url.replace(/signature=./, "signature=_"),
      url.replace(/expires=\d/, "expires=9"),
      `/api/files/results/1/cat.webp?${searchParams.toString()}`,
      `${url}&signature=x`,
    ];
    for (const link of links) {
      const answer = await app.inject({ url: link, headers: bearer("42", { roles: ["admin"] }) });
      expect(answer.statusCode).toBeGreaterThanOrEqual(400);
      expect(answer.statusCode).toBeLessThan(404);
    }
    const yesterday = Date.now() - 86_400_000;
    const { signingKey } = deps.secrets;
    const old = createLinks({ signingKey, ttlSeconds: 60, now: () => yesterday }).sign(
      "results/1/cat.webp",
    );
    expect((await app.inject({ url: old.url })).json()).toMatchObject({
      status: 410,
      code: "link_expired",
    });
    const gone = deps.links.sign("results/1/gone.webp");
    expect((await app.inject({ url: gone.url })).json()).toMatchObject({ status: 404 });
  });

  test.for([
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "results/..%5c..%5cx",
    "%00",
    ".tmp/x",
    "",
  ])("outside the store is not there: %s", async (key, { http }) => {
    const { app, deps } = await http();
    const { searchParams } = new URL(deps.links.sign(decodeURIComponent(key)).url, "http://a");
    const answer = await app.inject({ url: `/api/files/${key}?${searchParams.toString()}` });
    expect([400, 403, 404]).toContain(answer.statusCode);
  });
});
