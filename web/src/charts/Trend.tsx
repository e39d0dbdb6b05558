import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { Link } from 'react-router';
import type { SummaryRow, TrendPoint } from '../api/types';
import { score } from '../format/number';
import { day } from '../format/time';
import { domainOf } from '../ui/IntervalBar';
import { Text } from '../ui/Text';

const WIDTH = 190;
const HEIGHT = 54;

interface Point {
  run: string;
  at: number;
  value: number | null;
  lower: number | null;
  upper: number | null;
}

/** One small picture per target and scorer: the level over the newest runs within the band of its intervals. */
export function Trend({ points, rows }: { points: TrendPoint[]; rows: SummaryRow[] }) {
  const series = [...new Map(rows.map(row => [`${row.target}\n${row.scorer}`, row])).values()];
  return (
    <section aria-label="Trends" className="trends">
      <h3>Trend of {points.length} runs</h3>
      <div className="multiples">
        {series.map(row => {
          const own = points.map(point => ({
            run: point.run,
            at: point.started_us,
            ...(point.values.find(v => v.target === row.target && v.scorer === row.scorer) ?? {
              value: null,
              lower: null,
              upper: null,
            }),
          }));
          return <Small key={`${row.target} ${row.scorer}`} points={own} row={row} />;
        })}
      </div>
    </section>
  );
}

function Small({ points, row }: { points: Point[]; row: SummaryRow }) {
  // Runs are spaced evenly: several in an hour would hide each other on a scale of time.
  const x = scaleLinear([0, Math.max(1, points.length - 1)], [4, WIDTH - 4]);
  const y = scaleLinear(domainOf(points), [HEIGHT - 5, 5]);
  const band = area<Point>()
    .defined(p => p.lower !== null && p.upper !== null)
    .x((_, i) => x(i))
    .y0(p => y(p.lower ?? 0))
    .y1(p => y(p.upper ?? 0));
  const level = line<Point>()
    .defined(p => p.value !== null)
    .x((_, i) => x(i))
    .y(p => y(p.value ?? 0));
  const last = points.at(-1);
  return (
    <figure className="small-multiple">
      <figcaption>
        <span className="cut">
          <Text>{row.scorer}</Text> <span className="faint">{row.target}</span>
        </span>
        <span className="tab strong">{score(last?.value)}</span>
      </figcaption>
      <svg
        className="plot"
        width={WIDTH}
        height={HEIGHT}
        role="group"
        aria-label={`${row.scorer} of ${row.target}, oldest first`}
      >
        <path d={band(points) ?? ''} fill="var(--accent)" opacity={0.16} />
        <path d={level(points) ?? ''} fill="none" stroke="var(--accent)" strokeWidth={1.6} />
        {points.map((point, index) =>
          point.value === null ? null : (
            <Link
              key={point.run}
              to={`/runs/${point.run}`}
              aria-label={`${day(point.at)}: ${score(point.value)}`}
            >
              <circle
                cx={x(index)}
                cy={y(point.value)}
                r={index === points.length - 1 ? 3.5 : 2.5}
                fill="var(--accent)"
              >
                <title>{`${day(point.at)}: ${score(point.value)} (${score(point.lower)} to ${score(point.upper)})`}</title>
              </circle>
            </Link>
          ),
        )}
      </svg>
    </figure>
  );
}
