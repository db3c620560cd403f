import type { ReactNode } from "react";
import { plural } from "../format/plural.ts";
import type { Kind } from "../job/kinds.ts";
import { AnalysisChoices } from "./analysis-choices.tsx";
import { ImageChoices } from "./image-choices.tsx";
import { type Choices, toOptions } from "./options.ts";
import { PdfChoices } from "./pdf-choices.tsx";
import { TranscriptionChoices } from "./transcription-choices.tsx";

const NOUNS: Record<Kind, string> = {
  image: "image",
  pdf: "PDF",
  transcription: "recording",
  analysis: "text",
};

export interface KindOptionsProps {
  kind: Kind;
  count: number;
  choices: Choices;
  setChoices(choices: Choices): void;
}

/** Options of all files of one kind. */
export function KindOptions({ kind, count, choices, setChoices }: KindOptionsProps) {
  const options = toOptions(kind, choices);
  return (
    <fieldset className="border-t border-line px-4 py-3">
      <legend className="sr-only">Options for {plural(count, NOUNS[kind])}</legend>
      <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
        <span aria-hidden="true" className="w-24 text-quiet">
          {plural(count, NOUNS[kind])}
        </span>
        {fieldsOf(kind, choices, setChoices)}
      </div>
      {!options.ok && (
        <p role="status" className="mt-1.5 text-warn">
          {options.problem}
        </p>
      )}
    </fieldset>
  );
}

function fieldsOf(kind: Kind, choices: Choices, set: (choices: Choices) => void): ReactNode {
  switch (kind) {
    case "image":
      return (
        <ImageChoices value={choices.image} onChange={(image) => set({ ...choices, image })} />
      );
    case "pdf":
      return <PdfChoices value={choices.pdf} onChange={(pdf) => set({ ...choices, pdf })} />;
    case "transcription":
      return (
        <TranscriptionChoices
          value={choices.transcription}
          onChange={(transcription) => set({ ...choices, transcription })}
        />
      );
    case "analysis":
      return (
        <AnalysisChoices
          value={choices.analysis}
          onChange={(analysis) => set({ ...choices, analysis })}
        />
      );
  }
}
