/** An entry of a stream in the bytes that it came in; good for as long as the call lasts that it is handed to. */
export interface EntryBytes {
  id(): string;
  /** The value of a field, by its place in the entry, counted from 0. */
  text(field: number): string;
  /** The same of a whole number. */
  number(field: number): number;
  /** All values by the names of their fields, for streams of others, in which these have no fixed places. */
  fields(): Record<string, string | undefined>;
}

export interface EntryParser {
  /** Takes what came; `true` when that was the end of the answer. Throws what Redis answers as an error, and at what is no answer to XREAD. */
  push(chunk: Buffer): boolean;
}

const [CR, ZERO, MINUS] = [0x0d, 0x30, 0x2d];
const [ARRAY, BULK, ERROR] = [0x2a, 0x24, 0x2d];
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Reads one answer to XREAD (RESP2, https://redis.io/docs/latest/develop/reference/protocol-spec/) entry by entry, and makes nothing of what nobody asks
 * for: of all that is said in a partition most is for strangers, and a parser that makes strings of every field costs four times as much.
 */
export function createEntryParser(
  onEntry: (stream: string, entry: EntryBytes) => void,
): EntryParser {
  let bytes = NOTHING;
  let at = 0;
  /** What the last header said, and where the last string began and ended. */
  let count = 0;
  let begin = 0;
  let end = 0;
  let streamsLeft: number | undefined;
  let entriesLeft = 0;
  let stream = "";
  let idBegin = 0;
  let idEnd = 0;
  /** Where the names and values of the entry at hand begin and end, by turns; those of an earlier one may stand behind them. */
  const bounds: number[] = [];
  let parts = 0;

  const entry: EntryBytes = {
    id: () => bytes.toString("latin1", idBegin, idEnd),
    text: (field) => part(2 * field + 1),
    number: (field) => digits(bounds[4 * field + 2] ?? 0, bounds[4 * field + 3] ?? 0),
    fields() {
      const fields: Record<string, string | undefined> = {};
      for (let i = 0; i < parts; i += 2) fields[part(i)] = part(i + 1);
      return fields;
    },
  };

  const part = (i: number): string => bytes.toString("utf8", bounds[2 * i], bounds[2 * i + 1]);

  function digits(from: number, to: number): number {
    let number = 0;
    for (let i = from; i < to; i += 1) number = number * 10 + ((bytes[i] ?? 0) - ZERO);
    return number;
  }

  /** Such as `*2` or `$17`. Each of these is `false`, and has moved nothing that counts, when not all of it is there yet. */
  function header(type: number): boolean {
    // By hand: for lines as short as these a search takes longer to begin than to end.
    let lineEnd = at;
    while (lineEnd < bytes.length && bytes[lineEnd] !== CR) lineEnd += 1;
    if (lineEnd + 1 >= bytes.length) return false;
    if (bytes[at] !== type) throw unexpected(lineEnd);
    count = bytes[at + 1] === MINUS ? -digits(at + 2, lineEnd) : digits(at + 1, lineEnd);
    at = lineEnd + 2;
    return true;
  }

  function unexpected(lineEnd: number): Error {
    const isError = bytes[at] === ERROR;
    return new Error(
      isError ? bytes.toString("utf8", at + 1, lineEnd) : "What Redis says is no answer to XREAD",
    );
  }

  function string(): boolean {
    if (!header(BULK)) return false;
    begin = at;
    end = begin + count;
    at = end + 2;
    return at <= bytes.length;
  }

  function reply(): boolean {
    if (!header(ARRAY)) return false;
    streamsLeft = Math.max(0, count);
    return true;
  }

  function streamHead(): boolean {
    if (!header(ARRAY) || !string()) return false;
    const name = bytes.toString("utf8", begin, end);
    if (!header(ARRAY)) return false;
    stream = name;
    entriesLeft = count;
    return true;
  }

  function entryAtHand(): boolean {
    if (!header(ARRAY) || !string()) return false;
    [idBegin, idEnd] = [begin, end];
    if (!header(ARRAY)) return false;
    parts = count;
    for (let i = 0; i < parts; i += 1) {
      if (!string()) return false;
      bounds[2 * i] = begin;
      bounds[2 * i + 1] = end;
    }
    return true;
  }

  /** `false` when more has to come first. */
  function step(): boolean {
    if (streamsLeft === undefined) return reply();
    if (entriesLeft === 0) return streamHead();
    if (!entryAtHand()) return false;
    onEntry(stream, entry);
    entriesLeft -= 1;
    if (entriesLeft === 0) streamsLeft -= 1;
    return true;
  }

  return {
    push(chunk) {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      at = 0;
      while (streamsLeft !== 0) {
        const from = at;
        if (step()) continue;
        // A copy: what came may be overwritten by what comes next.
        bytes = Buffer.from(bytes.subarray(from));
        return false;
      }
      bytes = NOTHING;
      return true;
    },
  };
}
