import { useEffect, useState } from 'react';
import { api, Problem } from '../../api/client';
import type { Answers } from '../../api/review';

/** Where what is not answered yet is: with the server, on its way, only here, or no longer wanted there. */
export type Kept = 'kept' | 'waiting' | 'sending' | 'failed' | 'gone';

const PAUSE_MS = 500;
const AGAIN_MS = 4_000;
/** What a browser sends for a page that closes. */
const MOST_BYTES = 60_000;

type Send = (lease: string, answers: Answers, leaving: boolean) => Promise<unknown>;

/** Keeps the draft of one item with the server while it changes: after a short pause, again while the server is away. */
export class Keeper {
  private open: { lease: string; answers: Answers } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly send: Send,
    private readonly tell: (kept: Kept | null) => void,
  ) {}

  change(lease: string, answers: Answers): void {
    this.open = { lease, answers };
    this.tell('waiting');
    this.after(PAUSE_MS);
  }

  /** The answers themselves are on their way: the draft is not needed. */
  drop(): void {
    clearTimeout(this.timer);
    this.open = null;
    this.tell(null);
  }

  /** Sends what is not sent yet; `leaving` when the page may be closing. */
  async flush(leaving = false): Promise<void> {
    clearTimeout(this.timer);
    const draft = this.open;
    if (!draft) return;
    this.tell('sending');
    try {
      await this.send(draft.lease, draft.answers, leaving);
      if (this.open !== draft) return;
      this.open = null;
      this.tell('kept');
    } catch (error) {
      if (this.open !== draft) return;
      if (error instanceof Problem && error.status >= 400 && error.status < 500) {
        // The item is not with this rater any more, or the draft is too long: sending it again would not help.
        this.open = null;
        this.tell('gone');
      } else {
        this.tell('failed');
        this.after(AGAIN_MS);
      }
    }
  }

  private after(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), ms);
  }
}

/** A keeper for the drafts of a project, and what it says. */
export function useDraft(path: string): { kept: Kept | null; draft: Keeper } {
  const [kept, setKept] = useState<Kept | null>(null);
  const [draft] = useState(
    () =>
      new Keeper((lease, answers, leaving) => {
        const to = `${path}/drafts/${encodeURIComponent(lease)}`;
        const small = JSON.stringify(answers).length < MOST_BYTES;
        return leaving && small ? api.leave(to, answers) : api.put(to, answers);
      }, setKept),
  );
  useEffect(() => {
    const hide = () => document.visibilityState === 'hidden' && void draft.flush(true);
    document.addEventListener('visibilitychange', hide);
    return () => {
      document.removeEventListener('visibilitychange', hide);
      void draft.flush(true);
    };
  }, [draft]);
  return { kept, draft };
}
