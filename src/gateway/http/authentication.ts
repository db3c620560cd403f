import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Caller } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import { bearerOf } from "../auth/caller.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { Limits } from "./limits.ts";

/**
 * Who may call a route. `user`: whoever has a token (what a route is without saying so); `job-token`: the holder of a job's token as
 * well; `events`: of a job's and of an event token as well; `optional`: everyone, but a token that is given must be good; `open`: everyone.
 */
export type Access = "user" | "job-token" | "events" | "optional" | "open";

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
    /** For clients that cannot set headers: `?token=` will do. */
    takesTokenInAddress?: boolean;
  }
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

export interface AuthenticationOptions {
  tokens: Pick<Tokens, "verifyToken">;
  limits: Pick<Limits, "call" | "failure">;
}

/** Tells who calls before anything of a body is read, and counts the call. */
export function addAuthentication(
  app: FastifyInstance,
  { tokens, limits }: AuthenticationOptions,
): void {
  app.decorateRequest("caller", undefined);
  app.addHook("onRequest", async (request) => {
    const { access = "user", takesTokenInAddress = false } = request.routeOptions.config;
    if (access === "open" || request.is404 || request.method === "OPTIONS") return;
    const token =
      bearerOf(request.headers.authorization) ??
      (takesTokenInAddress ? tokenIn(request.query) : undefined);
    if (token === undefined && access === "optional") return;

    request.caller = await verify(token).catch(async (thrown: unknown) => {
      await limits.failure(request.ip);
      throw thrown;
    });
    await limits.call(request.caller);
    if (request.caller.onlyEvents && access !== "events") throw onlyHearing();
    if (request.caller.onlyJob !== undefined && access !== "job-token" && access !== "events")
      throw onlyReading();
  });

  async function verify(token: string | undefined): Promise<Caller> {
    if (token === undefined) throw new JobcastError("unauthorized", "A bearer token is required");
    return tokens.verifyToken(token);
  }
}

/** Of a route that is not open to everyone. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === undefined)
    throw new JobcastError("unauthorized", "A bearer token is required");
  return request.caller;
}

/** Of a route that a job's token may be used on, if for its own job only. */
export function callerFor(request: FastifyRequest, jobId: string): Caller {
  const caller = callerOf(request);
  if (caller.onlyJob !== undefined && caller.onlyJob !== jobId) throw onlyReading();
  return caller;
}

function tokenIn(query: unknown): string | undefined {
  const { token }: { token?: unknown } = Object(query);
  return typeof token === "string" ? token : undefined;
}

const onlyHearing = () =>
  new JobcastError("forbidden", "This token is good for hearing events and nothing else");

const onlyReading = () =>
  new JobcastError("forbidden", "This token is good for reading one job and nothing else");
