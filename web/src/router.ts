import { createValue, useValue } from "./ui/value.ts";

/** The page has two places: the list, and a job of it. */
export interface Route {
  jobId: string | undefined;
}

const route = createValue<Route>(toRoute(location.pathname));
addEventListener("popstate", () => route.set(toRoute(location.pathname)));

export const useRoute = (): Route => useValue(route);

export const pathOfJob = (jobId: string): string => `/jobs/${encodeURIComponent(jobId)}`;

export function openJob(jobId: string): void {
  // From one job to the next: back leads to the list in one step.
  const isOpen = route.get().jobId !== undefined;
  if (isOpen) history.replaceState(history.state, "", pathOfJob(jobId));
  else history.pushState({ hasList: true }, "", pathOfJob(jobId));
  route.set({ jobId });
}

/** Back to the list; to the page before, if that was it. */
export function closeJob(): void {
  const state: unknown = history.state;
  const hasList = typeof state === "object" && state !== null && "hasList" in state;
  if (hasList) return history.back();
  history.replaceState(null, "", "/");
  route.set({ jobId: undefined });
}

function toRoute(path: string): Route {
  const [, coded] = /^\/jobs\/([^/]+)$/.exec(path) ?? [];
  try {
    return { jobId: coded === undefined ? undefined : decodeURIComponent(coded) };
  } catch {
    return { jobId: undefined };
  }
}
