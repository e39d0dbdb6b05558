/** Wilson's interval of a share at 95% (Wilson 1927, as in the server's own reports); none without trials. */
export function wilson(hits: number, of: number): { lower: number; upper: number } | null {
  if (of <= 0) return null;
  // The 97.5% quantile of the normal distribution.
  const z = 1.959963984540054;
  const p = hits / of;
  const middle = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return { lower: Math.max(0, middle - half), upper: Math.min(1, middle + half) };
}
