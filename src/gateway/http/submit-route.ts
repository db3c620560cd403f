import multipart from "@fastify/multipart";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import Type from "typebox";
import { Job, JobRequest } from "../../contract/job.ts";
import { JobcastError } from "../../errors.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import { toWireJob } from "../../jobs/present.ts";
import type { Links } from "../../storage/signed-links.ts";
import type { Store } from "../../storage/store.ts";
import { callerOf } from "./authentication.ts";
import { fromText } from "./from-text.ts";
import { hashRequest, idempotencyKeyOf } from "./idempotency.ts";
import type { Limits } from "./limits.ts";
import { receiveUpload, type Upload } from "./upload.ts";
import { createCheck } from "./validation.ts";

export interface SubmitRouteOptions {
  jobs: Pick<Jobs, "submit">;
  store: Pick<Store, "put" | "remove">;
  limits: Pick<Limits, "submit">;
  links: Pick<Links, "sign">;
  uploadMaxBytes: number;
}

interface Asked {
  body: JobRequest;
  upload: Upload | undefined;
}

const ROUTE = "/api/jobs";
const checkRequest = createCheck(JobRequest);

const UploadRequest = Type.Object(
  {
    file: Type.String({ format: "binary" }),
    ...Type.Omit(JobRequest, ["input"]).properties,
  },
  { $id: "JobUploadRequest", description: "`options` and `metadata` as JSON" },
);

export const submitRoute: FastifyPluginAsyncTypebox<SubmitRouteOptions> = async (app, options) => {
  const {
    jobs,
    store,
    limits,
    links: { sign },
    uploadMaxBytes,
  } = options;
  await app.register(multipart);

  app.post(ROUTE, {
    schema: {
      summary: "Submit a job",
      tags: ["Jobs"],
      headers: Type.Object({
        "idempotency-key": Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
      }),
      body: {
        content: {
          "application/json": { schema: JobRequest },
          "multipart/form-data": { schema: UploadRequest },
        },
      },
      response: { 201: Job },
    },
    config: {
      problems: [
        "invalid",
        "forbidden",
        "idempotency_mismatch",
        "idempotency_in_progress",
        "too_large",
        "unsupported_media_type",
        "invalid_options",
        "quota_exceeded",
        "unavailable",
      ],
    },
    // The handler checks: the fields around a file are known only once it is stored.
    validatorCompiler: () => () => true,
    onRequest: (request) => limits.submit(callerOf(request)),
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const key = idempotencyKeyOf(request.headers);
      const { body, upload } = await readRequest(request);
      const bodyHash = hashRequest({ route: `POST ${ROUTE}`, body, fileSha256: upload?.sha256 });
      const submitted = jobs.submit({
        request: body,
        caller,
        ...(upload === undefined ? {} : { file: upload.file }),
        ...(key === undefined ? {} : { idempotency: { key, bodyHash } }),
      });
      const { job, isReplay } = await submitted.catch(async (thrown: unknown) => {
        if (isRefusal(thrown)) await upload?.discard();
        throw thrown;
      });
      if (isReplay) {
        await upload?.discard();
        reply.header("Idempotent-Replayed", "true");
      }
      reply.code(201).header("Location", `${ROUTE}/${encodeURIComponent(job.jobId)}`);
      return toWireJob(job, sign);
    },
  });

  async function readRequest(request: FastifyRequest): Promise<Asked> {
    if (!request.isMultipart()) return { body: checkRequest(request.body), upload: undefined };
    const { upload, fields } = await receiveUpload(request, { store, maxBytes: uploadMaxBytes });
    try {
      return { body: toRequest(fields), upload };
    } catch (thrown) {
      await upload.discard();
      throw thrown;
    }
  }
};

/** The file is the input, so that a field of that name has nothing to say. */
function toRequest(fields: Map<string, string>): JobRequest {
  if (fields.has("input"))
    throw new JobcastError("invalid", "The file is the input: leave `input` out");
  const properties: Record<string, unknown> = JobRequest.properties;
  const entries = Array.from(fields, ([name, text]) => [name, fromText(properties[name], text)]);
  return checkRequest({ ...Object.fromEntries(entries), input: {} });
}

/** After any other failure the job may have been made all the same, and then it needs its file. */
const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof JobcastError && thrown.status < 500;
