import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, type Problem } from '../../api/client';
import type { CriterionReport, RaterReport } from '../../api/review';
import { count, money, pValue, score } from '../../format/number';
import { Badge } from '../../ui/Badge';
import { IntervalBar } from '../../ui/IntervalBar';
import { Dialog } from '../../ui/Overlay';
import { Panel } from '../../ui/Page';
import { Empty, ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import { FigureText } from './figure';
import { State } from './index';

/** Raters in the order of names: they are not ranked. */
export function Raters({
  path,
  raters,
  criteria,
}: {
  path: string;
  raters: RaterReport[];
  criteria: CriterionReport[];
}) {
  const [asked, setAsked] = useState<RaterReport | null>(null);
  const strict = criteria
    .map(({ name }) => name)
    .filter(name => raters.some(rater => name in rater.severity));
  return (
    <Panel
      title="Raters"
      note="severity: how much higher than others they answer on the same items; raters are not ranked"
      flush
    >
      {raters.length === 0 ? (
        <Empty title="Nobody has joined" command="assay user add NAME --role rater">
          Raters with an account find the project under Review; on this machine anybody may rate in a
          terminal.
        </Empty>
      ) : (
        <table className="table" aria-label="Raters">
          <thead>
            <tr>
              <th scope="col">rater</th>
              <th scope="col">stands</th>
              <th scope="col" className="num">
                counts
              </th>
              <th scope="col" className="num">
                rated
              </th>
              <th scope="col" className="num">
                skipped
              </th>
              <th scope="col">right on gold</th>
              {strict.map(name => (
                <th key={name} scope="col" className="num">
                  severity, <Text>{name}</Text>
                </th>
              ))}
              <th scope="col" className="num">
                seconds
              </th>
              <th scope="col" className="num">
                paid
              </th>
              <th scope="col">look at</th>
              <th scope="col">
                <span className="sr">actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {raters.map(rater => (
              <tr key={rater.name}>
                <th scope="row">
                  <Text>{rater.name}</Text>
                </th>
                <td>
                  <State state={rater.state} why={rater.why} />
                </td>
                <td className="num">{count(rater.accepted)}</td>
                <td className="num">{count(rater.rated)}</td>
                <td className="num">{count(rater.skipped)}</td>
                <td>
                  <Gold gold={rater.gold} />
                </td>
                {strict.map(name => (
                  <td key={name} className="num">
                    <FigureText figure={rater.severity[name]} sign />
                  </td>
                ))}
                <td className="num">
                  {rater.median_seconds === null ? '–' : rater.median_seconds.toFixed(1)}
                </td>
                <td className="num">{money(rater.paid)}</td>
                <td className="small">
                  <LookAt rater={rater} />
                </td>
                <td>
                  <button type="button" className="button quiet small" onClick={() => setAsked(rater)}>
                    {rater.state === 'suspended' || rater.state === 'failed' ? 'Reinstate…' : 'Suspend…'}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Dialog
        open={asked !== null}
        close={() => setAsked(null)}
        title={asked?.state === 'suspended' || asked?.state === 'failed' ? 'Let work again' : 'Suspend'}
      >
        {asked && <Standing key={asked.name} path={path} rater={asked} close={() => setAsked(null)} />}
      </Dialog>
    </Panel>
  );
}

/** Below 30 gold items there is an interval and no number: it would be read as more than it is. */
function Gold({ gold }: { gold: RaterReport['gold'] }) {
  const n = gold.hits + gold.misses;
  if (n === 0 || !gold.interval) return <span className="faint">no gold yet</span>;
  const { lower, upper } = gold.interval;
  return (
    <span className="gold">
      <IntervalBar
        mark={{ value: gold.accuracy, lower, upper }}
        domain={[0, 1]}
        label={`right on gold: ${score(lower)} to ${score(upper)}, scale 0 to 1`}
      />
      <span className="estimate">
        {gold.accuracy !== null && <span className="strong">{score(gold.accuracy)}</span>}
        <span className="ci">
          {score(lower)} to {score(upper)} · n = {count(n)}
        </span>
      </span>
    </span>
  );
}

function LookAt({ rater }: { rater: RaterReport }) {
  const found = [
    rater.gold.drifts && 'errs more on gold than before',
    rater.fast_p !== null &&
      rater.fast_p < 0.01 &&
      `${count(rater.fast)} very fast (p ${pValue(rater.fast_p)})`,
    ...rater.straight.map(name => `a long run of one answer to ${name}`),
  ].filter(text => typeof text === 'string');
  if (found.length === 0) return <span className="faint">–</span>;
  return (
    <Badge tone="unsure" title="To be looked at; nothing is dropped for it">
      <Text>{found.join('; ')}</Text>
    </Badge>
  );
}

function Standing({ path, rater, close }: { path: string; rater: RaterReport; close: () => void }) {
  const client = useQueryClient();
  const back = rater.state === 'suspended' || rater.state === 'failed';
  const act = useMutation<unknown, Problem, string>({
    mutationFn: reason =>
      api.post(`${path}/raters/${encodeURIComponent(rater.name)}/${back ? 'reinstate' : 'suspend'}`, {
        reason,
      }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: [`${path}/report`] });
      close();
    },
  });
  return (
    <form
      className="stack tight"
      onSubmit={event => {
        event.preventDefault();
        const reason = new FormData(event.currentTarget).get('reason');
        act.mutate(typeof reason === 'string' ? reason : '');
      }}
    >
      <p>
        <Text>{rater.name}</Text>
        {back
          ? ' works again, through the quiz where there is one, and what they rated counts again.'
          : ' gets no items, what they rated stays and does not count, and others get their items.'}
      </p>
      <label className="stack tight">
        Reason, which is kept
        <input name="reason" required autoComplete="off" autoFocus />
      </label>
      {act.error && <ProblemView error={act.error} />}
      <div className="ends">
        <button type="button" className="button" onClick={close}>
          Back
        </button>
        <button className={back ? 'button primary' : 'button danger'} disabled={act.isPending}>
          {back ? 'Reinstate' : 'Suspend'}
        </button>
      </div>
    </form>
  );
}
