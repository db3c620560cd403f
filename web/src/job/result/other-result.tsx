import type { ResultProps } from "./result-view.tsx";

/** Of a type that this page knows nothing of: as it was reported. */
export function OtherResult({ result }: ResultProps) {
  const told = Object.entries(result).filter(([name]) => name !== "files");
  if (told.length === 0) return null;
  return (
    <section>
      <h3 className="font-medium">Result</h3>
      <pre className="panel mt-2 max-h-96 overflow-auto p-3 font-mono text-[0.8125rem] whitespace-pre-wrap wrap-anywhere">
        {JSON.stringify(Object.fromEntries(told), null, 2)}
      </pre>
    </section>
  );
}
