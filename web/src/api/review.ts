/** Human review as the server tells it (`crates/assay-server/src/api/review.rs`, `review_lead.rs`). */

export type Kind = 'yes_no' | 'ordinal' | 'choice' | 'pairwise' | 'comment' | 'spans';
export type RaterState = 'new' | 'active' | 'suspended' | 'failed';
/** By criterion: a boolean, a step, a word, `a`, `b` or `tie`, a text, a list of spans. */
export type Answers = Record<string, unknown>;

export interface Place {
  rated: number;
  of: number;
}
export interface ReviewProjectItem {
  name: string;
  title: string;
  created_us: number;
  items: number;
  complete: number;
  wanted: number;
  accepted: number;
  raters: number;
  pairwise: boolean;
  mine: { state: RaterState; why: string | null; place: Place } | null;
}
export interface Choice {
  value: unknown;
  words: string;
}
export interface Question {
  name: string;
  asks: string;
  kind: Kind;
  answers: Choice[];
  labels: string[];
  required: boolean;
}
export interface Shown {
  inputs: Record<string, unknown>;
  contexts: string[];
  output: string;
  other: string | null;
  expected?: unknown;
}
export interface Example {
  content: Shown;
  answers: Answers;
  why: string | null;
}
export interface Exercise {
  content: Shown;
  criteria: string[];
}
export interface Guide {
  title: string;
  version: number;
  instructions: string;
  questions: Question[];
  examples: Example[];
}
export interface ReviewProject {
  item: ReviewProjectItem;
  guide: Guide;
  lead: Lead | null;
}
export interface Sitting {
  state: RaterState;
  why: string | null;
  place: Place;
  guide: Guide;
  training: Exercise[];
  quiz: { items: Exercise[]; pass: number; attempts_left: number } | null;
}
export interface Corrected {
  right: boolean;
  answers: Answers;
  why: string | null;
}
export interface QuizResult {
  right: number;
  of: number;
  passed: boolean;
  attempts_left: number;
}
export interface ReviewTask {
  lease: string;
  until_us: number;
  content: Shown;
  criteria: string[];
  before: Answers;
  draft: Answers;
  number: number;
  of: number;
}
export type NextTask =
  | { next: 'item'; task: ReviewTask }
  | { next: 'quiz' }
  | { next: 'done'; why: string }
  | { next: 'stopped'; why: string };
export interface Rated {
  paid_nanousd: number;
  stopped: string | null;
  place: Place;
}
/** A marked part of `output`, `output_2` or `contexts/0`; places count characters (Unicode scalar values) from 0. */
export interface Span {
  field: string;
  start: number;
  end: number;
  text: string;
  label?: string;
}

export interface Figure {
  value: number;
  lower: number | null;
  upper: number | null;
}
export interface ReviewProgress {
  items: number;
  complete: number;
  wanted: number;
  accepted: number;
  gold: number;
  stale: number;
  leased: number;
  spent: number;
}
export interface Lead {
  project: { name: string; settings: { source: string[]; threshold: number; confidence: number } };
  progress: ReviewProgress;
  raters: { rater: { name: string; state: RaterState; why?: string }; rated: number }[];
  rubrics: { version: number; digest: string; added_us: number }[];
}
export interface CriterionReport {
  name: string;
  kind: Kind;
  level: string | null;
  ratings: number;
  items: number;
  paired: number;
  raters: number;
  alpha: Figure | null;
  gwet: Figure | null;
  agreement: number | null;
  specific: { answer: string; ratings: number; agreement: number | null }[];
  decision: string;
  slices: { key: string; value: string; paired: number; alpha: Figure | null }[];
  left_out: { rater: string; alpha: number; change: number }[];
  confusion: number[][];
  mean: Figure | null;
  reliability: number | null;
  reliability_of_mean: number | null;
  raters_needed: number | null;
  weighed: { items: number; changed: string[]; caution?: string } | null;
  shown_first: Figure | null;
  ranking: {
    comparisons: number;
    cases: number;
    targets: {
      target: string;
      ranks: [number, number];
      elo: Figure;
      won: number;
      tied: number;
      lost: number;
    }[];
    why_not: string | null;
  } | null;
  spans: { pairs: number; overlap: number } | null;
}
export interface RaterReport {
  name: string;
  state: RaterState;
  why: string | null;
  rated: number;
  accepted: number;
  skipped: number;
  gold: { hits: number; misses: number; accuracy: number | null; interval: Figure | null; drifts: boolean };
  severity: Record<string, Figure>;
  fast: number;
  fast_p: number | null;
  straight: string[];
  median_seconds: number | null;
  paid: number;
}
export interface ReviewReport {
  project: string;
  version: number;
  progress: ReviewProgress;
  criteria: CriterionReport[];
  raters: RaterReport[];
  settled: number;
  discuss: Dispute[];
  work: {
    rated: number;
    accepted: number;
    median_seconds: number | null;
    per_hour: number | null;
    hours: number;
    spent: number;
    cost_per_accepted: number | null;
    left: number | null;
  };
  notes: string[];
}
export interface Rating {
  item: string;
  rater: string;
  criterion: string;
  value: unknown;
  origin: string;
  at_us: number;
}
/** Everything that was ever said about an item; whose answer it is the page does not show. */
export interface ItemHistory {
  history: Rating[];
  notes: ReviewNote[];
  adjudications: Adjudication[];
}
export interface ReviewNote {
  rater: string;
  kind: 'skip' | 'flag';
  text: string;
  at_us: number;
}
export interface Adjudication {
  criterion: string;
  value: unknown;
  by: string;
  why: string;
  at_us: number;
}
export interface Dispute {
  item: string;
  case?: string;
  criterion: string;
  apart: number;
  ratings: Rating[];
  flags?: ReviewNote[];
  settled?: Adjudication;
}
export interface DisputeView {
  dispute: Dispute;
  question: Question;
  content: Shown;
}
