import { setTimeout as delay } from "node:timers/promises";

export interface Submit {
  url: string;
  token: string;
  key: string;
  /** JSON, or a form with a file. */
  body: () => string | FormData;
  signal: AbortSignal;
}

const ANSWER_MS = 5000;

/** Sends a job until it is accepted, as a careful client does: with a key, so that what got no answer can be sent again. Resolves to its id. */
export async function submit({ url, token, key, body, signal }: Submit): Promise<string> {
  for (;;) {
    signal.throwIfAborted();
    const sent = body();
    const answer = await fetch(`${url}/api/jobs`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "idempotency-key": key,
        ...(typeof sent === "string" ? { "content-type": "application/json" } : {}),
      },
      body: sent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    }).catch(() => undefined);
    const text = await answer?.text().catch(() => undefined);
    if (answer?.status === 201 && text !== undefined) {
      const { jobId }: { jobId: string } = JSON.parse(text);
      return jobId;
    }
    // What will never be accepted is a mistake of the load.
    if (answer !== undefined && answer.status < 429 && answer.status !== 409)
      throw new Error(`A job was refused: ${answer.status} ${text}`);
    await delay(250 + Math.random() * 250);
  }
}
