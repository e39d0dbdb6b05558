import { use } from 'react';
import { Link } from 'react-router';
import type { SummaryRow } from '../api/types';
import { count, score } from '../format/number';
import { Panel } from '../ui/Page';
import { Text } from '../ui/Text';
import { provenance } from '../ui/Estimate';
import { intervalOf, Level } from '../ui/level';

/** `kind = fact` is also a filter of cases; other predicates are not. */
export const tagOf = (slice: string) => /^(\w+) = (.+)$/.exec(slice)?.slice(1).join('=') ?? null;

/** Slices × (scorer, target): shade is the level within its row, and every cell says its number, interval and n. */
export function SliceMap({
  rows,
  to,
}: {
  rows: SummaryRow[];
  to: (row: SummaryRow, tag: string | null) => string;
}) {
  const confidence = use(Level);
  const cut = rows.filter(row => row.slices.length > 0);
  const slices = [...new Set(cut.flatMap(row => row.slices.map(s => s.slice)))];
  if (slices.length === 0) return null;
  return (
    <Panel
      title="Slices"
      note={`value and ${intervalOf(confidence)}; the stronger the shade the better, on the scale that the intervals of the row span`}
      flush
    >
      <table className="table heat" aria-label="Scores by slice">
        <thead>
          <tr>
            <th scope="col">scorer</th>
            <th scope="col">target</th>
            {slices.map(slice => (
              <th scope="col" key={slice} className="num">
                <Text>{slice}</Text>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cut.map(row => {
            // The scale spans the intervals, so that a difference within the noise is a faint one.
            const values = row.slices
              .flatMap(({ estimate: e }) => [e.value, e.interval?.lower, e.interval?.upper])
              .filter(v => typeof v === 'number');
            const [low, high] = [Math.min(...values), Math.max(...values)];
            return (
              <tr key={`${row.target} ${row.scorer} ${row.reducer} ${row.metric ?? ''}`}>
                <th scope="row">{row.scorer}</th>
                <td>{row.target}</td>
                {slices.map(slice => {
                  const estimate = row.slices.find(s => s.slice === slice)?.estimate;
                  if (!estimate)
                    return (
                      <td key={slice} className="num faint">
                        –
                      </td>
                    );
                  const rank =
                    estimate.value === null || high === low ? 0 : (estimate.value - low) / (high - low);
                  const strength = row.direction === 'higher' ? rank : high === low ? 0 : 1 - rank;
                  return (
                    <td
                      key={slice}
                      className="num"
                      title={provenance(estimate, confidence)}
                      style={{
                        background: `color-mix(in srgb, var(--accent) ${Math.round(strength * 26)}%, transparent)`,
                      }}
                    >
                      <Link to={to(row, tagOf(slice))}>
                        <span className="strong">{score(estimate.value)}</span>
                        <span className="small muted">
                          {estimate.interval
                            ? `${score(estimate.interval.lower)} to ${score(estimate.interval.upper)}`
                            : (estimate.reason ?? '').replaceAll('_', ' ')}
                          {' · n '}
                          {count(estimate.n)}
                        </span>
                      </Link>
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}
