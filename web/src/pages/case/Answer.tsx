import type { LakeRow } from '../../api/types';
import { callsOf, messagesOf, parsed } from '../../format/conversation';
import { count, duration, money, score } from '../../format/number';
import { readable } from '../../format/text';
import { Badge } from '../../ui/Badge';
import { Calls, Conversation } from '../../ui/Conversation';
import { Diff } from '../../ui/Diff';
import { Panel } from '../../ui/Page';
import { Text, TextBlock } from '../../ui/Text';
import { Value } from './Value';

const text = (row: LakeRow, key: string) => readable(row[key]);
const number = (row: LakeRow, key: string) => (typeof row[key] === 'number' ? row[key] : null);

/** What one target answered in one epoch, how it came to that, and what scorers made of it. */
export function Answer({
  trial,
  scores,
  expected,
  against,
}: {
  trial: LakeRow;
  scores: LakeRow[];
  expected: unknown;
  /** Whether differences from the expected output are marked. */
  against: boolean;
}) {
  const details = parsed(trial.details_json);
  const trajectory = messagesOf((details as LakeRow | null)?.messages);
  const calls = callsOf(trial.tool_calls_json);
  const wanted = callsOf(expected) ?? callsOf((expected as LakeRow | null)?.tool_calls);
  const contexts = parsed(trial.contexts_json);
  const error = text(trial, 'error_message');
  const output = text(trial, 'output');
  const structured = parsed(trial.output_json);
  const diffed = against && typeof expected === 'string' && !error;
  return (
    <Panel
      title={<Text>{text(trial, 'target')}</Text>}
      note={
        <>
          epoch {Number(trial.epoch ?? 0) + 1} · {duration(number(trial, 'latency_us'))}
          {trial.cached === true && ' · cached'} · {money(number(trial, 'cost_nanousd') ?? 0)}
        </>
      }
      actions={
        text(trial, 'status') === 'ok' ? undefined : <Badge tone="bad">✗ {text(trial, 'status')}</Badge>
      }
    >
      <div className="stack">
        {error ? (
          <div className="bad">
            <TextBlock>{error}</TextBlock>
          </div>
        ) : diffed ? (
          <div className="grid-2">
            <section aria-label="Expected, with what is missing marked">
              <p className="faint small">expected</p>
              <TextBlock render={shown => <Diff text={shown} other={output} mark="removed" />}>
                {expected}
              </TextBlock>
            </section>
            <section aria-label="Output, with what is new marked">
              <p className="faint small">output</p>
              <TextBlock render={shown => <Diff text={shown} other={expected} mark="added" />}>
                {output}
              </TextBlock>
            </section>
          </div>
        ) : output || !structured ? (
          <TextBlock>{output}</TextBlock>
        ) : (
          <Value of={structured} />
        )}
        {(calls ?? wanted) && (
          <section className="stack tight">
            <h3>Tool calls</h3>
            <Calls calls={calls ?? []} expected={wanted} />
          </section>
        )}
        {trajectory && (
          <details>
            <summary>Trajectory of {count(trajectory.length)} messages</summary>
            <Conversation messages={trajectory} />
          </details>
        )}
        {Array.isArray(contexts) && contexts.length > 0 && (
          <details>
            <summary>
              {count(contexts.length)} {contexts.length === 1 ? 'passage' : 'passages'} retrieved
            </summary>
            <ol className="points">
              {contexts.map((passage: unknown, index) => (
                <li key={index}>
                  <Value of={passage} />
                </li>
              ))}
            </ol>
          </details>
        )}
        <dl className="facts scores">
          {scores.map((own, index) => (
            <div key={index} style={{ display: 'contents' }}>
              <dt>
                <Text>{text(own, 'scorer')}</Text>
              </dt>
              <dd>
                <span className="strong tab">
                  {typeof own.value === 'number' ? (
                    score(own.value)
                  ) : (
                    <span className="unsure">{text(own, 'status')}</span>
                  )}
                </span>{' '}
                {text(own, 'label') && <Badge>{text(own, 'label')}</Badge>}
                <TextBlock empty="">
                  {text(own, 'rationale') || text(own, 'reason').replaceAll('_', ' ')}
                </TextBlock>
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </Panel>
  );
}
