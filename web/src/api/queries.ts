import {
  QueryCache,
  QueryClient,
  useInfiniteQuery,
  useQuery,
  type UseQueryOptions,
} from '@tanstack/react-query';
import { api, Problem, type Query } from './client';
import type { Page } from './types';

export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // A session that has ended is asked for again, which shows the way in.
    onError: (error, query) => {
      if (error instanceof Problem && error.status === 401 && query.queryKey[0] !== '/session')
        void queries.invalidateQueries({ queryKey: ['/session'] });
    },
  }),
  defaultOptions: {
    // The server may be this machine: it is asked whether or not there is a network.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: 10_000,
      // What the server has refused once it refuses again; only a server that is away is worth another try.
      retry: (count, error) =>
        error instanceof Problem && (error.status === 0 || error.status === 503) && count < 2,
      refetchOnWindowFocus: true,
    },
  },
});

/** What is at `path`; `enabled: false` waits. The path and its parameters are the key. */
export function useGet<T>(
  path: string,
  query?: Query,
  options?: {
    enabled?: boolean;
    refetchInterval?: UseQueryOptions<T, Problem>['refetchInterval'];
    keep?: boolean;
  },
) {
  return useQuery<T, Problem>({
    queryKey: [path, query ?? {}],
    queryFn: () => api.get<T>(path, query),
    enabled: options?.enabled,
    refetchInterval: options?.refetchInterval,
    placeholderData: options?.keep ? previous => previous : undefined,
  });
}

/** A list page by page: `items` so far, `more()` asks for the next. */
export function usePages<T>(
  path: string,
  query?: Query,
  options?: { enabled?: boolean; refetchInterval?: number },
) {
  const list = useInfiniteQuery<Page<T>, Problem, { pages: Page<T>[] }, unknown[], string | undefined>({
    queryKey: ['pages', path, query ?? {}],
    queryFn: ({ pageParam }) => api.get<Page<T>>(path, { ...query, cursor: pageParam }),
    initialPageParam: undefined,
    getNextPageParam: last => last.next ?? undefined,
    enabled: options?.enabled,
    refetchInterval: options?.refetchInterval,
    placeholderData: previous => previous,
  });
  const pages = list.data?.pages ?? [];
  return {
    items: pages.flatMap(page => page.items),
    total: pages[0]?.total ?? null,
    // What was there stays while the server is away; the shell says that it is.
    error: list.data && list.error?.status === 0 ? null : list.error,
    loading: list.isLoading,
    more: list.hasNextPage ? () => void list.fetchNextPage() : null,
    fetching: list.isFetching,
  };
}
