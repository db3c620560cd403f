import type { Due } from "./event.ts";

/** The way in which events reach the nodes of a target. */
export interface Source {
  /** Makes ready for what is said to these. */
  prepare?(audiences: string[]): Promise<void>;
  /** What is due now; does not wait. */
  publish(due: Due[]): void;
  /** Resolves when all of it was taken. */
  drained(): Promise<void>;
  close(): void;
}

export type OpenSource = (options: { redisUrl: string; ports: number[] }) => Promise<Source>;
