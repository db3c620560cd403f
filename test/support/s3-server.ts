import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import S3rver from "s3rver";

export interface S3Server {
  /** `http://127.0.0.1:port` */
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Makes an empty bucket. */
  createBucket(name: string): Promise<void>;
  /** What was asked of it so far, as `PUT /bucket/key?query`. */
  asked: string[];
  /** The next request of which `asked` would be like this is not done, and answered with an error that is not tried again. */
  refuseNext(like: RegExp): void;
  close(): Promise<void>;
}

const CREDENTIALS = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

/**
 * A server that speaks S3, with its files in a folder that goes with it. It lacks two things that S3 and its better known relatives have, and which stand here before it: putting an object only
 * if there is none, and giving up an object in parts.
 */
export async function startS3Server(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), "jobcast-s3-"));
  const handle = new S3rver({ directory, silent: true }).callback();
  const asked: string[] = [];
  const refused = new Set<RegExp>();
  let turn = Promise.resolve();

  function isRefused(line: string): boolean {
    const like = Array.from(refused).find((each) => each.test(line));
    return like !== undefined && refused.delete(like);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "/", headers } = request;
    const isAbort = method === "DELETE" && url.includes("uploadId=");
    const isTaken =
      method === "PUT" &&
      headers["if-none-match"] === "*" &&
      (await isThere(url.split("?")[0] ?? ""));
    if (!isAbort && !isTaken) return handle(request, response);
    request.resume();
    response.writeHead(isTaken ? 412 : 204).end();
  }

  const server = createServer((request, response) => {
    const { method = "", url = "/" } = request;
    const line = `${method} ${url}`;
    asked.push(line);
    if (isRefused(line)) {
      request.resume();
      response.writeHead(403).end();
      return;
    }
    // What is put conditionally comes one after the other, as it would within S3.
    if (request.headers["if-none-match"] === undefined) {
      void answer(request, response);
      return;
    }
    const ended = once(response, "close");
    turn = turn.then(() => answer(request, response)).then(() => ended.then(() => undefined));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    credentials: CREDENTIALS,
    forcePathStyle: true,
  });

  async function isThere(path: string): Promise<boolean> {
    const [, Bucket = "", ...key] = path.split("/").map(decodeURIComponent);
    return client.send(new HeadObjectCommand({ Bucket, Key: key.join("/") })).then(
      () => true,
      () => false,
    );
  }

  return {
    endpoint,
    credentials: CREDENTIALS,
    asked,
    refuseNext: (like) => void refused.add(like),
    createBucket: async (name) => {
      await client.send(new CreateBucketCommand({ Bucket: name }));
    },
    async close() {
      client.destroy();
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
