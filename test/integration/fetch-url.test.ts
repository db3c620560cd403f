import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import { buffer, text } from "node:stream/consumers";
import { describe, expect, test as base } from "vitest";
import { isPublicAddress } from "../../src/storage/address-guard.ts";
import { type FetchOptions, fetchUrl } from "../../src/storage/fetch-url.ts";
import type { Network } from "../../src/storage/guarded-request.ts";

/** Starts servers on the loopback address and gives their ports. */
const test = base.extend("serve", async ({}, { onCleanup }) => {
  const servers: http.Server[] = [];
  onCleanup(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });
  return async (listener: RequestListener): Promise<string> => {
    const server = http.createServer(listener).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("No port");
    return `http://127.0.0.1:${address.port}`;
  };
});

const local: FetchOptions = { maxBytes: 1000, timeoutMs: 5000, allowPrivate: true };

/** Names that all lead to the loopback address. */
const resolvesTo = (...addresses: string[]): Network => ({
  resolve: async () => addresses,
  mayConnect: isPublicAddress,
});

describe("fetching an address", () => {
  test("streams the file, with its name, type and announced size", async ({ serve }) => {
    const url = await serve((_request, response) => {
      response
        .writeHead(200, { "content-type": "Image/PNG; charset=x", "content-length": "5" })
        .end("hello");
    });

    const { body, ...about } = await fetchUrl(`${url}/photos/my%20cat.png?size=1`, local);

    expect(about).toEqual({ name: "my cat.png", contentType: "image/png", bytes: 5 });
    expect(await text(body)).toBe("hello");
  });

  test.for([
    [`attachment; filename="report.pdf"`, "report.pdf"],
    [`attachment; filename*=UTF-8''na%C3%AFve.txt; filename="naive.txt"`, "naïve.txt"],
    [`attachment; filename="../../etc/passwd"`, "passwd"],
    [`inline`, "file"],
  ] as const)("reads the name out of %j", async ([disposition, name], { serve }) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-disposition": disposition }).end();
    });
    const fetched = await fetchUrl(url, local);
    expect(fetched).toMatchObject({ name, contentType: "application/octet-stream" });
    await buffer(fetched.body);
  });

  test("follows redirects, at most five", async ({ serve }) => {
    const url = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end("there");
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });

    expect(await text((await fetchUrl(`${url}/5`, local)).body)).toBe("there");
    await expect(fetchUrl(`${url}/6`, local)).rejects.toMatchObject({ code: "input_missing" });
  });

  test.for(["file:///etc/passwd", "http://user:word@127.0.0.1/", "gopher://x/", "http://["])(
    "does not follow a redirect to %s",
    async (location, { serve }) => {
      const url = await serve((_request, response) => {
        response.writeHead(302, { location }).end();
      });
      await expect(fetchUrl(url, local)).rejects.toMatchObject({ code: "input_missing" });
    },
  );

  test.for([
    [404, "input_missing"],
    [403, "input_missing"],
    [206, "input_missing"],
    [500, "internal"],
    [429, "internal"],
  ] as const)("takes an answer of %i for %s", async ([status, code], { serve }) => {
    const url = await serve((_request, response) => {
      response.writeHead(status).end("an error page");
    });
    await expect(fetchUrl(url, local)).rejects.toMatchObject({ code });
  });

  test("says input_missing where nothing listens, and for a name without address", async ({
    serve,
  }) => {
    const missing = { code: "input_missing", message: "The address could not be reached" };
    await expect(fetchUrl("http://127.0.0.1:1/", local)).rejects.toMatchObject(missing);
    const network: Network = {
      resolve: async () => Promise.reject(new Error("ENOTFOUND")),
      mayConnect: () => true,
    };
    await expect(fetchUrl("http://nowhere.test/", { ...local, network })).rejects.toMatchObject(
      missing,
    );
    await expect(
      fetchUrl("http://nowhere.test/", { ...local, network: resolvesTo() }),
    ).rejects.toMatchObject(missing);
    await expect(
      fetchUrl(await serve((_request, response) => response.destroy()), local),
    ).rejects.toMatchObject(missing);
  });
});

describe("the guard", () => {
  test("connects to no private address, literal or by name, and does not tell why", async ({
    serve,
  }) => {
    let calls = 0;
    const url = await serve((_request, response) => {
      calls++;
      response.end();
    });
    const guarded = { ...local, allowPrivate: false };
    const named = url.replace("127.0.0.1", "inside.test");
    const refused = { code: "input_missing", message: "The address could not be reached" };

    await expect(fetchUrl(url, guarded)).rejects.toMatchObject(refused);
    for (const addresses of [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"]]) {
      await expect(
        fetchUrl(named, { ...guarded, network: resolvesTo(...addresses) }),
      ).rejects.toMatchObject(refused);
    }
    expect(calls).toBe(0);
  });

  test("checks each redirect anew", async ({ serve }) => {
    const paths: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      paths.push(request.url);
      if (request.url === "/secret") response.end("secret");
      else response.writeHead(307, { location: "/secret" }).end();
    });
    let checks = 0;
    const network: Network = {
      ...resolvesTo(),
      mayConnect: (address) => checks++ === 0 || isPublicAddress(address),
    };

    await expect(
      fetchUrl(`${url}/open`, { ...local, allowPrivate: false, network }),
    ).rejects.toMatchObject({
      code: "input_missing",
    });
    expect(paths).toEqual(["/open"]);
  });

  test("asks for a name once and connects to what it checked", async ({ serve }) => {
    const hosts: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      hosts.push(request.headers.host);
      response.end("hello");
    });
    const { port } = new URL(url);
    const answers = [["127.0.0.1"], ["10.255.255.1"]];
    const network: Network = { resolve: async () => answers.shift() ?? [], mayConnect: () => true };

    const { body } = await fetchUrl(`http://rebinding.test:${port}/`, {
      ...local,
      allowPrivate: false,
      network,
    });

    expect(await text(body)).toBe("hello");
    expect(hosts).toEqual([`rebinding.test:${port}`]);
    expect(answers).toEqual([["10.255.255.1"]]);
  });
});

describe("the limits of a fetch", () => {
  test("refuse an announced size at once and an unannounced one while it streams", async ({
    serve,
  }) => {
    const url = await serve((request, response) => {
      if (request.url === "/announced") response.writeHead(200, { "content-length": "1001" });
      response.write(Buffer.alloc(1000));
      response.end("!");
    });
    const tooLarge = { code: "input_too_large" };

    await expect(fetchUrl(`${url}/announced`, local)).rejects.toMatchObject(tooLarge);
    const { body, bytes } = await fetchUrl(`${url}/chunked`, local);
    expect(bytes).toBeUndefined();
    await expect(buffer(body)).rejects.toMatchObject(tooLarge);
  });

  test("take a body shorter than announced for a broken connection", async ({ serve }) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "500" });
      response.write("short", () => response.destroy());
    });
    const { body } = await fetchUrl(url, local);
    await expect(buffer(body)).rejects.toMatchObject({ code: "internal" });
  });

  test("end a slow drip when the time is over", async ({ serve }) => {
    const url = await serve((_request, response) => {
      const drip = setInterval(() => response.write("."), 20);
      response.on("close", () => clearInterval(drip));
    });
    const { body } = await fetchUrl(url, { ...local, timeoutMs: 300 });
    await expect(buffer(body)).rejects.toMatchObject({ code: "timeout" });
  });

  test("end a body and an answer that stall", async ({ serve }) => {
    const url = await serve((request, response) => {
      if (request.url === "/body") response.write("begun");
    });
    const { body } = await fetchUrl(`${url}/body`, { ...local, stallMs: 100 });
    await expect(buffer(body)).rejects.toMatchObject({ code: "timeout" });
    await expect(fetchUrl(`${url}/answer`, { ...local, stallMs: 100 })).rejects.toMatchObject({
      code: "timeout",
    });
    await expect(fetchUrl(`${url}/answer`, { ...local, timeoutMs: 100 })).rejects.toMatchObject({
      code: "timeout",
    });
  });

  test("end a look-up that takes too long", async () => {
    const network: Network = { resolve: () => new Promise(() => {}), mayConnect: () => true };
    await expect(
      fetchUrl("http://slow.test/", { ...local, timeoutMs: 100, network }),
    ).rejects.toMatchObject({ code: "timeout" });
  });

  test("stop with the caller's signal, before and in the middle of the body", async ({ serve }) => {
    const closed = Promise.withResolvers<void>();
    const url = await serve((_request, response) => {
      response.on("close", closed.resolve);
      response.write("begun");
    });
    const reason = new Error("cancelled");
    const stop = new AbortController();
    const { body } = await fetchUrl(url, { ...local, signal: stop.signal });
    stop.abort(reason);

    await expect(buffer(body)).rejects.toBe(reason);
    await closed.promise;
    await expect(fetchUrl(url, { ...local, signal: stop.signal })).rejects.toBe(reason);
  });
});
