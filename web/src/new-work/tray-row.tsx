import { formatBytes } from "../format/bytes.ts";
import { iconOfKind, type Kind, KINDS, labelOfKind } from "../job/kinds.ts";
import { IconButton } from "../ui/button.tsx";
import { CloseIcon } from "../ui/icons.tsx";
import type { Staged } from "./staged.ts";

export interface TrayRowProps {
  staged: Staged;
  onKind(kind: Kind): void;
  onRemove(): void;
}

export function TrayRow({ staged: { file, kind }, onKind, onRemove }: TrayRowProps) {
  const Icon = iconOfKind(kind ?? "");
  return (
    <li className="flex items-center gap-3 py-1.5 pr-2 pl-4">
      <Icon className="size-4 text-quiet" />
      <span className="min-w-0 flex-1 truncate font-medium" title={file.name}>
        {file.name}
      </span>
      <span className="text-quiet max-sm:hidden">{formatBytes(file.size)}</span>
      <select
        aria-label={`Kind of work for ${file.name}`}
        aria-invalid={kind === undefined}
        value={kind ?? ""}
        onChange={({ target }) => {
          const chosen = KINDS.find((known) => known === target.value);
          if (chosen !== undefined) onKind(chosen);
        }}
        className={`field max-w-36 ${kind === undefined ? "border-warn text-warn" : ""}`}
      >
        {kind === undefined && <option value="">Choose a kind</option>}
        {KINDS.map((known) => (
          <option key={known} value={known}>
            {labelOfKind(known)}
          </option>
        ))}
      </select>
      <IconButton label={`Leave out ${file.name}`} onClick={onRemove}>
        <CloseIcon />
      </IconButton>
    </li>
  );
}
