/** Wilson's interval of a share (Wilson 1927, as in the server's own reports); none without trials. */
export function wilson(
  hits: number,
  of: number,
  confidence: number,
): { lower: number; upper: number } | null {
  if (of <= 0) return null;
  const z = quantile((1 + confidence) / 2);
  const p = hits / of;
  const middle = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return { lower: Math.max(0, middle - half), upper: Math.min(1, middle + half) };
}

/** The quantile of the standard normal distribution for p from 0.5: Newton's steps from 0, which never pass it as the
 * distribution function is concave there, on the series of Marsaglia (2004). */
export function quantile(p: number): number {
  let x = 0;
  for (let step = 0; step < 100; step++) {
    const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    let term = x;
    let sum = x;
    for (let n = 3; Math.abs(term) > 1e-17 * sum; n += 2) sum += term *= (x * x) / n;
    const by = (p - 0.5 - density * sum) / density;
    x += by;
    if (!(Math.abs(by) > 1e-14 * x)) break;
  }
  return x;
}
