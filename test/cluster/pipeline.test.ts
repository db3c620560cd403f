import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import type { Batch } from "../../src/contract/batch.ts";
import type { Job } from "../../src/contract/job.ts";
import { startCluster } from "../support/cluster.ts";
import { fetchToken } from "../support/cluster-client.ts";
import { inFolder } from "../support/in-folder.ts";
import { type Asked, sendChat, startOpenaiServer } from "../support/openai-server.ts";
import { textOf } from "../support/pdfs.ts";
import { test as base } from "../support/postgres.ts";
import { connectClient } from "../support/socket-client.ts";
import { speak } from "../support/speech.ts";

type ShownJob = Job & { result: { files?: { name: string; url: string }[] } | null };

/** Says what it was given to read, and finds the animals in it. */
function readTranscript({ json }: Asked): string {
  const text = json.messages?.findLast(({ role }) => role === "user")?.content ?? "";
  const animals = ["fox", "dog", "cat"].filter((animal) => text.includes(animal));
  return JSON.stringify({
    summary: `Somebody said: ${text.trim()}`,
    fields: { animals: animals.join(" and "), year: null },
  });
}

/** One process with everything in it, and a language model. */
const test = base.extend(
  "node",
  { scope: "file" },
  async ({ redisUrl, postgresUrl }, { onCleanup }) => {
    const model = await startOpenaiServer((asked, response) =>
      sendChat(response, readTranscript(asked)),
    );
    const cluster = await startCluster({
      redisUrl,
      postgresUrl,
      prefix: `pipeline-${process.pid}`,
      nodes: { all: ["gateway", "recorder", "worker"] },
      env: { ANALYSIS_URL: model.url },
    });
    onCleanup(async () => {
      await cluster.close();
      await model.close();
    });
    const url = cluster.urlOf("all");
    const token = await fetchToken(url, "ada");
    const headers = { authorization: `Bearer ${token}` };
    return {
      url,
      token,
      async submit(body: FormData): Promise<Job> {
        const answer = await fetch(`${url}/api/jobs`, { method: "POST", headers, body });
        expect(answer.status).toBe(201);
        return JSON.parse(await answer.text());
      },
      async batch(batchId: string): Promise<Batch> {
        const answer = await fetch(`${url}/api/batches/${batchId}`, { headers });
        return JSON.parse(await answer.text());
      },
      async jobs(batchId: string): Promise<{ items: ShownJob[] }> {
        const answer = await fetch(`${url}/api/jobs?batchId=${batchId}`, { headers });
        return JSON.parse(await answer.text());
      },
    };
  },
);

function recording(content: Buffer): FormData {
  const fields = new FormData();
  fields.set("type", "transcription");
  const report = {
    type: "pdf",
    input: { from: "parent" },
    options: { operation: "generate", template: "analysis-report" },
  };
  const analysis = {
    type: "analysis",
    input: { from: "parent", file: "transcript.txt" },
    options: { fields: ["animals", "year"] },
    then: [report],
  };
  fields.set("then", JSON.stringify([analysis]));
  fields.set("file", new Blob([Uint8Array.from(content)], { type: "audio/wav" }), "call.wav");
  return fields;
}

describe("a recording that is transcribed, analysed and reported on", { timeout: 60_000 }, () => {
  test("is one batch, with its parts in their order, and a PDF at its end", async ({ node }) => {
    const client = connectClient(node.url, { token: node.token });
    await client.ready();
    const { batchId } = await node.submit(recording(await speak()));
    await vi.waitFor(() => expect(client.named("batch-finished")).toHaveLength(1), 50_000);
    client.socket.close();

    const batch = await node.batch(batchId ?? "");
    expect(batch).toMatchObject({ status: "finished", total: 3, progress: 100 });
    const { items } = await node.jobs(batchId ?? "");
    const [transcription, analysis, report] = ["transcription", "analysis", "pdf"].map((type) =>
      items.find((job) => job.type === type),
    );
    expect(items.map(({ status }) => status)).toEqual(Array(3).fill("completed"));
    expect(analysis?.parentId).toBe(transcription?.jobId);
    expect(report?.parentId).toBe(analysis?.jobId);
    expect(analysis?.result).toMatchObject({ fields: { animals: "fox and dog", year: null } });
    const ended = client.named("job-completed").map(({ type }) => type);
    expect(ended).toEqual(["transcription", "analysis", "pdf"]);

    const [file] = report?.result?.files ?? [];
    expect(file?.name).toBe("analysis-report.pdf");
    await inFolder(async (folder) => {
      const path = join(folder, "report.pdf");
      const answer = await fetch(new URL(file?.url ?? "", node.url));
      await writeFile(path, new Uint8Array(await answer.arrayBuffer()));
      const [page = ""] = await textOf(path);
      expect(page).toMatch(/animals\s+fox and dog/);
      expect(page).toMatch(/year\s+not found/);
      expect(page.replaceAll(/\s+/g, " ")).toMatch(/Somebody said: .*the quick brown fox/);
    });
  });
});
