/** Stored datasets as the server tells them; mirrors `crates/assay-server/src/api/{datasets,dataset_cases}.rs`. */
import type { Estimate } from './types';

export interface Part {
  name: string;
  share: number;
  /** Not counted in lists. */
  cases: number | null;
  sealed: boolean;
  ladder: boolean;
  looks: number;
  budget: number | null;
  locked: boolean;
}
export interface Governance {
  description?: string;
  owner?: string;
  licence?: string;
  consent?: string;
  sensitivity?: string;
  hosts?: string[];
  retain_until?: string;
  expires?: string;
  golden?: number;
}
export interface DatasetItem {
  name: string;
  version: number | null;
  digest: string | null;
  cases: number;
  versions: number;
  tags: Record<string, number>;
  governance: Governance;
  expired: boolean;
  parts: Part[];
  quarantine: number;
  revoked: number;
  changed_us: number;
  unreadable: string | null;
}
export interface Version {
  number: number;
  digest: string;
  cases: number;
  bytes: number;
  at_us: number;
  by: string;
  how: string;
  tool: string;
  sources: { path: string; digest: string; bytes: number }[];
  parents: { dataset: string; version: string }[];
  parameters: unknown;
  note: string | null;
  tags: string[];
}
export interface LineageNode {
  id: string;
  kind: 'version' | 'file';
  label: string;
  dataset: string | null;
  number: number | null;
  digest: string;
  cases: number | null;
  at_us: number | null;
  by: string | null;
  depth: number;
}
export interface LineageEdge {
  from: string;
  to: string;
  how: string;
}
export interface Lineage {
  nodes: LineageNode[];
  edges: LineageEdge[];
}
/** What happened to a dataset; the fields depend on the event. */
export type LogEntry = { at_us: number; by: string; event: string } & Record<string, unknown>;
export interface DatasetView {
  item: DatasetItem;
  versions: Version[];
  log: LogEntry[];
  events: number;
  lineage: Lineage;
}

export interface FieldChange {
  field: string;
  before: unknown;
  after: unknown;
}
export type CaseChange =
  | { change: 'added'; case: string }
  | { change: 'removed'; case: string }
  | { change: 'renamed'; from: string; to: string }
  | { change: 'changed'; case: string; fields: FieldChange[] };
export interface DatasetDiff {
  from: number;
  to: number;
  counts: { added: number; removed: number; renamed: number; changed: number; same: number };
  sealed: boolean;
  items: CaseChange[];
  next: string | null;
}

export interface CoverageCell {
  key: string;
  value: string;
  cases: number;
  share: number;
  wanted: number;
  production: number | null;
  gap: number;
  why: string | null;
}
export interface Covered {
  cell: CoverageCell;
  last_result: { value: string; interval: string; estimate: Estimate } | null;
}
export interface Coverage {
  version: number;
  cells: Covered[];
  last: string | null;
}

export interface CheckFinding {
  severity: 'error' | 'warning' | 'note';
  check: string;
  field?: string;
  message: string;
  count: number;
  cases: string[];
}
export interface DatasetCheck {
  version: number;
  cases: number;
  errors: number;
  warnings: number;
  sealed: boolean;
  findings: CheckFinding[];
}

/** A case as a dataset holds it. */
export interface Case {
  id: string;
  inputs: Record<string, unknown>;
  expected?: unknown;
  contexts?: unknown[];
  metadata?: Record<string, unknown>;
  cluster?: string;
  weight?: number;
  critical?: boolean;
  recorded?: Record<string, unknown>;
}
export interface StoredCase {
  row: number;
  digest: string;
  part: string | null;
  not_used: 'revoked' | 'expired' | null;
  case: Case;
}
export interface Quarantine {
  dataset: string;
  waiting: number;
  items: Case[];
  next: string | null;
}
export interface Accepted {
  accepted: number;
  version: number | null;
  cases: number | null;
}
export interface Taken {
  dataset: string;
  quarantine: string;
  case: string;
  known: boolean;
}

export const path = (name: string) => `/datasets/${encodeURIComponent(name)}`;

/** What a case asks, on one line: the only input, or all of them by name. */
export function asked(of: Case): string {
  const inputs = Object.entries(of.inputs);
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const [only] = inputs;
  return inputs.length === 1 && only
    ? text(only[1])
    : inputs.map(([name, value]) => `${name}: ${text(value)}`).join(' · ');
}
