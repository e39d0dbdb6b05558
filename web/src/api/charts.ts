/** Saved charts and dashboards; mirrors `crates/assay-server/src/api/charts.rs`. */
import { useQuery } from '@tanstack/react-query';
import { api, type Problem } from './client';
import type { QueryAnswer } from './types';

export type ChartKind = 'table' | 'bar' | 'line' | 'scatter';
/** What a chart shows: a query and how its rows are drawn. */
export interface Drawing {
  sql: string;
  kind: ChartKind;
  x: string | null;
  y: string | null;
  colour: string | null;
}
export interface Chart extends Drawing {
  id: string;
  name: string;
  by: string;
  created_us: number;
  changed_us: number;
  /** Named by whoever changes it. */
  version: number;
}
export interface Dashboard {
  id: string;
  name: string;
  charts: string[];
  by: string;
  created_us: number;
  changed_us: number;
  version: number;
}
export interface DashboardView {
  dashboard: Dashboard;
  charts: Chart[];
}

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
