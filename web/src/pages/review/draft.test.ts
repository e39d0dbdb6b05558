import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../../api/client';
import { Keeper, type Kept } from './draft';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function keeper(...answers: (Problem | null)[]) {
  const sent: unknown[] = [];
  const said: (Kept | null)[] = [];
  const keep = new Keeper(
    (lease, draft, leaving) => {
      sent.push([lease, draft, leaving]);
      const problem = answers.shift() ?? null;
      return problem ? Promise.reject(problem) : Promise.resolve();
    },
    kept => said.push(kept),
  );
  return { keep, sent, said };
}
const problem = (status: number) => new Problem(status, '', '', null, {});

test('a draft is sent once it rests, and only the last of several', async () => {
  const { keep, sent, said } = keeper();
  keep.change('l', { a: 1 });
  await vi.advanceTimersByTimeAsync(300);
  keep.change('l', { a: 2 });
  await vi.advanceTimersByTimeAsync(300);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(300);
  expect(sent).toEqual([['l', { a: 2 }, false]]);
  expect(said.at(-1)).toBe('kept');
});
test('it is sent again while the server is away', async () => {
  const { keep, sent, said } = keeper(problem(0), problem(503));
  keep.change('l', { a: 1 });
  await vi.advanceTimersByTimeAsync(600);
  expect(said.at(-1)).toBe('failed');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toHaveLength(3);
  expect(said.at(-1)).toBe('kept');
});
test('what the server refuses is not sent again', async () => {
  const { keep, sent, said } = keeper(problem(409));
  keep.change('l', { a: 1 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toHaveLength(1);
  expect(said.at(-1)).toBe('gone');
});
test('a page that closes sends at once; what is answered is not sent as a draft', async () => {
  const { keep, sent } = keeper();
  keep.change('l', { a: 1 });
  await keep.flush(true);
  expect(sent).toEqual([['l', { a: 1 }, true]]);
  keep.change('l', { a: 2 });
  keep.drop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toHaveLength(1);
});
