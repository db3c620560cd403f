import { filesOf, isPicture } from "../result-files.ts";
import { Facts, textOf } from "./facts.tsx";
import { Pages } from "./pages.tsx";
import type { ResultProps } from "./result-view.tsx";

/** What a document is, and what its pages look like and say. */
export function PdfResult({ job, result }: ResultProps) {
  const files = filesOf(job);
  const pictures = files.filter(isPicture);
  const texts = files.find(({ name }) => name === "pages.json");
  return (
    <section className="space-y-4">
      <Facts
        facts={[
          ["Title", textOf(result["title"])],
          ["Pages", textOf(result["pages"])],
          ["Characters", textOf(result["characters"])],
        ]}
      />
      {pictures.length > 0 && <Pages jobId={job.jobId} pictures={pictures} texts={texts} />}
    </section>
  );
}
