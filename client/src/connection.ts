import { bad, type JobcastError } from "./answer.ts";
import { createCell, type Readable } from "./cell.ts";
import { messageOf } from "./http.ts";
import { backoff, pause } from "./pause.ts";
import type { Tokens } from "./token.ts";
import { pollTransport } from "./transports/poll.ts";
import { socketTransport } from "./transports/socket.ts";
import { streamTransport } from "./transports/stream.ts";
import type { Data, End, Link, Transport } from "./transports/transport.ts";

/** How the page is connected, for it to show. */
export interface ConnectionState {
  /**
   * `idle` before `connect`; `connecting` for the first time, or again for a moment; `live` by a socket; `fallback` by something slower, since sockets do not get
   * through; `offline` while nothing does, and it is tried again; `closed` by the page, or by the gateway for a reason that does not pass by itself.
   */
  status: "idle" | "connecting" | "live" | "fallback" | "offline" | "closed";
  transport: Transport["name"] | null;
  /** Of `offline` and `closed`: why. */
  why: JobcastError | null;
}

export interface Connection {
  state: Readable<ConnectionState>;
  connect(): void;
  close(): void;
}

export interface ConnectionOptions {
  url: string;
  tokens: Tokens;
  /** Where the page stands, asked at each try. */
  cursors: () => Record<string, string>;
  onEvent: (event: string, data: Data) => void;
}

const LADDER = [socketTransport, streamTransport, pollTransport];
/** So often sockets fail before anything else is tried: a node that died takes them all, and is no reason to. */
const SOCKET_TRIES = 2;
/** How long a fallback lasts before sockets are tried again beside it; twice as long each time. */
const RETRY_SOCKETS_MS = { first: 5000, most: 300_000 };
/** Too many connections go away as others are closed. */
const CROWDED_MS = 30_000;
const CONFIRM_EVERY_MS = 5000;

/** Reasons of a refusal that a fresh token may remedy. */
const TOKEN_CODES = ["unauthorized", "token_expired", "token_invalid"];

const NETWORK = bad("offline", "The gateway cannot be reached", { retryable: true }).error;

export function createConnection(options: ConnectionOptions): Connection {
  const { url, tokens, cursors, onEvent } = options;
  const state = createCell<ConnectionState>({ status: "idle", transport: null, why: null });
  let life: AbortController | undefined;
  let current: Link | undefined;
  /** Ends a pause before the next try. */
  let hurry = new AbortController();
  /** The gateway is going away: what ends now is no failure. */
  let isMoving = false;

  const show = (
    status: ConnectionState["status"],
    { transport = null, why = null }: Partial<ConnectionState> = {},
  ): void => state.set({ status, transport, why });

  function open(transport: Transport, token: string): Link {
    return transport.open({ url, token, cursors: cursors(), onEvent: hear });
  }

  function hear(event: string, data: Data): void {
    if (event === "server-draining") void move(Number(data["reconnectIn"]) || 0);
    if (event === "auth-error" && data["code"] === "token_expiring") void refresh();
    onEvent(event, data);
  }

  /** Others leave as well, so not all at once. */
  async function move(withinMs: number): Promise<void> {
    const leaving = current;
    isMoving = true;
    await pause(Math.random() * withinMs, life?.signal ?? AbortSignal.abort());
    leaving?.close();
  }

  /** A link that cannot take a new token is made anew, with what was heard so far. */
  async function refresh(): Promise<void> {
    const link = current;
    if (link === undefined || !tokens.isRenewable) return;
    try {
      const token = await tokens.renew();
      if (current !== link || (await link.refresh?.(token)) === true) return;
      isMoving = true;
      link.close();
    } catch {
      // The gateway ends the connection when the token has run out; then it is asked for again.
    }
  }

  /** The first that gets through, or how the first of them ended. */
  async function climb(ladder: Transport[], token: string, signal: AbortSignal) {
    let first: End | undefined;
    for (const transport of ladder) {
      const link = open(transport, token);
      const close = (): void => link.close();
      signal.addEventListener("abort", close);
      if (await link.up) return { link, transport };
      signal.removeEventListener("abort", close);
      link.close();
      const end = await link.ended;
      if (signal.aborted || end.kind === "refused") return { end };
      first ??= end;
    }
    return { end: first ?? { kind: "lost" as const } };
  }

  async function run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let isFresh = false;
    while (!signal.aborted) {
      if (failures === 0) show("connecting");
      const token = await tokens.get().catch((thrown: unknown) => {
        const why = bad("no_token", messageOf(thrown), { retryable: true }).error;
        if (!signal.aborted) show("offline", { why });
      });
      if (token === undefined) {
        await rest(backoff((failures += 1)), signal);
        continue;
      }
      const reached = await climb(
        failures < SOCKET_TRIES ? LADDER.slice(0, 1) : LADDER,
        token,
        signal,
      );
      if (signal.aborted) return reached.link?.close();
      let end = reached.end;
      if (reached.link !== undefined) {
        failures = 0;
        isFresh = false;
        end = await stay(reached.link, reached.transport, signal);
        if (signal.aborted) return;
      }
      if (end?.kind === "refused") {
        const why = end.error;
        if (TOKEN_CODES.includes(why.code) && tokens.isRenewable && !isFresh) {
          isFresh = true;
          await tokens.renew().catch(() => undefined);
          continue;
        }
        if (why.code !== "too_many_connections") return show("closed", { why });
        show("offline", { why });
        await rest(CROWDED_MS * (1 + Math.random()), signal);
        continue;
      }
      if (isMoving) {
        isMoving = false;
        continue;
      }
      failures += 1;
      if (reached.link === undefined && failures >= SOCKET_TRIES) show("offline", { why: NETWORK });
      await rest(backoff(failures - 1), signal);
    }
  }

  /** Until the connection has ended, whichever link it is by then. */
  async function stay(link: Link, transport: Transport, signal: AbortSignal): Promise<End> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    let mine = { link, transport };
    current = link;
    const shown = (): void =>
      show(mine.transport === socketTransport ? "live" : "fallback", {
        transport: mine.transport.name,
      });
    shown();
    void confirmOnAndOn(either);
    void refreshInTime(either);
    const climbing = transport === socketTransport ? undefined : climbBack(either);
    void climbing?.then((better) => {
      if (better === undefined) return;
      const worse = mine.link;
      mine = { link: better, transport: socketTransport };
      current = better;
      shown();
      worse.close();
    });
    for (;;) {
      const { link: followed } = mine;
      const end = await followed.ended;
      if (followed !== mine.link && !signal.aborted) continue;
      over.abort();
      current = undefined;
      mine.link.close();
      return end;
    }
  }

  /** A socket beside the fallback, which goes on until it is there: what both bring is heard once. */
  async function climbBack(signal: AbortSignal): Promise<Link | undefined> {
    const { first, most } = RETRY_SOCKETS_MS;
    for (let ms = first; ; ms = Math.min(most, 2 * ms)) {
      await pause(ms * (0.5 + Math.random()), signal);
      if (signal.aborted) return undefined;
      const token = await tokens.get().catch(() => undefined);
      if (token === undefined) continue;
      const link = open(socketTransport, token);
      const isUp = await link.up;
      if (isUp && !signal.aborted) return link;
      link.close();
    }
  }

  async function refreshInTime(signal: AbortSignal): Promise<void> {
    const ms = tokens.msUntilOld();
    // Timers cannot wait longer; whoever is connected for 24 days is warned by the gateway.
    if (ms === undefined || ms > 2 ** 31 - 1) return;
    await pause(ms, signal);
    if (signal.aborted) return;
    await refresh();
    void refreshInTime(signal);
  }

  async function confirmOnAndOn(signal: AbortSignal): Promise<void> {
    let said = "";
    for (;;) {
      await pause(CONFIRM_EVERY_MS, signal);
      if (signal.aborted) return;
      const places = cursors();
      const text = JSON.stringify(places);
      if (text !== said) current?.confirm?.(places);
      said = text;
    }
  }

  async function rest(ms: number, signal: AbortSignal): Promise<void> {
    hurry = new AbortController();
    await pause(ms, AbortSignal.any([signal, hurry.signal]));
  }

  const onOnline = (): void => hurry.abort();

  return {
    state,
    connect() {
      if (life !== undefined && state.get().status !== "closed") return hurry.abort();
      life = new AbortController();
      globalThis.addEventListener?.("online", onOnline);
      void run(life.signal);
    },
    close() {
      life?.abort();
      life = undefined;
      current?.close();
      current = undefined;
      globalThis.removeEventListener?.("online", onOnline);
      if (state.get().status !== "idle") show("closed");
    },
  };
}
