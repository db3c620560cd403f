import type { WebSocket } from "ws";
import type { Config } from "../../../config.ts";

const LOOK_EVERY_MS = 1000;

/** Pings those that are silent, and cuts off those that do not answer. */
export function keepAlive(
  clients: Iterable<WebSocket>,
  config: Pick<Config, "HEARTBEAT_SECONDS" | "HEARTBEAT_TIMEOUT_SECONDS">,
): NodeJS.Timeout {
  const everyMs = config.HEARTBEAT_SECONDS * 1000;
  const timeoutMs = config.HEARTBEAT_TIMEOUT_SECONDS * 1000;
  const pingedAt = new WeakMap<WebSocket, number>();
  const heardAt = new WeakMap<WebSocket, number>();

  function look(webSocket: WebSocket, now: number): void {
    const heard = heardAt.get(webSocket) ?? begin(webSocket, now);
    const pinged = pingedAt.get(webSocket) ?? 0;
    if (pinged > heard && now - pinged > timeoutMs) return webSocket.terminate();
    if (now - Math.max(heard, pinged) < everyMs) return;
    pingedAt.set(webSocket, now);
    webSocket.ping();
  }

  function begin(webSocket: WebSocket, now: number): number {
    heardAt.set(webSocket, now);
    webSocket.on("pong", () => heardAt.set(webSocket, performance.now()));
    return now;
  }

  return setInterval(() => {
    for (const webSocket of clients) look(webSocket, performance.now());
  }, LOOK_EVERY_MS).unref();
}
