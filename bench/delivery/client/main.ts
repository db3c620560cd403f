import { setTimeout as delay } from "node:timers/promises";
import { nowUs } from "../lib/clock.ts";
import { serve } from "../lib/remote.ts";
import { expectedOf } from "../lib/shares.ts";
import { type Client, createClient } from "./client.ts";
import type { DialectName } from "./dialects.ts";
import { createTally, type Report, type Run, type Tally } from "./tally.ts";

export interface ConnectRequest {
  dialect: DialectName;
  ports: number[];
  count: number;
  /** So many connections are being made at a time. */
  parallel: number;
  /** A group that all are in and that is spoken to; otherwise each is spoken to as a user. */
  group?: string;
  keepsCursors?: boolean;
  /** All go to the first port at first; otherwise they are spread. */
  isOnFirst?: boolean;
}

/** The process that plays all clients. */
export interface ClientApi extends Record<string, (argument: never) => unknown> {
  /** Adds clients; resolves to how long it took, in ms. */
  connect(request: ConnectRequest): Promise<{ ms: number; refused: number }>;
  begin(run: Run): void;
  /** Waits for what was sent, for as long as more of it comes. */
  report(sent: { total: number; audiences: number }): Promise<Report>;
  /** Resolves when `count` of those that were cut off since `follow` are there again: ms since `sinceUs`, and how often one was not let in. */
  awaitBack(request: {
    count: number;
    sinceUs: number;
    timeoutMs: number;
  }): Promise<{ ms: number; refused: number }>;
  /** Has clients come back by themselves from now on. */
  follow(none: null): void;
  /** Cuts all off; they come back after `awayMs`. Resolves to how long that took, in ms. */
  drop(request: { awayMs: number }): Promise<{ ms: number; refused: number }>;
  close(none: null): void;
}

const clients: Client[] = [];
let tally: Tally | undefined;
const progress = { back: 0, refused: 0 };
/** Nothing more came for so long. */
const QUIET_MS = 2000;
const LOOK_MS = 100;

async function inParallel(many: Client[], parallel: number): Promise<number> {
  let next = 0;
  let refused = 0;
  const one = async () => {
    for (;;) {
      const client = many[next++];
      if (client === undefined) return;
      if (!(await client.connect())) refused += 1;
    }
  };
  await Promise.all(Array.from({ length: parallel }, one));
  return refused;
}

const api: ClientApi = {
  async connect({ count, parallel, group, keepsCursors = false, isOnFirst = false, ...rest }) {
    const first = clients.length;
    const fresh = Array.from({ length: count }, (_, i) => {
      const index = first + i;
      const userId = `u${index}`;
      return createClient({
        ...rest,
        index,
        userId,
        groups: group === undefined ? [] : [group],
        audience: group === undefined ? `user:${userId}` : `group:${group}`,
        firstPort: isOnFirst ? 0 : index,
        keepsCursors,
        onEvent: (client, buffer, start, end) => tally?.hear(client, buffer, start, end),
      });
    });
    clients.push(...fresh);
    const since = nowUs();
    const refused = await inParallel(fresh, parallel);
    return { ms: (nowUs() - since) / 1000, refused };
  },
  begin(run) {
    tally = createTally(run, clients.length);
  },
  async report({ total, audiences }) {
    if (tally === undefined) throw new Error("Nothing was begun");
    const { report } = tally;
    const look = () => report((client) => expectedOf(client, { total, audiences }));
    let quietMs = 0;
    let last = look();
    while (last.lost > 0 && quietMs < QUIET_MS) {
      await delay(LOOK_MS);
      const now = look();
      quietMs = now.received > last.received ? 0 : quietMs + LOOK_MS;
      last = now;
    }
    return last;
  },
  follow() {
    Object.assign(progress, { back: 0, refused: 0 });
    for (const client of clients)
      client.follow({
        onBack: () => void (progress.back += 1),
        onRefused: () => void (progress.refused += 1),
      });
  },
  async awaitBack({ count, sinceUs, timeoutMs }) {
    const deadline = sinceUs + timeoutMs * 1000;
    const isDone = () => progress.back >= count || nowUs() > deadline;
    while (!isDone()) await delay(1);
    return { ms: (nowUs() - sinceUs) / 1000, refused: progress.refused };
  },
  async drop({ awayMs }) {
    for (const client of clients) client.cut();
    await delay(awayMs);
    const since = nowUs();
    const refused = await inParallel(clients, clients.length);
    return { ms: (nowUs() - since) / 1000, refused };
  },
  close() {
    for (const client of clients) client.close();
    clients.length = 0;
  },
};

serve(api);
