import type { ReactNode } from 'react';
import type { Shown } from '../../api/review';
import { messagesOf } from '../../format/conversation';
import { readable } from '../../format/text';
import { Conversation } from '../../ui/Conversation';
import { Text, TextBlock } from '../../ui/Text';

/** How a text that spans may stand in is shown; `TextBlock` where there are no spans. */
export type Field = (field: string, label: string, text: string) => ReactNode;

const plain: Field = (_, __, text) => <TextBlock>{text}</TextBlock>;

/** What is rated: what was asked, the passages, the answer or both answers. Nothing says whose answer it is. */
export function Item({ content, field = plain }: { content: Shown; field?: Field }) {
  const inputs = Object.entries(content.inputs);
  const second = content.other;
  return (
    <div className="item reading">
      {inputs.map(([name, value]) => (
        <Part key={name} title={inputs.length === 1 ? 'Question' : name.replaceAll('_', ' ')} quiet>
          <Asked value={value} />
        </Part>
      ))}
      {content.contexts.length > 0 && (
        <Part title={content.contexts.length === 1 ? 'Passage' : 'Passages'} quiet>
          <ol className="passages">
            {content.contexts.map((text, index) => (
              <li key={index}>{field(`contexts/${index}`, `Passage ${index + 1}`, text)}</li>
            ))}
          </ol>
        </Part>
      )}
      {second === null ? (
        <Part title="Answer">{field('output', 'Answer', content.output)}</Part>
      ) : (
        <div className="pair">
          <Part title="First answer">{field('output', 'First answer', content.output)}</Part>
          <Part title="Second answer">{field('output_2', 'Second answer', second)}</Part>
        </div>
      )}
      {content.expected !== null && content.expected !== undefined && (
        <Part title="What counts as right" quiet>
          <TextBlock>{readable(content.expected)}</TextBlock>
        </Part>
      )}
    </div>
  );
}

function Part({ title, quiet, children }: { title: string; quiet?: boolean; children: ReactNode }) {
  return (
    <div role="group" className={quiet ? 'part quiet' : 'part'} aria-label={title}>
      <h3>
        <Text>{title}</Text>
      </h3>
      {children}
    </div>
  );
}

/** An input; a conversation message by message. */
function Asked({ value }: { value: unknown }) {
  const messages = messagesOf(value);
  return messages ? <Conversation messages={messages} /> : <TextBlock>{readable(value)}</TextBlock>;
}
