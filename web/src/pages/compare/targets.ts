import { useQueries } from '@tanstack/react-query';
import { api, Problem } from '../../api/client';
import type { RunDetail } from '../../api/types';

/** Runs that are named without a target stand for each of their targets. Waits until it knows; what cannot be found stays as it
 * is, and the comparison says so. */
export function useTargets(words: string[]): { words: string[]; pending: boolean } {
  const bare = words.filter(word => word && !word.includes(':'));
  const found = useQueries({
    queries: bare.map(word => ({
      queryKey: [`/runs/${word}`, {}],
      queryFn: () => api.get<RunDetail>(`/runs/${encodeURIComponent(word)}`),
      retry: (count: number, error: Error) => error instanceof Problem && error.status === 0 && count < 2,
    })),
  });
  const targets = new Map(bare.map((word, index) => [word, found[index]?.data?.item.targets ?? []]));
  return {
    words: words.flatMap(word => {
      const several = targets.get(word) ?? [];
      return several.length > 1 ? several.map(target => `${word}:${target}`) : [word];
    }),
    pending: found.some(query => query.isLoading),
  };
}
