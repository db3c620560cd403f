import { once } from "node:events";
import { request } from "node:http";
import Fastify, { type FastifyInstance } from "fastify";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { addBodyDeadlines, type BodyDeadlines } from "../../src/gateway/http/bodies.ts";

async function listen(
  deadlines: BodyDeadlines,
): Promise<{ app: FastifyInstance; address: string }> {
  const app = Fastify({ forceCloseConnections: true });
  addBodyDeadlines(app, deadlines);
  app.addContentTypeParser("application/x-stream", (_request, _body, done) => done(null));
  app.post("/", async () => "not wanted");
  onTestFinished(() => app.close());
  return { app, address: await app.listen({ port: 0, host: "127.0.0.1" }) };
}

function post(address: string, contentType: string) {
  const headers = { "content-type": contentType, "content-length": 100_000 };
  const sent = request(address, { method: "POST", headers });
  sent.on("error", () => undefined);
  sent.flushHeaders();
  return sent;
}

describe("a body", () => {
  test("of JSON that does not come in time is given up", async () => {
    const { address } = await listen({ jsonTimeoutMs: 50 });
    const sent = post(address, "application/json");
    sent.write("{");
    await expect(once(sent, "response")).rejects.toThrow("socket hang up");
  });

  test("that nobody reads is answered, and then cut", async () => {
    const { address } = await listen({ lingerMs: 50 });
    const sent = post(address, "application/x-stream");
    const [answer] = await once(sent, "response");
    expect(String(await answer.toArray())).toBe("not wanted");
    await vi.waitFor(() => {
      sent.write("x".repeat(1000));
      expect(sent.destroyed).toBe(true);
    });
  });
});
