import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import { describe, expect } from "vitest";
import { test as base } from "../support/workers.ts";

const test = base.extend("serve", async ({}, { onCleanup }) => {
  const servers: http.Server[] = [];
  onCleanup(() => {
    for (const server of servers) server.close().closeAllConnections();
  });
  return async (listener: RequestListener): Promise<string> => {
    const server = http.createServer(listener).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("No port");
    return `http://127.0.0.1:${address.port}/photo.jpg`;
  };
});

describe("an address as input", () => {
  test("is fetched to a file of the attempt, which goes with it", async ({
    line,
    start,
    serve,
  }) => {
    await start();
    const url = await serve((_request, response) => response.end("hello"));

    const { result, progress } = await line.outcome(await line.submit("look", { input: { url } }));

    expect(result).toMatchObject({ text: "hello" });
    expect(progress.map(({ step }) => step)).toContain("fetching the file");
    expect(await line.files()).toEqual([]);
  });

  test("that is gone or too large ends the job, without a word of what is there", async ({
    line,
    start,
    serve,
  }) => {
    await start();
    const gone = await serve((_request, response) => response.writeHead(404).end("secret"));
    const large = await serve((_request, response) => response.end(Buffer.alloc(1_000_001)));
    const ofGone = await line.submit("look", { input: { url: gone } });
    const ofLarge = await line.submit("look", { input: { url: large } });

    expect((await line.outcome(ofGone)).failure).toEqual({
      code: "input_missing",
      message: "The address answered with status 404",
      run: 1,
    });
    expect((await line.outcome(ofLarge)).failure).toEqual({
      code: "input_too_large",
      message: "The file at the address is too large",
      run: 1,
    });
    expect(await line.files()).toEqual([]);
  });

  test("inside the network is not asked for, unless that is allowed", async ({
    line,
    start,
    serve,
  }) => {
    let calls = 0;
    const url = await serve((_request, response) => {
      calls += 1;
      response.end();
    });
    await start({ allowPrivateUrls: false });

    const { failure } = await line.outcome(await line.submit("look", { input: { url } }));

    expect(failure).toMatchObject({
      code: "input_missing",
      message: "The address could not be reached",
    });
    expect(calls).toBe(0);
  });
});
