import { expect, test } from 'vitest';
import type { Difference } from '../api/types';
import { leaning } from './Estimate';

const between = (lower: number, upper: number) => ({ interval: { lower, upper } }) as Difference;

test('above zero is better, whatever the direction of the scorer, and nothing is shown while zero is inside', () => {
  expect([between(0.1, 0.2), between(-0.062, -0.036), between(-0.1, 0.1)].map(leaning)).toEqual([
    'better',
    'worse',
    'same',
  ]);
});
