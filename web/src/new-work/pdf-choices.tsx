import { Choice, TextField } from "../ui/fields.tsx";
import type { ChoicesProps } from "./choices.ts";
import type { Choices } from "./options.ts";

const OPERATIONS = ["extract", "split"] as const;
const LABELS = { extract: "Read text and pages", split: "Split" };

export function PdfChoices({ value, onChange }: ChoicesProps<Choices["pdf"]>) {
  return (
    <>
      <Choice
        label="Do"
        value={value.operation}
        options={OPERATIONS}
        labelOf={(operation) => LABELS[operation]}
        onChange={(operation) => onChange({ ...value, operation })}
      />
      {value.operation === "split" && (
        <TextField
          label="Pages"
          placeholder="1-3, 5"
          value={value.ranges}
          onChange={(ranges) => onChange({ ...value, ranges })}
        />
      )}
      <TextField
        label="Password"
        placeholder="if it has one"
        type="password"
        value={value.password}
        onChange={(password) => onChange({ ...value, password })}
      />
    </>
  );
}
