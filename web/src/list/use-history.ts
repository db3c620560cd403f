import type { JobcastError } from "@jobcast/client";
import { useJobcast } from "@jobcast/client/react";
import { useInfiniteQuery } from "@tanstack/react-query";
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
    queryKey: ["history", client, asked],
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
  const oldest = data?.pages.at(-1)?.oldest ?? NOTHING_YET;
  return {
    completeSince: data !== undefined && !hasNextPage ? "" : oldest,
    isLoading: isPending ? isFetching : query.isFetchingNextPage,
    error,
    loadMore() {
      if (hasNextPage && !isFetching && !isFetchNextPageError) void query.fetchNextPage();
    },
    tryAgain: () =>
      void (isPending || data === undefined ? query.refetch() : query.fetchNextPage()),
  };
}

/** Later than any job. */
const NOTHING_YET = "9999";
