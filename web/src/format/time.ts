/** Times arrive as UTC microseconds. They are shown in the reader's zone; the exact instant is in the title. */

export function stamp(us: number): string {
  return new Date(us / 1000).toLocaleString('en-GB', {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
}

export const day = (us: number) =>
  new Date(us / 1000).toLocaleDateString('en-GB', { month: 'short', day: 'numeric' });

export const instant = (us: number) => new Date(us / 1000).toISOString();

/** "3 min ago", "2 d ago"; a date when it is long past. */
export function ago(us: number, now: number = Date.now()): string {
  const seconds = Math.round(now / 1000 - us / 1e6);
  if (seconds < 0) return stamp(us);
  if (seconds < 45) return 'just now';
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 14 * 86_400) return `${Math.round(seconds / 86_400)} d ago`;
  return day(us);
}

/** Whole days until a time; below zero once it is past. */
export const daysUntil = (us: number, now: number = Date.now()) => Math.floor((us / 1000 - now) / 86_400_000);
