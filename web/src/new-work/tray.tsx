import { formatBytes } from "../format/bytes.ts";
import { plural } from "../format/plural.ts";
import { KINDS } from "../job/kinds.ts";
import { Button } from "../ui/button.tsx";
import { KindOptions } from "./kind-options.tsx";
import { type Choices, toOptions } from "./options.ts";
import type { Order } from "./sending.ts";
import { useOutbox } from "./outbox.ts";
import type { Staged, useStaged } from "./staged.ts";
import { TrayRow } from "./tray-row.tsx";

export interface TrayProps {
  staged: readonly Staged[];
  change: ReturnType<typeof useStaged>[1];
  choices: Choices;
  setChoices(choices: Choices): void;
}

/** Files that were chosen, with what is to be done with them, until they are sent. */
export function Tray({ staged, change, choices, setChoices }: TrayProps) {
  const outbox = useOutbox();
  const kinds = KINDS.filter((kind) => staged.some((one) => one.kind === kind));
  const orders = staged.flatMap(({ id, file, kind }) => {
    const options = kind === undefined ? undefined : toOptions(kind, choices);
    return kind !== undefined && options?.ok ? [{ id, file, kind, options: options.options }] : [];
  });
  const bytes = staged.reduce((sum, { file }) => sum + file.size, 0);

  function send(): void {
    outbox.add(orders.map(({ file, kind, options }): Order => ({ file, kind, options })));
    change({ what: "remove", ids: orders.map(({ id }) => id) });
  }

  return (
    <div className="panel appear">
      <ul className="max-h-72 divide-y divide-line overflow-y-auto">
        {staged.map((one) => (
          <TrayRow
            key={one.id}
            staged={one}
            onKind={(kind) => change({ what: "kind", id: one.id, kind })}
            onRemove={() => change({ what: "remove", ids: [one.id] })}
          />
        ))}
      </ul>
      {kinds.map((kind) => (
        <KindOptions
          key={kind}
          kind={kind}
          count={staged.filter((one) => one.kind === kind).length}
          choices={choices}
          setChoices={setChoices}
        />
      ))}
      <div className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-4 py-3">
        <p className="mr-auto text-quiet">
          {plural(staged.length, "file")}, {formatBytes(bytes)}
        </p>
        <Button
          look="bare"
          onClick={() => change({ what: "remove", ids: staged.map(({ id }) => id) })}
        >
          Clear
        </Button>
        <Button look="main" disabled={orders.length === 0} onClick={send}>
          {orders.length === staged.length || orders.length === 0
            ? `Send ${plural(staged.length, "file")}`
            : `Send ${orders.length} of ${plural(staged.length, "file")}`}
        </Button>
      </div>
    </div>
  );
}
