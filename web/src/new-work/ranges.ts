export type Ranges = { ok: true; ranges: string[] } | { ok: false; problem: string };

/** Pages as people write them (`1-3, 5; 8 – 10`), as a job takes them: `["1-3", "5", "8-10"]`. */
export function parseRanges(text: string): Ranges {
  const parts = text
    .replaceAll(/\s*[-–—]\s*/g, "-")
    .split(/[\s,;]+/)
    .filter((part) => part !== "");
  if (parts.length === 0) return { ok: false, problem: "Say which pages, such as 1-3, 5" };
  for (const part of parts) {
    const [, first, last = first] = /^([1-9]\d{0,5})(?:-([1-9]\d{0,5}))?$/.exec(part) ?? [];
    if (first === undefined)
      return { ok: false, problem: `“${part}” is no page and no range of pages` };
    if (Number(first) > Number(last)) return { ok: false, problem: `“${part}” runs backwards` };
  }
  const ranges = [...new Set(parts)];
  if (ranges.length > 100) return { ok: false, problem: "At most 100 ranges" };
  return { ok: true, ranges };
}
