import { describe, expect } from "vitest";
import { createService, submitExternal } from "../support/external.ts";
import { someone, type TestNode } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";
import { idOf, OCTETS, TUS } from "../support/tus.ts";

/** A finished upload of whoever has the token; its id. */
async function uploadText(node: TestNode, token: string, text: string): Promise<string> {
  const answer = await fetch(`${node.url}/api/uploads`, {
    method: "POST",
    headers: {
      ...TUS,
      ...OCTETS,
      authorization: `Bearer ${token}`,
      "upload-length": `${Buffer.byteLength(text)}`,
    },
    body: text,
  });
  expect(answer.status).toBe(201);
  return idOf(answer.headers.get("location") ?? "");
}

describe("an external job", () => {
  test("brings files that its service has uploaded, and nobody else's", async ({
    cluster: { a, b },
  }) => {
    const [owner, serviceToken] = [b.token(someone()), a.token(someone(), { roles: ["service"] })];
    const service = createService(serviceToken);
    const jobId = await submitExternal(b, owner);
    const claim = await service.take(a, jobId);
    const [own, foreign] = [
      await uploadText(a, serviceToken, "read by us"),
      await uploadText(a, owner, "a user's"),
    ];
    const report = (uploadId: string) => ({
      claim,
      result: { pages: 1 },
      files: [{ uploadId, name: "text.txt" }],
    });

    expect(await service.complete(a, jobId, report(foreign))).toMatchObject({ status: 404 });
    expect(await service.complete(a, jobId, report(own))).toMatchObject({
      status: 200,
      body: { status: "completed", result: { pages: 1, files: [{ name: "text.txt", bytes: 10 }] } },
    });
    const { body } = await b.get(`/api/jobs/${jobId}`, owner);
    const [, url = ""] = /"url":"([^"]+)"/.exec(JSON.stringify(body)) ?? [];
    expect(await fetch(new URL(url, b.url)).then((answer) => answer.text())).toBe("read by us");
  });
});
