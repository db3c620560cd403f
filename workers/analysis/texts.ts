import type { WorkInput, WorkSource } from "../../src/contract/worker.ts";
import { WorkerError } from "../../src/errors.ts";
import { sourcesOf } from "../../src/jobs/input.ts";
import type { WorkContext } from "../define-worker.ts";

/** Some 50,000 words: what models take at a time. */
export const MAX_CHARACTERS = 200_000;
/** A character has four bytes at most; escapes in JSON take more. */
const MAX_BYTES = 8 * MAX_CHARACTERS;

const UNSUPPORTED =
  "Only plain text and JSON can be analysed: send the result of a pdf or transcription job instead of the file itself";

/** All that is to be analysed. Fails with `input_unsupported`, `input_too_large`, or `input_corrupt` when there is nothing in it. */
export async function readTexts(
  input: WorkInput,
  context: Pick<WorkContext, "open">,
): Promise<string> {
  const texts: string[] = [];
  if ("data" in input) texts.push(textOfData(input.data));
  for (const source of sourcesOf(input)) texts.push(await readSource(source, context));
  const text = texts.join("\n\n").trim();
  if (text === "") throw new WorkerError("input_corrupt", "There is no text to analyse");
  if (text.length > MAX_CHARACTERS) throw tooLong();
  return text;
}

const textOfData = (data: unknown): string =>
  typeof data === "object" && data !== null && "text" in data && typeof data.text === "string"
    ? data.text
    : "";

/** Known by its content, whatever it is called. */
async function readSource(
  source: WorkSource,
  { open }: Pick<WorkContext, "open">,
): Promise<string> {
  const bytes = await readSome(await open(source));
  const text = toText(bytes);
  if (text.trim() === "") throw new WorkerError("input_corrupt", "The file is empty");
  const name = "file" in source ? source.file.name : "";
  const body = textOfJson(text) ?? text;
  return name === "" ? body : `[${name}]\n${body}`;
}

async function readSome(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    parts.push(part);
    size += part.length;
    if (size > MAX_BYTES) throw tooLong();
  }
  return Buffer.concat(parts);
}

/** UTF-8, or else what Windows wrote before. */
function toText(bytes: Buffer): string {
  const text = decode(bytes, "utf-8") ?? decode(bytes, "windows-1252") ?? "";
  // A binary format, or one that is text only at first sight.
  if (/(?![\t\n\v\f\r])\p{Cc}|^(%PDF|\{\\rtf)/u.test(text))
    throw new WorkerError("input_unsupported", UNSUPPORTED);
  return text;
}

function decode(bytes: Buffer, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Of a result of ours the text alone: its times and places would only cost. */
function textOfJson(text: string): string | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return textOfData(value) || undefined;
  } catch {
    return undefined;
  }
}

const tooLong = () =>
  new WorkerError(
    "input_too_large",
    `The text has more than ${MAX_CHARACTERS.toLocaleString("en")} characters`,
  );
