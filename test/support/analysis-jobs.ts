import { randomUUID } from "node:crypto";
import type { AnalysisOptions } from "../../src/contract/job-types/analysis.ts";
import { loadTasks } from "../../workers/catalog.ts";
import { type Answer, type OpenaiServer, startOpenaiServer } from "./openai-server.ts";
import { test as base, type Wanted } from "./workers.ts";

const found = (await loadTasks()).find(({ task }) => task.type === "analysis");
if (found === undefined) throw new Error("There is no task for analyses");

/** For `start`. */
export const analysisTask = found;

/** Analyses through the queue. */
export const test = base
  .extend("submitText", ({ line }) => {
    return (text: string, options: AnalysisOptions = {}, wanted: Wanted = {}): Promise<string> =>
      line.add({ type: "analysis", input: { data: { text } }, options, ...wanted });
  })
  .extend("submitFiles", ({ line, store }) => {
    return async (
      files: [name: string, content: Buffer][],
      options: AnalysisOptions = {},
    ): Promise<string> => {
      const sources = [];
      for (const [name, content] of files) {
        const { key, bytes } = await store.put(`uploads/${randomUUID()}/${name}`, content);
        sources.push({ file: { key, name, contentType: "text/plain", bytes } });
      }
      return line.add({ type: "analysis", input: { files: sources }, options });
    };
  })
  .extend("service", async ({ start }, { onCleanup }) => {
    const servers: OpenaiServer[] = [];
    onCleanup(async () => {
      await Promise.all(servers.map((server) => server.close()));
    });
    /** A language model that answers as it is told, and a worker that asks it. */
    return async (
      answer: Answer,
      setup: { perMinute?: number; concurrency?: number } = {},
    ): Promise<OpenaiServer> => {
      const server = await startOpenaiServer(answer);
      servers.push(server);
      const analysis = { url: server.url, apiKey: "sk-very-secret", model: "model-1" };
      await start({ ...analysisTask, ...setup, engines: { analysis } });
      return server;
    };
  });
