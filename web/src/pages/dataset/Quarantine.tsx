import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { api } from '../../api/client';
import { asked, path, type Accepted, type Case, type Quarantine as Waiting } from '../../api/datasets';
import { usePages } from '../../api/queries';
import { useMay } from '../../app/session';
import { count } from '../../format/number';
import { readable } from '../../format/text';
import { DialogForm, Field } from '../../ui/Form';
import { Dialog } from '../../ui/Overlay';
import { Panel } from '../../ui/Page';
import { Empty, Loading, ProblemView } from '../../ui/States';
import { More } from '../../ui/Table';
import { Text } from '../../ui/Text';
import { Whole } from './Cases';

/** Cases that wait: no suite uses them until somebody has looked at them and takes them over. */
export function Quarantine({ name }: { name: string }) {
  const client = useQueryClient();
  const list = usePages<Case, Waiting>(`${path(name)}/quarantine`, { limit: 100 });
  const may = useMay('engineer');
  const [chosen, setChosen] = useState<string[]>([]);
  const [accepting, setAccepting] = useState<'these' | 'all' | null>(null);
  const [open, setOpen] = useState<Case | null>(null);
  const [note, setNote] = useState('');
  const [told, setTold] = useState('');
  const waiting = list.first?.waiting ?? 0;
  const all = list.items.length > 0 && chosen.length === list.items.length;
  return (
    <>
      {told && (
        <p className="notice" role="status">
          ✓ {told}
        </p>
      )}
      {list.error && <ProblemView error={list.error} />}
      {list.loading && <Loading />}
      {!list.loading && !list.error && (
        <Panel
          title="Cases that wait"
          note={`${count(waiting)}; no suite uses them`}
          actions={
            may &&
            waiting > 0 && (
              <>
                <button
                  type="button"
                  className="button small primary"
                  disabled={chosen.length === 0}
                  onClick={() => setAccepting('these')}
                >
                  Accept {chosen.length > 0 ? count(chosen.length) : ''}…
                </button>
                <button type="button" className="button small" onClick={() => setAccepting('all')}>
                  Accept all {count(waiting)}…
                </button>
              </>
            )
          }
          flush
        >
          {list.items.length === 0 ? (
            <Empty title="No case waits" command={`assay dataset synth ${name} --rules typo-swap`}>
              Variants that are made by rules or a model wait here, and cases of runs that somebody finds
              worth keeping.
            </Empty>
          ) : (
            <>
              <table className="table" aria-label="Cases that wait">
                <thead>
                  <tr>
                    {may && (
                      <th scope="col">
                        <input
                          type="checkbox"
                          aria-label="All that are shown"
                          checked={all}
                          onChange={() => setChosen(all ? [] : list.items.map(of => of.id))}
                        />
                      </th>
                    )}
                    <th scope="col">case</th>
                    <th scope="col">asks</th>
                    <th scope="col">expected</th>
                    <th scope="col">metadata</th>
                  </tr>
                </thead>
                <tbody>
                  {list.items.map(of => (
                    <tr key={of.id}>
                      {may && (
                        <td>
                          <input
                            type="checkbox"
                            aria-label={`Choose ${of.id}`}
                            checked={chosen.includes(of.id)}
                            onChange={event =>
                              setChosen(
                                event.target.checked ? [...chosen, of.id] : chosen.filter(id => id !== of.id),
                              )
                            }
                          />
                        </td>
                      )}
                      <th scope="row">
                        <button type="button" className="link" onClick={() => setOpen(of)}>
                          <Text>{of.id}</Text>
                        </button>
                      </th>
                      <td>
                        <div className="two-lines">
                          <Text>{asked(of).slice(0, 400)}</Text>
                        </div>
                      </td>
                      <td>
                        <div className="two-lines muted">
                          <Text>{readable(of.expected).slice(0, 400)}</Text>
                        </div>
                      </td>
                      <td>
                        <div className="two-lines muted">
                          <Origin of={of} />
                          <Text>
                            {Object.entries(of.metadata ?? {})
                              .filter(([key]) => key !== 'taken_from')
                              .map(([key, value]) => `${key}=${readable(value)}`)
                              .join(' ')
                              .slice(0, 400)}
                          </Text>
                        </div>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {list.more && <More more={list.more} />}
            </>
          )}
        </Panel>
      )}
      {accepting && (
        <DialogForm<Accepted>
          open
          close={() => setAccepting(null)}
          title={
            accepting === 'all'
              ? `Accept all ${count(waiting)} cases`
              : `Accept ${count(chosen.length)} cases`
          }
          text="A new version of the dataset holds them. It stays on record where they came from."
          verb="Accept"
          act={() =>
            api.post(`${path(name)}/quarantine/accept`, {
              ...(accepting === 'all' ? { all: true } : { ids: chosen }),
              note: note.trim() || null,
            })
          }
          done={made => {
            setTold(
              made.version === null
                ? 'The newest version held them already.'
                : `@${made.version} has ${count(made.accepted)} new ${made.accepted === 1 ? 'case' : 'cases'}, ${count(made.cases ?? 0)} in all.`,
            );
            setAccepting(null);
            setChosen([]);
            void client.invalidateQueries();
          }}
        >
          <Field label="Note (optional)" hint="Recorded with the new version.">
            {ids => <input {...ids} value={note} onChange={event => setNote(event.target.value)} />}
          </Field>
        </DialogForm>
      )}
      <Dialog open={open !== null} close={() => setOpen(null)} title={`Case ${open?.id ?? ''}`} wide>
        {open && <Whole of={open} />}
      </Dialog>
    </>
  );
}

/** The run that a case was taken from, with who took it and why; nothing of cases that rules made. */
function Origin({ of }: { of: Case }) {
  const origin = of.metadata?.taken_from as
    { run?: unknown; case?: unknown; by?: unknown; note?: unknown } | undefined;
  if (typeof origin?.run !== 'string' || typeof origin.case !== 'string') return null;
  return (
    <>
      <Link to={`/runs/${origin.run}/cases/${encodeURIComponent(origin.case)}`}>
        from run <span className="mono">{origin.run.slice(-8)}</span>
      </Link>
      {typeof origin.by === 'string' && (
        <>
          {' '}
          by <Text>{origin.by}</Text>
        </>
      )}
      {typeof origin.note === 'string' && (
        <>
          : <Text>{origin.note}</Text>
        </>
      )}{' '}
    </>
  );
}
