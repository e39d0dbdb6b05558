import { expect, test } from 'vitest';
import { money, pValue, score, signed } from './number';
import { quantile, wilson } from './rate';
import { byLine, link, located, pieces, visible } from './text';
import { ago } from './time';

test('characters that would not be seen are marks, escape sequences are gone', () => {
  expect(visible('a\u202eb\u200bc')).toBe('a⟨RLO⟩b⟨ZWSP⟩c');
  expect(visible('\u001b[31mred\u001b[0m')).toBe('red');
  expect(pieces('plain\n\ttext\r\n')).toEqual([{ text: 'plain\n\ttext\n' }]);
  expect(visible('👩\u200d💻')).toBe('👩\u200d💻');
});
test('faults with their places stand on lines of their own', () => {
  expect(
    byLine('2 lines of my l.csv are no labels: nothing was stored: my l.csv:3: `a`; no; my l.csv:9: b: c'),
  ).toBe('2 lines of my l.csv are no labels: nothing was stored:\nmy l.csv:3: `a`; no;\nmy l.csv:9: b: c');
  expect(byLine('a.csv:2: there is no column `b`')).toBe('a.csv:2: there is no column `b`');
});
test('only http and https are links', () => {
  expect(link('https://example.org/a')).toBe('https://example.org/a');
  expect(link('javascript:alert(1)')).toBeNull();
  expect(link('data:text/html,x')).toBeNull();
});
test('numbers have the digits that they bear', () => {
  expect([score(0.62162), score(null), signed(0.4189), signed(-0.1)]).toEqual([
    '0.622',
    '–',
    '+0.419',
    '\u22120.100',
  ]);
  expect([pValue(5e-10), pValue(0.0312)]).toEqual(['<0.0001', '0.031']);
  expect([money(0), money(1_500_000_000), money(2_000_000)]).toEqual(['$0', '$1.50', '$0.0020']);
});
test('times are told from now', () => {
  expect(ago(0, 120_000)).toBe('2 min ago');
});
test('places of pieces are places in the text, and nothing is taken out', () => {
  const text = 'a\u202eb\r\n\u001b[31mc';
  const found = located(text);
  expect(found.map(piece => text.slice(piece.from, piece.to)).join('')).toBe(text);
  expect(found.map(piece => piece.mark !== undefined)).toEqual([false, true, false, true, false]);
});
test('shares have Wilson’s interval', () => {
  // statsmodels 0.14: proportion_confint(3, 50, method='wilson'), (0, 20) and (20, 20).
  for (const [hits, of, lower, upper] of [
    [3, 50, 0.020614970348973943, 0.16217091688838173],
    [0, 20, 0, 0.1611251580528194],
    [20, 20, 0.8388748419471804, 1],
  ] as const) {
    expect(wilson(hits, of, 0.95)?.lower).toBeCloseTo(lower, 12);
    expect(wilson(hits, of, 0.95)?.upper).toBeCloseTo(upper, 12);
  }
  expect(wilson(0, 0, 0.95)).toBeNull();
});
test('quantiles of the normal distribution are those of scipy', () => {
  // scipy 1.17: norm.ppf
  for (const [p, x] of [
    [0.5, 0],
    [0.9, 1.2815515655446004],
    [0.975, 1.959963984540054],
    [0.99999, 4.264890793923841],
  ] as const)
    expect(quantile(p)).toBeCloseTo(x, 11);
});
