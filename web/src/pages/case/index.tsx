import { useLocation, useNavigate, useParams } from 'react-router';
import { useState } from 'react';
import { useGet } from '../../api/queries';
import type { CaseDetail } from '../../api/types';
import { useFilters } from '../../app/filters';
import { useKeys } from '../../app/keys';
import { Opening } from '../../ui/Opening';
import { Page, Panel } from '../../ui/Page';
import { Await } from '../../ui/States';
import { Answer } from './Answer';
import { Earlier } from './Earlier';
import { Value } from './Value';

export function Component() {
  const { run = '', case: id = '' } = useParams();
  const [get, set] = useFilters();
  const against = get('diff') === 'expected';
  const navigate = useNavigate();
  const found = useGet<CaseDetail>(`/runs/${run}/cases/${encodeURIComponent(id)}`);
  const { previous, next } = found.data?.neighbours ?? { previous: null, next: null };
  // Going from case to case takes one step of the browser's history: back leads to the list that one came from.
  const go = (to: string | null) =>
    to &&
    void navigate(`/runs/${run}/cases/${encodeURIComponent(to)}${against ? '?diff=expected' : ''}`, {
      replace: true,
    });
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
  return (
    <Page
      title={`Case ${id}`}
      crumbs={[
        { to: '/runs', text: 'Runs' },
        { to: `/runs/${run}/cases`, text: 'Cases' },
      ]}
      actions={
        <>
          {typeof found.data?.case.expected === 'string' && (
            <label className="row tight small">
              <input
                type="checkbox"
                checked={against}
                onChange={event => set({ diff: event.target.checked ? 'expected' : null })}
              />
              mark what differs from the expected
            </label>
          )}
          <button
            type="button"
            className="button"
            disabled={!previous}
            onClick={() => go(previous)}
            aria-label="Previous case"
          >
            ← <kbd>k</kbd>
          </button>
          <button
            type="button"
            className="button"
            disabled={!next}
            onClick={() => go(next)}
            aria-label="Next case"
          >
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
                <Value of={data.case.inputs} />
              </Panel>
              <Panel title="Expected">
                <Value of={data.case.expected} empty="nothing in particular" />
              </Panel>
            </div>
            {data.case.contexts ? (
              <Panel title="Contexts" note="what a good answer rests on">
                <ol className="points">
                  {data.case.contexts.map((passage, index) => (
                    <li key={index}>
                      <Value of={passage} />
                    </li>
                  ))}
                </ol>
              </Panel>
            ) : null}
            <div className={against ? 'stack' : 'grid-2'}>
              {data.trials.map((trial, index) => (
                <Answer
                  key={index}
                  trial={trial}
                  scores={data.scores.filter(s => s.target === trial.target && s.epoch === trial.epoch)}
                  expected={data.case.expected}
                  against={against}
                />
              ))}
            </div>
            <Earlier of={data.history} run={String(data.trials[0]?.run_id ?? run)} id={id} />
          </>
        )}
      </Await>
      <Opening run={run} case={id} refused={found.error} />
    </Page>
  );
}
