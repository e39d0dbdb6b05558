/** Stored datasets; their models are generated from the API's document. */
import type { components } from './schema';

type Schemas = components['schemas'];
export type Part = Schemas['PartItem'];
export type Governance = Schemas['Governance'];
export type DatasetItem = Schemas['DatasetItem'];
export type Version = Schemas['VersionItem'];
export type LineageNode = Schemas['LineageNode'];
export type LineageEdge = Schemas['LineageEdge'];
export type Lineage = Schemas['LineageGraph'];
/** What happened to a dataset; the fields depend on the event, whose name the document leaves out. */
export type LogEntry = { at_us: number; by: string; event: string } & Record<string, unknown>;
export type DatasetView = Omit<Schemas['DatasetView'], 'log'> & { log: LogEntry[] };
export type FieldChange = Schemas['FieldChange'];
export type CaseChange = Schemas['CaseChange'];
export type DatasetDiff = Schemas['DatasetDiff'];
export type CoverageCell = Schemas['CoverageCell'];
export type Covered = Schemas['CoveredValue'];
export type Coverage = Schemas['Coverage'];
export type CheckFinding = Schemas['Finding'];
export type DatasetCheck = Schemas['DatasetCheck'];
export type Case = Schemas['Case'];
export type StoredCase = Schemas['StoredCase'];
export type Quarantine = Schemas['Quarantine'];
export type Accepted = Schemas['Accepted'];
export type Taken = Schemas['Taken'];

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

/** The tools of which one file is understood, with the names that people know them by; HELM writes folders. */
export const TOOLS: Record<string, string> = {
  promptfoo: 'promptfoo',
  inspect: 'Inspect',
  'lm-eval': 'lm-evaluation-harness',
  'openai-evals': 'openai/evals',
  deepeval: 'DeepEval',
  ragas: 'Ragas',
  'pydantic-evals': 'pydantic-evals',
  'trec-eval': 'trec_eval: qrels, runs, topics',
  'chat-jsonl': 'chats, a conversation a line',
  'batch-jsonl': 'batch requests or results',
  mlflow: 'MLflow',
};
/** How many MiB of a file are taken over the network; what is read whole becomes many times as large there. */
export const mostOf = (format: string | null) =>
  ['yaml', 'json', 'text', 'xlsx'].includes(format ?? '') ? 16 : 256;

/** What a dataset may be called. */
export const NAME = '[A-Za-z0-9_][A-Za-z0-9._\\-]*';

/** A name for a dataset from the name of a file. */
export function nameOf(file: string): string {
  const [last = ''] = file.split(/[/\\]/).slice(-1);
  return last
    .replace(/\.[^.]*$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 100);
}

/** What became of a file. */
export type Imported = Schemas['Imported'];
