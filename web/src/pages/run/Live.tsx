import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, Problem } from '../../api/client';
import type { Order, Progress, RunItem } from '../../api/types';
import { useMay } from '../../app/session';
import { count, duration, money, percent } from '../../format/number';
import { ProblemView } from '../../ui/States';

/** What a run does at the moment, as the server tells it, and what can be ordered of it. */
export function Live({ run }: { run: RunItem }) {
  const client = useQueryClient();
  const may = useMay('engineer');
  const [progress, setProgress] = useState<Progress | null>(null);
  const [trials, setTrials] = useState('');
  const [lost, setLost] = useState(false);
  /** By an order from here, until the server tells of it. */
  const [ordered, setOrdered] = useState<boolean | null>(null);
  /** The first of what was told, to tell from how fast it goes. */
  const [first, setFirst] = useState<{ finished: number; at: number } | null>(null);
  const [now, setNow] = useState(0);
  useEffect(() => {
    if (!run.executing) return;
    const events = new EventSource(`/api/v1/runs/${run.id}/events`);
    events.addEventListener('progress', event => {
      const told = JSON.parse((event as MessageEvent<string>).data) as Progress;
      setProgress(told);
      setLost(false);
      setOrdered(null);
      setNow(performance.now());
      setFirst(known => known ?? { finished: told.finished, at: performance.now() });
    });
    // The browser tries again by itself, unless it was refused.
    events.addEventListener('error', () => {
      setLost(true);
      if (events.readyState === EventSource.CLOSED) void client.invalidateQueries();
    });
    events.addEventListener('end', () => {
      events.close();
      void client.invalidateQueries();
    });
    return () => {
      events.close();
      setProgress(null);
      setFirst(null);
    };
  }, [run.id, run.executing, client]);
  const order = useMutation<RunItem, Problem, { order: Order; trials?: number }>({
    mutationFn: body => api.post(`/runs/${run.id}/orders`, body),
    onSuccess: (_, { order: name }) => {
      if (name === 'pause') setOrdered(true);
      if (name === 'resume' || name === 'cancel') {
        setOrdered(false);
        // The pause is no measure of how fast it goes.
        setFirst(null);
      }
      return client.invalidateQueries({ queryKey: [`/runs/${run.id}`] });
    },
  });
  const done =
    progress?.finished ?? run.totals.ok + run.totals.errors + run.totals.refused + run.totals.cancelled;
  const executing = progress?.executing ?? run.executing;
  const paused = ordered ?? progress?.status === 'paused';
  const speed = first && now > first.at ? (done - first.finished) / (now - first.at) : 0;
  const rest = run.planned - done;
  const left = speed > 0 && rest > 0 && !paused && now - (first?.at ?? 0) > 3000 ? rest / speed : null;
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
            {count(done)} of {count(run.planned)} ({percent(run.planned ? done / run.planned : 0)})
          </span>
          {left !== null && <span className="muted tab">about {duration(left * 1000)} left</span>}
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
        {lost && executing && (
          <p className="unsure small" role="status">
            △ The server does not answer; this is asked for again. Start it with: assay serve
          </p>
        )}
        {paused && executing && (
          <p className="unsure small" role="status">
            ‖ Paused: trials in flight end, and no other begins until you resume.
          </p>
        )}
        {!executing && (
          <p className="muted small">
            No process works on this run; what is finished is kept. Go on with: assay resume {run.short}
          </p>
        )}
        {may && executing && (
          <div className="row">
            {paused ? button('resume', 'Resume') : button('pause', 'Pause')} {button('retry', 'Retry errors')}{' '}
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
                className="short"
                placeholder="at a time"
                value={trials}
                onChange={e => setTrials(e.target.value)}
              />
              <button className="button small" disabled={order.isPending}>
                Limit
              </button>
            </form>
          </div>
        )}
        {order.error && <ProblemView error={order.error} />}
      </div>
    </section>
  );
}
