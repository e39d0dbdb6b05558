import { expect, test } from 'vitest';
import type { Difference } from '../api/types';
import { leaning } from './Estimate';
import { intervalOf, levelOf } from './level';

const between = (lower: number, upper: number) => ({ interval: { lower, upper } }) as Difference;

test('above zero is better, whatever the direction of the scorer, and nothing is shown while zero is inside', () => {
  expect([between(0.1, 0.2), between(-0.062, -0.036), between(-0.1, 0.1)].map(leaning)).toEqual([
    'better',
    'worse',
    'same',
  ]);
});

test('a confidence has the digits that tell it from 100, as in the commands', () => {
  expect([0.95, 0.9, 0.975, 0.9992121028468902, 0.995].map(levelOf)).toEqual([
    '95%',
    '90%',
    '97.5%',
    '99.921%',
    '99.50%',
  ]);
  expect(intervalOf(null)).toBe('interval');
});
