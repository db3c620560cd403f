export type IsOriginAllowed = (origin: string | undefined, host: string | undefined) => boolean;

export interface OriginsOptions {
  /** `https://app.example.com`, `http://localhost:*` (any port), or `*`. */
  allowed: readonly string[];
  /** By which clients reach the service; its own origin is let in. */
  publicUrl?: string | undefined;
}

/**
 * Whether a page of `origin` may call a service that was reached as `host`. The same origin always may, and so may clients that are no
 * pages: they send none. The scheme of the same origin is not compared, since a proxy may have taken TLS off.
 */
export function createOriginCheck({ allowed, publicUrl }: OriginsOptions): IsOriginAllowed {
  const patterns = publicUrl === undefined ? allowed : [...allowed, new URL(publicUrl).origin];
  return (origin, host) => {
    if (origin === undefined) return true;
    const isSame = host !== undefined && URL.parse(origin)?.host === host.toLowerCase();
    return isSame || patterns.some((pattern) => matches(pattern, origin));
  };
}

function matches(pattern: string, origin: string): boolean {
  if (!pattern.endsWith(":*")) return pattern === "*" || pattern === origin;
  const base = pattern.slice(0, -2);
  return (
    origin === base ||
    (origin.startsWith(`${base}:`) && /^\d+$/.test(origin.slice(base.length + 1)))
  );
}
