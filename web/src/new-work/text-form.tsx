import { useSubmit } from "@jobcast/client/react";
import { type FormEvent, useId, useState } from "react";
import { Button, IconButton } from "../ui/button.tsx";
import { CloseIcon } from "../ui/icons.tsx";
import { AnalysisChoices } from "./analysis-choices.tsx";
import { FIRST_CHOICES, toOptions } from "./options.ts";

const MAX_NAME = 60;

/** Text to analyse, as it is typed or pasted. */
export function TextForm({ onClose }: { onClose(): void }) {
  const { submit, pending } = useSubmit();
  const [text, setText] = useState("");
  const [analysis, setAnalysis] = useState(FIRST_CHOICES.analysis);
  const [problem, setProblem] = useState<string>();
  const id = useId();

  async function send(event: FormEvent): Promise<void> {
    event.preventDefault();
    const made = toOptions("analysis", { ...FIRST_CHOICES, analysis });
    if (!made.ok) return setProblem(made.problem);
    const input = { data: { text } };
    const metadata = { name: nameOf(text) };
    const answer = await submit({
      type: "analysis",
      input,
      options: { ...made.options },
      metadata,
    });
    if (answer.ok) return onClose();
    setProblem(answer.error.message);
  }

  return (
    <form onSubmit={(event) => void send(event)} className="panel appear p-4">
      <div className="flex items-center justify-between">
        <label htmlFor={id} className="font-medium">
          Text to analyse
        </label>
        <IconButton label="Close" onClick={onClose} className="-mt-1 -mr-1.5">
          <CloseIcon />
        </IconButton>
      </div>
      <textarea
        id={id}
        rows={6}
        required
        ref={focus}
        value={text}
        onChange={({ target }) => setText(target.value)}
        className="field mt-1 w-full py-2"
      />
      <div className="mt-3 flex flex-wrap items-center gap-x-5 gap-y-2">
        <AnalysisChoices value={analysis} onChange={setAnalysis} />
        <Button
          type="submit"
          look="main"
          disabled={pending > 0 || text.trim() === ""}
          className="ml-auto"
        >
          Analyse
        </Button>
      </div>
      {problem !== undefined && (
        <p role="alert" className="mt-2 text-bad">
          {problem}
        </p>
      )}
    </form>
  );
}

/** It was opened to be written in. One function for all times: a new one would be called at each drawing. */
const focus = (area: HTMLTextAreaElement | null): void => area?.focus();

/** Its first words, for the list. */
function nameOf(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length <= MAX_NAME ? line : `${line.slice(0, MAX_NAME - 1)}…`;
}
