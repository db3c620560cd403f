import { Popover } from "radix-ui";
import { ThemeSwitch } from "../ui/theme-switch.tsx";
import { Button } from "../ui/button.tsx";
import { LeaveIcon } from "../ui/icons.tsx";
import { Initial } from "../ui/initial.tsx";
import { type Session, signOut } from "./session.ts";

export interface UserMenuProps {
  session: Session;
  onLeave(): void;
}

/** Who is signed in, how the page looks, and the way out. */
export function UserMenu({ session: { name, isPremium }, onLeave }: UserMenuProps) {
  function leave(): void {
    onLeave();
    signOut();
  }
  return (
    <Popover.Root>
      <Popover.Trigger
        aria-label={`${name}, settings`}
        title={`${name}, settings`}
        className="grid size-9 place-items-center rounded-full"
      >
        <Initial name={name} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={12}
          className="appear z-30 w-64 rounded-xl border border-line bg-raised p-4 shadow-lg"
        >
          <p className="truncate font-medium">{name}</p>
          <p className="text-quiet">{isPremium ? "Premium" : "Plain"}</p>
          <ThemeSwitch />
          <Button className="mt-3 w-full" onClick={leave}>
            <LeaveIcon /> Sign out
          </Button>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
