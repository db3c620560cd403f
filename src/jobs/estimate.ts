import type { Spread } from "./run-times.ts";

export interface Queued {
  /** 1 = next. */
  position: number;
  /** Of the workers that are alive. */
  slots: number;
  active: number;
  /** Of the jobs ahead. */
  ahead: Spread;
  /** Of jobs like this one. */
  own: Spread;
}

/** Ms until a queued job is completed: until a slot is free for it, and then as long as jobs like it take. */
export function untilDone({ position, slots, active, ahead, own }: Queued): number {
  const free = Math.max(0, slots - active);
  // Slots become free evenly: on average half a job is still to be done when the line moves.
  const waitMs = position <= free ? 0 : ((position - free - 0.5) * ahead.mean) / slots;
  return waitMs + own.median;
}

export interface Running {
  elapsedMs: number;
  /** Percent. */
  progress: number;
  own: Spread;
}

/** Ms until a job in hand is completed: the further it is, the more its own speed counts against what others took. */
export function untilDoneRunning({ elapsedMs, progress, own }: Running): number {
  const expected = elapsedMs < own.median ? own.median : Math.max(own.high, elapsedMs * 1.1);
  const byOthers = expected - elapsedMs;
  if (progress <= 0) return byOthers;
  const share = Math.min(progress, 100) / 100;
  const bySpeed = (elapsedMs * (1 - share)) / share;
  return share * bySpeed + (1 - share) * byOthers;
}

/** Whole seconds are enough for a person; below ten, tenths. */
export const toSeconds = (ms: number): number => {
  const seconds = Math.max(0, ms) / 1000;
  return seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds);
};
