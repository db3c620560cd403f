import { type ReactNode, useId } from "react";

export interface DropDownProps {
  /** Read out for the button. */
  label: string;
  button: ReactNode;
  children: ReactNode;
}

/** A button in the header with more below it; the browser itself opens it, closes it, and gives the focus back. */
export function DropDown({ label, button, children }: DropDownProps) {
  const id = useId();
  return (
    <>
      <button
        type="button"
        popoverTarget={id}
        aria-label={label}
        title={label}
        className="inline-flex min-h-9 items-center gap-2 rounded-md px-2 font-medium whitespace-nowrap text-quiet hover:bg-hover hover:text-ink"
      >
        {button}
      </button>
      <div
        id={id}
        popover="auto"
        role="group"
        aria-label={label}
        className="appear fixed inset-auto top-13 right-[max(1rem,calc(50vw-30.5rem))] m-0 w-72 max-w-[calc(100vw-2rem)] rounded-xl border border-line bg-raised p-4 text-ink shadow-lg"
      >
        {children}
      </div>
    </>
  );
}
