import { expect, test } from 'vitest';
import { Stopwatch } from './stopwatch';

test('time stands still while it is stopped, and begins anew with an item', () => {
  let now = 0;
  const watch = new Stopwatch(() => now);
  const pass = (ms: number) => (now += ms);
  pass(50);
  expect(watch.ms).toBe(0);
  watch.start();
  pass(100);
  watch.start();
  pass(100);
  expect(watch.ms).toBe(200);
  watch.stop();
  pass(10_000);
  watch.start();
  pass(5);
  expect(watch.ms).toBe(205);
  watch.reset();
  expect(watch.ms).toBe(0);
});
