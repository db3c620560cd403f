import { useJobcast } from "@jobcast/client/react";
import { formatClock } from "../format/time.ts";
import { Button } from "../ui/button.tsx";
import { DropDown } from "../ui/drop-down.tsx";
import { CONNECTION_LOOKS, TRANSPORT_WORDS } from "./looks.ts";
import type { ConnectionStory } from "./use-connection-story.ts";

/** How the page is connected: a dot with a word, and more for whoever asks. */
export function ConnectionLight({ story }: { story: ConnectionStory }) {
  const client = useJobcast();
  const { status, transport, why, sinceMs } = story;
  const { word, color, explain } = CONNECTION_LOOKS[status];
  const mayConnect = status === "offline" || status === "closed";
  const light = (
    <>
      <span className={`size-2 rounded-full ${color}`} /> {word}
    </>
  );
  return (
    <DropDown label={`Connection: ${word}`} button={light}>
      <p className="font-medium">
        {word} since {formatClock(sinceMs)}
      </p>
      <p className="mt-1 text-quiet">{explain}</p>
      {why !== null && <p className="mt-2 wrap-anywhere">{why.message}</p>}
      {transport !== null && <p className="mt-2 text-quiet">By: {TRANSPORT_WORDS[transport]}</p>}
      {mayConnect && (
        <Button className="mt-3 w-full" onClick={client.connect}>
          Try now
        </Button>
      )}
    </DropDown>
  );
}
