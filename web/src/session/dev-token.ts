/** The gateway says in the page that it makes tokens for anyone, as it does in development alone. */
export const isDevelopment = (): boolean =>
  document.querySelector<HTMLMetaElement>('meta[name="jobcast-dev"]')?.content === "yes";

/** Someone made up, to try the page with. */
export interface Person {
  sub: string;
  name: string;
  isPremium: boolean;
}

export const PEOPLE: readonly Person[] = [
  { sub: "ada", name: "Ada", isPremium: false },
  { sub: "grace", name: "Grace", isPremium: true },
  { sub: "alan", name: "Alan", isPremium: false },
  { sub: "katherine", name: "Katherine", isPremium: true },
];

const TTL_SECONDS = 3600;

/** Fails in words for people. */
export async function fetchDevToken({ sub, isPremium }: Person): Promise<string> {
  const response = await fetch("/api/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sub, ttl: TTL_SECONDS, ...(isPremium ? { plan: "premium" } : {}) }),
  });
  if (!response.ok) throw new Error(`The gateway makes no tokens here (${response.status})`);
  const answer: unknown = await response.json();
  if (typeof answer === "object" && answer !== null && "token" in answer) {
    if (typeof answer.token === "string") return answer.token;
  }
  throw new Error("The gateway's answer holds no token");
}
