import { Link, useParams } from 'react-router';
import { path, type JudgeView } from '../../api/judges';
import { useGet } from '../../api/queries';
import { useFilters } from '../../app/filters';
import { useMay } from '../../app/session';
import { count, score } from '../../format/number';
import { stamp } from '../../format/time';
import { levelOf, USUAL } from '../../ui/level';
import { Page, Panel } from '../../ui/Page';
import { Await, Command } from '../../ui/States';
import { Notes, Text } from '../../ui/Text';
import { Calibrate } from './calibrate';
import { Certified } from './Certified';
import { Checks } from './Checks';
import { FigureTable } from './figures';
import { GradeBadge } from './grade';
import { Drift, Expires } from './index';
import { Probes } from './Probes';
import '../../styles/review.css';

/** A judge: its certificate, what moves it, whether it is still what was calibrated, the labels it lacks. */
export function Component() {
  const { judge = '' } = useParams();
  const at = path(judge);
  const may = useMay('engineer');
  const [get, set] = useFilters();
  const found = useGet<JudgeView>(at);
  return (
    <Page
      title={found.data?.item.judge ?? 'Judge'}
      head={<Text>{found.data?.item.judge ?? 'Judge'}</Text>}
      crumbs={[{ to: '/judges', text: 'Judges' }]}
      sub={
        found.data && (
          <span className="row tight">
            <GradeBadge grade={found.data.item.grade} /> {found.data.item.allows}
          </span>
        )
      }
      actions={
        may &&
        found.data && (
          <button type="button" className="button primary" onClick={() => set({ calibrate: 'true' }, true)}>
            Calibrate…
          </button>
        )
      }
    >
      <Await query={found} what="The certificate">
        {data => (
          <>
            {may && get('calibrate') === 'true' && (
              <Calibrate judge={data} close={() => set({ calibrate: null })} />
            )}
            <div className="grid-2">
              <Facts data={data} />
              <Needed data={data} />
            </div>
            {data.certificate && <Certified certificate={data.certificate} />}
            <Checks
              checks={data.checks}
              frozen={data.frozen}
              drifted={data.item.drifted}
              judge={data.item.judge}
              confidence={data.certificate?.confidence ?? USUAL}
            />
            <Probes path={at} judge={data.item.judge} confidence={data.certificate?.confidence ?? USUAL} />
            {data.certificate && data.certificate.slices.length > 0 && (
              <FigureTable
                title="Judge − people by slice"
                note="p-values adjusted together (Holm)"
                figures={data.certificate.slices}
                confidence={data.certificate.confidence}
                difference
              />
            )}
          </>
        )}
      </Await>
    </Page>
  );
}

function Facts({ data }: { data: JudgeView }) {
  const { item, certificate, others } = data;
  return (
    <Panel title="Certificate" actions={<Drift item={item} />}>
      <dl className="facts">
        <dt>fingerprint</dt>
        <dd className="mono">{item.id.slice(0, 16)}</dd>
        <dt>asks</dt>
        <dd>
          <Text>{item.models.join(', ') || 'not said by the run'}</Text>
        </dd>
        <dt>newest run</dt>
        <dd>
          {item.run ? (
            <Link to={`/runs/${item.run}`}>
              <Text>{item.suite ?? item.run}</Text>
            </Link>
          ) : (
            'no run has it any more'
          )}
        </dd>
        {certificate && (
          <>
            <dt>question</dt>
            <dd>
              <Text>{certificate.criterion}</Text>
            </dd>
            <dt>made</dt>
            <dd>{stamp(certificate.made_us)}</dd>
            <dt>expires</dt>
            <dd>
              <Expires us={certificate.expires_us} />, when its oldest label has reached its term
            </dd>
            <dt>labels</dt>
            <dd>
              {count(certificate.labels)} drawn by chance
              {certificate.by_hand > 0 && `, ${count(certificate.by_hand)} by hand`}
              {certificate.split > 0 && `, ${count(certificate.split)} on which people are split`}
            </dd>
            <dt>judged</dt>
            <dd>
              {count(certificate.judged)} items
              {certificate.unreadable > 0 && (
                <span className="unsure"> · △ {count(certificate.unreadable)} unreadable</span>
              )}
              {certificate.abstained > 0 && ` · ${count(certificate.abstained)} left to people`}
            </dd>
            <dt>made for</dt>
            <dd>
              {levelOf(certificate.confidence)} confidence, a margin of {score(certificate.margin)}
            </dd>
          </>
        )}
        {others.length > 0 && (
          <>
            <dt>others of this name</dt>
            <dd>
              <ul className="plain">
                {others.map(other => (
                  <li key={other.id}>
                    <Link to={`/judges/${other.id}`} className="mono">
                      {other.id.slice(0, 12)}
                    </Link>{' '}
                    <GradeBadge grade={other.grade} />
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )}
      </dl>
      <Notes of={certificate?.notes ?? []} kind="unsure small" />
    </Panel>
  );
}

function Needed({ data }: { data: JudgeView }) {
  const { needed, item, certificate } = data;
  const dropped = item.standing?.dropped ?? [];
  return (
    <Panel title={item.grade === 'A' ? 'Labels' : 'What the next grade needs'}>
      <div className="stack">
        <Notes of={dropped} kind="bad" />
        <Notes of={needed.missing} />
        <p>
          <span className="strong tab">{count(needed.stored)}</span> labels are stored for its question;{' '}
          <span className="strong tab">{count(needed.more)}</span> more are worth drawing next. People label
          on the page: make a project of a run with this judge (“Use it”, “For people to rate…”), then
          calibrate by what they said. Or have items drawn into a file, fill it in and calibrate by it:
        </p>
        <div>
          <Command>{needed.command}</Command>
        </div>
        {!certificate && (
          <p className="muted">
            Until it is calibrated its scores are advisory, and no gate is decided by them.
          </p>
        )}
      </div>
    </Panel>
  );
}
