/** How long ago that was, as short as a column of a list wants it. */
export function formatAgo(at: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(at)) / 1000));
  if (seconds < 5) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400 && isSameDay(new Date(at), new Date(nowMs)))
    return `${Math.floor(seconds / 3600)} h ago`;
  return clock.format(new Date(at));
}

/** To the second, with the day. */
export const formatExact = (at: string): string => exact.format(new Date(at));

/** Hours and minutes. */
export const formatClock = (at: Date | number): string => clock.format(at);

/** The heading over a day of a list. */
export function formatDay(day: Date, now: Date): string {
  if (isSameDay(day, now)) return "Today";
  if (isSameDay(day, new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1)))
    return "Yesterday";
  return (day.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(day);
}

const isSameDay = (a: Date, b: Date): boolean => a.toDateString() === b.toDateString();

const LANGUAGE = "en-GB";
const clock = new Intl.DateTimeFormat(LANGUAGE, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "medium" });
const thisYear = new Intl.DateTimeFormat(LANGUAGE, {
  weekday: "long",
  day: "numeric",
  month: "long",
});
const otherYear = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "long" });
