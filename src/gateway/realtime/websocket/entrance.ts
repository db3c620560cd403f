import type { IncomingMessage } from "node:http";
import { Compile } from "typebox/compile";
import { WebSocketAuth } from "../../../contract/socket.ts";
import type { Caller } from "../../../contract/tokens.ts";
import { JobcastError } from "../../../errors.ts";
import { identify, type SessionDeps } from "../identify.ts";
import { NOWHERE, type Standing, toStanding } from "../opaque.ts";
import type { Hearing } from "./hearing.ts";

export interface Entrance {
  caller: Caller;
  standing: Standing;
  /** A comma list. */
  topics: string;
}

/** Whoever has no token in the address has so long to say who they are. */
const AUTH_TIMEOUT_MS = 10_000;

type Given = Partial<Record<keyof WebSocketAuth, string>>;

const isWebSocketAuth = Compile(WebSocketAuth);

/** Who comes, by the address or by the first thing that they say. */
export async function introduce(
  request: IncomingMessage,
  hearing: Hearing,
  deps: Pick<SessionDeps, "tokens" | "isOriginAllowed">,
): Promise<Entrance> {
  const { searchParams } = new URL(request.url ?? "/", "http://localhost");
  const address: Given = Object.fromEntries(searchParams);
  const said = address.token === undefined ? await hearFirst(hearing) : {};
  const { token, cursor, cursors, topics = "", protocol } = { ...address, ...said };
  const { origin, host } = request.headers;
  const caller = await identify({ origin, host, token, protocol }, deps);
  return { caller, standing: toStanding({ cursor, cursors }) ?? NOWHERE, topics };
}

async function hearFirst(hearing: Hearing): Promise<WebSocketAuth> {
  const said = await hearing.next(AUTH_TIMEOUT_MS);
  if (said === undefined) throw new JobcastError("unauthorized", "A token is needed");
  if (said.event !== "auth" || !isWebSocketAuth.Check(said.request))
    throw new JobcastError("invalid", "The first message has to be `auth`");
  return said.request;
}
