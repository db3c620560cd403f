/** A token, or what fetches one: asked again shortly before the last one runs out, and when it is refused. */
export type TokenSource = string | (() => string | Promise<string>);

/** The token of the one who waits. Fails as the page's own function does. */
export interface Tokens {
  get(): Promise<string>;
  /** A new one, whatever the last one was. Those who ask at once share it. */
  renew(): Promise<string>;
  /** Whether there can be another than the last. */
  readonly isRenewable: boolean;
  /** Until the last one should be renewed, ms; `undefined` when it does not say, or nobody can. */
  msUntilOld(): number | undefined;
}

/** So long before a token runs out another is fetched: longer than the gateway's warning, which is for clocks that go wrong. */
const EARLY_MS = 60_000;
/** A token that is old when it comes must not have us ask without a pause. */
const LEAST_MS = 5000;

export function createTokens(source: TokenSource): Tokens {
  let token: string | undefined = typeof source === "string" ? source : undefined;
  let oldAt: number | undefined;
  let fetching: Promise<string> | undefined;

  async function fetchOne(): Promise<string> {
    if (typeof source === "string") return source;
    token = await source();
    oldAt = whenOld(token);
    return token;
  }

  function renew(): Promise<string> {
    fetching ??= fetchOne().finally(() => (fetching = undefined));
    return fetching;
  }

  const isOld = (): boolean => oldAt !== undefined && Date.now() >= oldAt;

  return {
    get: () => (token === undefined || isOld() ? renew() : Promise.resolve(token)),
    renew,
    isRenewable: typeof source !== "string",
    msUntilOld: () => (oldAt === undefined ? undefined : Math.max(0, oldAt - Date.now())),
  };
}

/**
 * By how long it is good rather than until when: the page's clock may be wrong. One that is good for less than two minutes is old at half of that. What
 * cannot be read is no reason to fail: the gateway will say what is wrong with it.
 */
function whenOld(token: string): number | undefined {
  const { iat, exp } = claimsOf(token);
  if (typeof exp !== "number") return undefined;
  const goodMs = typeof iat === "number" ? (exp - iat) * 1000 : exp * 1000 - Date.now();
  return Date.now() + Math.max(goodMs - EARLY_MS, goodMs / 2, LEAST_MS);
}

function claimsOf(token: string): { iat?: unknown; exp?: unknown } {
  try {
    const [, claims = ""] = token.split(".");
    return JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return {};
  }
}
