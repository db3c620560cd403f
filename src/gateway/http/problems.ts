import { STATUS_CODES } from "node:http";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { ErrorCode } from "../../contract/errors.ts";
import type { Problem } from "../../contract/http.ts";
import { JobcastError } from "../../errors.ts";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** Every error becomes a problem answer (RFC 9457) here, and is logged here: once, and only when it is ours. */
export function addProblems(app: FastifyInstance): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = toJobcastError(thrown);
    if (error.status >= 500) request.log.error({ err: error.cause ?? error }, "request failed");
    return sendProblem(reply, error);
  });
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, new JobcastError("not_found", "No such route")),
  );
}

/** `status` where HTTP has a better word than the code's own. */
export function sendProblem(
  reply: FastifyReply,
  error: JobcastError,
  status = error.status,
): FastifyReply {
  if (error.retryAfterSeconds !== undefined) reply.header("Retry-After", error.retryAfterSeconds);
  if (status === 401) reply.header("WWW-Authenticate", "Bearer");
  // Set here as well, since what cannot be routed never reaches a hook.
  reply.header("Request-Id", reply.request.id);
  return reply.code(status).type(PROBLEM_TYPE).send(toProblem(error, status));
}

export function toProblem(error: JobcastError, status = error.status): Problem {
  return {
    type: `urn:jobcast:problem:${error.code}`,
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail: error.message,
    code: error.code,
    retryable: error.retryable,
    ...(error.fields === undefined ? {} : { errors: error.fields }),
  };
}

const CODE_OF_STATUS: Record<number, ErrorCode> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  413: "too_large",
  415: "unsupported_media_type",
  429: "rate_limited",
  503: "unavailable",
};

/** Errors of Fastify and its plugins tell by their status whose fault they are; anything without one is ours. */
export function toJobcastError(thrown: unknown): JobcastError {
  if (thrown instanceof JobcastError || !(thrown instanceof Error))
    return JobcastError.from(thrown);
  const status =
    "statusCode" in thrown && typeof thrown.statusCode === "number" ? thrown.statusCode : 500;
  const code = CODE_OF_STATUS[status] ?? (status >= 400 && status < 500 ? "invalid" : "internal");
  if (code === "internal") return JobcastError.from(thrown);
  return new JobcastError(code, thrown.message, { cause: thrown });
}
