export interface ServerSentEvent {
  event: string;
  data: string;
  /** Only when the event names one. */
  id: string | undefined;
}

/** Takes a stream of Server-Sent Events in pieces of any length; comments and events without data are passed over. */
export function createEventParser(onEvent: (event: ServerSentEvent) => void) {
  let rest = "";
  return (piece: string): void => {
    const blocks = (rest + piece).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event !== undefined) onEvent(event);
    }
  };
}

function parseBlock(block: string): ServerSentEvent | undefined {
  const fields = block.split("\n").map((line) => {
    const colon = line.indexOf(":");
    return colon < 0
      ? ([line, ""] as const)
      : ([line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")] as const);
  });
  const all = (name: string) => fields.filter(([field]) => field === name).map(([, text]) => text);
  const data = all("data");
  if (data.length === 0) return undefined;
  return { event: all("event").at(-1) ?? "message", data: data.join("\n"), id: all("id").at(-1) };
}
