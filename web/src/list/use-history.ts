import type { JobcastError } from "@jobcast/client";
import { useConnection, useJobcast } from "@jobcast/client/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";
import { type Filter, toQuery } from "./filter.ts";

const PAGE_SIZE = 50;

export interface History {
  /** Older jobs than this are not all there yet: those known by chance would have holes between them. `""` once all are. */
  completeSince: string;
  isLoading: boolean;
  error: JobcastError | null;
  /** Brings the next page, unless it is on its way. */
  loadMore(): void;
  tryAgain(): void;
}

interface Page {
  nextCursor: string | null;
  oldest: string;
}

/** Brings older jobs into the client's store, from which the list is drawn: a page here holds none of them. */
export function useHistory(filter: Filter): History {
  const client = useJobcast();
  const asked = toQuery(filter);
  const query = useInfiniteQuery<Page, JobcastError, { pages: Page[] }, unknown[], string | null>({
    queryKey: ["history", asked],
    initialPageParam: null,
    async queryFn({ pageParam, signal }) {
      const cursor = pageParam === null ? {} : { cursor: pageParam };
      const answer = await client.list({ ...asked, ...cursor, limit: PAGE_SIZE, signal });
      if (!answer.ok) throw answer.error;
      const { items, nextCursor } = answer.value;
      return { nextCursor, oldest: items.at(-1)?.createdAt ?? "" };
    },
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
  const { data, hasNextPage, isFetching, isPending, isFetchNextPageError, error } = query;
  const tryAgain = (): void => void (data === undefined ? query.refetch() : query.fetchNextPage());

  // What failed for want of a connection is asked for again once there is one.
  const { status } = useConnection();
  const isUp = status === "live" || status === "fallback";
  const goOn = useEffectEvent(() => error !== null && tryAgain());
  useEffect(() => {
    if (isUp) goOn();
  }, [isUp]);

  const oldest = data?.pages.at(-1)?.oldest ?? NOTHING_YET;
  return {
    completeSince: data !== undefined && !hasNextPage ? "" : oldest,
    isLoading: isPending ? isFetching : query.isFetchingNextPage,
    error,
    loadMore() {
      if (hasNextPage && !isFetching && !isFetchNextPageError) void query.fetchNextPage();
    },
    tryAgain,
  };
}

/** Later than any job. */
const NOTHING_YET = "9999";
