/** What outlives a reload, in this window alone: two windows may be two people. */
export interface Kept {
  token?: string | undefined;
  /** Of someone made up. */
  sub?: string | undefined;
}

const KEY = "jobcast:session";

export function readKept(): Kept | undefined {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    if (typeof kept !== "object" || kept === null) return undefined;
    const { token, sub }: { token?: unknown; sub?: unknown } = kept;
    return {
      token: typeof token === "string" ? token : undefined,
      sub: typeof sub === "string" ? sub : undefined,
    };
  } catch {
    return undefined;
  }
}

export const keep = (kept: Kept): void => sessionStorage.setItem(KEY, JSON.stringify(kept));

export const forget = (): void => sessionStorage.removeItem(KEY);
