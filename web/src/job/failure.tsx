import type { Job } from "@jobcast/client";

/** What went wrong, and whether it makes sense to try again. */
export function Failure({ job: { error, status } }: { job: Job }) {
  if (error === null || status === "cancelled") return null;
  const isOver = status === "failed";
  return (
    <section className={`rounded-lg px-4 py-3 ${isOver ? "bg-bad-soft" : "bg-warn-soft"}`}>
      <h3 className={`font-medium ${isOver ? "text-bad" : "text-warn"}`}>
        {isOver ? error.message : `The attempt before failed: ${error.message}`}
      </h3>
      <p className="mt-1 text-quiet">
        {isOver &&
          (error.retryable
            ? "This may pass by itself: a new try can succeed. "
            : "A new try with the same file would fail in the same way. ")}
        <code className="font-mono text-[0.8125rem]">{error.code}</code>
      </p>
    </section>
  );
}
