import { useState } from 'react';
import { Link } from 'react-router';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, type Problem } from '../../api/client';
import { useGet } from '../../api/queries';
import type { CriterionReport, Figure, RaterReport, ReviewReport } from '../../api/review';
import { HeatTable } from '../../charts/HeatTable';
import { count, money, percent, pValue, score, signed } from '../../format/number';
import { Badge } from '../../ui/Badge';
import { domainOf, IntervalBar } from '../../ui/IntervalBar';
import { Dialog } from '../../ui/Overlay';
import { Panel } from '../../ui/Page';
import { Await, Empty, ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import { State } from './index';
import { ToJudge } from './ToJudge';

/** A figure of a report with its interval. */
export function FigureText({ figure, sign = false }: { figure: Figure | null | undefined; sign?: boolean }) {
  if (!figure) return <span className="faint">–</span>;
  const number = sign ? signed : score;
  return (
    <span className="estimate">
      <span className="strong">{number(figure.value)}</span>
      {figure.lower !== null && figure.upper !== null ? (
        <span className="ci">
          {number(figure.lower)} to {number(figure.upper)}
        </span>
      ) : (
        <span className="sub">no interval</span>
      )}
    </span>
  );
}

/** What the lead of a project sees: agreement, raters, pace and cost. */
export function Report({ path, name }: { path: string; name: string }) {
  const report = useGet<ReviewReport>(`${path}/report`, undefined, { refetchInterval: 30_000 });
  return (
    <Await query={report} what="Computing agreement">
      {data => (
        <>
          <Panel title="How far it is">
            <dl className="figures">
              <Fact
                name="items complete"
                value={`${count(data.progress.complete)} of ${count(data.progress.items)}`}
              />
              <Fact
                name="ratings that count"
                value={`${count(data.progress.accepted)} of ${count(data.progress.wanted)}`}
              />
              <Fact
                name="to settle"
                value={
                  data.discuss.length > 0 ? (
                    <Link to={`/review/${encodeURIComponent(name)}/disputes`}>
                      {count(data.discuss.length)}
                    </Link>
                  ) : (
                    '0'
                  )
                }
              />
              <Fact name="settled" value={count(data.settled)} />
              <Fact name="gold items" value={count(data.progress.gold)} />
              <Fact name="on screens now" value={count(data.progress.leased)} />
              <Fact
                name="items an hour"
                value={data.work.per_hour === null ? '–' : score(data.work.per_hour)}
              />
              <Fact
                name="seconds on an item"
                value={data.work.median_seconds === null ? '–' : data.work.median_seconds.toFixed(1)}
              />
              <Fact name="spent" value={money(data.work.spent)} />
              <Fact name="a rating that counts costs" value={money(data.work.cost_per_accepted)} />
              <Fact name="the rest would cost" value={money(data.work.left)} />
            </dl>
            {data.notes.length > 0 && (
              <ul className="notes">
                {data.notes.map(note => (
                  <li key={note} className="unsure small">
                    <Text>{note}</Text>
                  </li>
                ))}
              </ul>
            )}
          </Panel>
          <Agreement criteria={data.criteria} name={name} />
          <Raters path={path} raters={data.raters} criteria={data.criteria} />
          {data.criteria.map(criterion => (
            <Criterion key={criterion.name} criterion={criterion} />
          ))}
          {data.progress.complete > 0 && <ToJudge name={name} />}
        </>
      )}
    </Await>
  );
}

const Fact = ({ name, value }: { name: string; value: React.ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);

/** From Krippendorff: below the first labels are of little use, from the second on they may serve as gold. */
const AVERAGES = 0.667;
const GOLD = 0.8;

function Agreement({ criteria, name }: { criteria: CriterionReport[]; name: string }) {
  const closed = criteria.filter(criterion => criterion.level !== null);
  const spans = criteria.filter(criterion => criterion.spans !== null);
  const marks = closed.flatMap(({ alpha, gwet }) => [alpha, gwet].filter(figure => figure !== null));
  const [low] = domainOf(marks, { zero: true });
  const domain: [number, number] = [Math.min(0, low), 1];
  return (
    <Panel
      title="Agreement"
      note="95% intervals; lines at 0.667 (usable for averages) and 0.8 (usable as gold)"
      flush
    >
      {closed.every(criterion => criterion.paired === 0) ? (
        <Empty title="No item has two ratings yet" command={`assay review rate ${name} --rater NAME`}>
          Agreement needs items that several people rated. Raters find the project on this page, or in a
          terminal.
        </Empty>
      ) : (
        <table className="table" aria-label="Agreement by criterion">
          <thead>
            <tr>
              <th scope="col">criterion</th>
              <th scope="col">level</th>
              <th scope="col" className="num">
                items with 2+
              </th>
              <th scope="col">α, interval</th>
              <th scope="col" className="num">
                Krippendorff’s α
              </th>
              <th scope="col" className="num">
                Gwet’s AC
              </th>
              <th scope="col" className="num">
                same answer
              </th>
              <th scope="col">labels are</th>
            </tr>
          </thead>
          <tbody>
            {closed.map(criterion => (
              <tr key={criterion.name}>
                <th scope="row">
                  <Text>{criterion.name}</Text>
                </th>
                <td>{criterion.level}</td>
                <td className="num">{count(criterion.paired)}</td>
                <td>
                  <IntervalBar
                    mark={criterion.alpha ?? { value: null }}
                    domain={domain}
                    reference={GOLD}
                    second={AVERAGES}
                    label={`α of ${criterion.name}: ${score(criterion.alpha?.value)}, scale ${score(domain[0])} to 1`}
                  />
                </td>
                <td className="num">
                  <FigureText figure={criterion.alpha} />
                </td>
                <td className="num">
                  <FigureText figure={criterion.gwet} />
                </td>
                <td className="num">{criterion.agreement === null ? '–' : percent(criterion.agreement)}</td>
                <td className="small words">
                  <Text>{criterion.decision}</Text>
                </td>
              </tr>
            ))}
            {spans.map(({ name: own, spans: found }) => (
              <tr key={own}>
                <th scope="row">
                  <Text>{own}</Text>
                </th>
                <td>spans</td>
                <td colSpan={6} className="muted">
                  marked characters are the same by {percent(found?.overlap ?? 0)} (mean of{' '}
                  {count(found?.pairs ?? 0)} pairs of raters)
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

/** What can be said of one criterion beside its agreement. */
function Criterion({ criterion }: { criterion: CriterionReport }) {
  const { specific, slices, left_out: without, ranking } = criterion;
  if (criterion.ratings === 0 || criterion.level === null) return null;
  const answers = specific.map(({ answer }) => answer);
  return (
    <Panel
      title={<Text>{criterion.name}</Text>}
      note={`${count(criterion.ratings)} ratings of ${count(criterion.items)} items`}
    >
      <div className="grid-2">
        <div className="stack">
          <dl className="facts">
            {criterion.mean && (
              <>
                <dt>mean over items and raters</dt>
                <dd>
                  <FigureText figure={criterion.mean} />
                </dd>
              </>
            )}
            {criterion.reliability !== null && (
              <>
                <dt>reliability of one rating</dt>
                <dd className="tab">{score(criterion.reliability)}</dd>
                <dt>of the mean of an item’s ratings</dt>
                <dd className="tab">
                  {score(criterion.reliability_of_mean)}
                  {criterion.raters_needed !== null && (
                    <span className="muted">
                      {' '}
                      · 0.8 needs {count(criterion.raters_needed)} ratings an item
                    </span>
                  )}
                </dd>
              </>
            )}
            {criterion.weighed && (
              <>
                <dt>Dawid and Skene’s labels</dt>
                <dd>
                  differ for {count(criterion.weighed.changed.length)} of {count(criterion.weighed.items)}{' '}
                  items
                  {criterion.weighed.caution && (
                    <span className="unsure small">
                      {' '}
                      <Text>{criterion.weighed.caution}</Text>
                    </span>
                  )}
                </dd>
              </>
            )}
            {criterion.shown_first && (
              <>
                <dt>the one shown first won</dt>
                <dd>
                  <FigureText figure={criterion.shown_first} />
                </dd>
              </>
            )}
          </dl>
          {without.length > 0 && (
            <table className="table" aria-label={`α of ${criterion.name} without each rater`}>
              <thead>
                <tr>
                  <th scope="col">without</th>
                  <th scope="col" className="num">
                    α of the others
                  </th>
                  <th scope="col" className="num">
                    change
                  </th>
                </tr>
              </thead>
              <tbody>
                {without.map(row => (
                  <tr key={row.rater}>
                    <th scope="row">
                      <Text>{row.rater}</Text>
                    </th>
                    <td className="num">{score(row.alpha)}</td>
                    <td className="num">{signed(row.change)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </div>
        {criterion.confusion.length > 1 && (
          <HeatTable
            label={`${criterion.name}: what one rater says and what another says`}
            corner="one says ↓, another →"
            rows={answers.map((answer, row) => ({
              name: answer,
              cells: answers.map((_, column) => {
                const share = criterion.confusion[row]?.[column] ?? 0;
                return { shade: share, text: percent(share) };
              }),
              end: percent(specific[row]?.agreement ?? Number.NaN),
            }))}
            columns={answers}
            end="another says so too"
          />
        )}
      </div>
      {slices.length > 0 && (
        <table className="table" aria-label={`Agreement on ${criterion.name} by slice`}>
          <thead>
            <tr>
              <th scope="col">slice</th>
              <th scope="col" className="num">
                items with 2+
              </th>
              <th scope="col">α, interval</th>
              <th scope="col" className="num">
                Krippendorff’s α
              </th>
            </tr>
          </thead>
          <tbody>
            {slices.map(slice => (
              <tr key={`${slice.key} ${slice.value}`}>
                <th scope="row">
                  <Text>{`${slice.key} = ${slice.value}`}</Text>
                </th>
                <td className="num">{count(slice.paired)}</td>
                <td>
                  <IntervalBar
                    mark={slice.alpha ?? { value: null }}
                    domain={[-0.5, 1]}
                    reference={GOLD}
                    second={AVERAGES}
                    label={`α where ${slice.key} is ${slice.value}: ${score(slice.alpha?.value)}, scale −0.5 to 1`}
                  />
                </td>
                <td className="num">
                  {slice.alpha ? (
                    <FigureText figure={slice.alpha} />
                  ) : (
                    <span className="faint">too few items</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {ranking && <Ranking ranking={ranking} />}
    </Panel>
  );
}

function Ranking({ ranking }: { ranking: NonNullable<CriterionReport['ranking']> }) {
  if (ranking.why_not)
    return (
      <p className="unsure">
        <Text>{`No ranking: ${ranking.why_not}`}</Text>
      </p>
    );
  const domain = domainOf(ranking.targets.map(({ elo }) => elo));
  return (
    <table className="table" aria-label="Targets by strength">
      <thead>
        <tr>
          <th scope="col">rank</th>
          <th scope="col">target</th>
          <th scope="col">95% interval</th>
          <th scope="col" className="num">
            Elo
          </th>
          <th scope="col" className="num">
            won, tied, lost
          </th>
        </tr>
      </thead>
      <tbody>
        {ranking.targets.map(({ target, ranks, elo, won, tied, lost }) => (
          <tr key={target}>
            <td className="tab">{ranks[0] === ranks[1] ? ranks[0] : `${ranks[0]} to ${ranks[1]}`}</td>
            <th scope="row">
              <Text>{target}</Text>
            </th>
            <td>
              <IntervalBar mark={elo} domain={domain} label={`Elo of ${target}: ${score(elo.value)}`} />
            </td>
            <td className="num">
              <FigureText figure={elo} />
            </td>
            <td className="num">
              {count(won)}, {count(tied)}, {count(lost)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Raters in the order of names: they are not ranked. */
function Raters({
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
