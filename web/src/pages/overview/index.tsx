import { Link } from 'react-router';
import { useGet } from '../../api/queries';
import type { Overview, Page as List, ReleaseItem, SuiteCard } from '../../api/types';
import { Forest } from '../../charts/Forest';
import { Trend } from '../../charts/Trend';
import { count, duration, money, percent } from '../../format/number';
import { RunState, Verdict, Badge, Missing } from '../../ui/Badge';
import { DifferenceText, leaning } from '../../ui/Estimate';
import { Level } from '../../ui/level';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { Said, Text } from '../../ui/Text';
import { When } from '../../ui/When';

export function Component() {
  const overview = useGet<Overview>('/overview', undefined, { refetchInterval: 15_000 });
  const releases = useGet<List<ReleaseItem>>('/releases', { limit: 8 });
  return (
    <Page title="Overview" sub="Where each suite stands, what moved, and what waits for a decision.">
      <Await query={overview} what="Reading the newest runs">
        {data => (
          <>
            {data.alerts.length > 0 && (
              <ul className="notice unsure alerts" aria-label="Alerts">
                {data.alerts.map((alert, index) => (
                  <li key={index}>
                    <Badge tone="unsure">△ {alert.kind}</Badge>{' '}
                    {alert.link.startsWith('/') ? (
                      <Link to={alert.link}>
                        <Said>{alert.text}</Said>
                      </Link>
                    ) : (
                      <Said>{alert.text}</Said>
                    )}
                  </li>
                ))}
              </ul>
            )}
            <div className="grid-3">
              <Panel title="Ready to ship?" actions={<Link to="/releases">All releases</Link>}>
                <Open items={releases.data?.items} />
              </Panel>
              <Panel title="Running" actions={<Link to="/runs">All runs</Link>}>
                <Running runs={data.running} />
              </Panel>
              <Panel title={`Spent in ${data.budget.month}`}>
                <dl className="figures">
                  <div>
                    <dt>money</dt>
                    <dd>{money(data.budget.cost_nanousd)}</dd>
                  </div>
                  <div>
                    <dt>calls</dt>
                    <dd>{count(data.budget.calls)}</dd>
                  </div>
                  <div>
                    <dt>tokens</dt>
                    <dd>{count(data.budget.tokens)}</dd>
                  </div>
                </dl>
              </Panel>
            </div>
            {data.suites.length === 0 && (
              <Panel>
                <Empty title="No run yet" command="assay init && assay run">
                  A suite says which cases are asked of which targets and how the answers are scored; the
                  command writes a first one into the project folder and runs it. One that is there already
                  can be <Link to="/runs?new=true">run from here</Link>.
                </Empty>
              </Panel>
            )}
            {data.suites.map(card => (
              <Suite key={card.suite} card={card} />
            ))}
            {data.more_suites > 0 && (
              <p className="muted">
                {count(data.more_suites)} more suites are in <Link to="/runs">the list of runs</Link>.
              </p>
            )}
          </>
        )}
      </Await>
    </Page>
  );
}

function Open({ items }: { items: ReleaseItem[] | undefined }) {
  const open =
    items?.filter(item => !['shipped', 'rejected', 'rolled back', 'closed'].includes(item.stand)) ?? [];
  if (open.length === 0)
    return (
      <p className="muted">
        No release is open. A release gathers runs, approvals and documents under a policy: assay release
        open.
      </p>
    );
  return (
    <ul className="lines">
      {open.map(item => (
        <li key={item.number}>
          <Link to={`/releases/${item.number}`} className="cut grow">
            <span className="faint tab">{item.number}</span> <Text>{item.title}</Text>
          </Link>
          <span className="muted small">{item.stand.replaceAll('_', ' ')}</span>
        </li>
      ))}
    </ul>
  );
}

function Running({ runs }: { runs: Overview['running'] }) {
  if (runs.length === 0) return <p className="muted">No run is going on.</p>;
  return (
    <ul className="lines">
      {runs.map(run => {
        const { ok, errors, refused, cancelled } = run.totals;
        const done = ok + errors + refused + cancelled;
        return (
          <li key={run.id}>
            <Link to={`/runs/${run.id}`} className="cut grow">
              <Text>{run.suite}</Text> <span className="mono">{run.short}</span>
            </Link>
            <progress
              max={run.planned}
              value={done}
              aria-label={`${count(done)} of ${count(run.planned)} trials`}
            />
            <span className="tab small">{percent(done / run.planned)}</span>
            <RunState run={run} />
          </li>
        );
      })}
    </ul>
  );
}

function Suite({ card }: { card: SuiteCard }) {
  const { run } = card;
  const took = run.ended_us ? run.ended_us - run.started_us : null;
  const known = card.moved.filter(row => row.difference || row.why);
  const moved = known.filter(row => !row.difference || leaning(row.difference) !== 'same');
  const still = known.length - moved.length;
  return (
    <Panel
      title={<Link to={`/runs/${run.id}`}>{card.suite}</Link>}
      note={
        <>
          run <span className="mono">{run.short}</span> · <When us={run.started_us} /> · {count(run.planned)}{' '}
          trials
          {took !== null && ` in ${duration(took)}`} · {money(run.totals.target_cost + run.totals.judge_cost)}{' '}
          · missing:{' '}
          <Missing
            errors={run.totals.errors}
            unscored={run.totals.unscored}
            scorerErrors={run.totals.score_errors}
            refused={run.totals.refused}
          />
        </>
      }
      actions={
        <>
          <Verdict kind={card.gate} />
          <Link className="button small" to={`/runs?suite=${encodeURIComponent(card.suite)}`}>
            All its runs
          </Link>
        </>
      }
      flush
    >
      <div className="suite-card">
        <Level value={card.confidence}>
          <Forest
            rows={card.rows}
            to={row =>
              `/runs/${run.id}/cases?${new URLSearchParams({ target: row.target, scorer: row.scorer })}`
            }
          />
          <div className="stack side">
            <section>
              <h3>What moved</h3>
              {known.length === 0 ? (
                <p className="faint small">
                  Nothing earlier to compare with: the next run of this suite will be.
                </p>
              ) : (
                <ul className="lines">
                  {moved.map(row => (
                    <li key={`${row.target} ${row.scorer}`}>
                      <span className="cut grow">
                        <Text>{row.scorer}</Text> <span className="faint">{row.target}</span>
                      </span>
                      {row.difference ? (
                        <DifferenceText difference={row.difference} />
                      ) : (
                        <span className="unsure small">{row.why}</span>
                      )}
                    </li>
                  ))}
                </ul>
              )}
              {still > 0 && (
                <p className="muted small">
                  ≈ no difference shown in {count(still)} {moved.length > 0 ? 'others' : 'scores'}
                </p>
              )}
              {card.previous && (
                <Link className="small" to={`/compare?candidate=${run.id}&baseline=${card.previous}`}>
                  Compare with the run before
                </Link>
              )}
            </section>
          </div>
          {card.reading > 0 && (
            <p className="faint small" role="status">
              The scores of {count(card.reading)} earlier {card.reading === 1 ? 'run' : 'runs'} are still
              being read: the trend is of the others.
            </p>
          )}
          {card.trend.length > 1 && <Trend points={card.trend} rows={card.rows} />}
        </Level>
      </div>
    </Panel>
  );
}
