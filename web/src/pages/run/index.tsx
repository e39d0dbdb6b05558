import { Link, useParams } from 'react-router';
import { useGet } from '../../api/queries';
import type { RunDetail, RunRecord } from '../../api/types';
import { useMay } from '../../app/session';
import { count, duration, money } from '../../format/number';
import { Badge, Missing, RunState } from '../../ui/Badge';
import { levelOf } from '../../ui/level';
import { Menu } from '../../ui/Overlay';
import { Page, Tabs } from '../../ui/Page';
import { Await, ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';
import { Cases } from './Cases';
import { Costs } from './Costs';
import { Evidence } from './Evidence';
import { Facts } from './Facts';
import { Live } from './Live';
import { Scores } from './Scores';
import { Use } from './Use';

const TABS = [
  { key: '', text: 'Scores' },
  { key: 'cases', text: 'Cases' },
  { key: 'costs', text: 'Cost & latency' },
  { key: 'facts', text: 'Reproduce' },
];

export function Component() {
  const { run = '', tab = '' } = useParams();
  const detail = useGet<RunDetail>(`/runs/${run}`, undefined, {
    // A run that nobody executes may be taken up again; what one that is executed does is told by its events.
    refetchInterval: query => {
      const of = query.state.data?.item;
      return of && of.status !== 'sealed' ? 5_000 : false;
    },
  });
  const item = detail.data?.item;
  const engineer = useMay('engineer');
  const evidence = useMay('engineer', 'approver', 'auditor', 'admin');
  if (!item)
    return (
      <Page title="Run" crumbs={[{ to: '/runs', text: 'Runs' }]}>
        {detail.error ? <ProblemView error={detail.error} /> : <Await query={detail}>{() => null}</Await>}
      </Page>
    );
  const exports = ['trials', 'scores'].flatMap(table =>
    ['jsonl', 'csv', 'parquet'].map(format => ({
      text: `${table} as ${format}`,
      href: `/api/v1/runs/${item.id}/export?table=${table}&format=${format}`,
    })),
  );
  const { totals } = item;
  return (
    <Page
      title={`${item.suite} ${item.short}`}
      crumbs={[
        { to: '/runs', text: 'Runs' },
        { to: `/runs?suite=${encodeURIComponent(item.suite)}`, text: item.suite },
      ]}
      head={
        <span className="row">
          <Text>{item.suite}</Text> <span className="mono muted">{item.short}</span> <RunState run={item} />
          {item.tier && <Badge>{item.tier}</Badge>}
          {detail.data?.baselines.map(name => (
            <Badge key={name} tone="accent" title="A baseline of its suite">
              @{name}
            </Badge>
          ))}
        </span>
      }
      sub={
        <>
          <When us={item.started_us} full />
          {item.ended_us && ` · ${duration(item.ended_us - item.started_us)}`} ·{' '}
          {item.executing ? (
            `${count(item.planned)} trials planned`
          ) : (
            <>
              {count(totals.ok)} of {count(item.planned)} trials ok · missing:{' '}
              <Missing
                errors={totals.errors}
                unscored={totals.unscored}
                scorerErrors={totals.score_errors}
                refused={totals.refused}
                notRun={totals.cancelled}
              />{' '}
              · {money(totals.target_cost + totals.judge_cost)}
            </>
          )}
        </>
      }
      actions={
        <>
          <Link className="button" to={`/compare?candidate=${item.id}`}>
            Compare
          </Link>
          {engineer && item.status === 'sealed' && <Use run={item} />}
          {evidence && item.status === 'sealed' && <Evidence run={item} />}
          <Menu
            trigger={
              <button type="button" className="button">
                Export ▾
              </button>
            }
            items={exports}
          />
        </>
      }
    >
      {item.status !== 'sealed' && <Live run={item} />}
      {detail.data && <Part record={detail.data.record} />}
      <Tabs
        label="Parts of the run"
        current={tab}
        tabs={TABS.map(t => ({ ...t, to: `/runs/${run}${t.key && `/${t.key}`}` }))}
      />
      {tab === '' && <Scores run={item} />}
      {tab === 'cases' && <Cases run={item} />}
      {tab === 'costs' && <Costs run={item} />}
      {tab === 'facts' && detail.data && <Facts detail={detail.data} />}
    </Page>
  );
}

/** What a reader must know before reading a number: that the run is one of a part, or that a look has ended it. */
function Part({ record }: { record: RunRecord }) {
  const look = record.looks?.at(-1);
  const narrowed = record.narrowed ?? [];
  if (!look && narrowed.length === 0) return null;
  return (
    <div className="notice">
      {look && (
        <p>
          {look.decided && look.cases < look.of
            ? `Ended at look ${count(record.looks?.length ?? 0)}: ${count(look.cases)} of ${count(look.of)} cases decided the gate.`
            : `${count(record.looks?.length ?? 0)} looks were taken.`}{' '}
          Intervals of {levelOf(look.confidence)} allow for the looks.
        </p>
      )}
      {narrowed.length > 0 && (
        <p>
          A part of the suite: <Text>{narrowed.join(', ')}</Text>
        </p>
      )}
    </div>
  );
}
