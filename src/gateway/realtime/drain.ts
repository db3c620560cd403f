import { sleep } from "../../lib/sleep.ts";
import { toFrame } from "./frame.ts";
import type { GatewaySocket } from "./session.ts";

const WAVE_EVERY_MS = 100;
/** New connections that the other nodes take without a murmur, together. */
const PER_WAVE = 50;

/**
 * Sends this node's clients away: each is told when it will be cut, then they go in waves, spread over as much of `windowMs` as there are clients for.
 * They come back on other nodes, each from its cursor.
 */
export async function drainSockets(sockets: GatewaySocket[], windowMs: number): Promise<void> {
  const waves = Math.min(
    Math.ceil(sockets.length / PER_WAVE),
    Math.max(1, Math.floor(windowMs / WAVE_EVERY_MS)),
  );
  const perWave = Math.ceil(sockets.length / Math.max(1, waves));
  for (const [i, socket] of sockets.entries()) {
    const reconnectIn =
      Math.floor(i / perWave) * WAVE_EVERY_MS + Math.floor(Math.random() * WAVE_EVERY_MS);
    socket.data.session.outlet.send(toFrame("server-draining", JSON.stringify({ reconnectIn })));
  }
  for (let from = 0; from < sockets.length; from += perWave) {
    await sleep(WAVE_EVERY_MS);
    for (const socket of sockets.slice(from, from + perWave)) socket.data.session.outlet.cut();
  }
}
