import { Check, Choice } from "../ui/fields.tsx";
import { type ChoicesProps, toggle } from "./choices.ts";
import { type Choices, IMAGE_FORMATS, IMAGE_SIZES, type ImageSize } from "./options.ts";

const SIZES: readonly ImageSize[] = ["web", "thumbnail", "full"];

export function ImageChoices({ value, onChange }: ChoicesProps<Choices["image"]>) {
  return (
    <>
      {SIZES.map((size) => (
        <Check
          key={size}
          label={IMAGE_SIZES[size].label}
          hint={IMAGE_SIZES[size].hint}
          isOn={value.sizes.includes(size)}
          onChange={() => onChange({ ...value, sizes: toggle(SIZES, value.sizes, size) })}
        />
      ))}
      <Choice
        label="Format"
        value={value.format}
        options={IMAGE_FORMATS}
        onChange={(format) => onChange({ ...value, format })}
        labelOf={(format) => ({ webp: "WebP", avif: "AVIF", jpeg: "JPEG" })[format]}
      />
    </>
  );
}
