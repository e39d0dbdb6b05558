import type { CriterionReport } from '../../api/review';
import { HeatTable } from '../../charts/HeatTable';
import { count, percent, score, signed } from '../../format/number';
import { domainOf, IntervalBar } from '../../ui/IntervalBar';
import { intervalOf, levelOf } from '../../ui/level';
import { Panel } from '../../ui/Page';
import { Empty } from '../../ui/States';
import { Said, Text } from '../../ui/Text';
import { FigureText } from './figure';

/** From Krippendorff: below the first labels are of little use, from the second on they may serve as gold. */
const AVERAGES = 0.667;
const GOLD = 0.8;

/** How far raters agree, criterion by criterion. */
export function Agreement(props: { criteria: CriterionReport[]; name: string; confidence: number }) {
  const { criteria, name, confidence } = props;
  const closed = criteria.filter(criterion => criterion.level !== null);
  const spans = criteria.filter(criterion => criterion.spans !== null);
  const marks = closed.flatMap(({ alpha, gwet }) => [alpha, gwet].filter(figure => figure !== null));
  const [low] = domainOf(marks, { zero: true });
  const domain: [number, number] = [Math.min(0, low), 1];
  return (
    <Panel
      title="Agreement"
      note={`${levelOf(confidence)} intervals; lines at 0.667 (usable for averages) and 0.8 (usable as gold)`}
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
                  <Said>{criterion.decision}</Said>
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
export function Criterion({ criterion, confidence }: { criterion: CriterionReport; confidence: number }) {
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
                      <Said>{criterion.weighed.caution}</Said>
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
      {ranking && <Ranking ranking={ranking} confidence={confidence} />}
    </Panel>
  );
}

function Ranking(props: { ranking: NonNullable<CriterionReport['ranking']>; confidence: number }) {
  const { ranking, confidence } = props;
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
          <th scope="col">{intervalOf(confidence)}</th>
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
