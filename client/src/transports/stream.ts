import { askFor } from "./ask.ts";
import { createLife, type Transport, UP_WITHIN_MS } from "./transport.ts";

/** The gateway is silent for 25 s at most. */
const SILENT_MS = 60_000;

/** Server-Sent Events, read by `fetch`: unlike `EventSource` it sends a token where no log has it, and says why it was refused. */
export const streamTransport: Transport = {
  name: "stream",
  open({ url, token, cursors, onEvent }) {
    const { up, ended, isUp, end } = createLife();
    const over = new AbortController();
    let late = setTimeout(() => over.abort(), UP_WITHIN_MS);

    async function listen(): Promise<void> {
      const query = new URLSearchParams({ cursors: JSON.stringify(cursors), protocol: "1" });
      const address = `${url}/api/events/stream?${query}`;
      const response = await askFor(address, { token, signal: over.signal });
      if (!(response instanceof Response)) return end(response);
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const parse = createParser((event, data) => {
        onEvent(event, JSON.parse(data));
        if (event === "ready") isUp();
      });
      for (;;) {
        const piece = await reader?.read();
        if (piece === undefined || piece.done) return;
        clearTimeout(late);
        late = setTimeout(() => over.abort(), SILENT_MS);
        parse(piece.value);
      }
    }

    listen()
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(late);
        over.abort();
        end({ kind: "lost" });
      });
    return { up, ended, close: () => over.abort() };
  },
};

/** Events as the HTML standard delimits them; of one that was cut off nothing counts. */
function createParser(onEvent: (event: string, data: string) => void): (piece: string) => void {
  let rest = "";
  let event = "";
  let data = "";
  function takeLine(line: string): void {
    if (line === "") {
      if (event !== "") onEvent(event, data);
      event = "";
      data = "";
    } else if (line.startsWith("event: ")) event = line.slice(7);
    else if (line.startsWith("data: ")) data = line.slice(6);
  }
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) takeLine(line);
  };
}
