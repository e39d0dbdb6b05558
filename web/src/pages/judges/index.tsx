import { Link } from 'react-router';
import { useGet } from '../../api/queries';
import type { JudgeItem } from '../../api/judges';
import { useFilters } from '../../app/filters';
import { count } from '../../format/number';
import { daysUntil } from '../../format/time';
import { Badge } from '../../ui/Badge';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { Table } from '../../ui/Table';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';
import { GradeBadge } from './grade';
import '../../styles/review.css';

/** Every judge that a run has or that has a certificate, and what each may be used for. */
export function Component() {
  const judges = useGet<JudgeItem[]>('/judges');
  const [get, set] = useFilters();
  const all = get('all') === 'true';
  return (
    <Page title="Judges" sub="What each judge may be used for, and what that rests on.">
      <Await query={judges} what="The judges">
        {data => {
          const shown = all ? data : data.filter(item => item.current || item.run === null);
          const earlier = data.length - data.filter(item => item.current || item.run === null).length;
          return (
            <>
              {earlier > 0 && (
                <div className="filters">
                  <label>
                    <input
                      type="checkbox"
                      checked={all}
                      onChange={event => set({ all: event.target.checked ? 'true' : null })}
                    />
                    {count(earlier)} with an earlier model, prompt, scale or parser too
                  </label>
                </div>
              )}
              <Panel flush>
                <Table
                  label="Judges"
                  rows={shown}
                  rowKey={item => item.id}
                  to={item => `/judges/${item.id}`}
                  empty={
                    <Empty title="No run has a judge yet" command="assay run suite.yaml">
                      A judge is a scorer of a suite that asks a model, such as{' '}
                      <code>judge: {'{ rubric: helpful.judge.yaml }'}</code>. Until people have looked at a
                      part of what it judged its scores are advisory.
                    </Empty>
                  }
                  columns={[
                    {
                      key: 'judge',
                      head: 'judge',
                      rowHead: true,
                      cell: item => (
                        <Link to={`/judges/${item.id}`}>
                          <Text>{item.judge}</Text>
                        </Link>
                      ),
                    },
                    {
                      key: 'grade',
                      head: 'grade',
                      cell: item => (
                        <span className="grade">
                          <GradeBadge grade={item.grade} />
                          <span className="small muted">{item.allows}</span>
                        </span>
                      ),
                    },
                    { key: 'drift', head: 'frozen verdicts', cell: item => <Drift item={item} /> },
                    {
                      key: 'labels',
                      head: 'labels',
                      num: true,
                      cell: item => (
                        <>
                          {count(item.labels)}
                          {item.by_hand > 0 && (
                            <span className="small faint"> + {count(item.by_hand)} by hand</span>
                          )}
                        </>
                      ),
                    },
                    {
                      key: 'criterion',
                      head: 'criterion',
                      cell: item => <Text>{item.criterion ?? ''}</Text>,
                    },
                    { key: 'calibrated', head: 'calibrated', cell: item => <When us={item.calibrated_us} /> },
                    { key: 'expires', head: 'expires', cell: item => <Expires us={item.expires_us} /> },
                    { key: 'models', head: 'asks', cell: item => <Text>{item.models.join(', ')}</Text> },
                    {
                      key: 'suite',
                      head: 'newest in',
                      cell: item => <Text>{item.suite ?? 'no run any more'}</Text>,
                    },
                  ]}
                />
              </Panel>
            </>
          );
        }}
      </Await>
    </Page>
  );
}

export function Drift({ item }: { item: JudgeItem }) {
  if (!item.standing) return <span className="faint">not calibrated</span>;
  if (item.drifted)
    return (
      <Badge tone="bad" title="The frozen verdicts say that it is not what was calibrated">
        <span aria-hidden>✗ </span>drifted
      </Badge>
    );
  if (item.checks === 0) return <span className="faint">not checked yet</span>;
  return (
    <span className="nowrap">
      <Badge tone="good">
        <span aria-hidden>✓ </span>as calibrated
      </Badge>{' '}
      <span className="small faint">
        <When us={item.checked_us} />
      </span>
    </span>
  );
}

export function Expires({ us }: { us: number | null }) {
  if (us === null) return <span className="faint">–</span>;
  const days = daysUntil(us);
  return (
    <span className={days < 0 ? 'bad nowrap' : days < 14 ? 'unsure nowrap' : 'nowrap'}>
      {days < 0 ? `${count(-days)} d ago` : `in ${count(days)} d`}
    </span>
  );
}
