/** The models of human review by their names; all of them are generated from the API's document. */
import type { components } from './schema';

type Schemas = components['schemas'];
export type Kind = Schemas['Kind'];
export type RaterState = Schemas['RaterState'];
/** By criterion: a boolean, a step, a word, `a`, `b` or `tie`, a text, a list of spans. */
export type Answers = Record<string, unknown>;
export type Place = Schemas['RaterPlace'];
export type ReviewProjectItem = Schemas['ReviewProjectItem'];
export type MakeProject = Partial<Schemas['MakeBody']> & Pick<Schemas['MakeBody'], 'name' | 'rubric' | 'run'>;
export type MadeProject = Schemas['MadeProject'];
export type ReviewProject = Schemas['ReviewProjectView'];
export type Question = Schemas['Question'];
export type Shown = Schemas['Shown'];
export type Guide = Schemas['Guide'];
export type Sitting = Schemas['Sitting'];
export type Corrected = Schemas['Corrected'];
export type QuizResult = Schemas['QuizResult'];
export type ReviewTask = Schemas['ReviewTask'];
export type NextTask = Schemas['NextTask'];
export type Rated = Schemas['Rated'];
export type ReviewReport = Schemas['ReviewReport'];
export type CriterionReport = Schemas['CriterionReport'];
export type RaterReport = Schemas['RaterReport'];
export type Figure = Schemas['ReviewFigure'];
export type DisputeView = Schemas['DisputeView'];
export type ItemHistory = Schemas['ItemHistory'];

/** A marked part of `output`, `output_2` or `contexts/0`, as an answer of kind `spans` lists them; places count characters
 * (Unicode scalar values) from 0. The document knows answers as JSON of any form. */
export interface Span {
  field: string;
  start: number;
  end: number;
  text: string;
  label?: string;
}
