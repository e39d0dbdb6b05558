import type { Tone } from './Badge';

export interface Mark {
  value: number | null;
  lower?: number | null;
  upper?: number | null;
}

const COLOURS: Record<Tone, string> = {
  good: 'var(--good)',
  bad: 'var(--bad)',
  unsure: 'var(--unsure)',
  accent: 'var(--accent)',
  plain: 'var(--ink-2)',
};

interface Props {
  mark: Mark;
  domain: [number, number];
  /** A line to read against: zero, a threshold, a margin. */
  reference?: number | null;
  second?: number | null;
  /** A paler mark under it, such as the baseline's. */
  under?: Mark;
  tone?: Tone;
  height?: number;
  label: string;
}

/** One row of a forest plot: a dot on its interval, on a scale that the rows of a table share. Stretches with its cell. */
export function IntervalBar({
  mark,
  domain,
  reference,
  second,
  under,
  tone = 'accent',
  height = 22,
  label,
}: Props) {
  const span = domain[1] - domain[0] || 1;
  // In percent of the width that the cell has, which is not known here.
  const x = (value: number) =>
    `${2 + ((Math.min(domain[1], Math.max(domain[0], value)) - domain[0]) / span) * 96}%`;
  const middle = height / 2;
  const whisker = ({ lower, upper }: Mark, colour: string, thick: number, opacity = 1) =>
    lower !== null && upper !== null && lower !== undefined && upper !== undefined ? (
      <g stroke={colour} strokeWidth={thick} opacity={opacity} strokeLinecap="round">
        <line x1={x(lower)} x2={x(upper)} y1={middle} y2={middle} />
        <line x1={x(lower)} x2={x(lower)} y1={middle - 3.5} y2={middle + 3.5} />
        <line x1={x(upper)} x2={x(upper)} y1={middle - 3.5} y2={middle + 3.5} />
      </g>
    ) : null;
  return (
    <svg className="plot" role="img" aria-label={label} width="100%" height={height}>
      <line x1="2%" x2="98%" y1={middle} y2={middle} stroke="var(--line)" />
      {[reference, second].map((at, index) =>
        at !== null && at !== undefined ? (
          <line
            key={index}
            x1={x(at)}
            x2={x(at)}
            y1={0}
            y2={height}
            stroke="var(--line-strong)"
            strokeDasharray={index ? '2 2' : undefined}
          />
        ) : null,
      )}
      {under && whisker(under, 'var(--ink-3)', 5, 0.28)}
      {under?.value !== null && under?.value !== undefined && (
        <circle cx={x(under.value)} cy={middle} r={3} fill="var(--ink-3)" opacity={0.7} />
      )}
      {whisker(mark, COLOURS[tone], 1.8)}
      {mark.value !== null && <circle cx={x(mark.value)} cy={middle} r={4} fill={COLOURS[tone]} />}
    </svg>
  );
}

/** The scale of several intervals: 0 to 1 when all of them fit, otherwise their own extent with some air. */
export function domainOf(marks: Mark[], options?: { zero?: boolean; unit?: boolean }): [number, number] {
  const values = marks
    .flatMap(mark => [mark.value, mark.lower, mark.upper])
    .filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
  if (options?.zero) values.push(0);
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (options?.unit && low >= 0 && high <= 1) return [0, 1];
  const air = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - air, high + air];
}
