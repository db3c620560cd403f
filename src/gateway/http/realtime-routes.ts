import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { RealtimeStats } from "../../contract/http.ts";
import type { HttpDeps } from "./deps.ts";

export const realtimeRoutes: FastifyPluginAsyncTypebox<Pick<HttpDeps, "stats">> = async (
  app,
  { stats },
) => {
  app.get("/api/realtime/stats", {
    schema: {
      summary: "Whether live events can be had from this node",
      description: "With role `admin` also `connections`, `users`, `node`",
      tags: ["Live state"],
      response: { 200: RealtimeStats },
    },
    config: { access: "optional" },
    handler: async ({ caller }) => {
      const all = stats();
      if (caller?.isAdmin === true) return all;
      const { available, transports, protocol } = all;
      return { available, transports, protocol };
    },
  });
};
