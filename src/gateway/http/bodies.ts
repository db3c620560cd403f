import type { FastifyInstance } from "fastify";

export interface BodyDeadlines {
  /** For a JSON body to arrive; 30,000. */
  jsonTimeoutMs?: number;
  /** For a client to read why its body was not wanted; 10,000. */
  lingerMs?: number;
}

/** Bounds how long a client may take to send what is no upload, and how long it may go on sending what nobody reads any more. */
export function addBodyDeadlines(app: FastifyInstance, deadlines: BodyDeadlines = {}): void {
  const { jsonTimeoutMs = 30_000, lingerMs = 10_000 } = deadlines;

  app.addHook("onRequest", async ({ headers, raw }) => {
    if (!headers["content-type"]?.startsWith("application/json")) return;
    const timer = setTimeout(() => raw.destroy(), jsonTimeoutMs);
    const stop = () => clearTimeout(timer);
    raw.once("end", stop).once("close", stop);
  });

  // Cut at once, the connection would be reset before the client had read why.
  app.addHook("onResponse", async ({ raw }) => {
    if (raw.complete) return;
    raw.unpipe();
    raw.resume();
    const timer = setTimeout(() => raw.destroy(), lingerMs);
    raw.once("close", () => clearTimeout(timer));
  });
}
