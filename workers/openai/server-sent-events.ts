import { ServiceError, toParts } from "./call.ts";

const MAX_EVENT_CHARACTERS = 1024 ** 2;

/** The `data` of each event, in order. */
export async function* toEvents(answer: Response): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of toLines(answer)) {
    if (line.startsWith("data:")) data.push(line.slice("data:".length).replace(/^ /, ""));
    if (line !== "" || data.length === 0) continue;
    yield data.join("\n");
    data = [];
  }
}

/** A last line without its end is left out: the connection broke in it. */
async function* toLines(answer: Response): AsyncGenerator<string> {
  let rest = "";
  for await (const part of toParts(answer)) {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_EVENT_CHARACTERS) throw new ServiceError("The answer is too large");
    for (const line of lines) yield line.replace(/\r$/, "");
  }
}
