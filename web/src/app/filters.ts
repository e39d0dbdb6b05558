import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

/** The filters of a view live in its address. An empty value leaves the address; `undefined` values stay as they are. */
export function useFilters(): [
  (key: string) => string,
  (changes: Record<string, string | null | undefined>, push?: boolean) => void,
] {
  const [params, setParams] = useSearchParams();
  const get = useCallback((key: string) => params.get(key) ?? '', [params]);
  const set = useCallback(
    (changes: Record<string, string | null | undefined>, push = false) =>
      setParams(
        before => {
          const next = new URLSearchParams(before);
          for (const [key, value] of Object.entries(changes)) {
            if (value === undefined) continue;
            if (value === null || value === '') next.delete(key);
            else next.set(key, value);
          }
          return next;
        },
        { replace: !push, preventScrollReset: true },
      ),
    [setParams],
  );
  return [get, set];
}
