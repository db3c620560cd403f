import type { FieldType, FieldValue } from "../../src/contract/job-types/analysis.ts";
import { type Field, isDate } from "./fields.ts";

/** `Name: value`, also in a list or with a bullet. Not `https://…`. */
const LABELLED = /^[\s>*•-]*(\p{L}[^:：]{0,63}?)\s*[:：](?!\/\/)\s*(.*)$/u;

/** The value of each field by its label, `null` where there is none, or none that fits its type. */
export function findLabelled(text: string, fields: Field[]): Record<string, FieldValue> {
  const wanted = new Set(fields.map(({ name }) => normalise(name)));
  const values = readLabels(text, wanted);
  return Object.fromEntries(
    fields.map(({ name, type }) => [name, convert(values.get(normalise(name)), type)]),
  );
}

/** `policyNumber`, `policy_number` and `Policy number` are one name. */
const normalise = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");

/**
 * The first value of each label. It goes on over the lines that follow: those that are indented, and, when it began with nothing, all up to
 * an empty line or the next label.
 */
function readLabels(text: string, wanted: Set<string>): Map<string, string> {
  const values = new Map<string, string>();
  const lines = text.split(/\r?\n/);
  for (const [i, line] of lines.entries()) {
    const [, label = "", first = ""] = LABELLED.exec(line) ?? [];
    const name = normalise(label);
    if (!wanted.has(name) || values.has(name)) continue;
    const value = [first, ...continuation(lines.slice(i + 1), first.trim() === "")];
    const whole = value
      .map((part) => part.trim())
      .filter((part) => part !== "")
      .join("\n");
    if (whole !== "") values.set(name, whole);
  }
  return values;
}

function continuation(lines: string[], hasBegunEmpty: boolean): string[] {
  const end = lines.findIndex(
    (line) => line.trim() === "" || LABELLED.test(line) || !(hasBegunEmpty || /^[ \t]/.test(line)),
  );
  return end < 0 ? lines : lines.slice(0, end);
}

/** `£1,234.50` and `1 234.5 kg` with what stands around the figures; `null` for two numbers, and for what may mean either of two. */
function toNumber(text: string): number | null {
  const found = text.match(/-?\d[\d,'\s]*(?:\.\d+)?/g) ?? [];
  const [figures] = found;
  if (figures === undefined || found.length > 1) return null;
  const isGrouped = /^-?\d{1,3}([,'\s]\d{3})*(\.\d+)?\s*$|^-?\d+(\.\d+)?\s*$/.test(figures);
  return isGrouped ? Number(figures.replaceAll(/[,'\s]/g, "")) : null;
}

function toBoolean(text: string): boolean | null {
  if (/^(yes|true|y|on|1|x|☑|✓)$/i.test(text)) return true;
  return /^(no|false|n|off|0|☐|✗)$/i.test(text) ? false : null;
}

/** `2026-03-12`, `12 March 2026` and `March 12, 2026`; `null` for `3/12/2026`, which is read in two ways. */
function toDate(text: string): string | null {
  const iso = /^\d{4}-\d{2}-\d{2}/.exec(text)?.[0] ?? inWords(text);
  return iso !== undefined && isDate(iso) ? iso : null;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

function inWords(text: string): string | undefined {
  const parts =
    /^(?<day>\d{1,2})(?:st|nd|rd|th)?[ .]+(?<month>[a-z]{3})[a-z]*[ .,]+(?<year>\d{4})$/i.exec(
      text,
    ) ??
    /^(?<month>[a-z]{3})[a-z]*[ .]+(?<day>\d{1,2})(?:st|nd|rd|th)?[ .,]+(?<year>\d{4})$/i.exec(
      text,
    );
  const { day = "", month = "", year = "" } = parts?.groups ?? {};
  const number = MONTHS.indexOf(month.toLowerCase()) + 1;
  return number === 0
    ? undefined
    : `${year}-${String(number).padStart(2, "0")}-${day.padStart(2, "0")}`;
}

const CONVERSIONS: Record<FieldType, (text: string) => FieldValue> = {
  string: (text) => text,
  number: toNumber,
  integer: (text) => {
    const number = toNumber(text);
    return Number.isSafeInteger(number) ? number : null;
  },
  boolean: toBoolean,
  date: toDate,
};

const convert = (value: string | undefined, type: FieldType): FieldValue =>
  value === undefined ? null : CONVERSIONS[type](value);
