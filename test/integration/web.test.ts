import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { test as base } from "../support/http.ts";

const SCRIPT = "console.log('page');\n".repeat(200);
const PAGE = `<!doctype html><meta property="csp-nonce" nonce="%CSP_NONCE%"><meta name="jobcast-dev" content="%JOBCAST_DEV%">`;

/** `web` builds the HTTP side over `page`, a folder of the test's own. */
const test = base
  .extend("page", async ({ parts: { root } }) => {
    const webFolder = join(root, "page");
    await mkdir(join(webFolder, "assets"), { recursive: true });
    await writeFile(join(root, "secret.txt"), "secret");
    await writeFile(join(webFolder, "index.html"), PAGE);
    const script = join(webFolder, "assets", "page-1a2b.js");
    await writeFile(script, SCRIPT);
    await writeFile(`${script}.br`, brotliCompressSync(SCRIPT));
    await writeFile(`${script}.gz`, gzipSync(SCRIPT));
    await writeFile(join(webFolder, "assets", "small-3c4d.css"), "a{}");
    return webFolder;
  })
  .extend(
    "web",
    ({ http, page }) =>
      async (env: Record<string, string> = {}) =>
        (await http({ webFolder: page, env })).app,
  );

const nonceOf = (policy: unknown) => /'nonce-([^']+)'/.exec(String(policy))?.[1];

describe("the page", () => {
  test.for(["/", "/jobs/some-job"])("stands at %s, for everyone", async (url, { web }) => {
    const answer = await (await web()).inject({ url });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "request-id": expect.any(String),
    });
  });

  test("may load what is its own and nothing else", async ({ web }) => {
    const answer = await (await web()).inject({ url: "/" });
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy.replace(/'nonce-[^']+'/, "'nonce'")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self' 'nonce'; img-src 'self' blob: data:; media-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });

  test("may load results from the address that links are made absolute by", async ({ web }) => {
    const app = await web({ PUBLIC_URL: "https://jobs.example.com/under" });
    const policy = String((await app.inject({ url: "/" })).headers["content-security-policy"]);
    for (const kind of ["img-src", "media-src", "connect-src"])
      expect(policy).toContain(`${kind} 'self' https://jobs.example.com`);
    expect(policy).toContain("script-src 'self';");
  });

  test("has a fresh nonce each time, in the policy and in the document", async ({ web }) => {
    const app = await web();
    const answers = [await app.inject({ url: "/" }), await app.inject({ url: "/" })];
    const nonces = answers.map(({ headers }) => nonceOf(headers["content-security-policy"]));
    expect(new Set(nonces).size).toBe(2);
    expect(answers.map(({ body }) => /nonce="([^"]+)"/.exec(body)?.[1])).toEqual(nonces);
  });

  test("knows whether tokens can be had for the asking", async ({ web }) => {
    const inDevelopment = await (await web()).inject({ url: "/" });
    expect(inDevelopment.body).toContain('name="jobcast-dev" content="yes"');
    const env = {
      NODE_ENV: "production",
      JWT_SECRET: "y".repeat(32),
      SIGNING_SECRET: "z".repeat(32),
    };
    const inProduction = await (await web(env)).inject({ url: "/" });
    expect(inProduction.body).toContain('name="jobcast-dev" content="no"');
  });

  test("answers HEAD as GET without the document", async ({ web }) => {
    const answer = await (await web()).inject({ method: "HEAD", url: "/" });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe("");
    expect(nonceOf(answer.headers["content-security-policy"])).toBeDefined();
  });

  test("says how to build it where it is not built", async ({ http }) => {
    const { app } = await http();
    const answer = await app.inject({ url: "/" });
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.json()).toMatchObject({
      status: 404,
      code: "not_found",
      detail: expect.stringContaining("npm start"),
    });
  });

  test("is given out as soon as it is built", async ({ http, parts: { root } }) => {
    const webFolder = join(root, "later");
    const { app } = await http({ webFolder });
    expect((await app.inject({ url: "/" })).statusCode).toBe(404);
    await mkdir(webFolder);
    await writeFile(join(webFolder, "index.html"), PAGE);
    expect((await app.inject({ url: "/" })).statusCode).toBe(200);
  });

  test("is no part of the API's description", async ({ web }) => {
    const { paths } = (await (await web()).inject({ url: "/openapi.json" })).json();
    const ofPage = Object.keys(paths).filter((path) => !path.startsWith("/api"));
    expect(ofPage).not.toEqual(expect.arrayContaining([expect.stringMatching(/assets/)]));
    expect(paths).not.toHaveProperty("/");
    expect(paths).not.toHaveProperty("/jobs/{jobId}");
  });
});

describe("a file of the page", () => {
  const url = "/assets/page-1a2b.js";

  test("is kept by browsers for good, since its name says what is in it", async ({ web }) => {
    const answer = await (await web()).inject({ url });
    expect(answer.body).toBe(SCRIPT);
    expect(answer.headers).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-type": expect.stringContaining("javascript"),
      "x-content-type-options": "nosniff",
    });
  });

  test.for([
    ["br", "gzip, br", brotliDecompressSync],
    ["gzip", "gzip", gunzipSync],
  ] as const)("comes as %s to whoever takes it", async ([encoding, accepted, unpack], { web }) => {
    const headers = { "accept-encoding": accepted };
    const answer = await (await web()).inject({ url, headers });
    expect(answer.headers).toMatchObject({
      "content-encoding": encoding,
      "content-type": expect.stringContaining("javascript"),
      vary: expect.stringMatching(/accept-encoding/i),
    });
    expect(unpack(answer.rawPayload).toString()).toBe(SCRIPT);
  });

  test("comes as it is where nothing smaller was made", async ({ web }) => {
    const headers = { "accept-encoding": "br" };
    const answer = await (await web()).inject({ url: "/assets/small-3c4d.css", headers });
    expect(answer.body).toBe("a{}");
    expect(answer.headers).not.toHaveProperty("content-encoding");
  });

  test.for([
    "/assets/none-5e6f.js",
    "/assets/",
    "/assets/.built-from",
    "/assets/page-1a2b.js%00",
    "/index.html",
    "/nothing",
  ])("is a problem like any other when there is none: %s", async (missing, { web }) => {
    const answer = await (await web()).inject({ url: missing });
    expect(answer.json()).toMatchObject({ status: 404, code: "not_found" });
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  // As they are: `inject` and `fetch` would shorten them.
  test.for([
    "/assets/../../secret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/assets/%2e%2e/%2e%2e/secret.txt",
    "/assets/..%2findex.html",
    "/assets/..",
    "/assets/..%5cindex.html",
  ])("leads nowhere else: %s", async (path, { http, page }) => {
    const address = new URL(await (await http({ webFolder: page })).listen());
    const [answer] = await once(
      request({ host: address.hostname, port: address.port, path }).end(),
      "response",
    );
    expect(answer.statusCode).toBe(404);
    expect(await text(answer)).toContain('"code":"not_found"');
  });
});
