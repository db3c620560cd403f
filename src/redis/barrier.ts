import type { Redis } from "ioredis";

/** How a primary stands with its replicas. */
export interface Standing {
  /** Names what was written there: a successor goes on under another name, and so does whoever lost it all. */
  history: string;
  /** Those that have confirmed something. One that is given its first copy, or reads it, confirms nothing for as long as that takes, and takes nobody's place. */
  replicas: number;
}

export interface Passed extends Standing {
  isConfirmed: boolean;
}

/** Nobody reads a marker. */
const MARKER_TTL_MS = 10_000;

export const mark = (marker: string) => ["set", marker, "", "PX", MARKER_TTL_MS] as const;

/**
 * Asks replicas for all that a primary was told before, by whomever: `WAIT` counts from the last write of its own connection, and replicas take writes in the
 * order in which the primary did.
 */
export async function passBarrier(
  primary: Redis,
  markers: string[],
  timeoutMs: number,
): Promise<Passed> {
  const commands = [...markers.map(mark), ["wait", 1, timeoutMs], ["info", "replication"]];
  const replies = (await primary.pipeline(commands.map((command) => [...command])).exec()) ?? [];
  const [confirmed, info] = replies.slice(markers.length).map(([, value]) => value);
  for (const [error] of replies) if (error) throw error;
  return { ...toStanding(String(info)), isConfirmed: Number(confirmed) > 0 };
}

export const readStanding = async (primary: Redis): Promise<Standing> =>
  toStanding(await primary.info("replication"));

export function toStanding(info: string): Standing {
  return {
    history: /^master_replid:(\w+)/m.exec(info)?.[1] ?? "",
    replicas: info.match(/^slave\d+:.*\bstate=online,offset=[1-9]/gm)?.length ?? 0,
  };
}

/** Callers of one moment share a barrier; who comes while one is running shares the next, since that one may have been too early for them. */
export function shareBarriers<T>(
  pass: (markers: string[]) => Promise<T>,
): (markers: Iterable<string>) => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: { markers: Set<string>; passed: Promise<T> } | undefined;
  return (markers) => {
    next ??= start();
    for (const marker of markers) next.markers.add(marker);
    return next.passed;
  };

  function start() {
    const markers = new Set<string>();
    const passed = running.then(() => {
      next = undefined;
      return pass([...markers]);
    });
    running = passed.catch(() => undefined);
    return { markers, passed };
  }
}
