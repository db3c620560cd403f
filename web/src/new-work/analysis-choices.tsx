import { TextField } from "../ui/fields.tsx";
import type { ChoicesProps } from "./choices.ts";
import type { Choices } from "./options.ts";

export function AnalysisChoices({ value, onChange }: ChoicesProps<Choices["analysis"]>) {
  return (
    <>
      <TextField
        label="Find"
        placeholder="policy number, total, due"
        isWide
        value={value.fields}
        onChange={(fields) => onChange({ ...value, fields })}
      />
      <TextField
        label="Look at"
        placeholder="needs a language model"
        isWide
        value={value.prompt}
        onChange={(prompt) => onChange({ ...value, prompt })}
      />
    </>
  );
}
