/** What a client reads of an event: the run it belongs to, its number within its audience, and when it was meant to be sent, in µs. */
export interface Mark {
  phase: number;
  k: number;
  intendedUs: number;
}

/** Goes into any string field: nothing else in the events of this bench has an `@`. */
export const toMarker = ({ phase, k, intendedUs }: Mark): string =>
  `@${phase}:${k}:${Math.round(intendedUs)};`;

const AT = 0x40;
const ZERO = 0x30;
const DIGITS = 10;

/** Reads into `into`, since it runs for each delivery. `false` where there is no marker. */
export function readMarker(buffer: Buffer, start: number, end: number, into: Mark): boolean {
  let at = buffer.indexOf(AT, start);
  if (at < 0 || at >= end) return false;
  const next = () => {
    let value = 0;
    for (;;) {
      const digit = (buffer[++at] ?? 0) - ZERO;
      if (digit < 0 || digit >= DIGITS) return value;
      value = value * 10 + digit;
    }
  };
  into.phase = next();
  into.k = next();
  into.intendedUs = next();
  return true;
}
