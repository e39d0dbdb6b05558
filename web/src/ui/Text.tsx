import { useState, type ReactNode } from 'react';
import { link, pieces } from '../format/text';

/** A text from outside, on one line or within a sentence: only ever text, with marks for what would not be seen. */
export function Text({ children }: { children: string | null | undefined }) {
  if (children === null || children === undefined) return null;
  return (
    <bdi>
      {pieces(children).map((piece, index) =>
        piece.mark ? (
          <span key={index} className="mark" title={piece.mark}>
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </bdi>
  );
}

/** A sentence of the server or of a report: what stands between backticks is code, and nothing else means anything. */
export function Said({ children }: { children: string | null | undefined }) {
  if (!children) return null;
  return children.split(/`([^`\n]+)`/).map((part, index) =>
    index % 2 === 1 ? (
      <code key={index}>
        <Text>{part}</Text>
      </code>
    ) : (
      part && <Text key={index}>{part}</Text>
    ),
  );
}

/** Sentences as a list; nothing where there are none. */
export function Notes({ of, kind, inset }: { of: Iterable<string>; kind?: string; inset?: boolean }) {
  const all = [...of];
  if (all.length === 0) return null;
  return (
    <ul className={inset ? 'notes inset' : 'notes'}>
      {all.map(note => (
        <li key={note} className={kind}>
          <Said>{note}</Said>
        </li>
      ))}
    </ul>
  );
}

const CUT = 6000;

/** A long text from outside in its own lines; beyond a few thousand characters it opens on demand. */
export function TextBlock({
  children,
  render,
  empty = 'empty',
}: {
  children: string | null | undefined;
  render?: (text: string) => ReactNode;
  empty?: string;
}) {
  const [all, setAll] = useState(false);
  if (children === null || children === undefined || children === '')
    return <span className="faint">{empty}</span>;
  const long = children.length > CUT;
  const shown = long && !all ? children.slice(0, CUT) : children;
  return (
    <>
      <div className="text-block">{render ? render(shown) : <Text>{shown}</Text>}</div>
      {long && (
        <button type="button" className="button quiet small" onClick={() => setAll(!all)}>
          {all ? 'show less' : `show all ${children.length.toLocaleString('en')} characters`}
        </button>
      )}
    </>
  );
}

/** An address from outside: a link only for http and https. */
export function Address({ children }: { children: string }) {
  const to = link(children);
  if (!to) return <Text>{children}</Text>;
  return (
    <a href={to} target="_blank" rel="noopener noreferrer">
      <Text>{children}</Text>
    </a>
  );
}
