import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Chart, Drawing } from '../../api/charts';
import { api } from '../../api/client';
import { useMay } from '../../app/session';
import { DialogForm, Field } from '../../ui/Form';

/** Saves what Explore shows under a name. */
export function Save({ drawing }: { drawing: Drawing }) {
  const client = useQueryClient();
  const may = useMay('engineer');
  const [open, setOpen] = useState(false);
  const [name, setName] = useState('');
  const [saved, setSaved] = useState<Drawing | null>(null);
  if (!may) return null;
  return (
    <>
      {saved === drawing || (saved && JSON.stringify(saved) === JSON.stringify(drawing)) ? (
        <span role="status" className="small">
          ✓ saved: <Link to="/explore/charts">all charts</Link>
        </span>
      ) : (
        <button type="button" className="button small" onClick={() => setOpen(true)}>
          Save…
        </button>
      )}
      {open && (
        <DialogForm<Chart>
          open
          close={() => setOpen(false)}
          title="Save the chart"
          text="Its query is asked anew whenever somebody looks at it. It can be put on dashboards."
          verb="Save"
          act={() => api.post('/charts', { name, ...drawing })}
          done={() => {
            setSaved(drawing);
            setOpen(false);
            void client.invalidateQueries({ queryKey: ['/charts'] });
          }}
        >
          <Field label="Name">
            {ids => (
              <input
                {...ids}
                required
                maxLength={200}
                value={name}
                onChange={event => setName(event.target.value)}
              />
            )}
          </Field>
        </DialogForm>
      )}
    </>
  );
}
