import { formatDuration } from "../../format/duration.ts";
import { Facts, textOf } from "./facts.tsx";
import type { ResultProps } from "./result-view.tsx";

/** The result holds so many characters of a text, and its files all of it. */
const SHOWN_CHARACTERS = 2000;

export function TranscriptResult({ result }: ResultProps) {
  const text = textOf(result["text"]) ?? "";
  const { duration } = result;
  return (
    <section className="space-y-4">
      <Facts
        facts={[
          ["Length", typeof duration === "number" ? formatDuration(duration) : undefined],
          ["Language", textOf(result["language"])],
          ["Segments", textOf(result["segments"])],
        ]}
      />
      {text === "" ? (
        <p className="text-quiet">Nobody says a word in it.</p>
      ) : (
        <blockquote className="panel px-4 py-3 leading-relaxed whitespace-pre-wrap wrap-anywhere">
          {text}
          {text.length >= SHOWN_CHARACTERS && (
            <span className="text-quiet">… The rest is in the files.</span>
          )}
        </blockquote>
      )}
    </section>
  );
}
