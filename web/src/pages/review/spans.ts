/** Marked parts of a text. The server counts characters (Unicode scalar values); the browser counts UTF-16 units. */
import type { Span } from '../../api/review';

/** Characters before a place that is counted in UTF-16 units; half of a pair belongs to what is before it. */
export function characters(text: string, units: number): number {
  let count = 0;
  for (let at = 0; at < Math.min(units, text.length); count++)
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

/** The place of a character in UTF-16 units. */
export function units(text: string, character: number): number {
  let at = 0;
  for (let count = 0; count < character && at < text.length; count++)
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}

/** The span between two places (in UTF-16 units, in either order) without white space at its ends; none when nothing is left. */
export function spanOf(field: string, text: string, from: number, to: number): Span | null {
  let [start, end] = from < to ? [from, to] : [to, from];
  while (start < end && /\s/.test(text.charAt(start))) start++;
  while (end > start && /\s/.test(text.charAt(end - 1))) end--;
  // A pair of units is one character, never half of one.
  if (start > 0 && /[\udc00-\udfff]/.test(text.charAt(start))) start--;
  if (end < text.length && /[\udc00-\udfff]/.test(text.charAt(end))) end++;
  if (start >= end) return null;
  return {
    field,
    start: characters(text, start),
    end: characters(text, end),
    text: text.slice(start, end),
  };
}

const same = (a: Span, b: Span) => a.field === b.field && a.label === b.label;

/** Adds a span; with what it meets of the same name it becomes one. `text` is the field's. */
export function mark(spans: Span[], added: Span, text: string): Span[] {
  const meets = (span: Span) => same(span, added) && span.start <= added.end && added.start <= span.end;
  const joined = [added, ...spans.filter(meets)];
  const [start, end] = [
    Math.min(...joined.map(span => span.start)),
    Math.max(...joined.map(span => span.end)),
  ];
  const one = { ...added, start, end, text: text.slice(units(text, start), units(text, end)) };
  return [...spans.filter(span => !meets(span)), one].sort(
    (a, b) => a.field.localeCompare(b.field) || a.start - b.start || a.end - b.end,
  );
}

/** A stretch of a text under the same marks, in UTF-16 units. */
export interface Stretch {
  from: number;
  to: number;
  /** Places in the list of spans. */
  marks: number[];
}

/** Cuts a text where marks begin and end. Marks that do not fit the text are left out. */
export function stretches(text: string, spans: { start: number; end: number }[]): Stretch[] {
  const at = spans.map(span => ({ from: units(text, span.start), to: units(text, span.end) }));
  const cuts = [...new Set([0, text.length, ...at.flatMap(({ from, to }) => [from, to])])].sort(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((to, index) => {
    const from = cuts[index] ?? 0;
    return { from, to, marks: at.flatMap((span, n) => (span.from <= from && to <= span.to ? [n] : [])) };
  });
}

/** The words of a text in UTF-16 units: what the keyboard marks by. */
export function words(text: string): { from: number; to: number }[] {
  return [...text.matchAll(/\S+/g)].map(hit => ({ from: hit.index, to: hit.index + hit[0].length }));
}

/** The first word of the next or of the previous sentence or line. */
export function sentence(text: string, all: { from: number; to: number }[], at: number, by: 1 | -1): number {
  const begins = (index: number) => {
    const [before, own] = [all[index - 1], all[index]];
    return (
      !before ||
      !own ||
      /[.!?…。]/.test(text.charAt(before.to - 1)) ||
      /\n/.test(text.slice(before.to, own.from))
    );
  };
  for (let index = at + by; index > 0 && index < all.length; index += by) if (begins(index)) return index;
  return by > 0 ? Math.max(0, all.length - 1) : 0;
}
