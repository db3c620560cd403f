import type { End } from "./transport.ts";

/** Asks for events over HTTP. Resolves to the response, or to why there is none. */
export async function askFor(
  address: string,
  { token, signal }: { token: string; signal: AbortSignal },
): Promise<Response | End> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(address, { headers, signal, cache: "no-store" });
    if (response.ok) return response;
    const { status } = response;
    const problem = await response.json().catch(() => ({}));
    // What a proxy says, and what says that it passes, is no answer to who is asking.
    if (typeof problem?.code !== "string" || status === 429 || status >= 500)
      return { kind: "lost" };
    const { code, detail: message = "" } = problem;
    return { kind: "refused", error: { code, message, retryable: false, status } };
  } catch {
    return { kind: "lost" };
  }
}
