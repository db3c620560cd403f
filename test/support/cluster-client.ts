import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import sharp from "sharp";

/** A picture that takes a worker a tenth of a second or two. */
export async function makePhoto(): Promise<Buffer> {
  const [width, height] = [800, 600];
  const noise = Buffer.alloc(width * height * 3);
  for (let i = 0; i < noise.length; i += 1) noise[i] = (i * 7919 + (i >> 8)) % 251;
  return await sharp(noise, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
}

export async function fetchToken(url: string, sub: string): Promise<string> {
  const answer = await fetch(`${url}/api/dev/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sub, ttl: 7200 }),
  });
  const { token }: { token: string } = JSON.parse(await answer.text());
  return token;
}

const PATIENCE_MS = 40_000;

/**
 * Uploads a photograph as a careful client does: with a key, so that what got no answer can be sent again. Resolves to the job's id once it was accepted.
 */
export async function submitPhoto(
  url: string,
  token: string,
  photo: Buffer,
  options: object = {},
): Promise<string> {
  const key = randomUUID();
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await post(url, token, form(photo, options), key).catch(() => undefined);
    const text = await answer?.text().catch(() => undefined);
    if (answer?.status === 201 && text !== undefined) {
      const { jobId }: { jobId: string } = JSON.parse(text);
      return jobId;
    }
    if (Date.now() > deadline) throw new Error(`Not accepted: ${answer?.status} ${text}`);
    await delay(200);
  }
}

function form(photo: Buffer, options: object): FormData {
  const fields = new FormData();
  fields.set("type", "image");
  fields.set("options", JSON.stringify(options));
  fields.set("file", new Blob([new Uint8Array(photo)], { type: "image/jpeg" }), "photo.jpg");
  return fields;
}

function post(url: string, token: string, body: FormData, key: string): Promise<Response> {
  return fetch(`${url}/api/jobs`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "idempotency-key": key },
    body,
    signal: AbortSignal.timeout(5000),
  });
}
