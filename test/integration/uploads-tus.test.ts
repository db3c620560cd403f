import { describe, expect, vi } from "vitest";
import { createUploads } from "../../src/jobs/uploads/uploads.ts";
import { test as base, type TestHttp } from "../support/http.ts";
import {
  create,
  head,
  makeFile,
  OCTETS,
  openPatch,
  patch,
  sha256Of,
  type Source,
  storedSha256,
  TUS,
  upload,
} from "../support/tus.ts";

const MEGABYTE = 1024 * 1024;

/** Two gateways on one Redis and one folder. */
const test = base
  .extend("nodes", async ({ http }) => {
    const nodes = [await http(), await http()] as const;
    const urls = [await nodes[0].listen(), await nodes[1].listen()] as const;
    return {
      a: { ...nodes[0], url: urls[0], endpoint: `${urls[0]}/api/uploads` },
      b: { ...nodes[1], url: urls[1], endpoint: `${urls[1]}/api/uploads` },
    };
  })
  .extend(
    "make",
    async ({ parts }) =>
      (bytes: number): Promise<Source> =>
        makeFile(parts.root, bytes),
  );

const keyOf = async ({ deps }: TestHttp, sub: string, uploadId: string): Promise<string> =>
  (await deps.uploads.use(uploadId, callerOf(sub))).key;

const callerOf = (userId: string) => ({
  userId,
  isAdmin: false,
  isService: false,
  groups: [],
  isPremium: false,
  onlyJob: undefined,
  onlyEvents: false,
  expiresAt: Number.MAX_SAFE_INTEGER,
});

describe("a resumable upload", () => {
  test("arrives whole, and is a job's input by its id", async ({ nodes: { a }, make }) => {
    const source = await make(5 * MEGABYTE);
    const { uploadId } = await upload(source, {
      endpoint: a.endpoint,
      headers: a.bearer("42"),
      metadata: { filename: "Größe ✓.jpg", filetype: "image/jpeg" },
    });
    expect(await storedSha256(a.deps.store, await keyOf(a, "42", uploadId))).toBe(source.sha256);

    const job = await a.app.inject({
      method: "POST",
      url: "/api/jobs",
      headers: a.bearer("42"),
      payload: { type: "image", input: { uploadId } },
    });
    expect(job.statusCode).toBe(201);
    expect(job.json()).toMatchObject({
      lane: "large",
      input: { name: "Größe ✓.jpg", bytes: source.bytes, contentType: "image/jpeg" },
    });
  });

  test.for([
    { uploadDataDuringCreation: true },
    { overridePatchMethod: true },
    { chunkSize: MEGABYTE },
  ])("takes %j of the stock client", async (options, { nodes: { a }, make }) => {
    const source = await make(3 * MEGABYTE);
    const { uploadId } = await upload(source, {
      endpoint: a.endpoint,
      headers: a.bearer("42"),
      ...options,
    });
    expect(await storedSha256(a.deps.store, await keyOf(a, "42", uploadId))).toBe(source.sha256);
  });

  test("goes on at another node where it was broken off", async ({ nodes: { a, b }, make }) => {
    const source = await make(20 * MEGABYTE);
    const broken = await upload(source, {
      endpoint: a.endpoint,
      headers: a.bearer("42"),
      chunkSize: MEGABYTE,
      stopAt: 10 * MEGABYTE,
    });
    const kept = await vi.waitFor(async () => {
      const state = await a.deps.uploads.find(broken.uploadId, callerOf("42"));
      expect(state.offset).toBeGreaterThan(0);
      return state.offset;
    });
    expect(kept).toBeLessThan(source.bytes);

    const resumedAt: number[] = [];
    const { uploadId } = await upload(source, {
      uploadUrl: `${b.endpoint}/${broken.uploadId}`,
      headers: b.bearer("42"),
      onProgress: (sent) => resumedAt.push(sent),
    });
    expect(uploadId).toBe(broken.uploadId);
    expect(resumedAt[0]).toBeGreaterThanOrEqual(kept);
    expect(await storedSha256(b.deps.store, await keyOf(b, "42", uploadId))).toBe(source.sha256);
  });

  test("tells how far it is, what it is called and until when it is kept", async ({
    nodes: { a },
  }) => {
    const metadata = `filename ${Buffer.from("a.jpg").toString("base64")},is_draft`;
    const bearer = a.bearer("42");
    const { url } = await create(a.url, 10, { ...bearer, "upload-metadata": metadata });
    const sent = await patch(url, 0, Buffer.from("hello"), bearer);
    expect(sent.status).toBe(204);
    expect(sent.headers.get("upload-offset")).toBe("5");
    const { headers, status } = await head(url, bearer);
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      "upload-offset": "5",
      "upload-length": "10",
      "upload-metadata": metadata,
      "tus-resumable": "1.0.0",
      "cache-control": "no-store",
    });
    const expires = Date.parse(headers.get("upload-expires") ?? "");
    expect(expires).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    expect(expires).toBeLessThan(Date.now() + 25 * 3_600_000);
  });

  test("of no bytes is finished when it is created", async ({ nodes: { a } }) => {
    const { uploadId, url } = await create(a.url, 0, a.bearer("42"));
    expect((await head(url, a.bearer("42"))).headers.get("upload-offset")).toBe("0");
    expect(await a.deps.store.head(await keyOf(a, "42", uploadId))).toMatchObject({ bytes: 0 });
  });

  test("is gone with its file when it is removed", async ({ nodes: { a, b } }) => {
    const bearer = a.bearer("42");
    for (const content of ["hello", "hel"]) {
      const { uploadId, url } = await create(a.url, 5, bearer);
      await patch(url, 0, Buffer.from(content), bearer);
      const removed = await fetch(`${b.endpoint}/${uploadId}`, {
        method: "DELETE",
        headers: { ...TUS, ...b.bearer("42") },
      });
      expect(removed.status).toBe(204);
      expect((await head(url, bearer)).status).toBe(404);
    }
    expect(await a.files()).toEqual([]);
  });

  test("has an absolute address when the service has one", async ({ http }) => {
    const node = await http({ env: { PUBLIC_URL: "https://jobs.example.com/cast/" } });
    const answer = await node.app.inject({
      method: "POST",
      url: "/api/uploads",
      headers: { ...TUS, ...node.bearer("42"), "upload-length": "3" },
    });
    expect(answer.headers.location).toMatch(
      /^https:\/\/jobs\.example\.com\/cast\/api\/uploads\/[\w-]{36}$/,
    );
  });

  test.for([
    ["../../etc/passwd", "passwd", "passwd"],
    ["..\\..\\boot.ini", "boot.ini", "boot.ini"],
    ["..", "..", "file"],
    ["/", "file", "file"],
    ["a\0b\n.jpg", "ab.jpg", "ab.jpg"],
    [".hidden", ".hidden", "hidden"],
    [`${"x".repeat(400)}.pdf`, "x".repeat(200), "x".repeat(100)],
  ] as const)(
    "called %j has no say in where its file is",
    async ([filename, name, stored], { nodes: { a } }) => {
      const encoded = Buffer.from(filename).toString("base64");
      const { uploadId } = await create(a.url, 0, {
        ...a.bearer("42"),
        "upload-metadata": `filename ${encoded}`,
      });
      expect(await a.deps.uploads.use(uploadId, callerOf("42"))).toMatchObject({
        name,
        key: `tus/${uploadId}/${stored}`,
      });
      expect(await a.files()).toEqual([`tus/${uploadId}/${stored}`]);
    },
  );
});

describe("an upload that several write", () => {
  test("is written by one of them, and mixes nothing", async ({ nodes: { a, b } }) => {
    const contents = Array.from({ length: 6 }, (_, i) => Buffer.alloc(4 * MEGABYTE, i + 1));
    const { uploadId } = await create(a.url, 4 * MEGABYTE, a.bearer("42"));
    const answers = await Promise.all(
      contents.map((content, i) => {
        const node = i % 2 === 0 ? a : b;
        return patch(`${node.endpoint}/${uploadId}`, 0, content, node.bearer("42"));
      }),
    );
    const won = answers.map(({ status }) => status === 204);
    expect(won.filter(Boolean)).toHaveLength(1);
    for (const { status } of answers) expect([204, 409]).toContain(status);
    const sha256 = await storedSha256(a.deps.store, await keyOf(a, "42", uploadId));
    expect(sha256).toBe(sha256Of(contents[won.indexOf(true)] ?? Buffer.alloc(0)));
  });

  test("is let go soon by whoever has stalled, and loses nothing of theirs", async ({
    nodes: { a, b },
  }) => {
    const content = Buffer.from("abcdefghij");
    const { uploadId, url } = await create(a.url, 10, a.bearer("42"));
    const stalled = openPatch(url, 0, 10, a.bearer("42"));
    stalled.sent.write(content.subarray(0, 4));
    const at = `${b.endpoint}/${uploadId}`;
    await vi.waitFor(async () =>
      expect((await head(at, b.bearer("42"))).headers.get("upload-offset")).toBe("4"),
    );

    const begun = Date.now();
    const rest = await patch(at, 4, content.subarray(4), b.bearer("42"));
    expect(rest.status).toBe(204);
    expect(Date.now() - begun).toBeLessThan(5000);
    expect(await stalled.answer).toBe(409);
    stalled.sent.destroy();
    const key = await keyOf(b, "42", uploadId);
    expect(await storedSha256(b.deps.store, key)).toBe(sha256Of(content));
  });

  test("stays with whoever is sending", async ({ nodes: { a, b } }) => {
    const { uploadId, url } = await create(a.url, 1000, a.bearer("42"));
    const at = `${b.endpoint}/${uploadId}`;
    const sending = openPatch(url, 0, 1000, a.bearer("42"));
    let left = 1000;
    const trickle = setInterval(() => {
      sending.sent.write("x".repeat(50));
      left -= 50;
      if (left === 0) clearInterval(trickle);
    }, 100);
    const offset = await vi.waitFor(async () => {
      const kept = (await head(at, b.bearer("42"))).headers.get("upload-offset");
      expect(Number(kept)).toBeGreaterThan(0);
      return Number(kept);
    });
    const intruder = await patch(at, offset, Buffer.alloc(50), b.bearer("42"));
    expect(intruder.status).toBe(409);
    expect(await sending.answer).toBe(204);
    const key = await keyOf(b, "42", uploadId);
    expect(await storedSha256(b.deps.store, key)).toBe(sha256Of(Buffer.alloc(1000, "x")));
  });
});

describe("a node that leaves", () => {
  test("keeps all that has arrived, and another goes on", async ({ nodes: { a, b } }) => {
    const content = Buffer.from("abcdefghij");
    const { uploadId, url } = await create(a.url, 10, a.bearer("42"));
    const begun = openPatch(url, 0, 10, a.bearer("42"));
    begun.sent.write(content.subarray(0, 6));
    const at = `${b.endpoint}/${uploadId}`;
    await vi.waitFor(async () =>
      expect((await head(at, b.bearer("42"))).headers.get("upload-offset")).toBe("6"),
    );
    const closed = a.app.close();
    expect(await begun.answer).toBe(503);
    begun.sent.destroy();

    const rest = await patch(at, 6, content.subarray(6), b.bearer("42"));
    expect(rest.status).toBe(204);
    await closed;
    const key = await keyOf(b, "42", uploadId);
    expect(await storedSha256(b.deps.store, key)).toBe(sha256Of(content));
  });
});

describe("a node whose time is up", () => {
  test("has written all that had arrived, and let go, before it is closed", async ({
    nodes: { a, b },
    parts: { redis, keys },
  }) => {
    const { uploadId, url } = await create(a.url, 10 * MEGABYTE, a.bearer("42"));
    const begun = openPatch(url, 0, 10 * MEGABYTE, a.bearer("42"));
    begun.sent.write(Buffer.alloc(8 * MEGABYTE));
    const at = `${b.endpoint}/${uploadId}`;
    await vi.waitFor(async () =>
      expect((await head(at, b.bearer("42"))).headers.get("upload-offset")).not.toBe("0"),
    );
    a.app.server.closeAllConnections();
    await a.app.close();
    expect(await redis.exists(keys.uploadLock(uploadId))).toBe(0);
    const kept = Number((await head(at, b.bearer("42"))).headers.get("upload-offset"));
    expect((await patch(at, kept, Buffer.alloc(10 * MEGABYTE - kept), b.bearer("42"))).status).toBe(
      204,
    );
  });
});

describe("somebody else's upload", () => {
  test("is there for nobody but its creator", async ({ nodes: { a } }) => {
    const { uploadId, url } = await create(a.url, 5, a.bearer("42"));
    const others = [
      a.bearer("7"),
      a.bearer("7", { roles: ["admin"] }),
      a.bearer("7", { roles: ["service"] }),
    ];
    for (const bearer of others) {
      expect((await head(url, bearer)).status).toBe(404);
      expect((await patch(url, 0, Buffer.from("hello"), bearer)).status).toBe(404);
      const removed = await fetch(url, { method: "DELETE", headers: { ...TUS, ...bearer } });
      expect(removed.status).toBe(404);
      const job = await a.app.inject({
        method: "POST",
        url: "/api/jobs",
        headers: bearer,
        payload: { type: "image", input: { uploadId } },
      });
      expect(job.json()).toMatchObject({ status: 404, code: "not_found" });
    }
    expect((await head(url, a.bearer("42"))).headers.get("upload-offset")).toBe("0");
    expect((await head(url, {})).status).toBe(401);
  });

  test("is not written with a token that has run out, and goes on with a new one", async ({
    nodes: { a },
  }) => {
    const { url } = await create(a.url, 10, a.bearer("42"));
    expect((await patch(url, 0, Buffer.from("hello"), a.bearer("42"))).status).toBe(204);
    const { tokens } = a.app;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 3_600_000 });
    const old = tokens.signDevToken({ sub: "42", ttl: 60 });
    vi.useRealTimers();
    const refused = await patch(url, 5, Buffer.from("world"), { authorization: `Bearer ${old}` });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: "token_expired" });
    expect((await patch(url, 5, Buffer.from("world"), a.bearer("42"))).status).toBe(204);
  });
});

describe("an upload that has expired", () => {
  test("is gone when it is unfinished", async ({ http, parts }) => {
    let now = Date.now();
    const { redis, keys, store } = parts;
    const uploads = createUploads({
      redis,
      keys,
      store,
      maxBytes: 1000,
      log: (await http()).deps.log,
      now: () => now,
    });
    const node = await http({ uploads });
    const url = await node.listen();
    const bearer = node.bearer("42");
    const half = await create(url, 10, bearer);
    now += 23 * 3_600_000;
    expect((await patch(half.url, 0, Buffer.from("hello"), bearer)).status).toBe(204);
    now += 23 * 3_600_000;
    expect((await head(half.url, bearer)).status).toBe(200);
    // What is being written is not gone in the middle.
    const writing = openPatch(half.url, 5, 5, bearer);
    writing.sent.write("w");
    await vi.waitFor(async () =>
      expect((await head(half.url, bearer)).headers.get("upload-offset")).toBe("6"),
    );
    now += 2 * 3_600_000;
    expect((await head(half.url, bearer)).status).toBe(200);
    writing.sent.destroy();
    now += 23 * 3_600_000;
    expect((await head(half.url, bearer)).status).toBe(404);
    expect((await patch(half.url, 5, Buffer.from("world"), bearer)).status).toBe(404);
  });
});

describe("a request that does not fit", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  test.for([
    ["no length", {}, 400],
    ["a length in words", { "upload-length": "many" }, 400],
    ["a negative length", { "upload-length": "-1" }, 400],
    ["a length beyond numbers", { "upload-length": "9".repeat(20) }, 400],
    ["a length for later", { "upload-defer-length": "1" }, 400],
    ["more than is taken", { "upload-length": "1001" }, 413],
    ["a name that is no base64", { "upload-length": "1", "upload-metadata": "filename ä" }, 400],
    ["a name that is no text", { "upload-length": "1", "upload-metadata": "filename /w==" }, 400],
    ["a name twice", { "upload-length": "1", "upload-metadata": `a ${base64("a")},a` }, 400],
    ["too many values", { "upload-length": "1", "upload-metadata": "a YQ== YQ==" }, 400],
    ["endless metadata", { "upload-length": "1", "upload-metadata": `a ${"A".repeat(5000)}` }, 400],
    ["another version", { "upload-length": "1", "tus-resumable": "0.2.2" }, 412],
  ] as const)("creates nothing: %s", async ([, headers, status], { http }) => {
    const { app, bearer, logged } = await http({ env: { UPLOAD_MAX_BYTES: "1000" } });
    const answer = await app.inject({
      method: "POST",
      url: "/api/uploads",
      headers: { ...TUS, ...bearer("42"), ...headers },
    });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.json()).toMatchObject({ status });
    expect(logged.filter((line) => line.includes('"level":50'))).toEqual([]);
  });

  test("without the protocol's header is told which there is", async ({ nodes: { a } }) => {
    const answer = await a.app.inject({
      method: "POST",
      url: "/api/uploads",
      headers: { ...a.bearer("42"), "upload-length": "1" },
    });
    expect(answer.statusCode).toBe(412);
    expect(answer.headers["tus-version"]).toBe("1.0.0");
  });

  test.for([
    ["at a wrong offset", { "upload-offset": "3" }, "hello", 409],
    ["beyond the end", { "upload-offset": "11" }, "hello", 409],
    ["without an offset", {}, "hello", 400],
    ["at no number", { "upload-offset": "-1" }, "hello", 400],
    ["of another type", { "upload-offset": "0", "content-type": "text/plain" }, "hello", 415],
    ["of JSON", { "upload-offset": "0", "content-type": "application/json" }, "{}", 415],
    ["of more than was announced", { "upload-offset": "0" }, "hello world", 413],
  ] as const)(
    "a part %s is refused, and changes nothing",
    async ([, headers, content, status], { nodes: { a } }) => {
      const { uploadId, url } = await create(a.url, 10, a.bearer("42"));
      const answer = await fetch(url, {
        method: "PATCH",
        headers: { ...TUS, ...OCTETS, ...a.bearer("42"), ...headers },
        body: content,
      });
      expect(await answer.json()).toMatchObject({ status });
      expect((await a.deps.uploads.find(uploadId, callerOf("42"))).offset).toBe(0);
    },
  );

  test("that sends more than it said is cut off at the end", async ({ nodes: { a } }) => {
    const { uploadId, url } = await create(a.url, 10, a.bearer("42"));
    const answer = await fetch(url, {
      method: "PATCH",
      headers: { ...TUS, ...OCTETS, ...a.bearer("42"), "upload-offset": "0" },
      body: new Blob(["hello", " world and more"]).stream(),
      duplex: "half",
    });
    expect(answer.status).toBe(413);
    const { offset } = await a.deps.uploads.find(uploadId, callerOf("42"));
    expect(offset).toBeLessThanOrEqual(10);
  });

  test("and brings its content along leaves nothing when that is too much", async ({
    nodes: { a },
  }) => {
    const answer = await fetch(a.endpoint, {
      method: "POST",
      headers: { ...TUS, ...OCTETS, ...a.bearer("42"), "upload-length": "3" },
      body: new Blob(["hello"]).stream(),
      duplex: "half",
    });
    expect(answer.status).toBe(413);
    expect(await a.files()).toEqual([]);
  });

  test.for(["x", "..%2F..%2Fetc", "*", "00000000-0000-0000-0000-000000000000"])(
    "names no upload by %s",
    async (uploadId, { nodes: { a } }) => {
      expect((await head(`${a.endpoint}/${uploadId}`, a.bearer("42"))).status).toBe(404);
    },
  );
});

describe("a page of another origin", () => {
  const origin = "http://localhost:5173";

  test("may upload, and read what the protocol says", async ({ nodes: { a } }) => {
    const asked = await a.app.inject({
      method: "OPTIONS",
      url: "/api/uploads/x",
      headers: {
        origin,
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "authorization,tus-resumable,upload-offset,content-type",
      },
    });
    expect(asked.statusCode).toBe(204);
    expect(asked.headers["access-control-allow-methods"]).toContain("PATCH");
    expect(asked.headers["access-control-allow-headers"]).toContain("upload-offset");
    const created = await fetch(a.endpoint, {
      method: "POST",
      headers: { ...TUS, ...a.bearer("42"), "upload-length": "3", origin },
    });
    const exposed = created.headers.get("access-control-expose-headers") ?? "";
    for (const name of ["Location", "Upload-Offset", "Upload-Length", "Upload-Expires"])
      expect(exposed).toContain(name);
  });

  test("and everyone is told what is spoken here", async ({ nodes: { a } }) => {
    const answer = await a.app.inject({ method: "OPTIONS", url: "/api/uploads" });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({
      "tus-version": "1.0.0",
      "tus-extension": "creation,creation-with-upload,expiration,termination",
      "tus-max-size": String(2 * 1024 ** 3),
    });
  });
});
