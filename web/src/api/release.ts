/** A release as the server tells it (`Desk::view`, the same as `assay release show --json`) and what is done to it. */
import { api } from './client';
import type { Interval, VerdictKind } from './types';

export const KINDS = ['model', 'prompt', 'retrieval', 'agent', 'tool', 'policy'] as const;
export const RISKS = ['low', 'medium', 'high'] as const;
export type Kind = (typeof KINDS)[number];
export type Risk = (typeof RISKS)[number];

export interface Block {
  why: string;
  /** The rule or document, as a waiver names it; not there where nothing can be waived. */
  rule?: string;
  text: string;
}
export interface Finding {
  rule: string;
  name: string;
  target: string;
  scorer: string;
  role: string;
  kind: VerdictKind;
  unmeasured?: boolean;
  found: string;
  value: number | null;
  interval: Interval | null;
  n: number;
  reasons?: string[];
  needed_n?: number | null;
}
export interface ReleaseVerdict {
  requirement: string;
  kind: VerdictKind;
  run: string | null;
  started_us: number;
  baseline: string | null;
  confidence: number;
  attempt: number;
  findings: Finding[];
}
export interface Stage {
  name: string;
  share: number;
  after_hours?: number;
  require?: { suite: string; tier?: string }[];
  approve?: boolean;
}
export interface Waiver {
  rule: string;
  name: string;
  reason: string;
  owner: string;
  follow_up: string;
  until: string;
}
export type ReleaseEvent =
  | { event: 'opened'; title: string }
  | { event: 'attached'; document: string; reference: string; digest?: string }
  | { event: 'evaluated'; policy: string; stage: number; verdicts: ReleaseVerdict[] }
  | { event: 'approved'; subject: string; reason: string }
  | { event: 'rejected'; reason: string }
  | ({ event: 'waived' } & Waiver)
  | {
      event: 'shipped';
      stage: number;
      name: string;
      share: number;
      reason: string;
      emergency?: { passed_over: string[]; review_by: string };
    }
  | { event: 'rolled_back'; reason: string };
export interface Release {
  release: number;
  /** The digest of the log's newest line: sent back as `seen` with every act. */
  head: string;
  stand: 'open' | 'rejected' | 'rolling_out' | 'shipped' | 'rolled_back';
  opened: {
    title: string;
    risk: Risk;
    changes: Kind[];
    paths?: string[];
    policy: string;
    policy_name: string;
    candidate?: Record<string, { run: string; target?: string }>;
    baseline?: Record<string, { run: string; target?: string }>;
    target?: string;
  };
  opened_us: number;
  opened_by: string;
  evaluation: { policy: string; stage: number; verdicts: ReleaseVerdict[] } | null;
  authors: string[];
  approvers: string[];
  waivers: { by: string; at_us: number; waiver: Waiver; void: string | null }[];
  blocks: Block[];
  owed: { passed_over: string[]; review_by: string } | null;
  stages: Stage[];
  next_stage: number;
  documents: { id: string; what: string; reference: string | null }[];
  approvals: { count: number; roles?: Record<string, number> };
  log: { digest: string; entry: { at_us: number; by: string } & ReleaseEvent }[];
}

/** A policy that a release may be opened under: one that comes with Assay, or a file of the project. */
export interface PolicyItem {
  name: string;
  title: string | null;
  why: string | null;
  builtin: boolean;
  error: string | null;
}

export interface Proposal {
  title: string;
  policy: string;
  kinds: Kind[];
  risk: Risk;
  authors: string[];
  candidates: string[];
  baselines: string[];
  target?: string;
}
export const openRelease = (proposal: Proposal, once: string) =>
  api.post<Release>('/releases', proposal, once);

export type Act = 'evaluate' | 'attach' | 'approve' | 'reject' | 'waive' | 'ship' | 'rollback';
/** Acts on the release as it was seen: if it has changed since, nothing is done and the answer is 409. */
export const act = (release: Release, name: Act, said: Record<string, unknown>) =>
  api.post<Release>(`/releases/${release.release}/${name}`, { ...said, seen: release.head });

/** The name under which a person is compared: the address in angle brackets, in lower case. */
export function person(name: string): string {
  const [, inside] = /<([^<>]*)>$/.exec(name.trim()) ?? [];
  return (inside ?? name).trim().toLowerCase();
}

export const words = (name: string) => name.replaceAll('_', ' ');
