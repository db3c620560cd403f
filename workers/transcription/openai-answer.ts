import Type from "typebox";
import { Compile } from "typebox/compile";
import { readText, ServiceError } from "../openai/call.ts";
import { toEvents } from "../openai/server-sent-events.ts";
import type { Segment } from "./engine.ts";

/** What a service heard in a chunk; times from the chunk's beginning. */
export interface Heard {
  text: string;
  /** `undefined` where the service does not tell times. */
  segments: Segment[] | undefined;
  language: string | undefined;
}

const Answer = Type.Object({
  text: Type.String(),
  language: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  segments: Type.Optional(
    Type.Union([
      Type.Array(Type.Object({ start: Type.Number(), end: Type.Number(), text: Type.String() })),
      Type.Null(),
    ]),
  ),
});
const isAnswer = Compile(Answer);

/** Events of OpenAI's own service and of those that send chat deltas instead. */
const Event = Type.Object({
  type: Type.Optional(Type.String()),
  delta: Type.Optional(Type.String()),
  text: Type.Optional(Type.String()),
  error: Type.Optional(Type.Unknown()),
  choices: Type.Optional(
    Type.Array(
      Type.Object({
        delta: Type.Optional(
          Type.Object({ content: Type.Optional(Type.Union([Type.String(), Type.Null()])) }),
        ),
      }),
    ),
  ),
});
const isEvent = Compile(Event);

/** Takes whatever a service answers: JSON with segments or without, a stream of deltas, plain text. */
export async function readAnswer(answer: Response, onText: (text: string) => void): Promise<Heard> {
  const type = answer.headers.get("content-type") ?? "";
  if (type.includes("text/event-stream")) return readStream(answer, onText);
  const text = await readText(answer);
  if (!type.includes("json"))
    return { text: text.trim(), segments: undefined, language: undefined };
  const heard = parse(text);
  if (!isAnswer.Check(heard)) throw new ServiceError("The answer is malformed");
  return {
    text: heard.text.trim(),
    segments: heard.segments ?? undefined,
    language: heard.language ?? undefined,
  };
}

async function readStream(answer: Response, onText: (text: string) => void): Promise<Heard> {
  let text = "";
  for await (const data of toEvents(answer)) {
    if (data === "[DONE]") return toHeard(text);
    const event = parse(data);
    if (!isEvent.Check(event)) continue;
    if (event.type === "error" || event.error !== undefined)
      throw new ServiceError("The service broke off");
    if (event.type === "transcript.text.done") return toHeard(event.text ?? text);
    text += event.delta ?? event.choices?.[0]?.delta?.content ?? "";
    onText(text);
  }
  throw new ServiceError("The answer ended too soon");
}

const toHeard = (text: string): Heard => ({
  text: text.trim(),
  segments: undefined,
  language: undefined,
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
