import { Link, useLocation, useNavigate, useParams } from 'react-router';
import { useState } from 'react';
import { Problem } from '../../api/client';
import { useGet } from '../../api/queries';
import type { CaseDetail, LakeRow } from '../../api/types';
import { useFilters } from '../../app/filters';
import { useKeys } from '../../app/keys';
import { score } from '../../format/number';
import { readable } from '../../format/text';
import { stamp } from '../../format/time';
import { Page, Panel } from '../../ui/Page';
import { Await } from '../../ui/States';
import { TextBlock } from '../../ui/Text';

const text = (row: LakeRow, key: string) => readable(row[key]);

export function Component() {
  const { run = '', case: id = '' } = useParams();
  const [get, set] = useFilters();
  const [why, setWhy] = useState('');
  const navigate = useNavigate();
  const found = useGet<CaseDetail>(`/runs/${run}/cases/${encodeURIComponent(id)}`, { reason: get('reason') });
  const { previous, next } = found.data?.neighbours ?? { previous: null, next: null };
  // Going from case to case takes one step of the browser's history: back leads to the list that one came from.
  const go = (to: string | null) =>
    to && void navigate(`/runs/${run}/cases/${encodeURIComponent(to)}`, { replace: true });
  const { key } = useLocation();
  const [came] = useState(key !== 'default');
  useKeys({
    j: { does: 'next case', run: () => go(next) },
    k: { does: 'previous case', run: () => go(previous) },
    u: {
      does: 'back to the list of cases',
      run: () => void (came ? navigate(-1) : navigate(`/runs/${run}/cases`)),
    },
  });
  const sealed = found.error instanceof Problem && found.error.status === 403;
  return (
    <Page
      title={`Case ${id}`}
      crumbs={[
        { to: '/runs', text: 'Runs' },
        { to: `/runs/${run}/cases`, text: 'Cases' },
      ]}
      actions={
        <>
          <button type="button" className="button" disabled={!previous} onClick={() => go(previous)}>
            ← <kbd>k</kbd>
          </button>
          <button type="button" className="button" disabled={!next} onClick={() => go(next)}>
            → <kbd>j</kbd>
          </button>
        </>
      }
    >
      <Await query={found}>
        {data => (
          <>
            <div className="grid-2">
              <Panel title="Input">
                <TextBlock>{readable(data.case.inputs)}</TextBlock>
              </Panel>
              <Panel title="Expected">
                <TextBlock>{readable(data.case.expected)}</TextBlock>
              </Panel>
            </div>
            {data.case.contexts ? (
              <Panel title="Contexts">
                <TextBlock>{readable(data.case.contexts)}</TextBlock>
              </Panel>
            ) : null}
            <div className="grid-2">
              {data.trials.map((trial, index) => (
                <Panel
                  key={index}
                  title={text(trial, 'target')}
                  note={`epoch ${Number(trial.epoch ?? 0) + 1} · ${text(trial, 'status')}`}
                >
                  <TextBlock>{text(trial, 'error_message') || text(trial, 'output')}</TextBlock>
                  <dl className="facts">
                    {data.scores
                      .filter(s => s.target === trial.target && s.epoch === trial.epoch)
                      .map((s, i) => (
                        <div key={i} style={{ display: 'contents' }}>
                          <dt>{text(s, 'scorer')}</dt>
                          <dd>
                            <span className="strong">
                              {typeof s.value === 'number' ? score(s.value) : text(s, 'status')}
                            </span>{' '}
                            <TextBlock empty="">{text(s, 'rationale') || text(s, 'reason')}</TextBlock>
                          </dd>
                        </div>
                      ))}
                  </dl>
                </Panel>
              ))}
            </div>
            {data.history.length > 0 && (
              <Panel title="In other runs">
                <ul className="lines">
                  {data.history.map((h, index) => (
                    <li key={index}>
                      <Link className="mono" to={`/runs/${h.run}/cases/${encodeURIComponent(id)}`}>
                        {h.run.slice(-8)}
                      </Link>
                      <span className="muted">{stamp(h.started_us)}</span>
                      <span className="grow cut muted">
                        {h.target} {h.scorer}
                      </span>
                      <span className="tab">{score(h.value)}</span>
                    </li>
                  ))}
                </ul>
              </Panel>
            )}
          </>
        )}
      </Await>
      {sealed && (
        <form
          className="filters"
          onSubmit={event => {
            event.preventDefault();
            set({ reason: why });
          }}
        >
          <input
            required
            aria-label="Reason"
            placeholder="Why you look at a sealed case"
            value={why}
            onChange={event => setWhy(event.target.value)}
          />
          <button className="button">Look, on record</button>
        </form>
      )}
    </Page>
  );
}
