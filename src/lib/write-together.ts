import type { Writable } from "node:stream";

/** Hands on in one piece what is written in one go of the event loop: each write to the network is a call to the system, and costs more than most of what led to it. */
export function writeTogether(stream: Writable): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  setImmediate(() => stream.uncork());
}
