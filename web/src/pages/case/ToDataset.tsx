import { useState } from 'react';
import { Link } from 'react-router';
import { api } from '../../api/client';
import type { DatasetItem, Taken } from '../../api/datasets';
import { useGet } from '../../api/queries';
import type { Page as List } from '../../api/types';
import { DialogForm, Field } from '../../ui/Form';
import { Dialog } from '../../ui/Overlay';
import { Await } from '../../ui/States';
import { Text } from '../../ui/Text';

/** Keeps a run's case for a stored dataset: it waits there until somebody takes it over. */
export function ToDataset({ run, id, close }: { run: string; id: string; close: () => void }) {
  const list = useGet<List<DatasetItem>>('/datasets', { limit: 200 });
  const [chosen, setChosen] = useState('');
  const [note, setNote] = useState('');
  const [taken, setTaken] = useState<Taken | null>(null);
  const names = list.data?.items.filter(item => item.unreadable === null).map(item => item.name) ?? [];
  const dataset = chosen || (names[0] ?? '');
  if (taken)
    return (
      <Dialog open close={close} title="The case waits">
        <p role="status">
          {taken.known ? 'It waited already' : 'It waits'} in{' '}
          <Link to={`/datasets/${encodeURIComponent(taken.dataset)}/quarantine`}>
            the quarantine of <Text>{taken.dataset}</Text>
          </Link>{' '}
          as <span className="mono">{<Text>{taken.case}</Text>}</span>. No suite uses it until somebody
          accepts it there.
        </p>
      </Dialog>
    );
  if (!list.data || names.length === 0)
    return (
      <Dialog open close={close} title="Add to a dataset">
        <Await query={list}>
          {() => (
            <>
              <p className="muted">
                There is no stored dataset yet: <Link to="/datasets?import=true">import one</Link>.
              </p>
            </>
          )}
        </Await>
      </Dialog>
    );
  return (
    <DialogForm<Taken>
      open
      close={close}
      title="Add to a dataset"
      text="The case as the run asked it, with where it came from, waits in the dataset's quarantine until somebody accepts it."
      verb="Add"
      act={() =>
        api.post(`/runs/${run}/cases/${encodeURIComponent(id)}/to-dataset`, {
          dataset,
          note: note.trim() || null,
        })
      }
      done={setTaken}
    >
      <Field label="Dataset">
        {ids => (
          <select {...ids} value={dataset} onChange={event => setChosen(event.target.value)}>
            {names.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Why it is worth keeping (optional)">
        {ids => <textarea {...ids} rows={3} value={note} onChange={event => setNote(event.target.value)} />}
      </Field>
    </DialogForm>
  );
}
