import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { JobRequest } from "../../../src/contract/job.ts";
import type { JsonObject } from "../../../src/contract/shared.ts";
import { createSubmissionCheck } from "../../../src/jobs/check-submission.ts";
import { createCatalog } from "../../../workers/catalog.ts";
import type { Engines } from "../../../workers/engines.ts";
import { enginesOf } from "../../../workers/engines.ts";
import { test } from "../../support/folder.ts";

const caller = {
  userId: "42",
  isAdmin: false,
  isService: false,
  groups: [],
  isPremium: false,
  onlyJob: undefined,
  expiresAt: 0,
};
const service = { url: "http://127.0.0.1:1/v1", apiKey: "key" };

function submit(
  request: JobRequest,
  { engines = {}, workerPath }: { engines?: Engines; workerPath?: string | undefined } = {},
) {
  const catalog = createCatalog({ engines, workerPath });
  const check = createSubmissionCheck({ catalog, largeJobBytes: 1, allowPrivateUrls: true });
  return () => check({ request, caller }, "1", 0);
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
  test("is refused without a language model, unless labels are enough", () => {
    const refusal = expect.objectContaining({ code: "engine_unavailable", status: 503 });
    expect(submit(analysis())).toThrow(refusal);
    expect(submit(analysis({ fields: ["Name"], prompt: "Who?" }))).toThrow(refusal);
    expect(submit(analysis({ fields: ["Name"] }))).not.toThrow();
    expect(submit(analysis(), { engines: { analysis: service } })).not.toThrow();
  });

  test.for<[string, JsonObject, string]>([
    ["an unknown option", { colour: "red" }, "invalid_options"],
    ["no fields", { fields: [] }, "invalid_options"],
    ["a field twice", { fields: ["a", "a"] }, "invalid_options"],
    ["a field of an unknown type", { fields: { a: { type: "colour" } } }, "invalid_options"],
    ["a field with an odd name", { fields: { __proto__x: {} } }, "invalid_options"],
  ])("is refused with %s", ([, options, code]) => {
    expect(submit(analysis(options))).toThrow(expect.objectContaining({ code }));
  });

  test("is refused with a case, as long as there are none, and with data that are no text", () => {
    const fields = { fields: ["Name"] };
    const refusal = expect.objectContaining({ code: "invalid" });
    expect(submit(analysis(fields, { caseId: "1" }))).toThrow(refusal);
    expect(submit(analysis(fields, { data: { text: "" } }))).toThrow(refusal);
    expect(submit(analysis(fields, { data: { text: "a", file: "b" } }))).toThrow(refusal);
  });
});

describe("the submit of a transcription", () => {
  test("is refused until the programs that it needs are there", async ({ folder }) => {
    const workerPath = `/nowhere:${folder}`;
    const install = async (name: string) => {
      await writeFile(join(folder, name), "");
      await chmod(join(folder, name), 0o755);
    };
    const catalog = createCatalog({ engines: {}, workerPath });
    const check = createSubmissionCheck({ catalog, largeJobBytes: 1, allowPrivateUrls: true });
    const again = () => check({ request: transcription(), caller }, "1", 0);

    expect(again).toThrow("ffmpeg, ffprobe, pocketsphinx_continuous not installed");
    await install("ffmpeg");
    await install("ffprobe");
    expect(again).toThrow("Transcription is off here: pocketsphinx_continuous not installed");
    expect(submit(transcription(), { engines: { transcribe: service }, workerPath })).not.toThrow();
    await install("pocketsphinx_continuous");
    expect(again).not.toThrow();
  });

  test("does not look for programs where no worker runs", () => {
    expect(submit(transcription())).not.toThrow();
  });

  test("is refused in a language that no engine knows", () => {
    const refusal = expect.objectContaining({ code: "engine_unavailable" });
    expect(submit(transcription({ language: "pt-BR" }))).toThrow(refusal);
    expect(submit(transcription({ language: "en-GB" }))).not.toThrow();
    expect(
      submit(transcription({ language: "pt-BR" }), { engines: { transcribe: service } }),
    ).not.toThrow();
  });

  test.for<[string, JsonObject]>([
    ["an odd language", { language: "english please" }],
    ["an unknown format", { formats: ["doc"] }],
    ["no format", { formats: [] }],
    ["a format twice", { formats: ["txt", "txt"] }],
  ])("is refused with %s", ([, options]) => {
    expect(submit(transcription(options))).toThrow(
      expect.objectContaining({ code: "invalid_options" }),
    );
  });
});

test("a child gets no key that its task has no use for", () => {
  const engines = { transcribe: service, transcribeModelDir: "/model", analysis: service };
  expect(enginesOf("image", engines)).toEqual({});
  expect(enginesOf("analysis", engines)).toEqual({ analysis: service });
  expect(enginesOf("transcription", engines)).toEqual({
    transcribe: service,
    transcribeModelDir: "/model",
  });
});
