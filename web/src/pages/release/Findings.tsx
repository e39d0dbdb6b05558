import { Link } from 'react-router';
import type { Release, ReleaseVerdict } from '../../api/release';
import { count, score } from '../../format/number';
import { Badge, Verdict } from '../../ui/Badge';
import { domainOf, IntervalBar } from '../../ui/IntervalBar';
import { Said, Text } from '../../ui/Text';

const TONES = { pass: 'good', fail: 'bad', inconclusive: 'unsure' } as const;

/** What each rule of a requirement found: the estimate with the interval that decides, and why it is not a plain pass. */
export function Findings({
  verdict,
  waivers,
  waive,
}: {
  verdict: ReleaseVerdict;
  waivers: Release['waivers'];
  waive?: (rule: string) => void;
}) {
  const waived = (rule: string) => waivers.find(of => of.waiver.rule === rule && of.void === null)?.waiver;
  const marks = verdict.findings.map(({ value, interval }) => ({ value, ...interval }));
  const domain = domainOf(marks, { unit: true });
  return (
    <>
      <table className="table findings" aria-label={`Rules of ${verdict.requirement}`}>
        <thead>
          <tr>
            <th scope="col">rule</th>
            <th scope="col">verdict</th>
            <th scope="col">found</th>
            <th scope="col" className="plotted">
              interval that decides
            </th>
            <th scope="col" className="num">
              n
            </th>
            <th scope="col">why</th>
            {waive && <th scope="col" aria-label="Acts" />}
          </tr>
        </thead>
        <tbody>
          {verdict.findings.map((finding, index) => (
            <tr key={finding.rule}>
              <th scope="row">
                <Said>{finding.name || finding.rule}</Said>{' '}
                {finding.role === 'guardrail' && <Badge>guardrail</Badge>}
                <div className="mono faint small">
                  <Text>{finding.rule}</Text>
                  {finding.target && (
                    <>
                      {' · '}
                      <Text>{finding.target}</Text>
                    </>
                  )}
                </div>
              </th>
              <td>
                <Verdict kind={finding.kind} />
              </td>
              <td className="tab">
                <Said>{finding.found}</Said>
              </td>
              <td className="plotted">
                {finding.interval ? (
                  <IntervalBar
                    mark={marks[index] ?? { value: null }}
                    domain={domain}
                    tone={TONES[finding.kind]}
                    label={`${score(finding.value)}, interval ${score(finding.interval.lower)} to ${score(finding.interval.upper)}`}
                  />
                ) : (
                  <span className="faint">{finding.unmeasured ? 'not measured' : 'none'}</span>
                )}
              </td>
              <td className="num">{finding.n > 0 ? count(finding.n) : '–'}</td>
              <td className="muted">
                {waived(finding.rule) && <Badge>waived until {waived(finding.rule)?.until}</Badge>}{' '}
                <Said>
                  {[
                    ...(finding.reasons ?? []),
                    finding.needed_n ? `about ${count(finding.needed_n)} cases would settle it` : '',
                  ]
                    .filter(Boolean)
                    .join('; ')}
                </Said>
              </td>
              {waive && (
                <td>
                  {finding.kind !== 'pass' && !waived(finding.rule) && (
                    <button type="button" className="button small" onClick={() => waive(finding.rule)}>
                      Waive…
                    </button>
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="table-foot small muted">
        {verdict.run ? (
          <>
            Judged: <Link to={`/runs/${verdict.run}`}>run {verdict.run.slice(-8)}</Link>
            {verdict.baseline && (
              <>
                , against <Link to={`/runs/${verdict.baseline}`}>run {verdict.baseline.slice(-8)}</Link> (
                <Link to={`/compare?candidate=${verdict.run}&baseline=${verdict.baseline}`}>compare</Link>)
              </>
            )}
          </>
        ) : (
          'No run was judged.'
        )}
      </p>
    </>
  );
}
