import type { FastifyInstance } from "fastify";

const JSON_TIMEOUT_MS = 30_000;
const LINGER_MS = 10_000;

/** Bounds how long a client may take to send what is no upload, and how long it may go on sending what nobody reads any more. */
export function addBodyDeadlines(app: FastifyInstance): void {
  app.addHook("onRequest", async ({ headers, raw }) => {
    if (!headers["content-type"]?.startsWith("application/json")) return;
    const timer = setTimeout(() => raw.destroy(), JSON_TIMEOUT_MS);
    const stop = () => clearTimeout(timer);
    raw.once("end", stop).once("close", stop);
  });

  // Cut at once, the connection would be reset before the client had read why.
  app.addHook("onResponse", async ({ raw }) => {
    if (raw.complete) return;
    raw.unpipe();
    raw.resume();
    const timer = setTimeout(() => raw.destroy(), LINGER_MS);
    raw.once("close", () => clearTimeout(timer));
  });
}
