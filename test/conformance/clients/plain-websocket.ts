import { print, readToken, url } from "./say.ts";

interface Frame {
  event: string;
  data: unknown;
  cursor: string | null;
}

const COME_BACK_MS = 1000;
/** Malformed, or from a page that may not: these will be so the next time too. */
const FOR_GOOD = [4400, 4403];

let cursor = "";

function connect(): void {
  const webSocket = new WebSocket(`${url.replace("http", "ws")}/ws`);
  webSocket.addEventListener("open", () =>
    webSocket.send(JSON.stringify({ event: "auth", data: { token: readToken(), cursor } })),
  );
  webSocket.addEventListener("message", ({ data: text }) => {
    const { event, data, cursor: moved }: Frame = JSON.parse(String(text));
    print(event, data);
    cursor = moved ?? cursor;
  });
  webSocket.addEventListener("error", () => undefined);
  webSocket.addEventListener("close", ({ code }) => {
    if (!FOR_GOOD.includes(code)) setTimeout(connect, COME_BACK_MS);
  });
}

connect();
