import { createContext, use } from 'react';

/** The confidence of the intervals below: 0.95 as a rule, another one where a run looked early or at a sealed part. `null`
 * where it is not known, or where several meet. */
export const Level = createContext<number | null>(null);

/** The confidence that is asked for where nothing says another. */
export const USUAL = 0.95;

/** "95% interval", with as many digits as tell the confidence from 100. */
export function intervalOf(confidence: number | null): string {
  return confidence === null ? 'interval' : `${levelOf(confidence)} interval`;
}

/** A confidence in percent: two digits of what is missing from 100, as in the reports of the commands. */
export function levelOf(confidence: number): string {
  const percent = confidence * 100;
  if (Math.abs(percent - Math.round(percent)) < 1e-6) return `${Math.round(percent)}%`;
  const digits = Math.min(9, Math.max(0, Math.ceil(-Math.log10(100 - percent)))) + 1;
  return `${percent.toFixed(digits)}%`;
}

export const useInterval = () => intervalOf(use(Level));
