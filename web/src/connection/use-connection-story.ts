import type { ConnectionState } from "@jobcast/client";
import { useConnection } from "@jobcast/client/react";
import { useState } from "react";

/** How the page is connected, and since when. */
export interface ConnectionStory extends ConnectionState {
  sinceMs: number;
  /** When news last came through; `undefined` before they ever did. */
  asOfMs: number | undefined;
}

const isUp = ({ status }: ConnectionState): boolean => status === "live" || status === "fallback";

export function useConnectionStory(): ConnectionStory {
  const now = useConnection();
  const [story, setStory] = useState<ConnectionStory>(() => ({
    ...now,
    sinceMs: Date.now(),
    asOfMs: undefined,
  }));
  const isSame = now.status === story.status && now.transport === story.transport;
  if (isSame && now.why === story.why) return story;
  const at = Date.now();
  const next = {
    ...now,
    sinceMs: now.status === story.status ? story.sinceMs : at,
    asOfMs: isUp(story) ? at : story.asOfMs,
  };
  // While it is drawn: the last state is needed to know since when.
  setStory(next);
  return next;
}
