import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyServerOptions,
  LogController,
} from "fastify";
import { JobcastError } from "../../errors.ts";
import type { HttpDeps } from "./deps.ts";
import { PROBLEM_TYPE, sendProblem, toProblem } from "./problems.ts";

/** 2 GiB arrive in this time at 0.8 Mbit/s; what is no upload has less (see bodies.ts). */
const REQUEST_TIMEOUT_MS = 6 * 60 * 60 * 1000;
/** Above the 60 s after which common load balancers drop idle connections: the one who waits longer must not be they. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** Without a byte in either direction. Heartbeats come every 25 s. */
const IDLE_TIMEOUT_MS = 75_000;
const HEADERS_TIMEOUT_MS = 15_000;
const MAX_JSON_BYTES = 1024 * 1024;

export function createServerOptions({ config, log }: Pick<HttpDeps, "config" | "log">) {
  const loggerInstance: FastifyBaseLogger = log;
  return {
    loggerInstance,
    // Its lines show addresses with the signatures and tokens in them; hooks.ts writes our own.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: toRequestId,
    requestIdHeader: false,
    trustProxy: config.TRUST_PROXY ?? false,
    bodyLimit: MAX_JSON_BYTES,
    routerOptions: { maxParamLength: 1024 },
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    forceCloseConnections: "idle",
    // While it closes, what still comes over open connections is answered, with `Connection: close`.
    return503OnClosing: false,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, ofAddress(error)),
    clientErrorHandler: answerBrokenRequest,
  } satisfies FastifyServerOptions & { http: object };
}

/** One that a proxy gave is kept, so that its log and ours can be read together. */
function toRequestId({ headers }: IncomingMessage): string {
  const given = headers["request-id"];
  return typeof given === "string" && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID();
}

/** Without the words of the error, which repeat the whole address. */
const ofAddress = ({ statusCode }: FastifyError): JobcastError =>
  statusCode === 414
    ? new JobcastError("not_found", "No id is as long as this")
    : new JobcastError("invalid", "Malformed address");

const STATUS_LINES: Record<string, readonly [status: number, phrase: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout"],
  HPE_HEADER_OVERFLOW: [431, "Request Header Fields Too Large"],
};

/** To what is no HTTP request that Fastify could ever see. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase] = STATUS_LINES[error.code ?? ""] ?? [400, "Bad Request"];
  const body = JSON.stringify(
    toProblem(new JobcastError("invalid", "Malformed HTTP request"), status),
  );
  const headers = [
    `HTTP/1.1 ${status} ${phrase}`,
    `Request-Id: ${randomUUID()}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${headers.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
