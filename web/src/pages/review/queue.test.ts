import { describe, expect, test } from 'vitest';
import type { ReviewTask } from '../../api/review';
import { EMPTY, follow, type Event, type Queue } from './queue';

const task = (number: number): ReviewTask => ({
  lease: `lease ${number}`,
  until_us: 1_000,
  content: { inputs: {}, contexts: [], output: 'x', other: null, expected: null },
  criteria: ['correct'],
  before: {},
  draft: {},
  number,
  of: 30,
});
const item = (number: number): Event => ({ is: 'came', next: { next: 'item', task: task(number) } });
const after = (...events: Event[]): Queue => events.reduce(follow, EMPTY);
const place = { rated: 4, of: 30 };

describe('a queue', () => {
  test('goes from item to item', () => {
    const sent = after(item(4), { is: 'sent' });
    expect(sent.screen).toMatchObject({ at: 'sending', task: { number: 4 } });
    const kept = follow(sent, { is: 'kept', place, stopped: null });
    expect(kept).toMatchObject({ screen: { at: 'fetching' }, place, kept: 1 });
    expect(follow(kept, item(5))).toMatchObject({
      screen: { at: 'item', task: { number: 5 } },
      place: { rated: 4, of: 30 },
    });
  });
  test('an answer that was not taken stays on the screen with the reason', () => {
    const failed = after(item(4), { is: 'sent' }, { is: 'failed', problem: 'away' });
    expect(failed).toMatchObject({ screen: { at: 'item', task: { number: 4 } }, problem: 'away', kept: 0 });
    expect(follow(failed, { is: 'sent' }).problem).toBeNull();
  });
  test('a next item that could not be had can be asked for again', () => {
    const failed = after({ is: 'failed', problem: 'away' });
    expect(failed).toMatchObject({ screen: { at: 'fetching' }, problem: 'away' });
    expect(follow(failed, { is: 'asked' })).toMatchObject({ problem: null, asked: 1 });
  });
  test('the item that undo brings back is shown instead of the open one', () => {
    const kept = after(item(4), { is: 'sent' }, { is: 'kept', place, stopped: null }, item(5));
    expect(follow(kept, { is: 'taken back', task: task(4) })).toMatchObject({
      screen: { at: 'item', task: { number: 4 } },
      place: { rated: 3 },
      kept: 0,
    });
  });
  test('what comes late does not take the item away that is on the screen', () => {
    const taken = after({ is: 'taken back', task: task(3) });
    expect(follow(taken, item(5))).toBe(taken);
  });
  test('a pause hides the item; what was kept too long is asked for again', () => {
    const paused = after(item(4), { is: 'paused' });
    expect(paused.screen.at).toBe('paused');
    expect(follow(paused, { is: 'resumed', now_us: 999 }).screen).toMatchObject({ at: 'item' });
    expect(follow(paused, { is: 'resumed', now_us: 1_001 }).screen).toEqual({ at: 'fetching' });
  });
  test('nothing is paused or sent while answers are on their way', () => {
    const sent = after(item(4), { is: 'sent' });
    expect(follow(sent, { is: 'paused' })).toBe(sent);
    expect(follow(sent, { is: 'sent' })).toBe(sent);
  });
  test.each([
    [{ is: 'came', next: { next: 'quiz' } }, 'quiz'],
    [{ is: 'came', next: { next: 'done', why: 'no item is left' } }, 'done'],
    [{ is: 'came', next: { next: 'stopped', why: 'gold' } }, 'stopped'],
    [{ is: 'kept', place, stopped: 'right on 3 of 9' }, 'stopped'],
    [{ is: 'lost', why: 'not with you' }, 'lost'],
    [{ is: 'left out' }, 'fetching'],
  ] as [Event, string][])('%o leads to %s', (event, at) => {
    expect(after(event).screen.at).toBe(at);
  });
});
