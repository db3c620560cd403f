/** As late as BullMQ can count, in 2039: a job that waits for another is delayed until then, unless it is let go before. */
const LET_GO_AT = 2_190_000_000_000;
/** No request can ask for a delay that ends this late. */
const LATE = LET_GO_AT - 366 * 86_400_000;

/** The delay of a job that waits for another. */
export const untilLetGo = (now: number): number => LET_GO_AT - now;

/** Whether a time in ms since 1970 stands for "until it is let go". */
export const isUntilLetGo = (time: number): boolean => time > LATE;

/** Whether BullMQ has a job waiting for the one before it. */
export const waitsForParent = ({
  delay,
  timestamp,
}: {
  delay: number;
  timestamp: number;
}): boolean => isUntilLetGo(timestamp + delay);
