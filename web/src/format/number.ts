/** Numbers as people read them here: a plain minus sign of its own width, no more digits than the interval bears. */

const MINUS = '\u2212';
const sign = (text: string) => text.replace(/^-/, MINUS);

/** A score: three decimals for what lives between 0 and 1, otherwise four significant digits. */
export function score(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e6 || size < 1e-4) return sign(value.toExponential(2));
  if (size <= 1.5) return sign(value.toFixed(3));
  return sign(
    value.toLocaleString('en', { maximumFractionDigits: size >= 100 ? 1 : 3, minimumFractionDigits: 0 }),
  );
}

/** A difference, always with its sign. */
export function signed(value: number | null | undefined): string {
  const text = score(value);
  return value !== null && value !== undefined && value > 0 ? `+${text}` : text;
}

export const count = (value: number) => value.toLocaleString('en');

export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%` : '–';
}

/** A p value: never "0.000". */
export function pValue(p: number | null | undefined): string {
  if (p === null || p === undefined) return '–';
  if (p < 0.0001) return '<0.0001';
  return p.toFixed(p < 0.01 ? 4 : 3);
}

/** Nano-dollars. */
export function money(nano: number | null | undefined): string {
  if (nano === null || nano === undefined) return '–';
  const dollars = nano / 1e9;
  if (dollars === 0) return '$0';
  if (Math.abs(dollars) < 0.01) return `$${dollars.toPrecision(2)}`;
  return `$${dollars.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: dollars < 1 ? 4 : 2 })}`;
}

/** Microseconds as a length of time. */
export function duration(us: number | null | undefined): string {
  if (us === null || us === undefined) return '–';
  if (us < 1000) return `${Math.round(us)} µs`;
  const ms = us / 1000;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s < 10 ? s.toFixed(2) : s.toFixed(1)} s`;
  const minutes = Math.floor(s / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(s % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
