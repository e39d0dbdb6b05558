import { useGet } from '../../api/queries';
import type { Distribution, RunItem, RunSummary, SummaryRow } from '../../api/types';
import { useFilters } from '../../app/filters';
import { Bars } from '../../charts/Bars';
import { Criteria } from '../../charts/Criteria';
import { Forest } from '../../charts/Forest';
import { SliceMap } from '../../charts/SliceMap';
import { count, score } from '../../format/number';
import { Verdict } from '../../ui/Badge';
import { DifferenceText } from '../../ui/Estimate';
import { Level } from '../../ui/level';
import { Panel } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { useNavigate } from 'react-router';

const casesOf = (run: RunItem, query: Record<string, string>) =>
  `/runs/${run.id}/cases?${new URLSearchParams(query)}`;

export function Scores({ run }: { run: RunItem }) {
  const summary = useGet<RunSummary>(`/runs/${run.id}/summary`, undefined, {
    refetchInterval: run.executing ? 10_000 : false,
  });
  return (
    <Await query={summary} what="Reading the scores">
      {({ summary: { rows, cases, warnings }, gate, comparison }) => (
        <Level value={gate.confidence}>
          {warnings.map(text => (
            <p key={text} className="notice unsure">
              <span aria-hidden>△ </span>
              {text}
            </p>
          ))}
          {gate.criteria.length > 0 && (!run.executing || cases > 0) && (
            <Panel
              title="Gate"
              note={run.executing && 'so far: it is decided at the end'}
              actions={<Verdict kind={gate.verdict} />}
              flush
            >
              <Criteria criteria={gate.criteria} />
            </Panel>
          )}
          <Panel
            title="Scores"
            note={
              run.executing
                ? `${count(cases)} cases so far: finished trials come in segments of up to 10,000 and at the end`
                : `${count(cases)} cases`
            }
            flush
          >
            {rows.length === 0 || (run.executing && cases === 0) ? (
              <Empty title="No score yet">
                Scores stand here when the first segment of trials is sealed.
              </Empty>
            ) : (
              <Forest rows={rows} to={row => casesOf(run, { target: row.target, scorer: row.scorer })} />
            )}
          </Panel>
          {comparison && comparison.rows.length > 0 && (
            <Panel
              title="Against the baseline"
              note={`${comparison.candidate} against ${comparison.baseline}`}
            >
              <ul className="lines">
                {comparison.rows.map(row => (
                  <li key={row.scorer + row.reducer}>
                    <span className="grow">{row.scorer}</span>
                    <DifferenceText difference={row.difference} p={row.difference.p} />
                  </li>
                ))}
              </ul>
            </Panel>
          )}
          <SliceMap
            rows={rows}
            to={(row, tag) => casesOf(run, { target: row.target, scorer: row.scorer, ...(tag && { tag }) })}
          />
          {rows.length > 0 && cases > 0 && <Spread run={run} rows={rows} />}
        </Level>
      )}
    </Await>
  );
}

/** How one scorer's values are spread; a bar leads to its cases. */
function Spread({ run, rows }: { run: RunItem; rows: SummaryRow[] }) {
  const [get, set] = useFilters();
  const navigate = useNavigate();
  const first = rows[0];
  const target = get('target') || (first?.target ?? '');
  const scorer = get('scorer') || (first?.scorer ?? '');
  const spread = useGet<Distribution>(
    `/runs/${run.id}/distribution`,
    { target, scorer, bins: 30 },
    { keep: true },
  );
  const select = (name: string, value: string, values: string[]) => (
    <label>
      {name}{' '}
      <select value={value} onChange={event => set({ [name]: event.target.value })}>
        {values.map(v => (
          <option key={v}>{v}</option>
        ))}
      </select>
    </label>
  );
  return (
    <Panel
      title="Distribution"
      actions={
        <div className="filters">
          {select('scorer', scorer, [...new Set(rows.map(row => row.scorer))])}
          {select('target', target, [...new Set(rows.map(row => row.target))])}
        </div>
      }
    >
      <Await query={spread}>
        {data => (
          <>
            <Bars
              label={`Values of ${scorer} of ${target}`}
              bars={data.bins.map(b => ({
                text: `${score(b.lower)} to ${score(b.upper)}`,
                count: b.count,
                range: [b.lower, b.upper],
              }))}
              open={([min, max]) =>
                void navigate(casesOf(run, { target, scorer, min: String(min), max: String(max) }))
              }
            />
            {data.missing.length > 0 && (
              <p className="unsure small">
                △ not in the picture:{' '}
                {data.missing.map(of => `${count(of.count)} ${of.word.replaceAll('_', ' ')}`).join(', ')}
              </p>
            )}
          </>
        )}
      </Await>
    </Panel>
  );
}
