import { type KeyboardEvent, type RefObject, useEffect, useRef } from "react";

export interface RowKeysOptions {
  list: RefObject<HTMLElement | null>;
  count: number;
  scrollTo(index: number): void;
}

const STEPS: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/** j and k, or the arrows, go from row to row; Home and End to the first and the last. From anywhere, j enters the list. */
export function useRowKeys({ list, count, scrollTo }: RowKeysOptions) {
  /** The row that will have the focus: keys may come faster than frames. */
  const next = useRef<number>(undefined);

  function go(index: number): void {
    const target = Math.min(count - 1, Math.max(0, index));
    next.current = target;
    scrollTo(target);
    // A row far away is there once it has been scrolled to.
    requestAnimationFrame(() => {
      if (next.current !== target) return;
      next.current = undefined;
      list.current
        ?.querySelector<HTMLElement>(`[data-index="${target}"] [data-row]`)
        ?.focus({ preventScroll: true });
    });
  }

  useEffect(() => {
    function onKey(event: globalThis.KeyboardEvent): void {
      if (event.key !== "j" || event.target !== document.body || isModified(event)) return;
      event.preventDefault();
      go(next.current === undefined ? 0 : next.current + 1);
    }
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });

  return (event: KeyboardEvent<HTMLElement>): void => {
    if (isModified(event)) return;
    const row = event.target instanceof Element ? event.target.closest("[data-index]") : null;
    const index = next.current ?? Number(row?.getAttribute("data-index") ?? 0);
    const step = STEPS[event.key];
    if (step !== undefined) go(index + step);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(count - 1);
    else return;
    event.preventDefault();
  };
}

const isModified = (
  event: Pick<globalThis.KeyboardEvent, "altKey" | "ctrlKey" | "metaKey">,
): boolean => event.altKey || event.ctrlKey || event.metaKey;
