/** What is on a rater's screen, and what changes it. */
import type { NextTask, Place, ReviewTask } from '../../api/review';

export type Screen =
  /** The next item is on its way. */
  | { at: 'fetching' }
  | { at: 'item'; task: ReviewTask }
  /** The answers are on their way; they stay on the screen until they are kept. */
  | { at: 'sending'; task: ReviewTask }
  | { at: 'paused'; task: ReviewTask }
  /** Somebody else has the item, or it was answered in another window. */
  | { at: 'lost'; why: string }
  | { at: 'quiz' }
  | { at: 'done'; why: string }
  | { at: 'stopped'; why: string };

export interface Queue {
  screen: Screen;
  place: Place | null;
  /** What was kept in this sitting: what undo can take back without a question. */
  kept: number;
  /** What could not be done just now; the item stays. */
  problem: unknown;
  /** How often the next item was asked for by hand. */
  asked: number;
}

export type Event =
  | { is: 'came'; next: NextTask }
  | { is: 'taken back'; task: ReviewTask }
  | { is: 'sent' }
  | { is: 'kept'; place: Place; stopped: string | null }
  | { is: 'left out' }
  | { is: 'lost'; why: string }
  | { is: 'failed'; problem: unknown }
  | { is: 'paused' }
  | { is: 'resumed'; now_us: number }
  | { is: 'asked' };

export const EMPTY: Queue = { screen: { at: 'fetching' }, place: null, kept: 0, problem: null, asked: 0 };

function came(next: NextTask): Screen {
  switch (next.next) {
    case 'item':
      return { at: 'item', task: next.task };
    case 'quiz':
      return { at: 'quiz' };
    case 'done':
      return { at: 'done', why: next.why };
    case 'stopped':
      return { at: 'stopped', why: next.why };
  }
}

export function follow(queue: Queue, event: Event): Queue {
  const { screen } = queue;
  const show = (next: Screen): Queue => ({ ...queue, screen: next, problem: null });
  switch (event.is) {
    case 'came': {
      // What comes after the rater has gone on to something else is not shown.
      if (screen.at !== 'fetching') return queue;
      const task = event.next.next === 'item' ? event.next.task : null;
      return {
        ...show(came(event.next)),
        place: task ? { rated: task.number - 1, of: task.of } : queue.place,
      };
    }
    case 'taken back':
      return {
        ...show({ at: 'item', task: event.task }),
        place: { rated: event.task.number - 1, of: event.task.of },
        kept: Math.max(0, queue.kept - 1),
      };
    case 'sent':
      return screen.at === 'item' ? show({ at: 'sending', task: screen.task }) : queue;
    case 'kept':
      return {
        ...show(event.stopped === null ? { at: 'fetching' } : { at: 'stopped', why: event.stopped }),
        place: event.place,
        kept: queue.kept + 1,
      };
    case 'left out':
      return show({ at: 'fetching' });
    case 'asked':
      return { ...show({ at: 'fetching' }), asked: queue.asked + 1 };
    case 'lost':
      return show({ at: 'lost', why: event.why });
    case 'failed':
      return screen.at === 'sending'
        ? { ...queue, screen: { at: 'item', task: screen.task }, problem: event.problem }
        : { ...queue, problem: event.problem };
    case 'paused':
      return screen.at === 'item' ? show({ at: 'paused', task: screen.task }) : queue;
    case 'resumed':
      if (screen.at !== 'paused') return queue;
      // What was kept too long may be with somebody else by now: it is asked for again.
      return show(
        screen.task.until_us > event.now_us ? { at: 'item', task: screen.task } : { at: 'fetching' },
      );
  }
}
