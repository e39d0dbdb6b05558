import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { RunItem } from '../../api/types';
import { DialogForm, Field } from '../../ui/Form';
import { Text } from '../../ui/Text';

/** Names the run as a baseline of its suite: later runs are compared with it. */
export function Baseline({ run, close }: { run: RunItem; close: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('main');
  const [target, setTarget] = useState('');
  return (
    <DialogForm
      open
      close={close}
      title="Make it a baseline"
      text={
        <>
          Later runs of <Text>{run.suite}</Text> are compared with it, case by case. The baseline main is
          taken when none is named. A run that had the name loses it.
        </>
      }
      verb="Make it the baseline"
      act={() =>
        api.put(`/baselines/${encodeURIComponent(run.suite)}/${encodeURIComponent(name.trim())}`, {
          run: run.id,
          target: target || null,
        })
      }
      done={() => {
        void client.invalidateQueries();
        close();
      }}
    >
      <Field label="Name">
        {ids => <input {...ids} required value={name} onChange={event => setName(event.target.value)} />}
      </Field>
      {run.targets.length > 1 && (
        <Field label="Target" hint="Of the same name otherwise: each is compared with itself.">
          {ids => (
            <select {...ids} value={target} onChange={event => setTarget(event.target.value)}>
              <option value="">each its own</option>
              {run.targets.map(of => (
                <option key={of}>{of}</option>
              ))}
            </select>
          )}
        </Field>
      )}
    </DialogForm>
  );
}
