/**
 * How soon a job of a dead worker is taken over. Its lock lasts `LOCK_MS` after the last renewal; a check every `STALLED_INTERVAL_MS` puts it back in
 * line, and gives up after `MAX_STALLS`. Workers and the recorder's own check must agree on them.
 */
export const LOCK_MS = 10_000;
export const STALLED_INTERVAL_MS = 5000;
export const MAX_STALLS = 3;
