/** The models of judges by their names; all of them are generated from the API's document. */
import type { components } from './schema';

type Schemas = components['schemas'];
export type Grade = Schemas['Grade'];
export type JudgeItem = Schemas['JudgeItem'];
export type JudgeView = Schemas['JudgeView'];
export type JudgeFigure = Schemas['JudgeFigure'];
export type Certificate = Schemas['Certificate'];
export type CheckPoint = Schemas['CheckPoint'];
export type Probed = Schemas['JudgeProbes'];

/** What a judge is compared with: the labels of a project, of a file, or those that are stored already. */
export interface CalibrateBody {
  labels?: { name: string; text: string };
  project?: string;
  question?: string;
  criterion?: string;
  positive?: string[];
  scale?: [number, number];
  drawn?: 'random' | 'by_hand';
  replace?: boolean;
  skip_unknown?: boolean;
  unfinished?: boolean;
  confidence?: number;
  margin?: number;
}
export interface Calibrated {
  judge: JudgeView;
  notes: string[];
  added: { new: number; same: number; replaced: number };
}

export const path = (judge: string) => `/judges/${encodeURIComponent(judge)}`;
