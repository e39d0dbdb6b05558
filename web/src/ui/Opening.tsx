import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, Problem } from '../api/client';
import { ProblemView } from './States';

/** Where cases of a sealed part were refused: why they must be seen. The server writes it down under the name of who is logged
 * in, and shows the run's cases to this session then. */
export function Opening({ run, case: id, refused }: { run: string; case?: string; refused: unknown }) {
  const client = useQueryClient();
  const [why, setWhy] = useState('');
  const open = useMutation<unknown, Problem>({
    mutationFn: () => api.post(`/runs/${run}/openings`, { reason: why, case: id }),
    onSuccess: () => client.invalidateQueries(),
  });
  if (!(refused instanceof Problem) || refused.status !== 403) return null;
  return (
    <>
      {open.error && <ProblemView error={open.error} />}
      <form
        className="filters"
        onSubmit={event => {
          event.preventDefault();
          open.mutate();
        }}
      >
        <input
          required
          aria-label="Reason"
          placeholder="Why you look at a sealed case"
          value={why}
          onChange={event => setWhy(event.target.value)}
        />
        <button className="button" disabled={open.isPending}>
          Look, on record
        </button>
      </form>
    </>
  );
}
