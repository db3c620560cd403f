import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, expectTypeOf, onTestFinished, vi } from "vitest";
import type wordCount from "../../docs/examples/word-count.ts";
import type { FileRef, WorkSource } from "../../src/contract/worker.ts";
import { defineWorker, FILE, type ResultOf, Type } from "../../workers/kit.ts";
import { fetchToken } from "../support/cluster-client.ts";
import { createClusterNode } from "../support/cluster-node.ts";
import { callAs } from "../support/external.ts";
import { freePort } from "../support/free-port.ts";
import { makeWorkersDir, readExample } from "../support/own-worker.ts";
import { test } from "../support/postgres.ts";
import { connectClient } from "../support/socket-client.ts";

const WAIT = { timeout: 15_000, interval: 20 };
/** Waits until it may go on, so that its progress is heard before its end. */
const FILE_LENGTH = `
import { existsSync } from "node:fs";
import { defineWorker } from "jobcast/worker";
export default defineWorker({
  type: "file-length",
  input: "file",
  options: { type: "object", properties: { until: { type: "string" } } },
  async run(job, ctx) {
    ctx.progress(50, "half way");
    while (!existsSync(job.options.until)) await new Promise((resolve) => setTimeout(resolve, 10));
    let bytes = 0;
    for await (const chunk of await ctx.open(job.input)) bytes += chunk.length;
    return { bytes };
  },
});
`;

describe("a worker of one's own", () => {
  test("is the one that the docs show, in the page as in the file", async () => {
    const file = await readFile(new URL("../../docs/examples/word-count.ts", import.meta.url));
    expect(await readExample()).toBe(String(file));
  });

  test("runs from a folder somewhere else, and its users hear of it", async ({
    redisUrl,
    postgresUrl,
    prefix,
  }) => {
    const folder = await mkdtemp(join(tmpdir(), "jobcast-own-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const WORKERS_DIR = await makeWorkersDir(folder, {
      "word-count.ts": await readExample(),
      "file-length/task.mjs": FILE_LENGTH,
      "file-length/helper.mjs": "throw new Error('This is no worker');",
    });
    const [port, opsPort] = [await freePort(), await freePort()];
    const node = createClusterNode({
      roles: [],
      opsPort,
      env: {
        PATH: process.env["PATH"] ?? "",
        PORT: `${port}`,
        OPS_PORT: `${opsPort}`,
        LOG_LEVEL: "warn",
        REDIS_URL: redisUrl,
        REDIS_PREFIX: prefix,
        DATABASE_URL: postgresUrl,
        DATA_DIR: folder,
        WORKER_TYPES: "word-count,file-length",
        WORKERS_DIR,
      },
    });
    onTestFinished(() => node.stop());
    await node.start();
    const url = `http://127.0.0.1:${port}`;
    const token = await fetchToken(url, "writer");
    const post = (path: string, body: object) => callAs(token)({ url }, path, body);
    const client = connectClient(url, { token });
    onTestFinished(() => void client.socket.close());
    await client.ready();

    const text = "To be, or not to be:\nthat is the question";
    const request = { type: "word-count", input: { data: { text } }, options: { longerThan: 2 } };
    const { status, body } = await post("/api/jobs", request);
    expect({ status, body }).toMatchObject({ status: 201, body: { type: "word-count" } });
    await vi.waitFor(() => expect(client.named("job-completed")).toHaveLength(1), WAIT);
    const [done] = client.named("job-completed");
    expect(done).toMatchObject({
      jobId: body["jobId"],
      result: {
        words: 4,
        files: [{ name: "words.csv", contentType: "text/csv; charset=utf-8", bytes: 30 }],
      },
    });
    const { files } = Object(done?.["result"]);
    const table = await fetch(new URL(files[0].url, url));
    expect(await table.text()).toBe("not,1\nthat,1\nthe,1\nquestion,1\n");

    const refused = await post("/api/jobs", { ...request, input: { data: { txt: "a" } } });
    expect(refused).toMatchObject({ status: 400, body: { code: "invalid" } });
    const options = { longerThan: "two" };
    expect(await post("/api/jobs", { ...request, options })).toMatchObject({ status: 422 });
    await post("/api/jobs", { ...request, input: { data: { text: "4 8 15" } } });
    await vi.waitFor(() => expect(client.named("job-failed")).toHaveLength(1), WAIT);
    expect(client.named("job-failed")[0]).toMatchObject({
      attempt: 1,
      error: { code: "input_unsupported", message: "The text has no words" },
    });

    const form = new FormData();
    form.set("type", "file-length");
    const until = join(folder, "go");
    form.set("options", JSON.stringify({ until }));
    form.set("file", new Blob(["twelve bytes"]), "a.txt");
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${url}/api/jobs`, { method: "POST", headers, body: form })).status).toBe(
      201,
    );
    const steps = () => client.named("job-progress").map(({ progress, step }) => [progress, step]);
    await vi.waitFor(() => expect(steps()).toContainEqual([50, "half way"]), WAIT);
    await writeFile(until, "");
    await vi.waitFor(() => expect(client.named("job-completed")).toHaveLength(2), WAIT);
    expect(client.named("job-completed")[1]).toMatchObject({ result: { bytes: 12 } });
  }, 60_000);

  test("has the types of its schemas, and a result of its own", () => {
    type Counted = { words: number; files: FileRef[] };
    expectTypeOf<ResultOf<typeof wordCount>>().toExtend<Counted>();
    const data = defineWorker({
      type: "a",
      input: Type.Object({ n: Type.Integer() }),
      options: Type.Object({ fast: Type.Optional(Type.Boolean()) }),
      async run({ input, options }) {
        expectTypeOf(input).toEqualTypeOf<{ n: number }>();
        expectTypeOf(options.fast).toEqualTypeOf<boolean | undefined>();
        return { doubled: input.n * 2 };
      },
    });
    expectTypeOf<ResultOf<typeof data>["doubled"]>().toEqualTypeOf<number>();
    expect(data).toMatchObject({ accepts: ["data"], maxAttempts: 3, timeoutMs: 600_000 });
    const file = defineWorker({
      type: "b",
      input: FILE,
      maxAttempts: 1,
      async run({ input }, ctx) {
        expectTypeOf(input).toEqualTypeOf<WorkSource>();
        return { files: [await ctx.save("a.txt", await ctx.open(input))] };
      },
    });
    expect(file).toMatchObject({ accepts: ["file", "url"], maxAttempts: 1 });
  });
});
