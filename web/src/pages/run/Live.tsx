import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, Problem } from '../../api/client';
import type { Order, Progress, RunItem } from '../../api/types';
import { useMay } from '../../app/session';
import { count, money, percent } from '../../format/number';
import { ProblemView } from '../../ui/States';

/** What a run does at the moment, as the server tells it, and what can be ordered of it. */
export function Live({ run }: { run: RunItem }) {
  const client = useQueryClient();
  const may = useMay('engineer');
  const [progress, setProgress] = useState<Progress | null>(null);
  const [trials, setTrials] = useState('');
  useEffect(() => {
    const events = new EventSource(`/api/v1/runs/${run.id}/events`);
    events.addEventListener('progress', event =>
      setProgress(JSON.parse((event as MessageEvent<string>).data) as Progress),
    );
    events.addEventListener('end', () => {
      events.close();
      void client.invalidateQueries();
    });
    return () => events.close();
  }, [run.id, client]);
  const order = useMutation<RunItem, Problem, { order: Order; trials?: number }>({
    mutationFn: body => api.post(`/runs/${run.id}/orders`, body),
    onSuccess: () => client.invalidateQueries({ queryKey: [`/runs/${run.id}`] }),
  });
  const done =
    progress?.finished ?? run.totals.ok + run.totals.errors + run.totals.refused + run.totals.cancelled;
  const executing = progress?.executing ?? run.executing;
  const button = (name: Order, text: string, danger = false) => (
    <button
      type="button"
      className={`button small ${danger ? 'danger' : ''}`}
      disabled={order.isPending}
      onClick={() => order.mutate({ order: name })}
    >
      {text}
    </button>
  );
  return (
    <section className="panel" aria-label="Progress">
      <div className="body stack tight">
        <div className="row">
          <progress max={run.planned} value={done} className="grow" aria-label="Finished trials" />
          <span className="tab">
            {count(done)} of {count(run.planned)} ({percent(done / run.planned)})
          </span>
          <span className={progress?.errors ? 'unsure tab' : 'muted tab'}>
            {count(progress?.errors ?? run.totals.errors)} errors
          </span>
          <span className="tab muted">
            {money(progress?.cost_nanousd ?? run.totals.target_cost + run.totals.judge_cost)}
          </span>
        </div>
        {(progress?.waiting ?? run.waiting) && (
          <p className="unsure small">{progress?.waiting ?? run.waiting}</p>
        )}
        {!executing && (
          <p className="muted small">
            No process works on this run; what is finished is kept. Go on with: assay resume {run.short}
          </p>
        )}
        {may && executing && (
          <div className="row">
            {button('pause', 'Pause')} {button('resume', 'Resume')} {button('retry', 'Retry errors')}{' '}
            {button('cancel', 'Cancel', true)}
            <form
              className="row tight"
              onSubmit={event => {
                event.preventDefault();
                order.mutate({ order: 'limit', trials: Number(trials) });
              }}
            >
              <input
                type="number"
                min={1}
                required
                aria-label="Trials at a time"
                placeholder="at a time"
                value={trials}
                onChange={e => setTrials(e.target.value)}
              />
              <button className="button small">Limit</button>
            </form>
          </div>
        )}
        {order.error && <ProblemView error={order.error} />}
      </div>
    </section>
  );
}
