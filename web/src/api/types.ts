/** The server's models by their names. Those that its OpenAPI document describes are aliases of what is generated from it
 * (`npm run client`); the rest is written from the same contract. */
import type { components } from './schema';

type Schemas = components['schemas'];
export type Session = Schemas['Session'];
export type Person = Schemas['Person'];
export type Role = Schemas['UserRole'];
export type Overview = Omit<Schemas['Overview'], 'suites'> & { suites: SuiteCard[] };
export type SuiteCard = Schemas['SuiteCard'] & { confidence: number };
export type SuiteItem = Schemas['SuiteItem'];
export type RunItem = Schemas['RunItem'] & { baselines?: string[] };
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

export type Criterion = Schemas['Criterion'];
export type GateReport = Schemas['GateReport'];
export type ComparisonRow = Schemas['ComparisonRow'];
export type Comparison = Schemas['Comparison'];
export type RunSummary = Schemas['RunSummary'];
export type Distribution = Schemas['Distribution'];
export type Latency = Schemas['Latency'];
export type TrialScore = Schemas['TrialScore'];
export type TrialItem = Schemas['TrialItem'];
export type CaseDetail = Schemas['CaseView'];
export type CompareAnswer = Schemas['Compared'];
export type ComparedCase = Schemas['CasePair'];
export type LakeTable = Schemas['TableInfo'];
export type ReleaseItem = Schemas['ReleaseItem'];
/** Told by server-sent events, which the document does not describe. */
export interface Progress {
  status: 'running' | 'paused' | 'stopped' | 'interrupted' | 'sealed';
  executing: boolean;
  planned: number;
  finished: number;
  errors: number;
  cost_nanousd: number;
  waiting: string | null;
}

/** A row of the lake: columns by name. */
export type LakeRow = Record<string, unknown>;
export interface QueryAnswer {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  truncated: boolean;
  elapsed_ms: number;
}
