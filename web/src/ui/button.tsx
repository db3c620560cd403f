import type { ComponentProps } from "react";

const LOOKS = {
  main: "bg-accent text-on-accent border-transparent hover:opacity-90",
  plain: "bg-surface text-ink border-line hover:bg-hover",
  bare: "bg-transparent text-quiet border-transparent hover:bg-hover hover:text-ink",
  danger: "bg-surface text-bad border-line hover:bg-bad-soft",
} as const;

export interface ButtonProps extends ComponentProps<"button"> {
  look?: keyof typeof LOOKS;
}

export function Button({ look = "plain", className = "", ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={`inline-flex min-h-9 items-center justify-center gap-1.5 rounded-md border px-3 font-medium whitespace-nowrap disabled:opacity-50 sm:min-h-8 ${LOOKS[look]} ${className}`}
      {...rest}
    />
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "aria-label" | "title"> {
  /** Read out, and shown to whoever points at it. */
  label: string;
}

/** A square with an icon in it. */
export function IconButton({ label, className = "", look = "bare", ...rest }: IconButtonProps) {
  return (
    <Button
      look={look}
      aria-label={label}
      title={label}
      className={`size-9 px-0! sm:size-8 ${className}`}
      {...rest}
    />
  );
}
