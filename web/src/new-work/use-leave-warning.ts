import { useEffect } from "react";
import type { Outbox } from "./outbox.ts";

/** Has the browser ask before the page goes while files are on their way: they cannot go on without it. */
export function useLeaveWarning({ items }: Outbox): void {
  useEffect(() => {
    const onLeave = (event: BeforeUnloadEvent): void => {
      if (items.get().length > 0) event.preventDefault();
    };
    addEventListener("beforeunload", onLeave);
    return () => removeEventListener("beforeunload", onLeave);
  }, [items]);
}
