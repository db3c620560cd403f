import { queueName } from "../../src/contract/names.ts";
import type { Keys } from "../../src/redis/keys.ts";
import type { TestNode } from "./gateway.ts";

type Body = Record<string, unknown>;
export interface Answer {
  status: number;
  body: Body;
}

/** Calls a node as one user; the answer's body is an object, whatever it was. */
export function callAs(token: string) {
  return async (node: Pick<TestNode, "url">, path: string, body?: object): Promise<Answer> => {
    const answer = await fetch(`${node.url}${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? {} : Object(JSON.parse(text)) };
  };
}

/** A service, with what it does to external jobs. */
export function createService(token: string) {
  const call = callAs(token);
  const act = (name: string) => (node: TestNode, jobId: string, body: object) =>
    call(node, `/api/jobs/${jobId}/${name}`, body);
  return {
    call,
    claim: act("claim"),
    heartbeat: act("heartbeat"),
    progress: act("progress"),
    complete: act("complete"),
    fail: act("fail"),
    /** Claims a job that is there to be had. */
    async take(node: TestNode, jobId: string, leaseSeconds = 60): Promise<string> {
      const { status, body } = await call(node, `/api/jobs/${jobId}/claim`, { leaseSeconds });
      if (status !== 200) throw new Error(`Not claimed: ${JSON.stringify(body)}`);
      return String(body["claim"]);
    },
  };
}

export async function submitExternal(
  node: TestNode,
  token: string,
  request: object = {},
): Promise<string> {
  const { status, body } = await callAs(token)(node, "/api/jobs", {
    type: "external",
    input: { data: { page: 1 } },
    ...request,
  });
  if (status !== 201) throw new Error(`Not accepted: ${JSON.stringify(body)}`);
  return String(body["jobId"]);
}

/** BullMQ's lock of an external job: a claim. */
export const lockOf = (keys: Keys, jobId: string): string =>
  keys.bullKey(queueName("external", "normal"), `${jobId}:lock`);
