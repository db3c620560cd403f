import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import Type from "typebox";
import {
  EventsAnswer,
  EventsQuery,
  EventStreamQuery,
  EventTokenAnswer,
} from "../../contract/http.ts";
import type { Caller } from "../../contract/tokens.ts";
import type { Tokens } from "../auth/tokens.ts";
import { callerOf } from "./authentication.ts";

/** Where a client says that it stands, and what else it wants to follow. */
export interface Place {
  cursor?: string | undefined;
  cursors?: string | undefined;
  topics?: string | undefined;
  protocol?: string | undefined;
}

/** The live side of the gateway, as far as it is reached over plain HTTP. Each fails with what keeps the client out. */
export interface Events {
  poll(
    request: { caller: Caller; waitMs: number; signal: AbortSignal } & Place,
  ): Promise<EventsAnswer>;
  /** The stream begins, with the headers that were set, when the function is called that it resolves to. */
  openStream(
    request: { caller: Caller; request: IncomingMessage; response: ServerResponse } & Place,
  ): Promise<() => void>;
}

export interface EventRoutesOptions {
  events: Events;
  tokens: Pick<Tokens, "signEventToken">;
}

const tags = ["Live state"];

export const eventRoutes: FastifyPluginAsyncTypebox<EventRoutesOptions> = async (
  app,
  { events, tokens },
) => {
  app.get("/api/events", {
    schema: {
      summary: "Ask for events, and wait for them",
      description:
        "Give back the `cursor` of the last answer: then every fact comes exactly once, whichever node answers. Without one a `ready` comes at once.",
      tags,
      querystring: EventsQuery,
      response: { 200: EventsAnswer },
    },
    config: { access: "events", problems: ["invalid", "not_found", "too_many_connections"] },
    handler: async (request, reply) => {
      const { wait = 0, ...place } = request.query;
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const caller = callerOf(request);
      return await events.poll({ caller, waitMs: wait * 1000, signal: gone.signal, ...place });
    },
  });

  app.get("/api/events/stream", {
    schema: {
      summary: "Hear events as they come (Server-Sent Events)",
      description:
        "`event` is the name, `data` JSON, `id` the cursor; a client that comes back with `Last-Event-ID` misses nothing. For clients that cannot set headers the token may be in the address.",
      tags,
      querystring: EventStreamQuery,
      headers: Type.Object({ "last-event-id": Type.Optional(Type.String()) }),
    },
    config: {
      access: "events",
      takesTokenInAddress: true,
      problems: ["invalid", "not_found", "too_many_connections", "server_full", "draining"],
    },
    handler: async (request, reply) => {
      const { token: _token, ...address } = request.query;
      // What a page comes back with is newer than what its address says.
      const last = request.headers["last-event-id"];
      const { topics, protocol } = address;
      const place = last === undefined ? address : { cursor: last, topics, protocol };
      const begin = await events.openStream({
        caller: callerOf(request),
        request: request.raw,
        response: reply.raw,
        ...place,
      });
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value);
      reply.hijack();
      begin();
    },
  });

  app.post("/api/events/token", {
    schema: {
      summary: "Make a token for the address of an event stream",
      description: "Good for 15 minutes, for hearing the caller's events and nothing else.",
      tags,
      response: { 200: EventTokenAnswer },
    },
    handler: async (request) => tokens.signEventToken(callerOf(request)),
  });
};
