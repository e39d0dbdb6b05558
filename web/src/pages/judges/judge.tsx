import { Link, useParams } from 'react-router';
import { useGet } from '../../api/queries';
import type { Certificate, JudgeFigure, JudgeView, Probed } from '../../api/judges';
import type { Interval } from '../../api/types';
import { HeatTable } from '../../charts/HeatTable';
import { count, percent, pValue, score, signed } from '../../format/number';
import { stamp } from '../../format/time';
import { EstimateText } from '../../ui/Estimate';
import { domainOf, IntervalBar, type Mark } from '../../ui/IntervalBar';
import { Page, Panel } from '../../ui/Page';
import { Await, Command, Empty, ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import { Checks } from './Checks';
import { GradeBadge } from './grade';
import { Drift, Expires } from './index';
import '../../styles/review.css';

/** A judge: its certificate, what moves it, whether it is still what was calibrated, the labels it lacks. */
export function Component() {
  const { judge = '' } = useParams();
  const path = `/judges/${encodeURIComponent(judge)}`;
  const found = useGet<JudgeView>(path);
  return (
    <Page
      title={found.data?.item.judge ?? 'Judge'}
      head={<Text>{found.data?.item.judge ?? 'Judge'}</Text>}
      crumbs={[{ to: '/judges', text: 'Judges' }]}
      sub={
        found.data && (
          <span className="row tight">
            <GradeBadge grade={found.data.item.grade} /> {found.data.item.allows}
          </span>
        )
      }
    >
      <Await query={found} what="The certificate">
        {data => (
          <>
            <div className="grid-2">
              <Facts data={data} />
              <Needed data={data} />
            </div>
            {data.certificate && <Figures certificate={data.certificate} />}
            {data.certificate && <Errors certificate={data.certificate} />}
            {data.certificate && data.certificate.arms.length > 0 && <Arms certificate={data.certificate} />}
            <Checks
              checks={data.checks}
              frozen={data.frozen}
              drifted={data.item.drifted}
              judge={data.item.judge}
            />
            <Probes path={path} judge={data.item.judge} />
            {data.certificate && data.certificate.slices.length > 0 && (
              <FigureTable
                title="Judge − people by slice"
                note="p-values adjusted together (Holm)"
                figures={data.certificate.slices}
                confidence={data.certificate.confidence}
                difference
              />
            )}
          </>
        )}
      </Await>
    </Page>
  );
}

function Facts({ data }: { data: JudgeView }) {
  const { item, certificate, others } = data;
  return (
    <Panel title="Certificate" actions={<Drift item={item} />}>
      <dl className="facts">
        <dt>fingerprint</dt>
        <dd className="mono">{item.id.slice(0, 16)}</dd>
        <dt>asks</dt>
        <dd>
          <Text>{item.models.join(', ') || 'not said by the run'}</Text>
        </dd>
        <dt>newest run</dt>
        <dd>
          {item.run ? (
            <Link to={`/runs/${item.run}`}>
              <Text>{item.suite ?? item.run}</Text>
            </Link>
          ) : (
            'no run has it any more'
          )}
        </dd>
        {certificate && (
          <>
            <dt>question</dt>
            <dd>
              <Text>{certificate.criterion}</Text>
            </dd>
            <dt>made</dt>
            <dd>{stamp(certificate.made_us)}</dd>
            <dt>expires</dt>
            <dd>
              <Expires us={certificate.expires_us} />, when its oldest label has reached its term
            </dd>
            <dt>labels</dt>
            <dd>
              {count(certificate.labels)} drawn by chance
              {certificate.by_hand > 0 && `, ${count(certificate.by_hand)} by hand`}
              {certificate.split > 0 && `, ${count(certificate.split)} on which people are split`}
            </dd>
            <dt>judged</dt>
            <dd>
              {count(certificate.judged)} items
              {certificate.unreadable > 0 && (
                <span className="unsure"> · △ {count(certificate.unreadable)} unreadable</span>
              )}
              {certificate.abstained > 0 && ` · ${count(certificate.abstained)} left to people`}
            </dd>
            <dt>made for</dt>
            <dd>
              {percent(certificate.confidence)} confidence, a margin of {score(certificate.margin)}
            </dd>
          </>
        )}
        {others.length > 0 && (
          <>
            <dt>others of this name</dt>
            <dd>
              <ul className="plain">
                {others.map(other => (
                  <li key={other.id}>
                    <Link to={`/judges/${other.id}`} className="mono">
                      {other.id.slice(0, 12)}
                    </Link>{' '}
                    <GradeBadge grade={other.grade} />
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )}
      </dl>
      {certificate && certificate.notes.length > 0 && (
        <ul className="notes">
          {certificate.notes.map(note => (
            <li key={note} className="unsure small">
              <Text>{note}</Text>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Needed({ data }: { data: JudgeView }) {
  const { needed, item, certificate } = data;
  const dropped = item.standing?.dropped ?? [];
  return (
    <Panel title={item.grade === 'A' ? 'Labels' : 'What the next grade needs'}>
      <div className="stack">
        {dropped.length > 0 && (
          <ul className="notes">
            {dropped.map(why => (
              <li key={why} className="bad">
                <Text>{why}</Text>
              </li>
            ))}
          </ul>
        )}
        {needed.missing.length > 0 && (
          <ul className="notes">
            {needed.missing.map(what => (
              <li key={what}>
                <Text>{what}</Text>
              </li>
            ))}
          </ul>
        )}
        <p>
          <span className="strong tab">{count(needed.stored)}</span> labels are stored for its question;{' '}
          <span className="strong tab">{count(needed.more)}</span> more are worth drawing next. Fill in what
          this writes and give it back with <code>--labels</code>:
        </p>
        <div>
          <Command>{needed.command}</Command>
        </div>
        <p className="muted">
          People can also label on the page: make a project of a run with this judge (“Use it”, “For people to
          rate…”); its report names the commands by which what they say calibrates it.
        </p>
        {!certificate && (
          <p className="muted">
            Until it is calibrated its scores are advisory, and no gate is decided by them.
          </p>
        )}
      </div>
    </Panel>
  );
}

const markOf = (value: number | null, interval: Interval | null): Mark => ({
  value,
  lower: interval?.lower,
  upper: interval?.upper,
});

function Found(props: { value: number | null; interval: Interval | null; difference?: boolean }) {
  const { value, interval, difference } = props;
  const number = difference ? signed : score;
  if (value === null) return <span className="faint">–</span>;
  return (
    <span className="estimate">
      <span className="strong">{number(value)}</span>
      {interval ? (
        <span className="ci">
          {number(interval.lower)} to {number(interval.upper)}
        </span>
      ) : (
        <span className="sub">no interval</span>
      )}
    </span>
  );
}

/** Agreement, errors and levels of the certificate: those that live between 0 and 1, and differences from people. */
function Figures({ certificate }: { certificate: Certificate }) {
  const apart = (figure: JudgeFigure) => /^(bias|differential|below_people)/.test(figure.key);
  return (
    <div className="grid-2">
      <FigureTable
        title="Agreement with people"
        note={`${percent(certificate.confidence)} intervals`}
        figures={certificate.figures.filter(figure => !apart(figure))}
        confidence={certificate.confidence}
      />
      <FigureTable
        title="Judge − people"
        note="above 0 it is milder than people"
        figures={certificate.figures.filter(apart)}
        confidence={certificate.confidence}
        difference
      />
    </div>
  );
}

function FigureTable(props: {
  title: string;
  note: string;
  figures: JudgeFigure[];
  confidence: number;
  difference?: boolean;
}) {
  const { figures, difference } = props;
  if (figures.length === 0) return null;
  const marks = figures.map(figure => markOf(figure.value, figure.interval));
  const unit: [number, number] = [0, 1];
  const domain = difference ? domainOf(marks, { zero: true }) : unit;
  const people = figures.some(figure => figure.people);
  const adjusted = figures.some(figure => typeof figure.p === 'number');
  return (
    <Panel title={props.title} note={props.note} flush>
      <table className="table" aria-label={props.title}>
        <thead>
          <tr>
            <th scope="col">figure</th>
            <th scope="col">{percent(props.confidence)} interval</th>
            <th scope="col" className="num">
              value
            </th>
            {people && (
              <th scope="col" className="num">
                people among each other
              </th>
            )}
            {adjusted && (
              <th scope="col" className="num">
                p
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {figures.map((figure, index) => {
            const mark = marks[index] ?? { value: null };
            // What does not live on the scale of the others has its number alone.
            const fits = difference || mark.value === null || (mark.value >= -1 && mark.value <= 1);
            const low = Math.min(0, mark.lower ?? 0, mark.value ?? 0) < 0 && !difference;
            return (
              <tr key={`${figure.key} ${figure.name}`}>
                <th scope="row">
                  <Text>{figure.name}</Text>
                </th>
                <td>
                  {fits && figure.interval && (
                    <IntervalBar
                      mark={mark}
                      domain={low ? [-1, 1] : domain}
                      reference={difference || low ? 0 : null}
                      under={figure.people ? markOf(figure.people[0], figure.people[1]) : undefined}
                      tone={
                        difference && figure.interval.lower * figure.interval.upper > 0 ? 'unsure' : 'accent'
                      }
                      label={`${figure.name}: ${score(mark.value)}, scale ${score((low ? [-1, 1] : domain)[0])} to ${score(domain[1])}`}
                    />
                  )}
                </td>
                <td className="num">
                  <Found value={figure.value} interval={figure.interval} difference={difference} />
                </td>
                {people && (
                  <td className="num">
                    {figure.people ? (
                      <Found value={figure.people[0]} interval={figure.people[1]} />
                    ) : (
                      <span className="faint">–</span>
                    )}
                  </td>
                )}
                {adjusted && <td className="num">{pValue(figure.p)}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}

/** Right and wrong verdicts by class, and how scores turn into rates. */
function Errors({ certificate }: { certificate: Certificate }) {
  const { confusion, calibration } = certificate;
  if (!confusion && calibration.length === 0) return null;
  return (
    <div className="grid-2">
      {confusion && (
        <Panel title="Verdicts" note="shares of what people say; number of items" flush>
          <HeatTable
            label="People's verdicts and the judge's"
            corner="people ↓, judge →"
            columns={['fail', 'pass']}
            rows={confusion.map((row, people) => ({
              name: people === 0 ? 'fail' : 'pass',
              cells: row.map(cell => ({
                shade: cell.value ?? 0,
                text: cell.value === null ? '–' : percent(cell.value),
                note: `${cell.interval ? `${percent(cell.interval.lower)} to ${percent(cell.interval.upper)} · ` : ''}n = ${cell.key}`,
              })),
            }))}
          />
        </Panel>
      )}
      {calibration.length > 0 && (
        <Panel title="Scores as rates" note="a judge whose scores are rates has both alike in each bin" flush>
          <table className="table" aria-label="Mean score and share of passes by bin">
            <thead>
              <tr>
                <th scope="col" className="num">
                  items
                </th>
                <th scope="col" className="num">
                  mean score
                </th>
                <th scope="col" className="num">
                  people pass
                </th>
                <th scope="col">both</th>
              </tr>
            </thead>
            <tbody>
              {calibration.map(([n, said, passed]) => (
                <tr key={`${said} ${n}`}>
                  <td className="num">{count(n)}</td>
                  <td className="num">{score(said)}</td>
                  <td className="num">{percent(passed)}</td>
                  <td>
                    <IntervalBar
                      mark={{ value: passed }}
                      under={{ value: said }}
                      domain={[0, 1]}
                      label={`mean score ${score(said)}, people pass ${percent(passed)}, scale 0 to 1`}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      )}
    </div>
  );
}

function Arms({ certificate }: { certificate: Certificate }) {
  return (
    <Panel title="Levels" note="as the judge alone says them, and corrected by the labels" flush>
      <table className="table" aria-label="Levels of targets">
        <thead>
          <tr>
            <th scope="col">target</th>
            <th scope="col" className="num">
              judged
            </th>
            <th scope="col" className="num">
              labels
            </th>
            <th scope="col" className="num">
              judge alone
            </th>
            <th scope="col" className="num">
              corrected
            </th>
          </tr>
        </thead>
        <tbody>
          {certificate.arms.map(arm => (
            <tr key={arm.name}>
              <th scope="row">
                <Text>{arm.name}</Text>
              </th>
              <td className="num">{count(arm.judged)}</td>
              <td className="num">{count(arm.labels)}</td>
              <td className="num muted">{score(arm.raw)}</td>
              <td className="num">
                {arm.corrected ? (
                  <EstimateText estimate={arm.corrected} />
                ) : (
                  <span className="unsure small">
                    <Text>{arm.why_not ?? 'not corrected'}</Text>
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** What moves the judge beside the quality of an answer; asked for on its own, since every verdict is read for it. */
function Probes({ path, judge }: { path: string; judge: string }) {
  const probed = useGet<Probed>(`${path}/probes`);
  if (probed.error?.status === 404)
    return (
      <Panel title="Bias probes">
        <ProblemView error={probed.error} />
      </Panel>
    );
  return (
    <Panel
      title="Bias probes"
      note="from stored verdicts and labels; no model is asked; p-values adjusted together (Holm)"
      flush
    >
      <Await query={probed} what="Reading verdicts">
        {data => {
          const domain = domainOf(
            data.probes.map(probe => markOf(probe.value, probe.interval)),
            { zero: true },
          );
          return (
            <>
              {data.probes.length === 0 ? (
                <Empty
                  title="Nothing can be probed yet"
                  command={`assay judge calibrate ${judge} --next next.jsonl`}
                >
                  Probes compare the judge with people: they need labelled answers.
                </Empty>
              ) : (
                <table className="table" aria-label="Bias probes">
                  <thead>
                    <tr>
                      <th scope="col">probe</th>
                      <th scope="col">what the number is</th>
                      <th scope="col">95% interval</th>
                      <th scope="col" className="num">
                        value
                      </th>
                      <th scope="col" className="num">
                        p
                      </th>
                      <th scope="col" className="num">
                        answers
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.probes.map(probe => (
                      <tr key={`${probe.probe} ${probe.what}`}>
                        <th scope="row">{probe.probe}</th>
                        <td>
                          <Text>{probe.what}</Text>
                        </td>
                        <td>
                          <IntervalBar
                            mark={markOf(probe.value, probe.interval)}
                            domain={domain}
                            reference={0}
                            tone={probe.p !== null && probe.p < 0.05 ? 'bad' : 'accent'}
                            label={`${probe.what}: ${score(probe.value)}, scale ${score(domain[0])} to ${score(domain[1])}`}
                          />
                        </td>
                        <td className="num">
                          <Found value={probe.value} interval={probe.interval} difference />
                        </td>
                        <td className="num">
                          {probe.p !== null && probe.p < 0.05 ? (
                            <span className="bad strong">
                              <span aria-hidden>! </span>
                              {pValue(probe.p)}
                            </span>
                          ) : (
                            pValue(probe.p)
                          )}
                        </td>
                        <td className="num">{count(probe.answers)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
              {data.notes.length > 0 && (
                <ul className="notes inset">
                  {data.notes.map(note => (
                    <li key={note} className="unsure small">
                      <Text>{note}</Text>
                    </li>
                  ))}
                </ul>
              )}
            </>
          );
        }}
      </Await>
    </Panel>
  );
}
