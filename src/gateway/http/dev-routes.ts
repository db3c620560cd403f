import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { DevTokenAnswer, DevTokenRequest } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { HttpConfig } from "./deps.ts";

export interface DevRoutesOptions {
  tokens: Pick<Tokens, "signDevToken">;
  /** A name of this machine in `Host`: else a page of anyone could have its own name resolved to here. */
  requiresLocalHost: boolean;
}

const LOCAL_HOST = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)(:\d+)?$/i;

/** Whether a gateway has these routes at all. */
export const hasDevRoutes = ({ isProduction, DEV_ROUTES, HOST }: HttpConfig): boolean =>
  !isProduction && (DEV_ROUTES || LOCAL_HOST.test(HOST));

/** For development only: registered nowhere else. */
export const devRoutes: FastifyPluginAsyncTypebox<DevRoutesOptions> = async (
  app,
  { tokens, requiresLocalHost },
) => {
  app.post("/api/dev/token", {
    schema: {
      summary: "Make a token for anyone",
      tags: ["Development"],
      body: DevTokenRequest,
      response: { 200: DevTokenAnswer },
    },
    config: { access: "open", problems: ["invalid", "not_found"] },
    onRequest: async ({ headers }) => {
      if (!requiresLocalHost || LOCAL_HOST.test(headers.host ?? "")) return;
      throw new JobcastError("not_found", "No such route");
    },
    handler: async (request) => ({ token: tokens.signDevToken(request.body) }),
  });
};
