import { useEffect, useRef, type ReactNode } from 'react';
import { useNavigate } from 'react-router';
import { useChosen } from '../app/chosen';
import { useKeys } from '../app/keys';

export interface Column<T> {
  key: string;
  head: ReactNode;
  cell: (row: T, index: number) => ReactNode;
  /** Right-aligned with tabular figures. */
  num?: boolean;
  /** The name that the server sorts by. */
  sort?: string;
  /** Heads the row for readers of the screen. */
  rowHead?: boolean;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T, index: number) => string;
  /** Where a row leads: by click, and by Enter on the row that j and k have chosen. */
  to?: (row: T) => string;
  sort?: { by: string; order: 'asc' | 'desc'; set: (by: string, order: 'asc' | 'desc') => void };
  empty?: ReactNode;
  /** Asks for the next page; called when its end comes into view. */
  more?: (() => void) | null;
}

/** A table of a list: the same keys, sorting and paging everywhere. */
export function Table<T>({ label, columns, rows, rowKey, to, sort, empty, more }: Props<T>) {
  const navigate = useNavigate();
  const [at, setAt] = useChosen(label);
  const body = useRef<HTMLTableSectionElement>(null);
  const chosen = Math.min(at, rows.length - 1);
  const step = (by: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, chosen + by));
    setAt(next);
    body.current?.rows[next]?.scrollIntoView({ block: 'nearest' });
  };
  useKeys(
    to
      ? {
          j: { does: 'next row', run: () => step(1) },
          k: { does: 'previous row', run: () => step(-1) },
          Enter: {
            does: 'open the row',
            run: () => {
              const row = rows[chosen];
              if (row && chosen >= 0) void navigate(to(row));
            },
          },
        }
      : {},
  );
  if (rows.length === 0 && empty) return <>{empty}</>;
  return (
    <>
      <table className="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map(column => {
              const active = sort && column.sort === sort.by;
              return (
                <th
                  key={column.key}
                  scope="col"
                  className={column.num ? 'num' : undefined}
                  aria-sort={active ? (sort.order === 'asc' ? 'ascending' : 'descending') : undefined}
                >
                  {sort && column.sort ? (
                    <button
                      type="button"
                      onClick={() =>
                        sort.set(column.sort ?? '', active && sort.order === 'asc' ? 'desc' : 'asc')
                      }
                    >
                      {column.head}
                      <span aria-hidden>{active ? (sort.order === 'asc' ? ' ↑' : ' ↓') : ''}</span>
                    </button>
                  ) : (
                    column.head
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row, index) => (
            <tr
              key={rowKey(row, index)}
              aria-current={index === chosen ? 'true' : undefined}
              onClick={() => setAt(index)}
            >
              {columns.map(column =>
                column.rowHead ? (
                  <th key={column.key} scope="row" className={column.num ? 'num' : undefined}>
                    {column.cell(row, index)}
                  </th>
                ) : (
                  <td key={column.key} className={column.num ? 'num' : undefined}>
                    {column.cell(row, index)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {more && <More more={more} />}
    </>
  );
}

/** The end of a list that goes on: asks for more when it is seen, and by click. */
export function More({ more }: { more: () => void }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const seen = new IntersectionObserver(entries => entries.some(entry => entry.isIntersecting) && more(), {
      rootMargin: '400px',
    });
    if (end.current) seen.observe(end.current);
    return () => seen.disconnect();
  });
  return (
    <div ref={end} className="row" style={{ padding: 8, justifyContent: 'center' }}>
      <button type="button" className="button quiet small" onClick={more}>
        More
      </button>
    </div>
  );
}
