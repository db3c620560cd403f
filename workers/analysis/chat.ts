import Type from "typebox";
import { Compile } from "typebox/compile";
import { WorkerError } from "../../src/errors.ts";
import { BusyError } from "../busy.ts";
import type { WorkContext } from "../define-worker.ts";
import type { Endpoint } from "../engines.ts";
import { call, readText, ServiceError } from "../openai/call.ts";

export interface Message {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface Chat {
  /** What the model answers; with `schema` it is asked for JSON by it, if the service knows how. */
  ask(messages: Message[], schema?: object): Promise<string>;
}

const Answer = Type.Object({
  choices: Type.Array(
    Type.Object({ message: Type.Object({ content: Type.Union([Type.String(), Type.Null()]) }) }),
    { minItems: 1 },
  ),
});
const isAnswer = Compile(Answer);

const TIMEOUT_MS = 240_000;
/** For a service that is busy and does not say for how long. */
const BUSY_MS = 10_000;

/** Fails with `BusyError` when the service wants to be left alone for a while, else with a `WorkerError`. */
export function createChat(endpoint: Endpoint, { signal, log }: WorkContext): Chat {
  const ask = (messages: Message[], format: object) =>
    call({
      endpoint,
      path: "chat/completions",
      body: JSON.stringify({ model: endpoint.model, messages, temperature: 0, ...format }),
      signal,
      timeoutMs: TIMEOUT_MS,
      read: readContent,
    });

  return {
    async ask(messages, schema) {
      try {
        try {
          return await ask(messages, schema === undefined ? {} : toFormat(schema));
        } catch (thrown) {
          // Many services know no schemas; the messages ask for them too.
          if (schema === undefined || !isRefusal(thrown)) throw thrown;
          return await ask(messages, {});
        }
      } catch (thrown) {
        if (!(thrown instanceof ServiceError)) throw thrown;
        log.warn({ status: thrown.status, code: thrown.code }, thrown.message);
        throw toOutcome(thrown);
      }
    },
  };
}

const toFormat = (schema: object) => ({
  response_format: { type: "json_schema", json_schema: { name: "analysis", strict: true, schema } },
});

const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof ServiceError && (thrown.status === 400 || thrown.status === 422);

async function readContent(answer: Response): Promise<string> {
  const value: unknown = JSON.parse(await readText(answer));
  const content = isAnswer.Check(value) ? value.choices[0]?.message.content : undefined;
  if (typeof content !== "string") throw new ServiceError("The answer is malformed");
  return content;
}

function toOutcome(thrown: ServiceError): Error {
  const isBusy = thrown.status === 429 || thrown.retryAfterMs !== undefined;
  if (thrown.isPassing && isBusy)
    return new BusyError(thrown.retryAfterMs ?? BUSY_MS, { cause: thrown });
  if (thrown.status === 413 || thrown.code === "context_length_exceeded")
    return new WorkerError("input_too_large", "The text is too long for the language model", {
      cause: thrown,
    });
  return new WorkerError("engine_unavailable", "The language model cannot be used now", {
    cause: thrown,
  });
}
