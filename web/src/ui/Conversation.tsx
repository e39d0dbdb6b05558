import type { ReactNode } from 'react';
import type { Call, Message } from '../format/conversation';
import { count } from '../format/number';
import { Badge } from './Badge';
import { Text, TextBlock } from './Text';

/** A message of more letters is closed until somebody opens it. */
const LONG = 600;

/** Who said what, in order, with the tools that were called and what they answered. */
export function Conversation({ messages }: { messages: Message[] }) {
  return (
    <ol className="conversation">
      {messages.map((message, index) => (
        <li key={index} className={message.tool === null ? message.role : 'tool'}>
          <p className="role">
            <Text>{message.role}</Text>
            {message.tool !== null && message.tool !== 'tool' && (
              <span className="mono faint">
                {' '}
                <Text>{message.tool}</Text>
              </span>
            )}
          </p>
          <div className="stack tight">
            {message.text.length > LONG ? (
              <details>
                <summary>
                  <Text>{`${message.text.slice(0, 160)}…`}</Text>{' '}
                  <span className="faint">{count(message.text.length)} characters</span>
                </summary>
                <TextBlock>{message.text}</TextBlock>
              </details>
            ) : (
              (message.text || message.calls.length === 0) && <TextBlock>{message.text}</TextBlock>
            )}
            {message.calls.length > 0 && <Calls calls={message.calls} />}
          </div>
        </li>
      ))}
    </ol>
  );
}

const same = (a: Call, b: Call) => a.name === b.name && a.arguments === b.arguments;

/** Tool calls with their arguments; with `expected`, which of them were, and which of those were not made. */
export function Calls({ calls, expected }: { calls: Call[]; expected?: Call[] | null }) {
  const open = [...(expected ?? [])];
  const marked = calls.map(call => {
    const at = open.findIndex(other => same(call, other));
    if (at >= 0) open.splice(at, 1);
    return { call, known: at >= 0, name: open.some(other => other.name === call.name) };
  });
  const line = (call: Call, index: number, mark?: ReactNode) => (
    <li key={index}>
      <p>
        <span className="mono strong">
          <Text>{call.name}</Text>
        </span>{' '}
        {mark}
      </p>
      {call.arguments &&
        (call.arguments.length > LONG ? (
          <details>
            <summary>{count(call.arguments.length)} characters of arguments</summary>
            <TextBlock>{call.arguments}</TextBlock>
          </details>
        ) : (
          <TextBlock>{call.arguments}</TextBlock>
        ))}
    </li>
  );
  return (
    <ol className="calls" aria-label="Tool calls">
      {marked.map(({ call, known, name }, index) =>
        line(
          call,
          index,
          expected &&
            (known ? (
              <Badge tone="good">✓ expected</Badge>
            ) : (
              <Badge tone="bad">✗ {name ? 'other arguments than expected' : 'not expected'}</Badge>
            )),
        ),
      )}
      {open.map((call, index) =>
        line(call, marked.length + index, <Badge tone="unsure">△ expected, not made</Badge>),
      )}
    </ol>
  );
}
