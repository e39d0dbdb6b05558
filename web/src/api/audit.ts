/** The audit log as the server tells it; mirrors `crates/assay-server/src/api/audit.rs`. */
export interface AuditItem {
  number: number;
  at: string;
  by: string;
  /** The name that a command was given to act under; nothing proves it. */
  acts_as: string | null;
  action: string;
  object: Record<string, string>;
  digests: Record<string, string>;
  outcome: string;
  exit: number | null;
  began: number | null;
  assay: string;
}
export interface Checkpoint {
  origin: string;
  size: number;
  root: string;
}
export interface AuditPage {
  items: AuditItem[];
  next: string | null;
  head: Checkpoint | null;
  signed: Checkpoint | null;
}
export interface AuditProof {
  number: number;
  entry: string;
  checkpoint: Checkpoint;
  signed: boolean;
  path: string[];
  /** What `assay audit verify --proof` takes, under a signed checkpoint. */
  file: string | null;
}
export interface AuditVerified {
  verified: boolean;
  faults: string[];
  origin: string | null;
  entries: number | null;
  root: string | null;
  unfinished: number[];
}
