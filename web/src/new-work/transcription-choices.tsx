import { Check, TextField } from "../ui/fields.tsx";
import { type ChoicesProps, toggle } from "./choices.ts";
import { type Choices, TRANSCRIPT_FORMATS } from "./options.ts";

export function TranscriptionChoices({ value, onChange }: ChoicesProps<Choices["transcription"]>) {
  return (
    <>
      {TRANSCRIPT_FORMATS.map((format) => (
        <Check
          key={format}
          label={format.toUpperCase()}
          isOn={value.formats.includes(format)}
          onChange={() =>
            onChange({ ...value, formats: toggle(TRANSCRIPT_FORMATS, value.formats, format) })
          }
        />
      ))}
      <TextField
        label="Language"
        placeholder="found out"
        value={value.language}
        onChange={(language) => onChange({ ...value, language })}
      />
    </>
  );
}
