/** The models of the audit log by their names, generated from the API's document. */
import type { components } from './schema';

type Schemas = components['schemas'];
export type AuditItem = Schemas['AuditItem'];
export type AuditPage = Schemas['AuditPage'];
export type AuditProof = Schemas['AuditProof'];
export type AuditVerified = Schemas['AuditVerified'];
export type Checkpoint = Schemas['CheckpointItem'];
