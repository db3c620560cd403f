import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

/** A request as a service of this kind gets it. */
export interface Asked {
  path: string;
  headers: IncomingMessage["headers"];
  /** Of a form, its fields; of JSON, nothing. */
  fields: Record<string, string>;
  /** The file of a form. */
  file: Buffer | undefined;
  /** What was posted as JSON. */
  json: Chat;
}

/** The body of a chat request. */
export interface Chat {
  model?: string;
  messages?: { role: string; content: string }[];
  response_format?: object;
}

export type Answer = (asked: Asked, response: ServerResponse) => void | Promise<void>;

export interface OpenaiServer {
  /** Up to `/v1`. */
  url: string;
  asked: Asked[];
  close(): Promise<void>;
}

/** A service with OpenAI's shape that answers as a test says, and remembers what it was asked. */
export async function startOpenaiServer(answer: Answer): Promise<OpenaiServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void read(request).then(async (one) => {
      asked.push(one);
      await answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}/v1`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const sendJson = (response: ServerResponse, value: unknown, status = 200, headers = {}) =>
  void response
    .writeHead(status, { "content-type": "application/json", ...headers })
    .end(JSON.stringify(value));

/** Lets the events out one after the other. */
export function sendEvents(response: ServerResponse, events: unknown[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events)
    response.write(`data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
  response.end();
}

export const sendChat = (response: ServerResponse, content: string) =>
  sendJson(response, { choices: [{ message: { role: "assistant", content } }] });

/** How many seconds of sound there are in a 16 kHz WAV. */
export const secondsOf = (wav: Buffer | undefined): number =>
  Math.max(0, (wav?.length ?? 0) - 44) / 32_000;

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("It listens on no port");
  return address.port;
}

async function read(request: IncomingMessage): Promise<Asked> {
  const body = await buffer(request);
  const { headers, url = "" } = request;
  const asked: Asked = { path: url, headers, fields: {}, file: undefined, json: {} };
  if (!headers["content-type"]?.startsWith("multipart/form-data"))
    return { ...asked, json: JSON.parse(body.toString() || "{}") };
  const form = await new Response(Uint8Array.from(body), {
    headers: { "content-type": headers["content-type"] },
  }).formData();
  for (const [name, value] of form) {
    if (typeof value === "string") asked.fields[name] = value;
    else asked.file = Buffer.from(await value.arrayBuffer());
  }
  return asked;
}
