import { createHash } from "node:crypto";
import { basename } from "node:path/posix";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply } from "fastify";
import Type from "typebox";
import { FileQuery } from "../../contract/http.ts";
import { JobcastError } from "../../errors.ts";
import type { Links } from "../../storage/signed-links.ts";
import type { Store, StoredFile } from "../../storage/store.ts";
import { parseRange } from "./byte-range.ts";
import { presentationOf } from "../../storage/content-types.ts";
import type { Limits } from "./limits.ts";
import { sendProblem } from "./problems.ts";

export interface FileRoutesOptions {
  store: Pick<Store, "head" | "open">;
  links: Pick<Links, "verify">;
  limits: Pick<Limits, "failure">;
}

const FileParams = Type.Object({ "*": Type.String({ minLength: 1, maxLength: 1024 }) });

/** Files by signed link: whoever holds one may read, without a token. */
export const fileRoutes: FastifyPluginAsyncTypebox<FileRoutesOptions> = async (
  app,
  { store, links, limits },
) => {
  app.route({
    method: ["GET", "HEAD"],
    url: "/api/files/*",
    schema: {
      summary: "Read a file by its signed link",
      description:
        "`Range` and `If-None-Match` are honoured; every read of a job signs its links anew",
      tags: ["Files"],
      params: FileParams,
      querystring: FileQuery,
      response: {
        200: {
          description: "The file",
          content: { "application/octet-stream": { schema: Type.Any() } },
        },
        206: {
          description: "Part of it",
          content: { "application/octet-stream": { schema: Type.Any() } },
        },
        304: { description: "It is the one that the client has" },
      },
    },
    config: { access: "open", problems: ["link_invalid", "not_found", "link_expired"] },
    handler: async (request, reply) => {
      const { "*": key } = request.params;
      await verify(request.method, key, request.query).catch(async (thrown: unknown) => {
        await limits.failure(request.ip);
        throw thrown;
      });
      const file = await store.head(key);
      if (file === undefined) throw new JobcastError("not_found", "No such file");
      describe(reply, file);
      const etag = toEtag(file);
      if (request.headers["if-none-match"] === etag) return reply.code(304).send();
      const ifRange = request.headers["if-range"];
      const isSame = ifRange === undefined || ifRange === etag;
      return sendFile(reply, {
        file,
        range: isSame ? request.headers.range : undefined,
        method: request.method,
      });
    },
  });

  async function verify(
    method: string,
    key: string,
    query: { expires?: string; signature?: string },
  ): Promise<void> {
    links.verify(method, key, query.expires, query.signature);
  }

  interface Sent {
    file: StoredFile;
    range: string | undefined;
    method: string;
  }

  async function sendFile(
    reply: FastifyReply,
    { file, range: header, method }: Sent,
  ): Promise<FastifyReply> {
    const { key, bytes } = file;
    const range = parseRange(header, bytes);
    if (range === "unsatisfiable") return sendUnsatisfiable(reply, bytes);
    const { start, end } = range ?? { start: 0, end: bytes - 1 };
    reply.header("Content-Length", end - start + 1);
    if (range !== undefined)
      reply.code(206).header("Content-Range", `bytes ${start}-${end}/${bytes}`);
    if (method === "HEAD") return reply.send();
    return reply.send(await store.open(key, range));
  }
};

function describe(reply: FastifyReply, file: StoredFile): void {
  const name = basename(file.key);
  const { contentType, isInline } = presentationOf(name);
  reply.headers({
    "Content-Type": contentType,
    // Keys are ASCII without quotes, so that the name needs no other form.
    "Content-Disposition": `${isInline ? "inline" : "attachment"}; filename="${name}"`,
    "Content-Security-Policy":
      "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; img-src 'self'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "private, max-age=3600",
    "Accept-Ranges": "bytes",
    ETag: toEtag(file),
  });
}

/** A key is written once, so that key and size say which content it is. */
const toEtag = ({ key, bytes }: StoredFile): string =>
  `"${createHash("sha256").update(`${key}\n${bytes}`).digest("base64url").slice(0, 22)}"`;

function sendUnsatisfiable(reply: FastifyReply, bytes: number): FastifyReply {
  for (const name of ["Content-Disposition", "ETag", "Cache-Control"]) reply.removeHeader(name);
  reply.header("Content-Range", `bytes */${bytes}`);
  return sendProblem(
    reply,
    new JobcastError("invalid", "The range lies behind the end of the file"),
    416,
  );
}
