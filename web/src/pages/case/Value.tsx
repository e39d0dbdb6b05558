import { callsOf, messagesOf } from '../../format/conversation';
import { readable } from '../../format/text';
import { Calls, Conversation } from '../../ui/Conversation';
import { Text, TextBlock } from '../../ui/Text';

/** A value of a case as its form asks for: a conversation, tool calls, fields by their names, or text. */
export function Value({ of, empty }: { of: unknown; empty?: string }) {
  const messages = messagesOf(of);
  if (messages) return <Conversation messages={messages} />;
  const calls = callsOf(of);
  if (calls) return <Calls calls={calls} />;
  if (typeof of === 'object' && of !== null && !Array.isArray(of) && Object.keys(of).length > 0)
    return (
      <div className="stack">
        {Object.entries(of).map(([name, value]) => (
          <section key={name} className="stack tight" aria-label={name}>
            <p className="faint small">
              <Text>{name}</Text>
            </p>
            {messagesOf(value) || callsOf(value) ? (
              <Value of={value} />
            ) : (
              <TextBlock>{readable(value)}</TextBlock>
            )}
          </section>
        ))}
      </div>
    );
  return <TextBlock empty={empty}>{readable(of)}</TextBlock>;
}
