import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { JobRequest } from "../../../src/contract/job.ts";
import type { JsonObject } from "../../../src/contract/shared.ts";
import { createSubmissionCheck } from "../../../src/jobs/check-submission.ts";
import { createCatalog, loadTasks } from "../../../workers/catalog.ts";
import type { Engines } from "../../../workers/engines.ts";
import { enginesOf } from "../../../workers/engines.ts";
import { test } from "../../support/folder.ts";
import { asGiven } from "../../support/as-given.ts";

const caller = {
  userId: "42",
  isAdmin: false,
  isService: false,
  groups: [],
  isPremium: false,
  onlyJob: undefined,
  onlyEvents: false,
  expiresAt: 0,
};
const tasks = await loadTasks();
const service = { url: "http://127.0.0.1:1/v1", apiKey: "key" };

function submit(
  request: JobRequest,
  { engines = {}, workerPath }: { engines?: Engines; workerPath?: string | undefined } = {},
) {
  const catalog = createCatalog(tasks, { engines, workerPath });
  const rules = { catalog, largeJobBytes: 1, allowPrivateUrls: true };
  return createSubmissionCheck(rules, asGiven)({ request, caller }, "1", 0);
}

const analysis = (
  options: JsonObject = {},
  input: JsonObject = { data: { text: "Name: Ann" } },
) => ({
  type: "analysis",
  input,
  options,
});
const transcription = (options: JsonObject = {}) => ({
  type: "transcription",
  input: { url: "http://127.0.0.1/call.wav" },
  options,
});

describe("the submit of an analysis", () => {
  test("is refused without a language model, unless labels are enough", async () => {
    const refusal = expect.objectContaining({ code: "engine_unavailable", status: 503 });
    await expect(submit(analysis())).rejects.toThrow(refusal);
    await expect(submit(analysis({ fields: ["Name"], prompt: "Who?" }))).rejects.toThrow(refusal);
    await expect(submit(analysis({ fields: ["Name"] }))).resolves.toBeDefined();
    await expect(submit(analysis(), { engines: { analysis: service } })).resolves.toBeDefined();
  });

  test.for<[string, JsonObject, string]>([
    ["an unknown option", { colour: "red" }, "invalid_options"],
    ["no fields", { fields: [] }, "invalid_options"],
    ["a field twice", { fields: ["a", "a"] }, "invalid_options"],
    ["a field of an unknown type", { fields: { a: { type: "colour" } } }, "invalid_options"],
    ["a field with an odd name", { fields: { __proto__x: {} } }, "invalid_options"],
  ])("is refused with %s", async ([, options, code]) => {
    await expect(submit(analysis(options))).rejects.toThrow(expect.objectContaining({ code }));
  });

  test("is refused with a case, as long as there are none, and with data that are no text", async () => {
    const fields = { fields: ["Name"] };
    const refusal = expect.objectContaining({ code: "invalid" });
    await expect(submit(analysis(fields, { caseId: "1" }))).rejects.toThrow(refusal);
    await expect(submit(analysis(fields, { data: { text: "" } }))).rejects.toThrow(refusal);
    await expect(submit(analysis(fields, { data: { text: "a", file: "b" } }))).rejects.toThrow(
      refusal,
    );
  });
});

describe("the submit of a transcription", () => {
  test("is refused until the programs that it needs are there", async ({ folder }) => {
    const workerPath = `/nowhere:${folder}`;
    const install = async (name: string) => {
      await writeFile(join(folder, name), "");
      await chmod(join(folder, name), 0o755);
    };
    const catalog = createCatalog(tasks, { engines: {}, workerPath });
    const rules = { catalog, largeJobBytes: 1, allowPrivateUrls: true };
    const check = createSubmissionCheck(rules, asGiven);
    const again = () => check({ request: transcription(), caller }, "1", 0);

    await expect(again()).rejects.toThrow("ffmpeg, ffprobe, pocketsphinx_continuous not installed");
    await install("ffmpeg");
    await install("ffprobe");
    await expect(again()).rejects.toThrow(
      "Transcription is off here: pocketsphinx_continuous not installed",
    );
    await expect(
      submit(transcription(), { engines: { transcribe: service }, workerPath }),
    ).resolves.toBeDefined();
    await install("pocketsphinx_continuous");
    await expect(again()).resolves.toBeDefined();
  });

  test("does not look for programs where no worker runs", async () => {
    await expect(submit(transcription())).resolves.toBeDefined();
  });

  test("is refused in a language that no engine knows", async () => {
    const refusal = expect.objectContaining({ code: "engine_unavailable" });
    await expect(submit(transcription({ language: "pt-BR" }))).rejects.toThrow(refusal);
    await expect(submit(transcription({ language: "en-GB" }))).resolves.toBeDefined();
    await expect(
      submit(transcription({ language: "pt-BR" }), { engines: { transcribe: service } }),
    ).resolves.toBeDefined();
  });

  test.for<[string, JsonObject]>([
    ["an odd language", { language: "english please" }],
    ["an unknown format", { formats: ["doc"] }],
    ["no format", { formats: [] }],
    ["a format twice", { formats: ["txt", "txt"] }],
  ])("is refused with %s", async ([, options]) => {
    await expect(submit(transcription(options))).rejects.toThrow(
      expect.objectContaining({ code: "invalid_options" }),
    );
  });
});

test("a child gets no key that its task has no use for", async () => {
  const engines = { transcribe: service, transcribeModelDir: "/model", analysis: service };
  expect(enginesOf("image", engines)).toEqual({});
  expect(enginesOf("analysis", engines)).toEqual({ analysis: service });
  expect(enginesOf("transcription", engines)).toEqual({
    transcribe: service,
    transcribeModelDir: "/model",
  });
});
