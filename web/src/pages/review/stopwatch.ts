/** Time at an item: it stands still while the page is hidden or the rater has paused. */
export class Stopwatch {
  private passed = 0;
  private since: number | null = null;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Milliseconds so far, whole. */
  get ms(): number {
    return Math.round(this.passed + (this.since === null ? 0 : this.now() - this.since));
  }

  start(): void {
    this.since ??= this.now();
  }

  stop(): void {
    if (this.since !== null) this.passed += this.now() - this.since;
    this.since = null;
  }

  reset(): void {
    this.passed = 0;
    this.since = null;
  }
}
