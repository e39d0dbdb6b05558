import { describe, expect, test } from 'vitest';
import type { Question } from '../../api/review';
import { begin, choose, inWords, keysOf, missing, put, said, shift, step } from './answering';

const question = (
  name: string,
  kind: Question['kind'],
  values: unknown[] = [],
  required = true,
): Question => ({
  name,
  asks: `${name}?`,
  kind,
  answers: values.map(value => ({ value, words: `is ${String(value)}` })),
  labels: [],
  required,
});
const correct = question('correct', 'yes_no', [true, false]);
const helpful = question('helpful', 'ordinal', [1, 2, 3]);
const invented = question('invented', 'spans', [], false);
const remarks = question('remarks', 'comment', [], false);
const all = [correct, helpful, invented, remarks];

describe('keys', () => {
  test('a scale of one digit is answered by its steps, also when it begins at 0', () => {
    expect(keysOf(helpful)).toEqual([['1'], ['2'], ['3']]);
    expect(keysOf(question('s', 'ordinal', [0, 1]))).toEqual([['0'], ['1']]);
  });
  test('steps that are no digits are counted', () => {
    expect(keysOf(question('s', 'ordinal', [-1, 0, 1]))).toEqual([['1'], ['2'], ['3']]);
    expect(keysOf(question('s', 'ordinal', [10, 20]))).toEqual([['1'], ['2']]);
  });
  test('yes and no, and pairs, have their letters beside numbers', () => {
    expect(keysOf(correct)).toEqual([
      ['y', '1'],
      ['n', '2'],
    ]);
    expect(keysOf(question('better', 'pairwise', ['a', 'b', 'tie']))).toEqual([
      ['1', 'a'],
      ['2', 'b'],
      ['3', 't'],
    ]);
  });
  test('the most options that a rubric may have all have a key, none twice and none that the page uses', () => {
    const options = Array.from({ length: 26 }, (_, n) => `option ${n}`);
    const keys = keysOf(question('topic', 'choice', options)).flat();
    expect(keys).toHaveLength(26);
    expect(new Set(keys).size).toBe(26);
    for (const taken of 'usfmipg') expect(keys).not.toContain(taken);
  });
});

describe('a form', () => {
  test('begins at the first open question and keeps the draft', () => {
    expect(begin(all, {}).at).toBe(0);
    expect(begin(all, { correct: false })).toMatchObject({ at: 1, answers: { correct: false } });
    expect(begin(all, { correct: true, helpful: 1 }).at).toBe(0);
  });
  test('an answer leads to the next open question, wherever it is, and stays when none is open', () => {
    const first = choose(begin(all, {}), 'correct', true);
    expect(first.at).toBe(1);
    const turned = choose({ ...begin(all, {}), at: 1 }, 'helpful', 2);
    expect(turned.at).toBe(0);
    expect(choose(first, 'helpful', 3).at).toBe(1);
  });
  test('arrows move between neighbouring answers and stop at the ends', () => {
    const at = (value: unknown) => ({ ...begin(all, { correct: true, helpful: value }), at: 1 });
    expect(shift(at(1), 1).answers.helpful).toBe(2);
    expect(shift(at(3), 1).answers.helpful).toBe(3);
    expect(shift(at(1), -1).answers.helpful).toBe(1);
    expect(shift(at(undefined), 1).answers.helpful).toBe(1);
    expect(shift(at(undefined), -1).answers.helpful).toBe(3);
    const comment = { ...begin(all, {}), at: 3 };
    expect(shift(comment, 1)).toBe(comment);
    expect(step(comment, 1).at).toBe(3);
    expect(step(comment, -1).at).toBe(2);
  });
  test('false and 0 are answers; an empty comment is none', () => {
    const scale = question('zero', 'ordinal', [0, 1]);
    const note = question('note', 'comment');
    const form = begin([correct, scale, note], { correct: false, zero: 0, note: '' });
    expect(missing(form).map(({ name }) => name)).toEqual(['note']);
    expect(said(form)).toEqual({ correct: false, zero: 0 });
  });
  test('what is sent is what is asked: no empty comments, spans also when nothing is marked', () => {
    const form = put(begin(all, { correct: true, helpful: 2, other: 1 }), 'remarks', '  fine ');
    expect(said(form)).toEqual({ correct: true, helpful: 2, invented: [], remarks: 'fine' });
  });
});

test('answers are told in the words of the rubric', () => {
  expect(inWords(helpful, 2)).toBe('2: is 2');
  expect(inWords(correct, false)).toBe('is false');
  expect(inWords(correct, undefined)).toBe('no answer');
  expect(inWords(invented, [])).toBe('nothing marked');
  expect(inWords(invented, [{ field: 'output', start: 0, end: 2, text: 'It', label: 'wrong' }])).toBe(
    '“It” (wrong)',
  );
  expect(inWords(undefined, 7)).toBe('7');
});
