import { useJobs } from "@jobcast/client/react";
import { isFinal, type Job } from "@jobcast/client";
import { useCallback, useMemo, useState } from "react";
import { useSendings } from "../new-work/outbox.ts";
import { useClock } from "../ui/clock.ts";
import { toEntries } from "./entries.ts";
import { EVERYTHING, toMatch } from "./filter.ts";
import { FilterBar } from "./filter-bar.tsx";
import { JobList } from "./job-list.tsx";
import { ListEnd } from "./list-end.tsx";
import { useHistory } from "./use-history.ts";

/** Files on their way and jobs, in one list, with what it is narrowed down by. */
export function WorkList() {
  const [filter, setFilter] = useState(EVERYTHING);
  const history = useHistory(filter);
  const { completeSince } = history;
  const where = useMemo(() => {
    const matches = toMatch(filter);
    return (job: Job) => matches(job) && (job.createdAt >= completeSince || !isFinal(job.status));
  }, [filter, completeSince]);
  const jobs = useJobs({ where });
  const allSendings = useSendings();
  const today = useClock((nowMs) => new Date(nowMs).toDateString());
  const isAll = filter.status === "all" || filter.status === "open";
  const sendings = isAll && filter.type === "" && filter.text === "" ? allSendings : NONE;
  const entries = useMemo(
    () => toEntries({ sendings, jobs, now: new Date(today) }),
    [sendings, jobs, today],
  );
  const onEnd = useCallback(() => filter.text === "" && history.loadMore(), [filter.text, history]);
  return (
    <section aria-label="Jobs">
      <FilterBar filter={filter} onChange={setFilter} />
      <JobList
        entries={entries}
        total={completeSince === "" ? entries.length : undefined}
        onEnd={onEnd}
      />
      <ListEnd
        history={history}
        isEmpty={entries.length === 0}
        filter={filter}
        onFilter={setFilter}
      />
    </section>
  );
}

const NONE: readonly never[] = [];
