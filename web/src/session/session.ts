import { createJobcast, type Jobcast } from "@jobcast/client";
import { createValue, useValue } from "../ui/value.ts";
import { readClaims } from "./claims.ts";
import { fetchDevToken, isDevelopment, PEOPLE, type Person } from "./dev-token.ts";
import { forget, keep, readKept } from "./kept.ts";

/** Someone who is signed in, in this window. */
export interface Session {
  /** Of this sign-in, not of the person. */
  id: string;
  name: string;
  isPremium: boolean;
  /** The one job that the token is for, where it is for one. */
  onlyJobId: string | undefined;
  client: Jobcast;
}

export interface SignedOut {
  /** Why, if nobody asked for it. */
  reason: string | undefined;
}

const state = createValue<Session | SignedOut>(resume());

// A link with a token, opened in a window where the page is already.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) state.set(resume());
});

export const useSession = (): Session | SignedOut => useValue(state);

/** Says what is wrong with it, or nothing. */
export function signInWith(token: string): string | undefined {
  const session = fromToken(token.trim());
  if (session === undefined)
    return "This is not a token. A token is three parts with dots between.";
  keep({ token: token.trim() });
  state.set(session);
  return undefined;
}

export function signInAs(person: Person): void {
  keep({ sub: person.sub });
  state.set(fromPerson(person));
}

export function signOut(reason?: string): void {
  forget();
  state.set({ reason });
}

function resume(): Session | SignedOut {
  const kept = readKept();
  const fresh = takeFromAddress();
  const token = fresh ?? kept?.token;
  if (token !== undefined) {
    const session = fromToken(token);
    if (session === undefined) return { reason: "The address held something that is no token." };
    keep({ token });
    return session;
  }
  const person = isDevelopment() ? PEOPLE.find(({ sub }) => sub === kept?.sub) : undefined;
  return person === undefined ? { reason: undefined } : fromPerson(person);
}

/** A link can bring its token along. It must not stay where it can be read, kept or passed on. */
function takeFromAddress(): string | undefined {
  const [, token] = /^#token=(.+)$/.exec(location.hash) ?? [];
  if (token === undefined) return undefined;
  history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}

function fromToken(token: string): Session | undefined {
  const claims = readClaims(token);
  if (claims === undefined) return undefined;
  const { user = "Guest", isPremium, only } = claims;
  const [onlyJobId] = only.map((topic) => topic.replace(/^job:/, ""));
  const name = onlyJobId === undefined ? user : "Guest";
  return { id: crypto.randomUUID(), name, isPremium, onlyJobId, client: clientOf(user, token) };
}

function fromPerson(person: Person): Session {
  const { sub, name, isPremium } = person;
  const client = clientOf(sub, () => fetchDevToken(person));
  return { id: crypto.randomUUID(), name, isPremium, onlyJobId: undefined, client };
}

/** Needed while this file is read, so it is no constant. */
function clientOf(user: string, token: string | (() => Promise<string>)): Jobcast {
  return createJobcast({ token, user, remember: sessionStorage });
}
