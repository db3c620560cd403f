import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, vi } from "vitest";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { fetchToken } from "../support/cluster-client.ts";
import { test as base } from "../support/postgres.ts";
import {
  create,
  head,
  idOf,
  makeFile,
  openPatch,
  patch,
  type Source,
  storedSha256,
  upload,
} from "../support/tus.ts";

const PREFIX = `uploads-${process.pid}`;
const MEGABYTE = 1024 * 1024;
const GATEWAYS = ["gateway-1", "gateway-2"];

interface Stage extends Cluster {
  headers: { authorization: string };
  /** Of the file in the store, once it is there. */
  sha256(uploadId: string): Promise<string>;
  source: Source;
}

/** Two gateways on one folder, and somebody who may upload. */
const test = base
  .extend("folder", { scope: "file" }, async ({}, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "jobcast-uploads-"));
    onCleanup(() => rm(folder, { recursive: true, force: true }));
    return folder;
  })
  .extend("stage", { scope: "file" }, async ({ redisUrl, postgresUrl, folder }, { onCleanup }) => {
    const root = join(folder, "files");
    const cluster = await startCluster({
      redisUrl,
      postgresUrl,
      prefix: PREFIX,
      nodes: { "gateway-1": ["gateway"], "gateway-2": ["gateway"] },
      env: { STORAGE_URL: `file:${root}`, DRAIN_SECONDS: "1" },
    });
    onCleanup(() => cluster.close());
    const store = createDiskStore({ root });
    // The load balancer may not have looked at its gateways yet.
    const token = await vi.waitFor(() => fetchToken(cluster.url, "ada"));
    const stage: Stage = {
      ...cluster,
      headers: { authorization: `Bearer ${token}` },
      source: await makeFile(folder, 40 * MEGABYTE),
      async sha256(uploadId) {
        const [file] = await Array.fromAsync(store.list(`tus/${uploadId}/`));
        return await storedSha256(store, file?.key ?? "missing");
      },
    };
    return stage;
  });

/** The gateway that has an upload's file open. */
async function writerOf(cluster: Cluster, uploadId: string): Promise<string> {
  for (const name of GATEWAYS) {
    const folder = `/proc/${cluster.node(name).pid()}/fd`;
    for (const fd of await readdir(folder)) {
      const path = await readlink(join(folder, fd)).catch(() => "");
      if (path.endsWith(`growing-${uploadId}`)) return name;
    }
  }
  throw new Error("Nobody writes the upload");
}

const offsetOf = async (url: string, headers: Stage["headers"]): Promise<number> => {
  const answer = await head(url, headers);
  if (answer.status !== 200) throw new Error(`No offset: ${answer.status}`);
  return Number(answer.headers.get("upload-offset"));
};

/** Sends some 5 MB/s until it is answered, or the connection breaks. */
async function trickle(
  { source, headers }: Stage,
  url: string,
  offset: number,
): Promise<number | undefined> {
  const { sent, answer } = openPatch(url, offset, source.bytes - offset, headers);
  const isOver = answer.then(() => true);
  for (let at = offset; at < source.bytes; at += 100_000) {
    sent.write(source.content.subarray(at, at + 100_000));
    if (await Promise.race([isOver, delay(20, false)])) break;
  }
  const status = await answer;
  sent.destroy();
  return status;
}

describe("an upload behind a load balancer", () => {
  test("goes on elsewhere when its node is killed, and is whole", async ({ stage }) => {
    const { source, headers } = stage;
    let killedAt = 0;
    let killed: string | undefined;
    let uploadUrl = "";
    const { uploadId } = await upload(source, {
      endpoint: `${stage.url}/api/uploads`,
      headers,
      onAfterResponse(_request, response) {
        uploadUrl = response.getHeader("Location") ?? uploadUrl;
      },
      onProgress(sent) {
        if (killed !== undefined || sent < source.bytes / 4) return;
        killed = "";
        void writerOf(stage, idOf(uploadUrl)).then((name) => {
          killed = name;
          killedAt = performance.now();
          stage.signal(name, "SIGKILL");
        });
      },
    });
    const neededMs = performance.now() - killedAt;
    expect(GATEWAYS).toContain(killed);
    expect(await stage.sha256(uploadId)).toBe(source.sha256);
    expect(neededMs).toBeLessThan(20_000);
    await stage.restart(killed ?? "");
  });

  test("loses nothing when its node leaves in order", async ({ stage }) => {
    const { source, headers } = stage;
    const { uploadId, url } = await create(stage.url, source.bytes, headers);
    const sending = trickle(stage, url, 0);
    await vi.waitFor(async () => expect(await offsetOf(url, headers)).toBeGreaterThan(MEGABYTE));
    const name = await writerOf(stage, uploadId);
    stage.signal(name, "SIGTERM");
    expect([undefined, 502, 503]).toContain(await sending);
    expect(await stage.node(name).exited()).toBe(0);

    const kept = await offsetOf(url, headers);
    expect(kept).toBeGreaterThan(MEGABYTE);
    const rest = await patch(url, kept, source.content.subarray(kept), headers);
    expect(rest.status).toBe(204);
    expect(await stage.sha256(uploadId)).toBe(source.sha256);
    await stage.restart(name);
  });

  test("is not spoilt by a node that was frozen when it wakes", async ({ stage }) => {
    const { source, headers } = stage;
    const { uploadId, url } = await create(stage.url, source.bytes, headers);
    const zombie = openPatch(url, 0, source.bytes, headers);
    zombie.sent.write(source.content.subarray(0, MEGABYTE));
    await vi.waitFor(async () => expect(await offsetOf(url, headers)).toBe(MEGABYTE));
    const frozen = await writerOf(stage, uploadId);
    const other = GATEWAYS.find((name) => name !== frozen) ?? "";
    stage.signal(frozen, "SIGSTOP");
    // Waits in its socket: what it would write when it wakes.
    zombie.sent.write(Buffer.alloc(100_000, "z"));

    const at = `${stage.urlOf(other)}/api/uploads/${uploadId}`;
    const rest = await vi.waitFor(
      async () => {
        const answer = await patch(at, MEGABYTE, source.content.subarray(MEGABYTE), headers);
        expect(answer.status).toBe(204);
        return answer;
      },
      { timeout: 60_000 },
    );
    expect(rest.headers.get("upload-offset")).toBe(String(source.bytes));
    stage.signal(frozen, "SIGCONT");
    expect(await zombie.answer).not.toBe(204);
    zombie.sent.destroy();
    expect(await stage.sha256(uploadId)).toBe(source.sha256);
  });
});
