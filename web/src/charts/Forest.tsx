import { Link } from 'react-router';
import type { SummaryRow } from '../api/types';
import { count, score } from '../format/number';
import { Badge, Missing } from '../ui/Badge';
import { EstimateText } from '../ui/Estimate';
import { domainOf, IntervalBar, type Mark } from '../ui/IntervalBar';
import { useInterval } from '../ui/level';
import { Text } from '../ui/Text';

export const markOf = (estimate: SummaryRow['estimate'] | null | undefined): Mark => ({
  value: estimate?.value ?? null,
  lower: estimate?.interval?.lower,
  upper: estimate?.interval?.upper,
});

const unit = (row: SummaryRow) =>
  row.score === 'binary' ||
  (typeof row.score === 'object' && row.score.bounded.lo === 0 && row.score.bounded.hi === 1);

/** Scores as a forest plot that is also a table: targets within a scorer side by side on one scale, numbers at the right. */
export function Forest({ rows, to }: { rows: SummaryRow[]; to?: (row: SummaryRow) => string }) {
  const interval = useInterval();
  const scorers = [...new Set(rows.map(row => row.scorer))];
  return (
    <table className="table forest" aria-label="Scores with intervals">
      <thead>
        <tr>
          <th scope="col">scorer</th>
          <th scope="col">target</th>
          <th scope="col" className="plotted">
            {interval}
          </th>
          <th scope="col" className="num">
            estimate
          </th>
          <th scope="col" className="num">
            scored
          </th>
          <th scope="col">missing</th>
        </tr>
      </thead>
      {scorers.map(scorer => {
        const group = rows.filter(row => row.scorer === scorer);
        const marks = group.map(row => markOf(row.estimate));
        const domain = group.every(unit) ? ([0, 1] as [number, number]) : domainOf(marks);
        return (
          <tbody key={scorer}>
            {group.map((row, index) => (
              <tr key={`${row.target} ${row.reducer} ${row.metric ?? ''}`}>
                <th scope="row">
                  {index === 0 && (
                    <>
                      <Text>{scorer}</Text>{' '}
                      <span
                        className="faint small"
                        title={row.direction === 'higher' ? 'higher is better' : 'lower is better'}
                      >
                        {row.direction === 'higher' ? '↑' : '↓'}
                        <span className="sr"> {row.direction} is better</span>
                      </span>
                    </>
                  )}
                </th>
                <td className="nowrap">
                  {to ? <Link to={to(row)}>{row.target}</Link> : <Text>{row.target}</Text>}{' '}
                  <span className="faint small">
                    {row.metric ?? (row.reducer !== 'mean' ? row.reducer : '')}{' '}
                    {row.advisory && <Badge title="Not judged by the gate">advisory</Badge>}
                    {row.judge && (
                      <Badge title={row.judge.why ?? 'Grade of the judge'}>judge {row.judge.grade}</Badge>
                    )}
                  </span>
                </td>
                <td>
                  <IntervalBar
                    mark={marks[index] ?? { value: null }}
                    domain={domain}
                    tone={row.advisory ? 'plain' : 'accent'}
                    label={`${row.scorer} of ${row.target}: ${score(row.estimate.value)}, scale ${score(domain[0])} to ${score(domain[1])}`}
                  />
                </td>
                <td className="num">
                  <EstimateText estimate={row.estimate} />
                </td>
                <td className="num">{count(row.scored)}</td>
                <td>
                  <Missing
                    errors={row.trial_errors}
                    scorerErrors={row.scorer_errors}
                    unscored={row.unscored}
                    notRun={row.not_run}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        );
      })}
    </table>
  );
}
