import { useState } from "react";
import { ConnectionBanner } from "./connection/connection-banner.tsx";
import { useConnectionStory } from "./connection/use-connection-story.ts";
import { QueueLine } from "./connection/queue-line.tsx";
import { Header } from "./header.tsx";
import { Dialogs } from "./job/dialogs.tsx";
import { WorkList } from "./list/work-list.tsx";
import { createOutbox, OutboxProvider } from "./new-work/outbox.ts";
import { NewWork } from "./new-work/new-work.tsx";
import { useLeaveWarning } from "./new-work/use-leave-warning.ts";
import { OnlyJob } from "./only-job.tsx";
import type { Session } from "./session/session.ts";
import { useRefusal } from "./session/use-refusal.ts";
import { useOutcomeToasts } from "./toasts/use-outcome-toasts.ts";

/** All of the page for someone who is signed in. */
export function Workspace({ session }: { session: Session }) {
  const { client, onlyJobId } = session;
  const [outbox] = useState(() => createOutbox(client));
  const story = useConnectionStory();
  useRefusal(story);
  // A guest came for this one outcome, and sees it.
  useOutcomeToasts(onlyJobId === undefined ? client : undefined);
  useLeaveWarning(outbox);
  return (
    <OutboxProvider value={outbox}>
      <Header session={session} story={story} onLeave={outbox.close} />
      <ConnectionBanner story={story} />
      <main className="mx-auto max-w-5xl px-4 pt-5 sm:px-6">
        <h1 className="sr-only">Jobs</h1>
        {onlyJobId === undefined ? (
          <div className="space-y-5">
            <NewWork />
            <QueueLine />
            <WorkList />
          </div>
        ) : (
          <OnlyJob jobId={onlyJobId} />
        )}
      </main>
      {onlyJobId === undefined && <Dialogs />}
    </OutboxProvider>
  );
}
