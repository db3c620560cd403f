import { type ComponentType, lazy } from "react";
import { toast } from "sonner";

const AGAIN_MS = 2000;

/**
 * A part of the page that comes when it is drawn first. While it does not, as in a tunnel, it is asked for again: a failure here would take the whole page
 * with it.
 */
export const later = <Props>(load: () => Promise<ComponentType<Props>>) =>
  lazy(async () => ({ default: await insist(load) }));

async function insist<Value>(load: () => Promise<Value>): Promise<Value> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      // Browsers remember that a script did not come, and after a new version it is not there any more: only the page as a whole can be had then.
      if (navigator.onLine) offerReload();
    }
  }
}

function offerReload(): void {
  toast.warning("A part of this page cannot be loaded", {
    id: "reload",
    description: "There may be a newer version of it.",
    duration: Infinity,
    action: { label: "Reload", onClick: () => location.reload() },
  });
}
