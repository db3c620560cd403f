/** Longer recordings are refused: a day of a court, and no more of the disk than half a gigabyte. */
export const MAX_SECONDS = 4 * 3600;
/** What pocketsphinx gets through in the time that a job has, on a core that is not its own. */
export const MAX_OFFLINE_SECONDS = 3600;
export const TIMEOUT_MS = 3600_000;

/** What every engine takes: 16 kHz, one channel, 16 bit. */
export const SAMPLE_RATE = 16_000;
export const BYTES_PER_SECOND = SAMPLE_RATE * 2;
