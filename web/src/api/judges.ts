/** Judges as the server tells them (`crates/assay-server/src/api/judges.rs`). */
import type { Estimate, Interval } from './types';

export type Grade = 'U' | 'C' | 'B' | 'A';
export interface Standing {
  grade: Grade;
  missing: string[];
  dropped: string[];
  checked: [number, number];
  drifted: boolean;
  scope: { confidence: number; margin: number };
}
export interface JudgeItem {
  id: string;
  judge: string;
  models: string[];
  suite: string | null;
  run: string | null;
  run_us: number | null;
  current: boolean;
  grade: Grade;
  allows: string;
  standing: Standing | null;
  criterion: string | null;
  calibrated_us: number | null;
  expires_us: number | null;
  labels: number;
  by_hand: number;
  checks: number;
  checked_us: number | null;
  drifted: boolean;
}
export interface JudgeFigure {
  key: string;
  name: string;
  value: number | null;
  interval: Interval | null;
  people?: [number, Interval | null];
  p?: number | null;
}
export interface Certificate {
  judge: string;
  criterion: string;
  made_us: number;
  labelled_us: [number, number] | null;
  expires_us: number;
  runs: string[];
  confidence: number;
  margin: number;
  judged: number;
  unreadable: number;
  abstained: number;
  labels: number;
  by_hand: number;
  split: number;
  /** Shares of all: [people fail, people pass] × [judge fails, judge passes]. */
  confusion: [[JudgeFigure, JudgeFigure], [JudgeFigure, JudgeFigure]] | null;
  figures: JudgeFigure[];
  arms: {
    name: string;
    judged: number;
    labels: number;
    raw: number | null;
    corrected: Estimate | null;
    why_not?: string;
  }[];
  slices: JudgeFigure[];
  /** Cases, mean score and share of passes in each bin. */
  calibration: [number, number, number][];
  grade: Grade;
  notes: string[];
}
export interface CheckPoint {
  at_us: number;
  run: string | null;
  asked: number;
  differ: number;
}
export interface JudgeView {
  item: JudgeItem;
  certificate: Certificate | null;
  frozen: number;
  checks: CheckPoint[];
  needed: { stored: number; more: number; command: string; missing: string[] };
  others: { id: string; grade: Grade; calibrated_us: number | null; run_us: number | null }[];
}
export interface Probed {
  judge: string;
  labelled: number;
  probes: {
    probe: string;
    what: string;
    value: number | null;
    interval: Interval | null;
    p: number | null;
    answers: number;
  }[];
  notes: string[];
}
