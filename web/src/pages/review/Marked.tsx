import { memo, useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import type { Span } from '../../api/review';
import { located } from '../../format/text';
import { TextBlock } from '../../ui/Text';
import { sentence, spanOf, stretches, words } from './spans';

/** A span as it is shown: which look it has. */
export interface Shade {
  span: Span;
  look: number;
}

interface Props {
  field: string;
  label: string;
  text: string;
  shades: Shade[];
  /** What is chosen and not marked yet. */
  chosen: Span | null;
  /** Told what is chosen, by pointer or by keys; null when nothing is any more. */
  choose: (span: Span | null) => void;
}

/** A text in which parts are marked: by pointer, or word by word with the keys once it has the focus. */
export const Marked = memo(function Marked(props: Props) {
  return (
    <TextBlock render={shown => <Lines {...props} shown={shown} />} empty="empty">
      {props.text}
    </TextBlock>
  );
});

function Lines({ field, label, shown, shades, chosen, choose }: Props & { shown: string }) {
  const root = useRef<HTMLDivElement>(null);
  const hint = useId();
  // The words between which the keys choose, by their number; none while the pointer does.
  const [keys, setKeys] = useState<{ anchor: number; head: number } | null>(null);
  usePointer(root, field, shown, span => {
    setKeys(null);
    choose(span);
  });
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const all = words(shown);
    const head = keys?.head ?? -1;
    const to = {
      ArrowRight: Math.min(all.length - 1, head + 1),
      ArrowLeft: Math.max(0, head - 1),
      ArrowDown: sentence(shown, all, Math.max(0, head), 1),
      ArrowUp: sentence(shown, all, Math.max(0, head), -1),
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (to === undefined || all.length === 0) return;
    event.preventDefault();
    const next = { anchor: event.shiftKey && keys ? keys.anchor : to, head: to };
    setKeys(next);
    const [first, last] = [all[Math.min(next.anchor, next.head)], all[Math.max(next.anchor, next.head)]];
    if (first && last) choose(spanOf(field, shown, first.from, last.to));
  };
  const own = chosen?.field === field ? chosen : null;
  const all = shades.filter(({ span }) => span.field === field);
  const parts = stretches(shown, own ? [...all.map(({ span }) => span), own] : all.map(({ span }) => span));
  useEffect(() => {
    if (keys) root.current?.querySelector('.chosen')?.scrollIntoView({ block: 'nearest' });
  }, [keys]);
  return (
    <div
      ref={root}
      className="marked"
      role="textbox"
      aria-readonly
      aria-multiline
      aria-label={label}
      aria-describedby={hint}
      tabIndex={0}
      data-field={field}
      onKeyDown={press}
      onCopy={event => {
        if (!own || !document.getSelection()?.isCollapsed) return;
        event.preventDefault();
        event.clipboardData.setData('text/plain', own.text);
      }}
      onBlur={() => setKeys(null)}
    >
      <span id={hint} hidden>
        Arrow keys choose words, with Shift several; up and down go by sentences.
      </span>
      {parts.map(({ from, to, marks }) => {
        const looks = marks.map(n => all[n]?.look).filter(look => look !== undefined);
        const names = [
          ...looks.map(look => `span look-${look % 6}`),
          ...(own && marks.includes(all.length) ? ['chosen'] : []),
        ];
        const said = marks.flatMap(n => all[n]?.span.label ?? []).join(', ');
        const leaves = located(shown.slice(from, to)).map(piece => (
          <span
            key={piece.from}
            data-from={from + piece.from}
            data-to={from + piece.to}
            className={piece.mark ? 'mark' : undefined}
            title={piece.mark}
          >
            {piece.text}
          </span>
        ));
        return names.length > 0 ? (
          <span key={from} className={names.join(' ')} title={said || undefined}>
            {leaves}
          </span>
        ) : (
          leaves
        );
      })}
    </div>
  );
}

/** Tells what the pointer has chosen within a text. */
function usePointer(
  root: { current: HTMLElement | null },
  field: string,
  text: string,
  tell: (span: Span | null) => void,
) {
  const latest = useRef(tell);
  useEffect(() => {
    latest.current = tell;
  });
  useEffect(() => {
    // The button may be let go outside of the text.
    const look = (event: PointerEvent) => {
      const selection = document.getSelection();
      const at = root.current;
      if (!at || !selection || selection.rangeCount === 0) return;
      const range = selection.getRangeAt(0);
      if (selection.isCollapsed) {
        if (event.target instanceof Node && at.contains(event.target)) latest.current(null);
        return;
      }
      const places = placesIn(at, range);
      const span = places && spanOf(field, text, places[0], places[1]);
      if (!span) return;
      // What is chosen has its own look, which stays when the text is drawn anew; the browser's does not.
      selection.removeAllRanges();
      latest.current(span);
    };
    document.addEventListener('pointerup', look);
    return () => document.removeEventListener('pointerup', look);
  }, [root, field, text]);
}

/** Where a range begins and ends within a text whose leaves say their places. */
function placesIn(root: HTMLElement, range: Range): [number, number] | null {
  let found: [number, number] | null = null;
  for (const leaf of root.querySelectorAll<HTMLElement>('[data-from]')) {
    if (!range.intersectsNode(leaf)) continue;
    const [from, to] = [Number(leaf.dataset.from), Number(leaf.dataset.to)];
    const text = leaf.firstChild;
    // A mark for a character that is not seen is as long as its name, and stands for one place.
    const at = (offset: number) =>
      leaf.classList.contains('mark') ? (offset > 0 ? to : from) : from + offset;
    const begins = range.startContainer === text ? at(range.startOffset) : from;
    const ends = range.endContainer === text ? at(range.endOffset) : to;
    found = [found?.[0] ?? begins, ends];
  }
  return found;
}
