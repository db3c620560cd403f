import type { JobcastError } from "../answer.ts";

/** A way to hear events. */
export interface Transport {
  name: "socket" | "stream" | "poll";
  open(options: LinkOptions): Link;
}

export interface LinkOptions {
  url: string;
  token: string;
  cursors: Record<string, string>;
  onEvent: (event: string, data: Data) => void;
}

/** What an event brings, as far as the kit looks at it. */
export type Data = Record<string, unknown>;

/** Takes what came for what the contract says it is: a page believes its gateway, and to check it by schema would be most of what it loads. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion, typescript/no-unnecessary-type-parameters -- This is the one place.
export const believe = <Value>(data: unknown): Value => data as Value;

/** One connection, or what stands for it. */
export interface Link {
  /** Resolves to whether it came to be: what was missed was heard, and what comes will be. */
  up: Promise<boolean>;
  ended: Promise<End>;
  /** Takes a new token over without a break, where that can be done. */
  refresh?(token: string): Promise<boolean>;
  /** Confirms up to where all was heard, where asking again does not do so anyway. */
  confirm?(cursors: Record<string, string>): void;
  close(): void;
}

export type End =
  /** Passes by itself. */
  | { kind: "lost" }
  /** An answer that says why. */
  | { kind: "refused"; error: JobcastError };

/** So long may a way take that is not blocked. */
export const UP_WITHIN_MS = 10_000;

/** The two promises of a link, and what settles them. */
export function createLife() {
  let settleUp = (_isUp: boolean): void => undefined;
  let settleEnd = (_end: End): void => undefined;
  const up = new Promise<boolean>((resolve) => (settleUp = resolve));
  const ended = new Promise<End>((resolve) => (settleEnd = resolve));
  return {
    up,
    ended,
    isUp: () => settleUp(true),
    end(end: End) {
      settleUp(false);
      settleEnd(end);
    },
  };
}
