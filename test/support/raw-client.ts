import { WebSocket } from "ws";
import { test as base } from "./socket-client.ts";

/** A client that speaks Socket.IO by hand over a WebSocket, so that it can misbehave. */
export interface RawClient {
  webSocket: WebSocket;
  /** Socket.IO packets as they came, heartbeats left out. */
  packets: string[];
  isClosed(): boolean;
  send(packet: string): void;
}

const OPEN = "0";
const PING = "2";
const MESSAGE = "4";

export async function openRaw(url: string, auth?: object): Promise<RawClient> {
  const address = `${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
  const webSocket = new WebSocket(address);
  const packets: string[] = [];
  const send = (packet: string) => webSocket.send(`${MESSAGE}${packet}`);
  await new Promise<void>((resolve, reject) => {
    webSocket.on("error", reject);
    webSocket.on("message", (data) => {
      const text = Buffer.isBuffer(data) ? data.toString() : "";
      if (text.startsWith(OPEN)) resolve();
      if (text === PING) webSocket.send("3");
      if (text.startsWith(MESSAGE)) packets.push(text.slice(1));
    });
  });
  if (auth !== undefined) send(`0${JSON.stringify(auth)}`);
  return { webSocket, packets, isClosed: () => webSocket.readyState === WebSocket.CLOSED, send };
}

/** Tests with such clients, gone when the test is. */
export const test = base.extend("raw", async ({}, { onCleanup }) => {
  const clients: RawClient[] = [];
  onCleanup(() => {
    for (const { webSocket } of clients) webSocket.terminate();
  });
  return async (url: string, auth?: object): Promise<RawClient> => {
    const client = await openRaw(url, auth);
    clients.push(client);
    return client;
  };
});
