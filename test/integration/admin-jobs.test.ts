import { describe, expect, vi } from "vitest";
import { callAs, createService, submitExternal } from "../support/external.ts";
import { createInstallation, someone } from "../support/gateway.ts";
import { test as base } from "../support/socket-client.ts";

const WAIT = { timeout: 15_000, interval: 50 };
const ERROR = { code: "input_corrupt", message: "The page is torn" };

/** An installation of the test's own, its history included, since everyone's jobs are meant. */
const test = base
  .extend("node", async ({ redisUrl, ownPostgresUrl }, { onCleanup }) => {
    const installation = createInstallation({ redisUrl, postgresUrl: ownPostgresUrl });
    onCleanup(() => installation.close());
    return await installation.start({ roles: ["gateway", "recorder"] });
  })
  .extend("setting", async ({ node, connect }) => {
    const service = createService(node.token(someone(), { roles: ["service"] }));
    const adminToken = node.token(someone(), { roles: ["admin"] });
    const admin = callAs(adminToken);

    async function fail(userId: string, count: number): Promise<string[]> {
      const token = node.token(userId);
      const made = Array.from({ length: count }, async () => {
        const jobId = await submitExternal(node, token);
        const { status } = await service.fail(node, jobId, { error: ERROR });
        expect(status).toBe(200);
        return jobId;
      });
      return await Promise.all(made);
    }

    return {
      node,
      service,
      fail,
      admin: (action: string, body: object) => admin(node, `/api/admin/jobs/${action}`, body),
      as: (userId: string) => callAs(node.token(userId)),
      /** Ids of everyone's jobs of a status. */
      async list(status: string): Promise<unknown[]> {
        const ids: unknown[] = [];
        let cursor: unknown = "";
        do {
          const from = cursor === "" ? "" : `&cursor=${String(cursor)}`;
          const path = `/api/jobs?status=${status}&userId=*&limit=200${from}`;
          const { body } = await node.get(path, adminToken);
          const items = Array.isArray(body["items"]) ? body["items"] : [];
          ids.push(...items.map((job: Record<string, unknown>) => job["jobId"]));
          cursor = body["nextCursor"];
        } while (typeof cursor === "string");
        return ids;
      },
      async listen(userId: string) {
        const client = connect(node.url, { token: node.token(userId) });
        await client.ready();
        return client;
      },
    };
  });

describe("many finished jobs", () => {
  test("are listed as dead letters, run again at one call, and their owners hear of it", async ({
    setting: { node, service, fail, admin, list, listen },
  }) => {
    const users = [someone(), someone(), someone()];
    const clients = await Promise.all(users.map(listen));
    const failed: string[] = [];
    for (const userId of users) failed.push(...(await fail(userId, 70)));
    const waiting = await submitExternal(node, node.token(users[0] ?? ""));
    // More than a page.
    expect(failed).toHaveLength(210);
    await vi.waitFor(async () => expect(await list("failed")).toHaveLength(210), WAIT);

    expect(await admin("retry", { status: "failed,cancelled", type: "external" })).toEqual({
      status: 200,
      body: { matched: 210, done: 210 },
    });
    for (const client of clients)
      await vi.waitFor(() => {
        const queued = client.named("job-queued").filter(({ attempt }) => attempt === 1);
        expect(queued).toHaveLength(70);
      }, WAIT);
    expect(await service.claim(node, failed[0] ?? "", {})).toMatchObject({ body: { attempt: 2 } });
    expect(await service.claim(node, waiting, {})).toMatchObject({ body: { attempt: 1 } });
    await vi.waitFor(async () => expect(await list("failed")).toEqual([]), WAIT);
    expect(await admin("retry", { status: "failed" })).toMatchObject({
      body: { matched: 0, done: 0 },
    });
  }, 60_000);

  test("are removed by status, type and age, and no others", async ({
    setting: { node, service, fail, admin, as, list },
  }) => {
    const userId = someone();
    const [old = ""] = await fail(userId, 1);
    const job = await node.get(`/api/jobs/${old}`, node.token(userId));
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(created(job.body) + 5));
    const createdBefore = new Date().toISOString();
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(Date.parse(createdBefore)));
    const [young = ""] = await fail(userId, 1);
    const [completed, cancelled, open] = [
      await submitExternal(node, node.token(userId)),
      await submitExternal(node, node.token(userId)),
      await submitExternal(node, node.token(userId)),
    ];
    await service.complete(node, completed, { result: {} });
    await as(userId)(node, `/api/jobs/${cancelled}/cancel`);
    const finished = "completed,failed,cancelled";
    await vi.waitFor(async () => expect(await list(finished)).toHaveLength(4), WAIT);

    expect(await admin("remove", { status: "failed", createdBefore })).toMatchObject({
      body: { matched: 1, done: 1 },
    });
    expect(new Set(await list(finished))).toEqual(new Set([cancelled, completed, young]));
    expect(await admin("remove", { status: "cancelled,completed" })).toMatchObject({
      body: { matched: 2, done: 2 },
    });
    expect(await list(finished)).toEqual([young]);
    const image = { status: "failed", type: "echo" };
    expect(await admin("remove", image)).toMatchObject({ body: { matched: 0, done: 0 } });
    expect(await node.get(`/api/jobs/${old}`, node.token(userId))).toMatchObject({ status: 404 });
    expect(await node.get(`/api/jobs/${open}`, node.token(userId))).toMatchObject({
      body: { status: "queued" },
    });
  });

  test("are an administrator's alone to touch, and only in ways that make sense", async ({
    setting: { node, fail, admin, as, list },
  }) => {
    const userId = someone();
    await fail(userId, 1);
    await vi.waitFor(async () => expect(await list("failed")).toHaveLength(1), WAIT);
    const service = callAs(node.token(someone(), { roles: ["service"] }));
    for (const call of [as(userId), service])
      for (const action of ["retry", "remove"])
        expect(await call(node, `/api/admin/jobs/${action}`, { status: "failed" })).toMatchObject({
          status: 403,
          body: { code: "forbidden" },
        });
    const bad: [string, object][] = [
      ["retry", {}],
      ["retry", { status: "completed" }],
      ["retry", { status: "failed,queued" }],
      ["remove", { status: "processing" }],
      ["remove", { status: "failed", type: "no such type" }],
      ["remove", { status: "failed", createdBefore: "yesterday" }],
      ["remove", { status: "failed", userId }],
    ];
    for (const [action, body] of bad)
      expect.soft(await admin(action, body), JSON.stringify(body)).toMatchObject({
        status: 400,
        body: { code: "invalid" },
      });
    expect(await list("failed")).toHaveLength(1);
  });
});

const created = ({ createdAt }: Record<string, unknown>): number => Date.parse(String(createdAt));
