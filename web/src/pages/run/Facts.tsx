import type { RunDetail } from '../../api/types';
import { instant } from '../../format/time';
import { Panel } from '../../ui/Page';
import { Command } from '../../ui/States';
import { TextBlock } from '../../ui/Text';

/** What it takes to do the run again, and how to see that it was the same. */
export function Facts({ detail }: { detail: RunDetail }) {
  const { record, reproduce, limits, fingerprint } = detail;
  const facts: [string, string][] = [
    ['run', record.id],
    ['fingerprint', fingerprint],
    ['seed', String(record.seed)],
    ...reproduce.facts.map((f): [string, string] => [f.name, f.value]),
  ];
  if (!record.git) facts.push(['commit', 'not in a repository']);
  return (
    <>
      <Panel title="Do it again">
        <div className="stack">
          <div>
            <Command>{reproduce.command}</Command>
          </div>
          <dl className="facts">
            {facts.map(([name, value]) => (
              <div key={name} style={{ display: 'contents' }}>
                <dt>{name}</dt>
                <dd className="mono">{value}</dd>
              </div>
            ))}
          </dl>
        </div>
      </Panel>
      {limits.length > 0 && (
        <Panel title="Limits that changed on the way">
          <ul className="lines">
            {limits.map((limit, index) => (
              <li key={index}>
                <span className="faint tab">{instant(limit.at_us)}</span> {limit.account}: {limit.what},{' '}
                {limit.in_flight} in flight ({limit.why})
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title="Suite" note={record.suite_path}>
        <TextBlock>{record.suite_text}</TextBlock>
      </Panel>
    </>
  );
}
