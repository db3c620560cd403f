import { Facts } from "./facts.tsx";
import type { ResultProps } from "./result-view.tsx";

export function AnalysisResult({ result: { summary, fields } }: ResultProps) {
  const found = typeof fields === "object" && fields !== null ? Object.entries(fields) : [];
  return (
    <section className="space-y-4">
      {typeof summary === "string" && (
        <p className="leading-relaxed whitespace-pre-wrap">{summary}</p>
      )}
      <Facts
        facts={found.map(([name, value]) => [
          name,
          value === null ? <span className="text-quiet">not found</span> : String(value),
        ])}
      />
    </section>
  );
}
