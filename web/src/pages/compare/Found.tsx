import { useGet } from '../../api/queries';
import type { CompareAnswer, ComparisonRow, RunDetail } from '../../api/types';
import { Criteria } from '../../charts/Criteria';
import { candidatesOf, Frontier } from '../../charts/Frontier';
import { count, pValue, score } from '../../format/number';
import { Verdict } from '../../ui/Badge';
import { DifferenceText, EstimateText, leaning } from '../../ui/Estimate';
import { IntervalBar } from '../../ui/IntervalBar';
import { Level } from '../../ui/level';
import { Panel } from '../../ui/Page';
import { Said, Text } from '../../ui/Text';

/** From 0 to 1, so that such rows share a scale. */
const unit = (row: ComparisonRow) =>
  row.score === 'binary' ||
  (typeof row.score === 'object' && row.score.bounded.lo === 0 && row.score.bounded.hi === 1);

/** Two sides, paired: differences, gate, slices, what they took. */
export function Found({ data }: { data: CompareAnswer }) {
  const { comparison, gate, candidate, candidate_target: target } = data;
  const detail = useGet<RunDetail>(`/runs/${candidate.id}`);
  /** The loss that the candidate's gate bears, in the row's own unit. */
  const marginOf = (row: ComparisonRow) =>
    detail.data?.record.gate.rules.find(
      rule =>
        typeof rule.margin === 'number' &&
        rule.scorer === row.scorer &&
        !rule.slice &&
        (rule.target ?? target) === target &&
        (rule.reducer ?? row.reducer) === row.reducer &&
        (rule.metric ?? null) === (row.metric ?? null),
    )?.margin ?? null;
  const reach = (row: ComparisonRow) =>
    Math.max(
      ...[
        row.difference.value,
        row.difference.interval?.lower,
        row.difference.interval?.upper,
        marginOf(row),
      ].map(value => Math.abs(value ?? 0)),
    );
  const shared = Math.max(0, ...comparison.rows.filter(unit).map(reach));
  const slices = comparison.rows.flatMap(row => row.slices.map(slice => ({ row, ...slice })));
  return (
    <Level value={gate.confidence}>
      <Panel
        title="Differences"
        note={`${count(comparison.matched)} cases paired, ${count(comparison.candidate_only)} only in the candidate, ${count(comparison.baseline_only)} only in the baseline`}
        flush
      >
        <table className="table" aria-label="Paired differences">
          <thead>
            <tr>
              <th scope="col">scorer</th>
              <th scope="col" className="num">
                baseline
              </th>
              <th scope="col" className="num">
                candidate
              </th>
              <th scope="col" className="plotted">
                <span className="ends">
                  <span>worse ←</span> <span>0</span> <span>→ better</span>
                </span>
              </th>
              <th scope="col" className="num">
                difference
              </th>
              <th scope="col" className="num">
                p
              </th>
              <th scope="col" className="num">
                better / same / worse
              </th>
            </tr>
          </thead>
          <tbody>
            {comparison.rows.map(row => {
              const { difference: d } = row;
              const way = leaning(d);
              const margin = marginOf(row);
              const far = (unit(row) ? shared : reach(row)) || 1;
              return (
                <tr key={`${row.scorer} ${row.reducer} ${row.metric ?? ''}`}>
                  <th scope="row">
                    <Text>{row.scorer}</Text>{' '}
                    <span className="faint small">
                      {row.metric ?? (row.reducer === 'mean' ? '' : row.reducer)}
                      {margin !== null && ` margin ${score(margin)}`}
                    </span>
                  </th>
                  <td className="num">
                    <EstimateText estimate={row.baseline} />
                  </td>
                  <td className="num">
                    <EstimateText estimate={row.candidate} />
                  </td>
                  <td>
                    <IntervalBar
                      mark={{ value: d.value, lower: d.interval?.lower, upper: d.interval?.upper }}
                      domain={[-far, far]}
                      reference={0}
                      second={margin === null ? null : -margin}
                      tone={way === 'better' ? 'good' : way === 'worse' ? 'bad' : 'plain'}
                      label={`${row.scorer}: ${way === 'same' ? 'no difference shown' : way}${margin === null ? '' : `; the gate bears a loss of ${score(margin)}`}`}
                    />
                  </td>
                  <td className="num">
                    <DifferenceText difference={d} />
                  </td>
                  <td className="num" title={d.p_method ?? undefined}>
                    {pValue(d.p)}
                  </td>
                  <td className="num">
                    {count(d.better)} / {count(d.same)} / {count(d.worse)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Panel>
      {comparison.refused.length > 0 && (
        <div className="notice unsure">
          {comparison.refused.map(([scorer, why]) => (
            <p key={scorer}>
              △ not compared: <Text>{scorer}</Text>: <Said>{why}</Said>
            </p>
          ))}
        </div>
      )}
      {gate.criteria.length > 0 && (
        <Panel title="Gate" actions={<Verdict kind={gate.verdict} />} flush>
          <Criteria criteria={gate.criteria} />
        </Panel>
      )}
      {slices.length > 0 && (
        <Panel title="Slices" note="p adjusted by Holm over the slices" flush>
          <table className="table" aria-label="Differences by slice">
            <thead>
              <tr>
                <th scope="col">scorer</th>
                <th scope="col">slice</th>
                <th scope="col" className="num">
                  difference
                </th>
                <th scope="col" className="num">
                  p
                </th>
                <th scope="col" className="num">
                  cases
                </th>
              </tr>
            </thead>
            <tbody>
              {slices.map(({ row, slice, difference, adjusted_p }) => (
                <tr key={`${row.scorer} ${row.reducer} ${row.metric ?? ''} ${slice}`}>
                  <th scope="row">
                    <Text>{row.scorer}</Text>
                  </th>
                  <td>
                    <Text>{slice}</Text>
                  </td>
                  <td className="num">
                    <DifferenceText difference={difference} />
                  </td>
                  <td className="num">{pValue(adjusted_p)}</td>
                  <td className="num">{count(difference.n)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      )}
      <Panel title="Quality against cost and latency">
        <Frontier of={candidatesOf([data])} />
      </Panel>
    </Level>
  );
}
