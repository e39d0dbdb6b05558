import { useState } from 'react';
import type { CompareAnswer, Estimate, Latency } from '../api/types';
import { duration, money, score } from '../format/number';
import { domainOf } from '../ui/IntervalBar';
import { colourOf, Frame, Legend, Shape } from './Frame';

export interface Candidate {
  name: string;
  cost: Latency;
  /** By scorer and reducer or metric. */
  levels: Map<string, { estimate: Estimate; lower: boolean }>;
}

/** What a run costs, per trial that was not cached; less is better. */
const PRICES = {
  'p50 latency': { of: (cost: Latency) => cost.p50_us, tell: duration },
  'p90 latency': { of: (cost: Latency) => cost.p90_us, tell: duration },
  'cost per trial': {
    of: (cost: Latency) => (cost.count > 0 ? cost.cost_nanousd / cost.count : null),
    tell: money,
  },
} as const;
type Price = keyof typeof PRICES;

/** The sides of comparisons as points: the baseline of the first, and every candidate. */
export function candidatesOf(answers: CompareAnswer[]): Candidate[] {
  const side = (answer: CompareAnswer, which: 'candidate' | 'baseline'): Candidate => ({
    name: `${answer[which].short}:${answer[`${which}_target`]}`,
    cost: answer.cost[which],
    levels: new Map(
      answer.comparison.rows.map(row => [
        levelName(row),
        { estimate: row[which], lower: row.direction === 'lower' },
      ]),
    ),
  });
  const all = answers.flatMap(answer => [side(answer, 'baseline'), side(answer, 'candidate')]);
  return [...new Map(all.map(one => [one.name, one])).values()];
}

const levelName = (row: CompareAnswer['comparison']['rows'][number]) =>
  [row.scorer, row.metric ?? (row.reducer === 'mean' ? '' : row.reducer)].filter(Boolean).join(' ');

/** Quality against cost or latency: who is on the frontier, where nobody else is both better and cheaper. */
export function Frontier({ of }: { of: Candidate[] }) {
  const prices = (Object.keys(PRICES) as Price[]).filter(name =>
    of.some(one => (PRICES[name].of(one.cost) ?? 0) > 0),
  );
  const scorers = [...new Set(of.flatMap(one => [...one.levels.keys()]))];
  const [price, setPrice] = useState<Price | ''>('');
  const [scorer, setScorer] = useState('');
  const along = price || prices[0];
  const up = scorers.includes(scorer) ? scorer : scorers[0];
  if (!along || !up) return <p className="muted">No trial took time or money that could be compared.</p>;
  const { of: priced, tell } = PRICES[along];
  const points = of.flatMap((one, index) => {
    const level = one.levels.get(up);
    const cost = priced(one.cost);
    if (!level || level.estimate.value === null || cost === null) return [];
    return [
      {
        ...one,
        index,
        cost,
        value: level.estimate.value,
        interval: level.estimate.interval,
        lower: level.lower,
      },
    ];
  });
  const better = (a: number, b: number) => (points[0]?.lower ? a < b : a > b);
  const frontier = points
    .filter(
      point =>
        !points.some(
          other =>
            other !== point &&
            !better(point.value, other.value) &&
            other.cost <= point.cost &&
            (better(other.value, point.value) || other.cost < point.cost),
        ),
    )
    .sort((a, b) => a.cost - b.cost);
  const marks = points.map(point => ({
    value: point.value,
    lower: point.interval?.lower,
    upper: point.interval?.upper,
  }));
  return (
    <>
      <div className="filters">
        <label>
          quality
          <select value={up} onChange={event => setScorer(event.target.value)}>
            {scorers.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          against
          <select value={along} onChange={event => setPrice(event.target.value as Price)}>
            {prices.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      <Frame
        height={280}
        label={`${up} against ${along}: ${points.map(point => `${point.name} ${score(point.value)} at ${tell(point.cost)}`).join('; ')}. On the frontier: ${frontier.map(point => point.name).join(', ')}`}
        x={{
          title: `${along} (less is better)`,
          domain: domainOf([...points.map(point => ({ value: point.cost })), { value: 0 }]),
          format: value => (value < 0 ? '' : tell(value)),
        }}
        y={{ title: `${up} (${points[0]?.lower ? 'less' : 'more'} is better)`, domain: domainOf(marks) }}
      >
        {({ x, y }) => (
          <>
            {frontier.length > 1 && (
              <path
                d={frontier
                  .map((point, index) =>
                    index === 0
                      ? `M${x(point.cost)} ${y(point.value)}`
                      : `H${x(point.cost)}V${y(point.value)}`,
                  )
                  .join('')}
                fill="none"
                stroke="var(--ink-3)"
                strokeDasharray="4 3"
              />
            )}
            {points.map(point => (
              <g key={point.name}>
                {point.interval && (
                  <line
                    x1={x(point.cost)}
                    x2={x(point.cost)}
                    y1={y(point.interval.lower)}
                    y2={y(point.interval.upper)}
                    stroke={colourOf(point.index)}
                    strokeWidth={1.8}
                  />
                )}
                {frontier.includes(point) && (
                  <circle
                    cx={x(point.cost)}
                    cy={y(point.value)}
                    r={9}
                    fill="none"
                    stroke={colourOf(point.index)}
                  />
                )}
                <Shape of={point.index} x={x(point.cost)} y={y(point.value)} size={5}>
                  <title>{`${point.name}: ${score(point.value)} at ${tell(point.cost)}`}</title>
                </Shape>
              </g>
            ))}
          </>
        )}
      </Frame>
      <Legend of={of.map(one => one.name)} />
      <p className="faint small">
        Ringed: on the frontier, where no other is both better and cheaper by the estimates. Bars are the
        intervals of the quality.
      </p>
    </>
  );
}
