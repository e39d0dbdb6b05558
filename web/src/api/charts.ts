/** Saved charts and dashboards; their models are generated from the API's document. */
import { useQuery } from '@tanstack/react-query';
import { api, type Problem } from './client';
import type { components } from './schema';
import type { QueryAnswer } from './types';

type Schemas = components['schemas'];
export type ChartKind = Schemas['ChartKind'];
export type Chart = Schemas['Chart'];
export type Dashboard = Schemas['Dashboard'];
export type DashboardView = Schemas['DashboardView'];
/** What a chart shows: a query and how its rows are drawn. */
export type Drawing = Pick<Chart, 'sql' | 'kind' | 'x' | 'y' | 'colour'>;

/** Where Explore shows a drawing, to look into it or to change it. */
export function explore(of: Drawing): string {
  const said = Object.entries({
    sql: of.sql,
    kind: of.kind === 'table' ? null : of.kind,
    x: of.x,
    y: of.y,
    colour: of.colour,
  }).filter((pair): pair is [string, string] => !!pair[1]);
  return `/explore?${new URLSearchParams(said).toString()}`;
}

/** Rows that a chart is drawn from. */
const ROWS = 1000;
export const useAnswer = (sql: string) =>
  useQuery<QueryAnswer, Problem>({
    queryKey: ['/query', sql],
    queryFn: () => api.post('/query', { sql, limit: ROWS }),
    refetchOnWindowFocus: false,
  });
