import { use } from 'react';
import type { Difference, Estimate as Model } from '../api/types';
import { count, pValue, score, signed } from '../format/number';
import { intervalOf, Level } from './level';

const words = (name: string) => name.replaceAll('_', ' ');

/** How a figure came about, in one sentence: method, cases, clusters, what to mind. */
export function provenance(estimate: Model, confidence: number | null): string {
  const parts = [`n = ${count(estimate.n)}`];
  if (estimate.clusters !== null && estimate.clusters !== estimate.n)
    parts.push(`${count(estimate.clusters)} clusters`);
  if (estimate.interval) parts.push(`${intervalOf(confidence)}: ${words(estimate.method)}`);
  if (estimate.reason) parts.push(words(estimate.reason));
  return [...parts, ...estimate.warnings].join(' · ');
}

/** A level with its interval. Without an interval it says why there is none. */
export function EstimateText({ estimate, n = false }: { estimate: Model | null | undefined; n?: boolean }) {
  const confidence = use(Level);
  if (!estimate) return <span className="faint">–</span>;
  const { value, interval, reason } = estimate;
  return (
    <span className="estimate" title={provenance(estimate, confidence)}>
      <span className="strong">{score(value)}</span>{' '}
      {interval ? (
        <span className="ci">
          {score(interval.lower)} to {score(interval.upper)}
        </span>
      ) : (
        <span className="sub">{reason ? words(reason) : 'no interval'}</span>
      )}
      {n && <span className="ci"> n = {count(estimate.n)}</span>}
    </span>
  );
}

/** Which way a difference points: `same` while its interval holds zero. Assay's differences are already turned so that
 * above zero is better, also for a scorer whose lower values are better. */
export function leaning(difference: Difference): 'better' | 'worse' | 'same' {
  const { interval } = difference;
  if (!interval || (interval.lower <= 0 && interval.upper >= 0)) return 'same';
  return interval.lower > 0 ? 'better' : 'worse';
}

const SIGNS = { better: ['good', '▲'], worse: ['bad', '▼'], same: ['muted', '≈'] } as const;

/** A difference with its interval, coloured and marked only when the interval leaves zero out. */
export function DifferenceText({ difference, p }: { difference: Difference | null; p?: number | null }) {
  const confidence = use(Level);
  if (!difference) return <span className="faint">–</span>;
  const way = leaning(difference);
  const [tone, mark] = SIGNS[way];
  return (
    <span className="estimate" title={provenance(difference, confidence)}>
      <span className={`strong ${tone}`}>
        <span aria-hidden>{mark}</span>
        <span className="sr">{way === 'same' ? 'no difference shown' : way}: </span>{' '}
        {signed(difference.value)}
      </span>{' '}
      {difference.interval ? (
        <span className="ci">
          {signed(difference.interval.lower)} to {signed(difference.interval.upper)}
        </span>
      ) : (
        <span className="sub">{difference.reason ? words(difference.reason) : 'no interval'}</span>
      )}
      {typeof p === 'number' && <span className="ci"> p {pValue(p)}</span>}
    </span>
  );
}
