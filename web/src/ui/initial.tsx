/** Someone, as a letter. */
export function Initial({ name }: { name: string }) {
  return (
    <span
      aria-hidden="true"
      className="grid size-7 shrink-0 place-items-center rounded-full bg-accent-soft text-[0.8125rem] font-semibold text-accent uppercase"
    >
      {name.slice(0, 1)}
    </span>
  );
}
