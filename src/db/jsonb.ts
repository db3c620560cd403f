/**
 * JSON that Postgres takes as `jsonb`. It refuses NUL and lone surrogates, which a worker's text may hold: the first are dropped,
 * the second become U+FFFD.
 */
export const toJsonb = (value: unknown): string => JSON.stringify(value ?? null, clean);

function clean(_key: string, value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (Object.keys(value).every((key) => cleanText(key) === key)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), item]));
}

const cleanText = (text: string): string => text.replaceAll("\0", "").toWellFormed();
