import type { Certificate, JudgeFigure } from '../../api/judges';
import { HeatTable } from '../../charts/HeatTable';
import { count, percent, score } from '../../format/number';
import { EstimateText } from '../../ui/Estimate';
import { IntervalBar } from '../../ui/IntervalBar';
import { levelOf } from '../../ui/level';
import { Panel } from '../../ui/Page';
import { Said, Text } from '../../ui/Text';
import { FigureTable } from './figures';

/** What a certificate says: agreement, errors, levels of targets. */
export function Certified({ certificate }: { certificate: Certificate }) {
  return (
    <>
      <Figures certificate={certificate} />
      <Errors certificate={certificate} />
      {certificate.arms.length > 0 && <Arms certificate={certificate} />}
    </>
  );
}

/** Agreement, errors and levels of the certificate: those that live between 0 and 1, and differences from people. */
function Figures({ certificate }: { certificate: Certificate }) {
  const apart = (figure: JudgeFigure) => /^(bias|differential|below_people)/.test(figure.key);
  return (
    <div className="grid-2">
      <FigureTable
        title="Agreement with people"
        note={`${levelOf(certificate.confidence)} intervals`}
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
                    <Said>{arm.why_not ?? 'not corrected'}</Said>
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
