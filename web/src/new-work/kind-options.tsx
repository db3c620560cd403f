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
        <Fields kind={kind} choices={choices} setChoices={setChoices} />
      </div>
      {!options.ok && (
        <p role="status" className="mt-1.5 text-warn">
          {options.problem}
        </p>
      )}
    </fieldset>
  );
}

function Fields({ kind, choices, setChoices }: Omit<KindOptionsProps, "count">) {
  const { image, pdf, transcription, analysis } = choices;
  const change = (changed: Partial<Choices>): void => setChoices({ ...choices, ...changed });
  const fields: Record<Kind, () => ReactNode> = {
    image: () => <ImageChoices value={image} onChange={(next) => change({ image: next })} />,
    pdf: () => <PdfChoices value={pdf} onChange={(next) => change({ pdf: next })} />,
    transcription: () => (
      <TranscriptionChoices
        value={transcription}
        onChange={(next) => change({ transcription: next })}
      />
    ),
    analysis: () => (
      <AnalysisChoices value={analysis} onChange={(next) => change({ analysis: next })} />
    ),
  };
  return fields[kind]();
}
