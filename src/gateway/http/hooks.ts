import type { FastifyInstance } from "fastify";

const HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/** What every answer carries. */
export function addHeaders(app: FastifyInstance, { isDraining }: { isDraining(): boolean }): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("Request-Id", request.id).headers(HEADERS);
    // So that clients of a node which is leaving open their next connection elsewhere.
    if (isDraining()) reply.header("Connection", "close");
  });
}

/** One line for each request, by its route and path alone: what comes after `?` may be a signature or a token. */
export function addRequestLog(app: FastifyInstance): void {
  app.addHook("onResponse", async (request, reply) => {
    const [path] = request.url.split("?", 1);
    const ms = Math.round(reply.elapsedTime);
    request.log.info({ method: request.method, path, status: reply.statusCode, ms }, "request");
  });
}
