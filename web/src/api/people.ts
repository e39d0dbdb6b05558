/** Accounts as the server tells them; mirrors `crates/assay-server/src/api/people.rs`. */
import type { Role } from './types';

export const ROLES: { role: Role; may: string }[] = [
  { role: 'viewer', may: 'look' },
  { role: 'rater', may: 'rate answers, without seeing target or score' },
  { role: 'engineer', may: 'run, change datasets, open and evaluate releases' },
  { role: 'approver', may: 'decide on releases' },
  { role: 'auditor', may: 'read the audit log, take evidence away' },
  { role: 'admin', may: 'let people in; decides on no release' },
];

export interface User {
  name: string;
  email: string | null;
  roles: Role[];
  disabled: boolean;
  created_us: number;
  /** Whether they have a password here. */
  password: boolean;
  /** Whether an identity provider vouches for them. */
  provider: boolean;
}
export interface Key {
  id: string;
  name: string;
  user: string;
  roles: Role[];
  created_us: number;
  expires_us: number;
  used_us: number | null;
}
export interface UserMade {
  user: User;
  /** Told once. */
  password: string | null;
}
export interface KeyMade {
  item: Key;
  /** Told once. */
  key: string;
}
