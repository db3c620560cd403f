import { setTimeout as delay } from "node:timers/promises";
import { parseCursor } from "../../../src/contract/cursor.ts";
import { userAudience } from "../../../src/contract/names.ts";
import { type Heard, isOutcome, toHeard } from "../checker/heard.ts";
import type { Token } from "../world/tokens.ts";
import type { Device, DeviceOptions } from "./device.ts";

type Data = Parameters<typeof toHeard>[1];

/** The bookkeeping that the contract asks of every client, and the record of what it heard. */
export interface DeviceRecord {
  /** What a device is, and can say, whichever its transport. */
  known: Pick<
    Device,
    "userId" | "name" | "takeRecord" | "knows" | "count" | "place" | "welcomedAt" | "node"
  >;
  /** Where it stands in each feed, as a client gives it back. */
  cursors: Record<string, string>;
  /** A connection begins with this token. */
  connect(): Token;
  lose(): void;
  /** It stayed away by its own will until now: what was made before is late by its own fault. */
  comeBack(): void;
  hear(event: string, data: Data): void;
  dismiss(): void;
  isWelcome(): boolean;
  /** Whether it has the state that a `resync` asked it to fetch. */
  isInformed(): boolean;
  close(): void;
}

const FINISHED = "completed,failed,cancelled";

export function createRecord({ url, userId, name, token }: DeviceOptions): DeviceRecord {
  const feed = userAudience(userId);
  const cursors: Record<string, string> = {};
  const counts = new Map<string, number>();
  const ended = new Set<string>();
  const closing = new AbortController();
  let heard: Heard[] = [];
  let connection = 0;
  let goodUntil = 0;
  let backAt = 0;
  let welcomedAt = Number.POSITIVE_INFINITY;
  let isWelcome = false;
  let node = "";
  let fetching = 0;

  function hear(event: string, data: Data): void {
    const one = toHeard(event, data, { at: Date.now(), connection, goodUntil, backAt });
    heard.push(one);
    if ((isOutcome(one) || event === "state") && one.jobId !== undefined) ended.add(one.jobId);
    counts.set(event, (counts.get(event) ?? 0) + 1);
    if (event === "ready") {
      isWelcome = true;
      node = data.node ?? "";
      welcomedAt = Math.min(welcomedAt, Date.now());
      Object.assign(cursors, data.cursors);
    }
    if (data.feed !== undefined && data.cursor !== undefined) cursors[data.feed] = data.cursor;
    if (event === "resync") void fetchState();
  }

  /** What the contract says of `resync`: fetch the state, go on from the cursor. */
  async function fetchState(): Promise<void> {
    fetching += 1;
    try {
      let cursor: string | null = "";
      while (cursor !== null && !closing.signal.aborted) {
        const page: JobsPage | undefined = await fetchPage(cursor).catch(() => undefined);
        if (page === undefined) await delay(500);
        cursor = page === undefined ? cursor : page.nextCursor;
        for (const job of page?.items ?? []) hear("state", job);
      }
    } finally {
      fetching -= 1;
    }
  }

  async function fetchPage(cursor: string): Promise<JobsPage> {
    const query = new URLSearchParams({ status: FINISHED, limit: "200" });
    if (cursor !== "") query.set("cursor", cursor);
    const answer = await fetch(`${url}/api/jobs?${query.toString()}`, {
      headers: { authorization: `Bearer ${token().text}` },
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(5000)]),
    });
    if (!answer.ok) throw new Error(`Jobs: ${answer.status}`);
    return JSON.parse(await answer.text());
  }

  return {
    known: {
      userId,
      name,
      takeRecord() {
        const taken = heard;
        heard = [];
        return taken;
      },
      knows: (jobId) => ended.has(jobId),
      count: (event) => counts.get(event) ?? 0,
      place: () => parseCursor(cursors[feed]),
      welcomedAt: () => welcomedAt,
      node: () => node,
    },
    cursors,
    connect() {
      connection += 1;
      isWelcome = false;
      const given = token();
      goodUntil = given.goodUntil;
      return given;
    },
    lose: () => void (isWelcome = false),
    comeBack: () => void (backAt = Date.now()),
    hear,
    dismiss: () => hear("dismissed", {}),
    isWelcome: () => isWelcome && fetching === 0,
    isInformed: () => fetching === 0,
    close: () => closing.abort(),
  };
}

interface JobsPage {
  items: { jobId: string; status: string }[];
  nextCursor: string | null;
}
