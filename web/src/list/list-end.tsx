import { Button } from "../ui/button.tsx";
import { RunningIcon } from "../ui/icons.tsx";
import { EVERYTHING, type Filter } from "./filter.ts";
import type { History } from "./use-history.ts";

export interface ListEndProps {
  history: History;
  isEmpty: boolean;
  filter: Filter;
  onFilter(filter: Filter): void;
}

/** Below the last row: what is still to come, what went wrong, or that there is nothing. */
export function ListEnd({ history, isEmpty, filter, onFilter }: ListEndProps) {
  if (history.error !== null)
    return (
      <div role="alert" className="panel my-4 flex flex-wrap items-center gap-3 px-4 py-3">
        <p className="min-w-0 flex-1">
          <span className="font-medium text-bad">Older jobs could not be read.</span>{" "}
          <span className="text-quiet">{history.error.message}</span>
        </p>
        <Button onClick={history.tryAgain}>Try again</Button>
      </div>
    );
  if (history.isLoading)
    return (
      <p className="flex items-center justify-center gap-2 py-8 text-quiet">
        <RunningIcon className="turn size-4" /> Reading jobs…
      </p>
    );
  const isFiltered =
    filter !== EVERYTHING && (filter.text !== "" || filter.type !== "" || filter.status !== "all");
  const isSearchPartial = filter.text !== "" && history.completeSince !== "";
  if (isSearchPartial)
    return (
      <p className="flex flex-wrap items-center justify-center gap-3 py-8 text-quiet">
        Names are searched in what has been read so far.
        <Button onClick={history.loadMore}>Read older jobs</Button>
      </p>
    );
  if (!isEmpty) return <div className="h-10" />;
  if (isFiltered)
    return (
      <div className="grid justify-items-center gap-3 py-14">
        <p className="text-quiet">No job fits.</p>
        <Button onClick={() => onFilter(EVERYTHING)}>Show all</Button>
      </div>
    );
  return (
    <div className="grid justify-items-center gap-1 py-16 text-center">
      <p className="text-base font-medium">No jobs yet</p>
      <p className="max-w-sm text-quiet">
        Drop a photograph, a PDF or a recording anywhere on this page. What becomes of it shows up
        here, as it happens.
      </p>
    </div>
  );
}
