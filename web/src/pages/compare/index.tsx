import { Link } from 'react-router';
import { useGet } from '../../api/queries';
import type { CompareAnswer, Page as List, RunItem } from '../../api/types';
import { useFilters } from '../../app/filters';
import { Criteria } from '../../charts/Criteria';
import { count, duration, money, pValue } from '../../format/number';
import { stamp } from '../../format/time';
import { Verdict } from '../../ui/Badge';
import { DifferenceText, EstimateText, leaning } from '../../ui/Estimate';
import { domainOf, IntervalBar } from '../../ui/IntervalBar';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { Text } from '../../ui/Text';
import { Moved } from './Moved';

export function Component() {
  const [get, set] = useFilters();
  const candidate = get('candidate');
  const baseline = get('baseline');
  const runs = useGet<List<RunItem>>('/runs', { limit: 200 });
  const answer = useGet<CompareAnswer>(
    '/compare',
    { candidate, baseline },
    { enabled: !!candidate && !!baseline },
  );
  const pick = (key: 'candidate' | 'baseline', value: string) => (
    <label>
      {key}
      <select value={value} onChange={event => set({ [key]: event.target.value }, true)}>
        <option value="">pick a run</option>
        {value && <option value={value}>{value}</option>}
        {runs.data?.items.flatMap(run =>
          ['', ...run.targets.map(t => `:${t}`)].map(t => (
            <option key={run.id + t} value={run.id + t}>
              {`${run.suite} ${run.short}${t} · ${stamp(run.started_us)}`}
            </option>
          )),
        )}
      </select>
    </label>
  );
  return (
    <Page title="Compare" sub="Paired by the content of cases; what both sides answered counts.">
      <div className="filters">
        {pick('candidate', candidate)} against {pick('baseline', baseline)}
        <button
          type="button"
          className="button small"
          onClick={() => set({ candidate: baseline, baseline: candidate })}
        >
          ⇄ swap
        </button>
      </div>
      {candidate && baseline ? (
        <Await query={answer} what="Pairing the cases">
          {data => (
            <>
              <Found data={data} />
              <Moved candidate={candidate} baseline={baseline} rows={data.comparison.rows} />
            </>
          )}
        </Await>
      ) : (
        <Panel>
          <Empty title="Pick two runs or targets" command="assay compare RUN:candidate RUN:baseline" />
        </Panel>
      )}
    </Page>
  );
}

function Found({ data: { comparison, gate, cost } }: { data: CompareAnswer }) {
  return (
    <>
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
              <th scope="col">worse ← 0 → better</th>
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
              const mark = { value: d.value, lower: d.interval?.lower, upper: d.interval?.upper };
              const way = leaning(d);
              return (
                <tr key={`${row.scorer} ${row.reducer} ${row.metric ?? ''}`}>
                  <th scope="row">
                    <Text>{row.scorer}</Text>{' '}
                    <span className="faint small">
                      {row.metric ?? (row.reducer === 'mean' ? '' : row.reducer)}
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
                      mark={mark}
                      domain={domainOf([mark], { zero: true })}
                      reference={0}
                      tone={way === 'better' ? 'good' : way === 'worse' ? 'bad' : 'plain'}
                      label={`${row.scorer}: ${way === 'same' ? 'no difference shown' : way}`}
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
              △ not compared: {scorer}: {why}
            </p>
          ))}
        </div>
      )}
      {gate && gate.criteria.length > 0 && (
        <Panel title="Gate" actions={<Verdict kind={gate.verdict} />} flush>
          <Criteria criteria={gate.criteria} />
        </Panel>
      )}
      <Panel title="Slices that moved" note="p adjusted by Holm over the slices">
        <ul className="lines">
          {comparison.rows.flatMap(row =>
            row.slices.map(s => (
              <li key={row.scorer + row.reducer + s.slice}>
                <span className="grow cut">
                  <Text>{row.scorer}</Text> <span className="muted">{s.slice}</span>
                </span>
                <DifferenceText difference={s.difference} p={s.adjusted_p} />
              </li>
            )),
          )}
        </ul>
      </Panel>
      <Panel title="Cost and latency">
        <dl className="figures">
          {(['baseline', 'candidate'] as const).map(side => (
            <div key={side}>
              <dt>{side}</dt>
              <dd>
                {money(cost[side].cost_nanousd)}{' '}
                <small>
                  p50 {duration(cost[side].p50_us)}, p90 {duration(cost[side].p90_us)}
                </small>
              </dd>
            </div>
          ))}
        </dl>
      </Panel>
      <p>
        <Link to="/runs">Other runs</Link>
      </p>
    </>
  );
}
