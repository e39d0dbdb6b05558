import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useMutation } from '@tanstack/react-query';
import { api, type Problem } from '../../api/client';
import { useGet } from '../../api/queries';
import type { EvidenceKey } from '../../api/evidence';
import { save } from '../../app/save';
import type { RunItem } from '../../api/types';
import { Dialog, Menu } from '../../ui/Overlay';
import { Field } from '../../ui/Form';
import { Await, Command, ProblemView } from '../../ui/States';

/** The run as a signed pack: with what people and models wrote, or with commitments to it alone. */
export function Evidence({ run }: { run: RunItem }) {
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  return (
    <>
      <Menu
        trigger={
          <button type="button" className="button">
            Evidence ▾
          </button>
        }
        items={[
          { text: 'Take a pack away…', run: () => setOpen(true) },
          { text: 'Check a pack', run: () => void navigate('/evidence') },
        ]}
      />
      <Dialog
        open={open}
        close={() => setOpen(false)}
        title="Evidence pack"
        text="The run with everything that its verdict rests on, signed: who has the key checks it without this server. That it was taken away is on record."
      >
        {open && <Take run={run} />}
      </Dialog>
    </>
  );
}

function Take({ run }: { run: RunItem }) {
  const key = useGet<EvidenceKey | null>('/evidence/key');
  const [against, setAgainst] = useState('');
  const [content, setContent] = useState(true);
  const take = useMutation<unknown, Problem>({
    mutationFn: async () =>
      save(
        await api.file(`/runs/${run.id}/evidence`, {
          against: against.trim(),
          content: content ? null : 'false',
        }),
        `${run.suite.replaceAll(/[^\w.-]/g, '')}-${run.short}.assay-evidence`,
      ),
  });
  return (
    <Await query={key}>
      {known =>
        known === null ? (
          <div className="stack">
            <p className="unsure">△ This server has no key to sign with.</p>
            <div>
              <Command>assay serve --key assay.pem</Command>
            </div>
            <p className="muted small">A key is made by assay evidence keygen assay.</p>
          </div>
        ) : (
          <div className="stack">
            <Field label="Compared with (optional)" hint="A run or @baseline; the baseline main otherwise.">
              {ids => <input {...ids} value={against} onChange={event => setAgainst(event.target.value)} />}
            </Field>
            {run.sealed_part ? (
              <p className="muted">
                The run is over a sealed part: the pack holds commitments to its content, not the content.
              </p>
            ) : (
              <label>
                <input
                  type="checkbox"
                  checked={content}
                  onChange={event => setContent(event.target.checked)}
                />{' '}
                With what people and models wrote
              </label>
            )}
            <p className="muted small">
              Signed with the key <span className="mono">{known.id.slice(0, 16)}</span>
            </p>
            {take.error && <ProblemView error={take.error} />}
            <div className="ends">
              <button
                type="button"
                className="button primary"
                disabled={take.isPending}
                onClick={() => take.mutate()}
              >
                {take.isPending ? 'Building…' : 'Download'}
              </button>
            </div>
          </div>
        )
      }
    </Await>
  );
}
