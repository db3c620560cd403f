const LETTERS = Array.from("abcdefghijklmnopqrstuvwxyz");

/** Some services answer `en`, some `english`; `null` where there is nothing to go by. */
export function toLanguageCode(language: string | undefined): string | null {
  if (language === undefined) return null;
  const wanted = language.trim().toLowerCase();
  if (/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/.test(wanted)) return wanted;
  const names = new Intl.DisplayNames("en", { type: "language" });
  const codes = LETTERS.flatMap((first) => LETTERS.map((second) => first + second));
  return codes.find((code) => names.of(code)?.toLowerCase() === wanted) ?? null;
}
