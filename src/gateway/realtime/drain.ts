import { sleep } from "../../lib/sleep.ts";
import { say } from "./message.ts";
import type { Session } from "./session.ts";

const WAVE_EVERY_MS = 100;
/** New connections that the other nodes take without a murmur, together. */
const PER_WAVE = 50;

/**
 * Sends this node's clients away: each is told when it will be cut, then they go in waves, spread over as much of `windowMs` as there are clients for.
 * They come back on other nodes, each from its cursor.
 */
export async function drainSessions(sessions: Session[], windowMs: number): Promise<void> {
  const waves = Math.min(
    Math.ceil(sessions.length / PER_WAVE),
    Math.max(1, Math.floor(windowMs / WAVE_EVERY_MS)),
  );
  const perWave = Math.ceil(sessions.length / Math.max(1, waves));
  for (const [i, { outlet }] of sessions.entries()) {
    const reconnectIn =
      Math.floor(i / perWave) * WAVE_EVERY_MS + Math.floor(Math.random() * WAVE_EVERY_MS);
    outlet.send(say("server-draining", { reconnectIn }));
  }
  for (let from = 0; from < sessions.length; from += perWave) {
    await sleep(WAVE_EVERY_MS);
    for (const { outlet } of sessions.slice(from, from + perWave)) outlet.cut("draining");
  }
}
