import { ConnectionLight } from "./connection/connection-light.tsx";
import type { ConnectionStory } from "./connection/use-connection-story.ts";
import type { Session } from "./session/session.ts";
import { UserMenu } from "./session/user-menu.tsx";
import { Mark } from "./ui/icons.tsx";

export interface HeaderProps {
  session: Session;
  story: ConnectionStory;
  onLeave(): void;
}

export function Header({ session, story, onLeave }: HeaderProps) {
  return (
    <header className="sticky top-0 z-20 border-b border-line bg-ground">
      <div className="mx-auto flex h-14 max-w-5xl items-center gap-2.5 px-4 sm:px-6">
        <Mark className="size-6 text-accent" />
        <span className="mr-auto text-[0.9375rem] font-semibold tracking-tight">Jobcast</span>
        <ConnectionLight story={story} />
        <UserMenu session={session} onLeave={onLeave} />
      </div>
    </header>
  );
}
