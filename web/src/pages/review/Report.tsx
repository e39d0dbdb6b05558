import { Link } from 'react-router';
import { useGet } from '../../api/queries';
import type { ReviewReport } from '../../api/review';
import { count, money, score } from '../../format/number';
import { Panel } from '../../ui/Page';
import { Await } from '../../ui/States';
import { Notes } from '../../ui/Text';
import { Agreement, Criterion } from './Agreement';
import { Raters } from './Raters';
import { ToJudge } from './ToJudge';

/** What the lead of a project sees: agreement, raters, pace and cost. */
export function Report(props: { path: string; name: string; confidence: number }) {
  const { path, name, confidence } = props;
  const report = useGet<ReviewReport>(`${path}/report`, { confidence }, { refetchInterval: 30_000 });
  return (
    <Await query={report} what="Computing agreement">
      {data => (
        <>
          <Panel title="How far it is">
            <dl className="figures">
              <Fact
                name="items complete"
                value={`${count(data.progress.complete)} of ${count(data.progress.items)}`}
              />
              <Fact
                name="ratings that count"
                value={`${count(data.progress.accepted)} of ${count(data.progress.wanted)}`}
              />
              <Fact
                name="to settle"
                value={
                  data.discuss.length > 0 ? (
                    <Link to={`/review/${encodeURIComponent(name)}/disputes`}>
                      {count(data.discuss.length)}
                    </Link>
                  ) : (
                    '0'
                  )
                }
              />
              <Fact name="settled" value={count(data.settled)} />
              <Fact name="gold items" value={count(data.progress.gold)} />
              <Fact name="on screens now" value={count(data.progress.leased)} />
              <Fact
                name="items an hour"
                value={data.work.per_hour === null ? '–' : score(data.work.per_hour)}
              />
              <Fact
                name="seconds on an item"
                value={data.work.median_seconds === null ? '–' : data.work.median_seconds.toFixed(1)}
              />
              <Fact name="spent" value={money(data.work.spent)} />
              <Fact name="a rating that counts costs" value={money(data.work.cost_per_accepted)} />
              <Fact name="the rest would cost" value={money(data.work.left)} />
            </dl>
            <Notes of={data.notes} kind="unsure small" />
          </Panel>
          <Agreement criteria={data.criteria} name={name} confidence={confidence} />
          <Raters path={path} raters={data.raters} criteria={data.criteria} />
          {data.criteria.map(criterion => (
            <Criterion key={criterion.name} criterion={criterion} confidence={confidence} />
          ))}
          {data.progress.complete > 0 && <ToJudge name={name} />}
        </>
      )}
    </Await>
  );
}

const Fact = ({ name, value }: { name: string; value: React.ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);
