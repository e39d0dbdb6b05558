import { describe, expect, test } from 'vitest';
import type { Span } from '../../api/review';
import { characters, mark, sentence, spanOf, stretches, units, words } from './spans';

const TEXT = 'She 👩‍💻 schreibt. Sehr gut!\nNeue Zeile.';
/** As the server counts: Unicode scalar values. */
const slice = (text: string, span: Span) => [...text].slice(span.start, span.end).join('');

describe('places', () => {
  test('are counted in characters, and back', () => {
    for (let at = 0; at <= [...TEXT].length; at++) expect(characters(TEXT, units(TEXT, at))).toBe(at);
    expect(characters(TEXT, TEXT.length)).toBe([...TEXT].length);
    expect(units(TEXT, 1_000)).toBe(TEXT.length);
  });
  test('a span holds the words that stand where it says, for every choice of two places', () => {
    for (let from = 0; from <= TEXT.length; from++)
      for (let to = 0; to <= TEXT.length; to++) {
        const span = spanOf('output', TEXT, from, to);
        if (!span) continue;
        expect(slice(TEXT, span)).toBe(span.text);
        expect(span.text).toBe(span.text.trim());
        expect(span.text).toBe(new TextDecoder().decode(new TextEncoder().encode(span.text)));
      }
  });
  test('white space alone is no span', () => {
    expect(spanOf('output', 'a  b', 1, 3)).toBeNull();
    expect(spanOf('output', 'a b', 1, 1)).toBeNull();
  });
});

describe('marks', () => {
  const text = 'one two three four';
  const at = (from: number, to: number, label?: string, field = 'output'): Span => ({
    field,
    start: from,
    end: to,
    text: text.slice(from, to),
    ...(label ? { label } : {}),
  });
  test('of the same name that meet are one, others stay', () => {
    const first = mark([], at(0, 7), text);
    expect(mark(first, at(4, 13), text)).toEqual([at(0, 13)]);
    expect(mark(first, at(0, 7), text)).toEqual([at(0, 7)]);
    expect(mark(first, at(4, 13, 'wrong'), text)).toEqual([at(0, 7), at(4, 13, 'wrong')]);
    expect(mark(first, at(4, 13, undefined, 'contexts/0'), text)).toHaveLength(2);
  });
  test('stand in the order of the text', () => {
    expect(mark([at(14, 18)], at(0, 3), text).map(span => span.start)).toEqual([0, 14]);
  });
  test('cut the text into stretches that give it back', () => {
    const spans = [at(0, 7), at(4, 13, 'wrong')];
    const cut = stretches(text, spans);
    expect(cut.map(({ from, to }) => text.slice(from, to)).join('')).toBe(text);
    expect(cut.map(({ marks }) => marks)).toEqual([[0], [0, 1], [1], []]);
  });
  test('a text without marks is one stretch, an empty one none', () => {
    expect(stretches(text, [])).toEqual([{ from: 0, to: text.length, marks: [] }]);
    expect(stretches('', [])).toEqual([]);
  });
});

test('the keys go by words and by sentences', () => {
  const all = words(TEXT);
  expect(all.map(({ from, to }) => TEXT.slice(from, to))).toEqual([
    'She',
    '👩‍💻',
    'schreibt.',
    'Sehr',
    'gut!',
    'Neue',
    'Zeile.',
  ]);
  expect(sentence(TEXT, all, 0, 1)).toBe(3);
  expect(sentence(TEXT, all, 3, 1)).toBe(5);
  expect(sentence(TEXT, all, 5, 1)).toBe(6);
  expect(sentence(TEXT, all, 6, -1)).toBe(5);
  expect(sentence(TEXT, all, 3, -1)).toBe(0);
});
