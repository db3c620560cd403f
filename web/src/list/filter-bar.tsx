import { KINDS, labelOfKind } from "../job/kinds.ts";
import { SearchIcon } from "../ui/icons.tsx";
import { type Filter, STATUS_CHOICES, type StatusChoice } from "./filter.ts";

const WORDS: Record<StatusChoice, string> = {
  all: "All",
  open: "Open",
  completed: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

export interface FilterBarProps {
  filter: Filter;
  onChange(filter: Filter): void;
}

export function FilterBar({ filter, onChange }: FilterBarProps) {
  return (
    <div role="search" aria-label="Jobs" className="flex flex-wrap items-center gap-2">
      <fieldset className="flex max-w-full overflow-x-auto rounded-md border border-line bg-surface p-0.5">
        <legend className="sr-only">Status</legend>
        {STATUS_CHOICES.map((status) => (
          <label
            key={status}
            className="relative cursor-pointer rounded-[0.3rem] px-2.5 py-1.5 whitespace-nowrap text-quiet has-checked:bg-accent-soft has-checked:font-medium has-checked:text-accent has-focus-visible:outline-2 has-focus-visible:outline-accent sm:py-1"
          >
            <input
              type="radio"
              name="status"
              checked={filter.status === status}
              onChange={() => onChange({ ...filter, status })}
              className="absolute inset-0 cursor-pointer appearance-none outline-none"
            />
            {WORDS[status]}
          </label>
        ))}
      </fieldset>
      <select
        aria-label="Kind"
        value={filter.type}
        onChange={({ target }) => onChange({ ...filter, type: target.value })}
        className="field border-line max-sm:flex-1"
      >
        <option value="">All kinds</option>
        {[...KINDS, "external"].map((kind) => (
          <option key={kind} value={kind}>
            {labelOfKind(kind)}
          </option>
        ))}
      </select>
      <div className="relative flex-1 basis-36 sm:ml-auto sm:max-w-64">
        <SearchIcon className="pointer-events-none absolute inset-y-0 left-2.5 my-auto size-4 text-quiet" />
        <input
          type="search"
          aria-label="Name contains"
          placeholder="Search by name"
          value={filter.text}
          onChange={({ target }) => onChange({ ...filter, text: target.value })}
          className="field w-full border-line pl-8"
        />
      </div>
    </div>
  );
}
