import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, vi } from "vitest";
import {
  type Answer,
  type OpenaiServer,
  secondsOf,
  sendEvents,
  sendJson,
  startOpenaiServer,
} from "../support/openai-server.ts";
import { convert } from "../support/speech.ts";
import { test as base, transcriptionTask } from "../support/transcription-jobs.ts";
import { ONCE } from "../support/workers.ts";

// Three attempts with the pauses between them, and programs that share two cores with the other tests.
vi.setConfig({ testTimeout: 60_000 });

const KEY = "sk-very-secret";

/** Beeps of three seconds and pauses of one, so that there is something to cut at. */
const beeps = (seconds: number) =>
  convert(undefined, {
    args: [
      ["-f", "lavfi", "-i", `aevalsrc=0.5*sin(880*t)*lt(mod(t\\,4)\\,3):s=16000:d=${seconds}`],
    ].flat(),
    extension: "wav",
  });

const test = base.extend("service", async ({ start }, { onCleanup }) => {
  const servers: OpenaiServer[] = [];
  onCleanup(async () => {
    await Promise.all(servers.map((server) => server.close()));
  });
  return async (answer: Answer): Promise<OpenaiServer> => {
    const server = await startOpenaiServer(answer);
    servers.push(server);
    const transcribe = { url: server.url, apiKey: KEY, model: "whisper-9" };
    await start({ ...transcriptionTask, engines: { transcribe } });
    return server;
  };
});

const refused = { error: { code: "unsupported_value", message: `no, ${KEY}` } };

describe("a transcription by a service", () => {
  test("is asked for in chunks cut at pauses, and has the service's segments in their places", async ({
    line,
    submitRecording,
    service,
    readFile,
  }) => {
    const server = await service((_asked, response) =>
      sendJson(response, {
        text: "one two",
        language: "english",
        segments: [
          { start: 0, end: 2, text: " one" },
          { start: 2.5, end: 4, text: " two" },
        ],
      }),
    );
    const jobId = await submitRecording(await beeps(140), { options: { language: "en-GB" } });

    const { result } = await line.outcome(jobId, "transcription");

    const lengths = server.asked.map(({ file }) => secondsOf(file));
    expect(lengths.length).toBeGreaterThan(2);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(60);
    expect(lengths.reduce((sum, seconds) => sum + seconds, 0)).toBeCloseTo(140, 0);
    // The middle of a pause: three seconds and a half after a multiple of four.
    expect((lengths[0] ?? 0) % 4).toBeCloseTo(3.5, 0);
    expect(server.asked[0]).toMatchObject({
      path: "/v1/audio/transcriptions",
      headers: { authorization: `Bearer ${KEY}` },
      fields: { model: "whisper-9", language: "en", response_format: "verbose_json" },
    });
    expect(result).toMatchObject({ language: "en", segments: 2 * lengths.length });
    expect(result?.["text"]).toMatch(/^one two one two/);
    const { segments } = JSON.parse(await readFile(jobId, "transcript.json"));
    expect(segments.slice(0, 2)).toEqual([
      { start: 0, end: 2, text: "one" },
      { start: 2.5, end: 4, text: "two" },
    ]);
    expect(segments[3].start).toBeCloseTo((lengths[0] ?? 0) + 2.5, 1);
  });

  test("asks singly again for a chunk that was refused for a while, broken off or unanswered", async ({
    line,
    submitRecording,
    service,
  }) => {
    const seen = new Map<string, number>();
    let waitedMs = 0;
    let limitedAt = 0;
    const server = await service(async ({ file }, response) => {
      const chunk = String(file?.length);
      const tries = (seen.get(chunk) ?? 0) + 1;
      seen.set(chunk, tries);
      if (seen.size === 1 && tries === 1) {
        limitedAt = Date.now();
        return sendJson(response, refused, 429, { "retry-after": "2" });
      }
      if (seen.size === 1 && tries === 2) waitedMs = Date.now() - limitedAt;
      if (seen.size === 1 && tries === 2) return sendJson(response, refused, 500);
      if (seen.size === 2 && tries === 1) {
        response.writeHead(200, { "content-type": "application/json" });
        response.write('{"text": "half of');
        await delay(50);
        return void response.destroy();
      }
      await delay(200);
      return sendJson(response, { text: `words` });
    });
    // Of different lengths, so that chunks can be told apart.
    const jobId = await submitRecording(await beeps(95));

    const { result, events } = await line.outcome(jobId, "transcription");

    expect(result).toMatchObject({ text: "words words", segments: 2 });
    expect(waitedMs).toBeGreaterThanOrEqual(1950);
    expect(server.asked.length).toBe(5);
    expect(events.filter(({ event }) => event === "active")).toHaveLength(1);
  });

  test("takes deltas where the service has no times, and shows them while they come", async ({
    line,
    submitRecording,
    service,
  }) => {
    let goOn = (): void => undefined;
    const more = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const server = await service(async ({ fields }, response) => {
      if (fields["response_format"] === "verbose_json") return sendJson(response, refused, 400);
      response.writeHead(200, { "content-type": "text/event-stream" });
      const send = (event: object) => response.write(`data: ${JSON.stringify(event)}\r\n\r\n`);
      send({ type: "transcript.text.delta", delta: "good " });
      await more;
      send({ type: "transcript.text.delta", delta: "morning" });
      send({ type: "transcript.text.done", text: "Good morning." });
      return void response.end();
    });
    const jobId = await submitRecording(await beeps(8));

    await vi.waitFor(
      async () =>
        expect(
          (await line.told(jobId, "transcription")).some(({ data }) =>
            data?.includes('"text":"good"'),
          ),
        ).toBe(true),
      { timeout: 15_000 },
    );
    goOn();
    const { result } = await line.outcome(jobId, "transcription");

    expect(result).toMatchObject({ text: "Good morning.", segments: 1, language: null });
    expect(server.asked.at(-1)?.fields).toMatchObject({ stream: "true" });
  });

  test.for<[string, Answer]>([
    [
      "plain text",
      ({ fields }, response) =>
        fields["response_format"] === "text"
          ? void response.writeHead(200, { "content-type": "text/plain" }).end("just words\n")
          : sendJson(response, refused, 400),
    ],
    [
      "chat deltas",
      ({ fields }, response) =>
        fields["stream"] === "true"
          ? sendEvents(response, [
              { choices: [{ delta: { content: "just " } }] },
              { choices: [{ delta: { content: "words" } }] },
              "[DONE]",
            ])
          : sendJson(response, refused, 422),
    ],
  ])(
    "takes %s where the service has nothing better",
    async ([, answer], { line, submitRecording, service }) => {
      await service(answer);
      const jobId = await submitRecording(await beeps(6));
      expect((await line.outcome(jobId, "transcription")).result).toMatchObject({
        text: "just words",
        segments: 1,
      });
    },
  );

  test.for<[string, Answer, object]>([
    [
      "does not let us in",
      (_asked, response) => sendJson(response, refused, 401),
      { code: "engine_unavailable", message: "The transcription service cannot be used now" },
    ],
    [
      "has no money left",
      (_asked, response) => sendJson(response, { error: { code: "insufficient_quota" } }, 429),
      { code: "engine_unavailable", message: "The transcription service cannot be used now" },
    ],
    [
      "cannot read the sound in any way",
      (_asked, response) => sendJson(response, refused, 400),
      {
        code: "input_unsupported",
        message: "The transcription service does not accept this recording or its language",
      },
    ],
  ])(
    "ends with a code when the service %s, and tells no secret",
    async ([, answer, expected], { line, submitRecording, service }) => {
      await service(answer);
      const jobId = await submitRecording(await beeps(4), ONCE);
      const { failure, events } = await line.outcome(jobId, "transcription");
      expect(failure).toMatchObject(expected);
      expect(JSON.stringify(events)).not.toContain(KEY);
      expect(JSON.stringify(events)).not.toContain("127.0.0.1");
    },
  );
});
