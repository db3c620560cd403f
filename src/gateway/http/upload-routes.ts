import { Readable } from "node:stream";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { JobcastError } from "../../errors.ts";
import type { Uploads, UploadState } from "../../jobs/uploads/uploads.ts";
import { callerOf } from "./authentication.ts";
import { sendProblem } from "./problems.ts";
import {
  describeUpload,
  readCount,
  readNewUpload,
  TUS_HEADERS,
  TUS_VERSION,
} from "./upload-headers.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** For `@fastify/cors`, over what it was registered with. */
    cors?: { preflightContinue?: boolean; exposedHeaders?: string[] };
  }
}

export interface UploadRoutesOptions {
  uploads: Uploads;
  maxBytes: number;
  /** Makes addresses absolute. */
  publicUrl: string | undefined;
}

const ROUTE = "/api/uploads";
const CONTENT_TYPE = "application/offset+octet-stream";
const tags = ["Uploads"];

const UploadParams = Type.Object({ uploadId: Type.String({ minLength: 1, maxLength: 128 }) });
type ToOne = FastifyRequest<{ Params: { uploadId: string } }>;

/** Resumable uploads: tus 1.0 with creation, creation-with-upload, expiration and termination. */
export const uploadRoutes: FastifyPluginAsyncTypebox<UploadRoutesOptions> = async (
  app,
  { uploads, maxBytes, publicUrl = "" },
) => {
  const base = `${publicUrl.replace(/\/+$/, "")}${ROUTE}`;
  const cors = {
    exposedHeaders: ["Request-Id", "Retry-After", ...TUS_HEADERS],
  };
  const leaving = new AbortController();
  const inHand = new Set<Promise<unknown>>();

  app.addContentTypeParser(CONTENT_TYPE, (_request, payload, done) => done(null, payload));
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("Tus-Resumable", TUS_VERSION);
    if (request.method === "OPTIONS" || request.headers["tus-resumable"] === TUS_VERSION) {
      done();
      return;
    }
    const message = `The header Tus-Resumable must be ${TUS_VERSION}`;
    sendProblem(
      reply.header("Tus-Version", TUS_VERSION),
      new JobcastError("invalid", message),
      412,
    );
  });
  // What is on its way goes on elsewhere. Waited for, so that all that has arrived is on disk before the process ends.
  app.addHook("preClose", async () => {
    leaving.abort(
      new JobcastError("draining", "This node is going away", { retryAfterSeconds: 1 }),
    );
    await Promise.allSettled(inHand);
  });

  app.post(ROUTE, {
    schema: {
      summary: "Begin a resumable upload (tus 1.0)",
      description:
        "`Upload-Length` in bytes; `Upload-Metadata` may hold `filename` and `filetype`. The last part of `Location` is the `uploadId` that a job takes as input",
      tags,
      response: { 201: { description: "It is at `Location`, and goes on at `Upload-Offset`" } },
    },
    config: { cors, problems: ["invalid", "too_large", "unsupported_media_type", "unavailable"] },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const wanted = readNewUpload(request.headers);
      const content = toContent(request);
      if ((lengthOf(request) ?? 0) > wanted.bytes) throw tooMuch();
      const created = await uploads.create(wanted, caller);
      const { uploadId } = created.upload;
      const state =
        content === undefined || wanted.bytes === 0
          ? created
          : await write(request, uploadId, { offset: 0, content }).catch(
              async (thrown: unknown) => {
                // Nobody was told where it is.
                await uploads.remove(uploadId, caller).catch(() => undefined);
                throw thrown;
              },
            );
      reply.code(201).header("Location", `${base}/${uploadId}`).headers(describeUpload(state));
      return reply.send();
    },
  });

  app.head(`${ROUTE}/:uploadId`, {
    schema: {
      summary: "Ask how much of an upload is kept",
      tags,
      params: UploadParams,
      response: { 200: { description: "It goes on at `Upload-Offset`" } },
    },
    config: { cors, problems: ["not_found", "unavailable"] },
    handler: async (request, reply) => {
      const state = await uploads.find(request.params.uploadId, callerOf(request));
      const { bytes, metadata } = state.upload;
      reply.headers(describeUpload(state)).header("Upload-Length", String(bytes));
      if (metadata !== "") reply.header("Upload-Metadata", metadata);
      return reply.code(200).send();
    },
  });

  app.patch(`${ROUTE}/:uploadId`, {
    schema: {
      summary: "Send the next part of an upload",
      description: `The body is \`${CONTENT_TYPE}\`. When it breaks off, what had arrived is kept`,
      tags,
      params: UploadParams,
      response: { 204: { description: "It goes on at `Upload-Offset`" } },
    },
    config: {
      cors,
      problems: [
        "invalid",
        "not_found",
        "conflict",
        "too_large",
        "unsupported_media_type",
        "unavailable",
        "draining",
      ],
    },
    handler: patch,
  });

  app.delete(`${ROUTE}/:uploadId`, {
    schema: {
      summary: "Remove an upload with its file",
      tags,
      params: UploadParams,
      response: { 204: { description: "It is gone" } },
    },
    config: { cors, problems: ["not_found", "unavailable"] },
    handler: remove,
  });

  // For clients that can send no PATCH and no DELETE.
  app.post(`${ROUTE}/:uploadId`, {
    schema: { hide: true, params: UploadParams },
    config: { cors },
    handler: async (request, reply) => {
      const method = String(request.headers["x-http-method-override"]).toUpperCase();
      if (method === "PATCH") return patch(request, reply);
      if (method === "DELETE") return remove(request, reply);
      throw new JobcastError("not_found", "No such route");
    },
  });

  for (const url of [ROUTE, `${ROUTE}/:uploadId`]) {
    app.options(url, {
      schema: { hide: true },
      config: { access: "open", cors: { ...cors, preflightContinue: true } },
      handler: async (_request, reply) => {
        reply.headers({
          "Tus-Version": TUS_VERSION,
          "Tus-Extension": "creation,creation-with-upload,expiration,termination",
          "Tus-Max-Size": String(maxBytes),
        });
        return reply.code(204).send();
      },
    });
  }

  async function patch(request: ToOne, reply: FastifyReply): Promise<FastifyReply> {
    const content = toContent(request);
    if (content === undefined)
      throw new JobcastError("unsupported_media_type", `The body must be ${CONTENT_TYPE}`);
    const offset = readCount(request.headers, "upload-offset");
    const state = await write(request, request.params.uploadId, { offset, content });
    return reply.code(204).headers(describeUpload(state)).send();
  }

  async function remove(request: ToOne, reply: FastifyReply): Promise<FastifyReply> {
    await uploads.remove(request.params.uploadId, callerOf(request));
    return reply.code(204).send();
  }

  async function write(
    request: FastifyRequest,
    uploadId: string,
    { offset, content }: { offset: number; content: Readable },
  ): Promise<UploadState> {
    const piece = { offset, content, bytes: lengthOf(request), signal: leaving.signal };
    const writing = uploads.append(uploadId, piece, callerOf(request));
    inHand.add(writing);
    try {
      return await writing;
    } finally {
      inHand.delete(writing);
    }
  }
};

/** What the request carries, if anything. */
const toContent = ({ body }: FastifyRequest): Readable | undefined =>
  body instanceof Readable ? body : undefined;

/** As announced; `undefined` when it comes in chunks. */
const lengthOf = ({ headers }: FastifyRequest): number | undefined =>
  headers["content-length"] === undefined ? undefined : readCount(headers, "content-length");

const tooMuch = () => new JobcastError("too_large", "More was sent than the upload was to have");
