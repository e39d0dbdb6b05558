import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { Link } from 'react-router';
import type { CheckPoint } from '../../api/judges';
import { count, percent } from '../../format/number';
import { wilson } from '../../format/rate';
import { day, stamp } from '../../format/time';
import { intervalOf, levelOf } from '../../ui/level';
import { Panel } from '../../ui/Page';
import { Empty } from '../../ui/States';

const WIDTH = 560;
const HEIGHT = 120;
const LEFT = 40;
const SHOWN = 50;

/** How many frozen verdicts were not the same when the judge was asked again, check by check. */
export function Checks(props: {
  checks: CheckPoint[];
  frozen: number;
  drifted: boolean;
  judge: string;
  confidence: number;
}) {
  const { checks, frozen, drifted, judge, confidence } = props;
  const points = checks.slice(-SHOWN).map(check => ({
    ...check,
    rate: check.asked > 0 ? check.differ / check.asked : 0,
    interval: wilson(check.differ, check.asked, confidence) ?? { lower: 0, upper: 1 },
  }));
  return (
    <Panel
      title="Checks"
      note={`${count(frozen)} verdicts are frozen; how many differ when asked again, with ${levelOf(confidence)} intervals`}
    >
      {points.length === 0 ? (
        <Empty
          title={frozen > 0 ? 'Not checked yet' : 'No verdict is frozen'}
          command={
            frozen > 0 ? `assay judge check ${judge}` : `assay judge calibrate ${judge} --labels labels.jsonl`
          }
        >
          {frozen > 0
            ? 'Every run whose suite has the judge asks its frozen verdicts again; this does it now.'
            : 'Calibrating freezes verdicts, so that a judge that has changed is noticed.'}
        </Empty>
      ) : (
        <div className="stack">
          {drifted && (
            <p className="notice unsure">
              <span className="bad strong">✗ drifted</span> · more verdicts differ than a judge that has not
              changed would give once in 100 checks. It is another instrument than the one that was
              calibrated.
            </p>
          )}
          <div className="check-history">
            <Picture points={points} />
            <table className="table" aria-label="Checks, newest first">
              <thead>
                <tr>
                  <th scope="col">when</th>
                  <th scope="col">run</th>
                  <th scope="col" className="num">
                    differ
                  </th>
                  <th scope="col" className="num">
                    share, {intervalOf(confidence)}
                  </th>
                </tr>
              </thead>
              <tbody>
                {[...points]
                  .reverse()
                  .slice(0, 12)
                  .map(point => (
                    <tr key={point.at_us}>
                      <th scope="row">{stamp(point.at_us)}</th>
                      <td>
                        {point.run ? (
                          <Link className="mono" to={`/runs/${point.run}`}>
                            {point.run.slice(-8)}
                          </Link>
                        ) : (
                          <span className="faint">by hand</span>
                        )}
                      </td>
                      <td className="num">
                        {count(point.differ)} of {count(point.asked)}
                      </td>
                      <td className="num">
                        <span className="estimate">
                          <span className="strong">{percent(point.rate)}</span>
                          <span className="ci">
                            {percent(point.interval.lower)} to {percent(point.interval.upper)}
                          </span>
                        </span>
                      </td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
    </Panel>
  );
}

type Point = CheckPoint & { rate: number; interval: { lower: number; upper: number } };

function Picture({ points }: { points: Point[] }) {
  const top = Math.max(0.1, ...points.map(point => point.interval.upper));
  const x = scaleLinear([0, Math.max(1, points.length - 1)], [LEFT + 8, WIDTH - 8]);
  const y = scaleLinear([0, top], [HEIGHT - 18, 6]);
  const band = area<Point>()
    .x((_, i) => x(i))
    .y0(point => y(point.interval.lower))
    .y1(point => y(point.interval.upper));
  const level = line<Point>()
    .x((_, i) => x(i))
    .y(point => y(point.rate));
  const [first, last] = [points[0], points.at(-1)];
  return (
    <svg
      className="plot"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`Share of frozen verdicts that differ over ${points.length} checks; the last one ${percent(last?.rate ?? 0)}`}
    >
      {y.ticks(3).map(tick => (
        <g key={tick}>
          <line x1={LEFT} x2={WIDTH} y1={y(tick)} y2={y(tick)} stroke="var(--line)" />
          <text x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
            {percent(tick)}
          </text>
        </g>
      ))}
      {points.length > 1 && <path d={band(points) ?? ''} fill="var(--accent)" opacity={0.16} />}
      <path d={level(points) ?? ''} fill="none" stroke="var(--accent)" strokeWidth={1.6} />
      {points.map((point, index) => (
        <g key={point.at_us}>
          <line
            x1={x(index)}
            x2={x(index)}
            y1={y(point.interval.lower)}
            y2={y(point.interval.upper)}
            stroke="var(--accent)"
            opacity={0.5}
          />
          <circle cx={x(index)} cy={y(point.rate)} r={3} fill="var(--accent)">
            <title>{`${stamp(point.at_us)}: ${point.differ} of ${point.asked} differ`}</title>
          </circle>
        </g>
      ))}
      {first && (
        <text x={x(0)} y={HEIGHT - 3}>
          {day(first.at_us)}
        </text>
      )}
      {last && points.length > 1 && (
        <text x={x(points.length - 1)} y={HEIGHT - 3} textAnchor="end">
          {day(last.at_us)}
        </text>
      )}
    </svg>
  );
}
