import { useId } from "react";

export interface CheckProps {
  label: string;
  hint?: string;
  isOn: boolean;
  onChange(): void;
}

export function Check({ label, hint, isOn, onChange }: CheckProps) {
  return (
    <label className="inline-flex min-h-8 items-center gap-2" title={hint}>
      <input type="checkbox" checked={isOn} onChange={onChange} className="size-4 accent-accent" />
      {label}
    </label>
  );
}

export interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: readonly T[];
  labelOf(option: T): string;
  onChange(option: T): void;
}

/** One of several; the browser's own, which every phone and every reader knows. */
export function Choice<T extends string>({
  label,
  value,
  options,
  labelOf,
  onChange,
}: ChoiceProps<T>) {
  return (
    <label className="inline-flex items-center gap-2">
      <span className="text-quiet">{label}</span>
      <select
        value={value}
        onChange={({ target }) => {
          const chosen = options.find((option) => option === target.value);
          if (chosen !== undefined) onChange(chosen);
        }}
        className="field"
      >
        {options.map((option) => (
          <option key={option} value={option}>
            {labelOf(option)}
          </option>
        ))}
      </select>
    </label>
  );
}

export interface TextFieldProps {
  label: string;
  value: string;
  placeholder?: string;
  type?: "text" | "password";
  isWide?: boolean;
  onChange(text: string): void;
}

export function TextField({
  label,
  value,
  placeholder,
  type = "text",
  isWide = false,
  onChange,
}: TextFieldProps) {
  const id = useId();
  return (
    <span className={`inline-flex items-center gap-2 ${isWide ? "min-w-0 flex-1 basis-64" : ""}`}>
      <label htmlFor={id} className="text-quiet whitespace-nowrap">
        {label}
      </label>
      <input
        id={id}
        type={type}
        value={value}
        placeholder={placeholder}
        // Of a file, and nothing that a browser should offer to keep.
        autoComplete={type === "password" ? "new-password" : "off"}
        spellCheck={false}
        onChange={({ target }) => onChange(target.value)}
        className={`field min-w-0 ${isWide ? "flex-1" : "w-36"}`}
      />
    </span>
  );
}
