/** What a token says of its bearer. Nothing is checked here: that is for the gateway. */
export interface Claims {
  user: string | undefined;
  isPremium: boolean;
  /** The token is for reading these jobs, and good for nothing else. */
  only: string[];
}

/** `undefined` for what is no token at all. */
export function readClaims(token: string): Claims | undefined {
  const [, coded] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token) ?? [];
  if (coded === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(
      atob(coded.replaceAll("-", "+").replaceAll("_", "/")),
      (letter) => letter.codePointAt(0) ?? 0,
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims !== "object" || claims === null) return undefined;
    const { sub, plan, only }: { sub?: unknown; plan?: unknown; only?: unknown } = claims;
    return {
      user: typeof sub === "string" ? sub : undefined,
      isPremium: plan === "premium",
      only: Array.isArray(only) ? only.filter((topic) => typeof topic === "string") : [],
    };
  } catch {
    return undefined;
  }
}
