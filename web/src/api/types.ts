/** The server's models by their names. Those that its OpenAPI document describes are aliases of what is generated from it
 * (`npm run client`); the rest is written from the same contract. */
import type { components } from './schema';

type Schemas = components['schemas'];
export type Session = Schemas['Session'];
export type Person = Schemas['Person'];
export type Role = Schemas['Role'];
export type Overview = Schemas['Overview'];
export type SuiteCard = Schemas['SuiteCard'];
export type SuiteItem = Schemas['SuiteItem'];
export type RunItem = Schemas['RunItem'];
export type RunDetail = Schemas['Run'];
export type RunRecord = Schemas['RunRecord'];
export type Totals = Schemas['Totals'];
export type Spend = Schemas['Spend'];
export type Estimate = Schemas['Estimate'];
export type Difference = Schemas['Difference'];
export type Interval = Schemas['Interval'];
export type SummaryRow = Schemas['SummaryRow'];
export type TrendPoint = Schemas['TrendPoint'];
export type VerdictKind = Schemas['VerdictKind'];
export type Order = Schemas['Wanted'];

/** A page of a list: `next` is the cursor of the page after it. */
export interface Page<T> {
  items: T[];
  next: string | null;
  total?: number | null;
}

export interface Criterion {
  name: string;
  target: string;
  scorer: string;
  role: 'gate' | 'guardrail';
  found: string;
  value: number | null;
  interval: Interval | null;
  n: number;
  verdict: {
    kind: VerdictKind;
    wording: string | null;
    reasons: string[];
    needed_n: number | null;
    mde: number | null;
  };
}
export interface GateReport {
  verdict: VerdictKind | null;
  confidence: number;
  criteria: Criterion[];
}
export interface ComparisonRow {
  scorer: string;
  reducer: string;
  metric?: string | null;
  score: Schemas['ScoreKind'];
  direction: 'higher' | 'lower';
  advisory: boolean;
  candidate: Estimate;
  baseline: Estimate;
  difference: Difference;
  adjusted_p?: number | null;
  slices: { slice: string; difference: Difference; adjusted_p: number | null; advisory?: boolean }[];
}
export interface Comparison {
  candidate: string;
  baseline: string;
  matched: number;
  candidate_only: number;
  baseline_only: number;
  rows: ComparisonRow[];
  refused: { scorer: string; why: string }[];
}
export interface RunSummary {
  summary: { rows: SummaryRow[]; cases: number; warnings: string[] };
  gate: GateReport | null;
  comparison: { candidate: string; baseline: string; rows: ComparisonRow[] } | null;
  baseline?: string | null;
}
export interface Distribution {
  lower: number;
  upper: number;
  bins: { lower: number; upper: number; count: number }[];
  categories: { value?: number; label?: string; count: number }[] | null;
  missing: Record<string, number>;
}
export interface Latency {
  target: string;
  count: number;
  mean_us: number;
  p50_us: number;
  p90_us: number;
  p99_us: number;
  max_us: number;
  ttft_p50_us: number | null;
  bins: { lower_us: number; upper_us: number; count: number }[];
}
export interface TrialScore {
  scorer: string;
  value: number | null;
  status: string;
  label: string | null;
  reason: string | null;
}
export interface TrialItem {
  number: number;
  case_id: string;
  case_digest: string;
  target: string;
  epoch: number;
  status: string;
  error_kind: string | null;
  error_message: string | null;
  output: string | null;
  truncated: boolean;
  latency_us: number;
  cost_nanousd: number;
  cached: boolean;
  tags: Record<string, string>;
  scores: TrialScore[];
}
/** A row of the lake: columns by name. */
export type LakeRow = Record<string, unknown>;
export interface CaseDetail {
  case: {
    id: string;
    digest: string;
    inputs: unknown;
    expected: unknown;
    contexts?: unknown;
    tags?: Record<string, string>;
  };
  trials: LakeRow[];
  scores: LakeRow[];
  history: {
    run: string;
    short: string;
    started_us: number;
    target: string;
    scorer: string;
    value: number | null;
  }[];
  neighbours: { previous: string | null; next: string | null };
}
export interface Progress {
  status: string;
  executing: boolean;
  planned: number;
  finished: number;
  errors: number;
  cost_nanousd: number;
  waiting: string | null;
}
interface Costs {
  cost_nanousd: number;
  p50_us: number | null;
  p90_us: number | null;
}
export interface CompareAnswer {
  candidate: RunItem;
  baseline: RunItem;
  comparison: Comparison;
  gate: GateReport | null;
  cost: { candidate: Costs; baseline: Costs };
}
interface Side {
  value: number | null;
  output: string | null;
  latency_us: number | null;
  rationale: string | null;
}
export interface ComparedCase {
  case_id: string;
  case_digest: string;
  tags: Record<string, string>;
  input: string | null;
  expected: string | null;
  baseline: Side;
  candidate: Side;
}
export interface QueryAnswer {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  truncated: boolean;
  elapsed_ms: number;
}
export interface LakeTable {
  table: string;
  columns: { name: string; type: string }[];
}
export interface Chart {
  id: string;
  name: string;
  sql: string;
  kind: 'table' | 'bar' | 'line' | 'scatter' | 'heat';
  x: string | null;
  y: string | null;
  colour: string | null;
  created_us?: number;
  by?: string | null;
}
export interface Dashboard {
  id: string;
  name: string;
  charts: string[];
}
