/** Accounts; their models are generated from the API's document. */
import type { components } from './schema';
import type { Role } from './types';

export const ROLES: { role: Role; may: string }[] = [
  { role: 'viewer', may: 'look' },
  { role: 'rater', may: 'rate answers, without seeing target or score' },
  { role: 'engineer', may: 'run, change datasets, open and evaluate releases' },
  { role: 'approver', may: 'decide on releases' },
  { role: 'auditor', may: 'read the audit log, take evidence away' },
  { role: 'admin', may: 'let people in; decides on no release' },
];

type Schemas = components['schemas'];
export type User = Schemas['UserItem'];
export type Key = Schemas['KeyItem'];
export type UserMade = Schemas['UserMade'];
export type KeyMade = Schemas['KeyMade'];
