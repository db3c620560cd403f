import { Button } from "../ui/button.tsx";
import { DropDown } from "../ui/drop-down.tsx";
import { LeaveIcon } from "../ui/icons.tsx";
import { Initial } from "../ui/initial.tsx";
import { ThemeSwitch } from "../ui/theme-switch.tsx";
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
    <DropDown label={`${name}, settings`} button={<Initial name={name} />}>
      <p className="truncate font-medium">{name}</p>
      <p className="text-quiet">{isPremium ? "Premium" : "Plain"}</p>
      <ThemeSwitch />
      <Button className="mt-3 w-full" onClick={leave}>
        <LeaveIcon /> Sign out
      </Button>
    </DropDown>
  );
}
