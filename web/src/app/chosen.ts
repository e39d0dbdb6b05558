import { useState } from 'react';
import { useLocation } from 'react-router';

/** By entry of the browser's history, as the place that one has scrolled to. */
const kept = new Map<string, number>();

/** The row that j and k have come to, -1 before; whoever goes back to the list finds it again. */
export function useChosen(list: string): [number, (row: number) => void] {
  const key = `${useLocation().key} ${list}`;
  const [at, setAt] = useState(() => kept.get(key) ?? -1);
  return [
    at,
    row => {
      kept.set(key, row);
      setAt(row);
    },
  ];
}
