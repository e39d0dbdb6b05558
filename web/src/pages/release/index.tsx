import { Link, useParams } from 'react-router';
import { useGet } from '../../api/queries';
import type { ReleaseDetail, ReleaseVerdict } from '../../api/types';
import { readable } from '../../format/text';
import { stamp } from '../../format/time';
import { Badge, Verdict } from '../../ui/Badge';
import { levelOf } from '../../ui/level';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { Text, TextBlock } from '../../ui/Text';

/** A release: what holds it up, its verdicts, who agrees, and its log. Decisions are made by command. */
export function Component() {
  const { release = '' } = useParams();
  const found = useGet<ReleaseDetail>(`/releases/${release}`);
  return (
    <Page title={`Release ${release}`} crumbs={[{ to: '/releases', text: 'Releases' }]}>
      <Await query={found} what="Looking at what is true now">
        {data => (
          <>
            <Panel title={data.opened.title} actions={<Badge>{data.stand.replaceAll('_', ' ')}</Badge>}>
              <dl className="facts">
                <dt>change</dt>
                <dd>
                  {data.opened.changes.join(', ')}, {data.opened.risk} risk
                </dd>
                <dt>policy</dt>
                <dd>
                  <Text>{data.opened.policy}</Text>
                </dd>
                <dt>authors</dt>
                <dd>
                  <Text>{data.authors.join(', ')}</Text>
                </dd>
                <dt>agree to it as it stands</dt>
                <dd>
                  <Text>{data.approvers.join(', ') || 'nobody'}</Text>
                </dd>
              </dl>
            </Panel>
            <Panel title="What holds it up">
              {data.blocks.length === 0 ? (
                <p>✓ nothing</p>
              ) : (
                <ul className="points">
                  {data.blocks.map((block, index) => (
                    <li key={index}>
                      <Text>{block.text ?? readable(block)}</Text>
                    </li>
                  ))}
                </ul>
              )}
            </Panel>
            {data.evaluation ? (
              data.evaluation.verdicts.map(verdict => <Found key={verdict.requirement} verdict={verdict} />)
            ) : (
              <Panel>
                <Empty title="Not evaluated yet" command={`assay release evaluate ${data.release}`} />
              </Panel>
            )}
            <Panel title="Log" note="each line names the digest of the line before">
              <ol className="lines">
                {data.log.map(({ digest, entry }) => (
                  <li key={digest}>
                    <span className="mono muted">{digest.slice(0, 12)}</span>
                    <span className="muted">{stamp(entry.at_us)}</span>
                    <Text>{entry.by}</Text>
                    <span className="grow">
                      <TextBlock>{readable(entry.event)}</TextBlock>
                    </span>
                  </li>
                ))}
              </ol>
            </Panel>
          </>
        )}
      </Await>
    </Page>
  );
}

function Found({ verdict }: { verdict: ReleaseVerdict }) {
  return (
    <Panel
      title={verdict.requirement}
      note={
        <>
          {levelOf(verdict.confidence)} intervals, attempt {verdict.attempt}
          {verdict.run && (
            <>
              {' · '}
              <Link to={`/runs/${verdict.run}`}>
                run <span className="mono">{verdict.run.slice(-8)}</span>
              </Link>
            </>
          )}
        </>
      }
      actions={<Verdict kind={verdict.kind} />}
      flush
    >
      <table className="table" aria-label={`Rules of ${verdict.requirement}`}>
        <thead>
          <tr>
            <th scope="col">rule</th>
            <th scope="col">found</th>
            <th scope="col">verdict</th>
            <th scope="col">why</th>
          </tr>
        </thead>
        <tbody>
          {verdict.findings.map(finding => (
            <tr key={finding.rule}>
              <th scope="row">
                <Text>{finding.name || finding.rule}</Text>
              </th>
              <td className="tab">
                <Text>{finding.found}</Text>
              </td>
              <td>
                <Verdict kind={finding.kind} />
              </td>
              <td className="muted">
                <Text>
                  {[
                    ...(finding.reasons ?? []),
                    finding.needed_n ? `about ${finding.needed_n} cases would settle it` : '',
                  ]
                    .filter(Boolean)
                    .join('; ')}
                </Text>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
