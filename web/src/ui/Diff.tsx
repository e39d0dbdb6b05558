import { diffWords } from 'diff';
import { Text } from './Text';

/** Beyond this a diff of words takes longer than somebody waits. */
const DIFFED = 8000;

/** A text with what it has beyond another one marked, as what came or as what went. */
export function Diff({ text, other, mark }: { text: string; other: string; mark: 'added' | 'removed' }) {
  if (text.length + other.length > DIFFED) return <Text>{text}</Text>;
  const parts = mark === 'added' ? diffWords(other, text) : diffWords(text, other);
  const Tag = mark === 'added' ? 'ins' : 'del';
  return (
    <>
      {parts
        .filter(part => !(mark === 'added' ? part.removed : part.added))
        .map((part, index) =>
          part.added || part.removed ? (
            <Tag key={index}>
              <Text>{part.value}</Text>
            </Tag>
          ) : (
            <Text key={index}>{part.value}</Text>
          ),
        )}
    </>
  );
}
