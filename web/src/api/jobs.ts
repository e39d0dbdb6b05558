/** Runs that the server executes: suites of the project's folder, one after another. */
import type { components } from './schema';

type Schemas = components['schemas'];
export type Job = Schemas['JobItem'];
export type QueueBody = Schemas['QueueBody'];

/** A suite file of the project's folder; `error` says why it cannot be run. */
export interface SuiteFile {
  path: string;
  suite: string | null;
  error: string | null;
}

/** The suite file of a job: the last argument of `assay run`. */
export const suiteOf = (job: Job) => job.arguments.at(-1) ?? '';

/** What the exit code of `assay run` says, as the command documents it. */
export function ended(code: number | null): { tone: 'good' | 'bad' | 'unsure' | 'plain'; text: string } {
  switch (code) {
    case 0:
      return { tone: 'plain', text: 'done' };
    case 1:
      return { tone: 'bad', text: '✗ the gate fails' };
    case 2:
      return { tone: 'bad', text: '✗ the suite has a fault' };
    case 3:
      return { tone: 'unsure', text: '? the gate is inconclusive' };
    case 4:
      return { tone: 'bad', text: '✗ something it needs failed' };
    case 5:
      return { tone: 'unsure', text: '△ nothing was selected' };
    case 6:
      return { tone: 'unsure', text: '△ the budget is used up' };
    default:
      return { tone: 'unsure', text: '‖ stopped before its end' };
  }
}
