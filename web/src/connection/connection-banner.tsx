import { useJobcast } from "@jobcast/client/react";
import { formatClock } from "../format/time.ts";
import { Button } from "../ui/button.tsx";
import { OfflineIcon } from "../ui/icons.tsx";
import type { ConnectionStory } from "./use-connection-story.ts";

/** While nothing gets through: says so, and as of when is what one sees. */
export function ConnectionBanner({ story: { status, why, asOfMs } }: { story: ConnectionStory }) {
  const client = useJobcast();
  const isDown = status === "offline" || status === "closed";
  const asOf = asOfMs === undefined ? "" : ` What you see is as of ${formatClock(asOfMs)}.`;
  return (
    <div role="status" className="sticky top-14 z-10">
      {isDown && (
        <div className="border-b border-line bg-warn-soft text-warn">
          <div className="mx-auto flex min-h-11 max-w-5xl items-center gap-3 px-4 py-1.5 sm:px-6">
            <OfflineIcon className="size-4" />
            <p className="flex-1">
              {status === "offline"
                ? `You are offline.${asOf} It goes on by itself.`
                : `The connection was closed: ${why?.message ?? "no reason was given"}.${asOf}`}
            </p>
            <Button onClick={client.connect}>Try now</Button>
          </div>
        </div>
      )}
    </div>
  );
}
