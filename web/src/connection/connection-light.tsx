import { useJobcast } from "@jobcast/client/react";
import { Popover } from "radix-ui";
import { formatClock } from "../format/time.ts";
import { Button } from "../ui/button.tsx";
import { CONNECTION_LOOKS, TRANSPORT_WORDS } from "./looks.ts";
import type { ConnectionStory } from "./use-connection-story.ts";

/** How the page is connected: a dot with a word, and more for whoever asks. */
export function ConnectionLight({ story }: { story: ConnectionStory }) {
  const client = useJobcast();
  const { status, transport, why, sinceMs } = story;
  const { word, color, explain } = CONNECTION_LOOKS[status];
  const mayConnect = status === "offline" || status === "closed";
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <Button look="bare" aria-label={`Connection: ${word}`}>
          <span className={`size-2 rounded-full ${color}`} /> {word}
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={12}
          className="appear z-30 w-72 rounded-xl border border-line bg-raised p-4 shadow-lg"
        >
          <p className="font-medium">
            {word} since {formatClock(sinceMs)}
          </p>
          <p className="mt-1 text-quiet">{explain}</p>
          {why !== null && <p className="mt-2 break-words">{why.message}</p>}
          {transport !== null && (
            <p className="mt-2 text-quiet">By: {TRANSPORT_WORDS[transport]}</p>
          )}
          {mayConnect && (
            <Button className="mt-3 w-full" onClick={client.connect}>
              Try now
            </Button>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
