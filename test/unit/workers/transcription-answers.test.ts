import { describe, expect, test } from "vitest";
import { readAnswer } from "../../../workers/transcription/openai-answer.ts";

const encoder = new TextEncoder();

/** An answer that comes in these parts. */
const answer = (parts: (string | Uint8Array)[], type = "text/event-stream; charset=utf-8") =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const part of parts)
          controller.enqueue(typeof part === "string" ? encoder.encode(part) : part);
        controller.close();
      },
    }),
    { headers: { "content-type": type } },
  );

const heard = { segments: undefined, language: undefined };

describe("what a service answers", () => {
  test("is read however its stream is cut into parts", async () => {
    const whole = encoder.encode(
      ': hello\r\n\r\ndata: {"type":"transcript.text.delta","delta":"grün"}\r\n\r\ndata: {"type":"transcript.text.done",\ndata: "text":"grün."}\n\n',
    );
    const bytes = Array.from(whole, (byte) => Uint8Array.of(byte));
    const texts: string[] = [];
    expect(await readAnswer(answer(bytes), (text) => texts.push(text))).toEqual({
      ...heard,
      text: "grün.",
    });
    expect(texts).toEqual(["grün"]);
  });

  test.each([
    ["a stream that ends too soon", answer(['data: {"delta":"half"}\n\n'])],
    ["a stream that ends in the middle of its end", answer(["data: [DONE]\n"])],
    ["an event that says that it broke", answer(['data: {"error":{"message":"x"}}\n\n'])],
    ["JSON without a text", answer(["{}"], "application/json")],
    ["half of some JSON", answer(['{"text":'], "application/json")],
    ["JSON with odd segments", answer(['{"text":"","segments":[{}]}'], "application/json")],
  ])("is asked for again when it is %s", async (_what, response) => {
    await expect(readAnswer(response, () => undefined)).rejects.toMatchObject({
      name: "ServiceError",
      isPassing: true,
    });
  });

  test("may be JSON with nothing but the text", async () => {
    const response = answer(['{"text":" hello ","segments":null}'], "application/json");
    expect(await readAnswer(response, () => undefined)).toEqual({ ...heard, text: "hello" });
  });
});
