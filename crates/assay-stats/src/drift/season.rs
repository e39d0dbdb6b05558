//! Series with seasons: trend, seasons and what is left, and which of that is unusual.

use super::{Undefined, finite, sorted};

/// A series taken apart: value = trend + seasons + residual.
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition {
    /// The slow part.
    pub trend: Vec<f64>,
    /// A season per period, in order of periods.
    pub seasons: Vec<Vec<f64>>,
    /// What is left.
    pub residual: Vec<f64>,
    /// Weight of each value from 0 (an outlier that did not count) to 1; all 1 when not robust.
    pub weights: Vec<f64>,
}

/// Seasonal and trend decomposition by local regression (loess), with statsmodels' defaults: season smoothed over `window`
/// periods (odd, 3 or more; 7 is usual), trend window 1.5 period / (1 − 1.5 / window), low-pass window the next odd number
/// after the period, all of degree 1; 5 inner passes, or when `robust` 2 inner and 15 outer ones that give outliers less
/// weight. With fewer than five cycles robust weights can be those of rounding errors: do not ask for them then. O(passes · n ·
/// window of the trend). Cleveland et al. 1990.
///
/// # Errors
/// Fewer than two full periods, a value that is not finite, a period below 2, or an even or small window.
///
/// # Examples
/// ```
/// let series: Vec<f64> = (0..70).map(|i| f64::from(i) + [3.0, -1.0, -2.0, 0.0, 0.0, 1.0, -1.0][i as usize % 7]).collect();
/// let parts = assay_stats::drift::season::stl(&series, 7, 7, false)?;
/// assert!(parts.residual.iter().all(|r| r.abs() < 1e-9) && (parts.seasons[0][35] - 3.0).abs() < 1e-9);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn stl(values: &[f64], period: usize, window: usize, robust: bool) -> Result<Decomposition, Undefined> {
    if period < 2 {
        return Err(Undefined::Setting("period"));
    }
    if window < 3 || window.is_multiple_of(2) || window > 1 << 30 {
        return Err(Undefined::Setting("window"));
    }
    finite(values, period.saturating_mul(2))?;
    let n = values.len();
    let trend_window = (1.5 * period as f64 / (1.0 - 1.5 / window as f64)).ceil() as usize | 1;
    let low_window = (period + 1) | 1;
    let (mut season, mut trend) = (vec![0.0; n], vec![0.0; n]);
    let mut weights = vec![1.0; n];
    let (inner, outer) = if robust { (2, 15) } else { (5, 0) };
    for pass in 0..=outer {
        let used = (pass > 0).then_some(&weights[..]);
        for _ in 0..inner {
            let detrended: Vec<f64> = values.iter().zip(&trend).map(|(v, t)| v - t).collect();
            let cycle = cycles(&detrended, period, window, used);
            let smooth = mean_of(&mean_of(&mean_of(&cycle, period), period), 3);
            let low = loess(&smooth, low_window, None);
            season = (0..n).map(|i| cycle[period + i] - low[i]).collect();
            let rest: Vec<f64> = values.iter().zip(&season).map(|(v, s)| v - s).collect();
            trend = loess(&rest, trend_window, used);
        }
        if pass < outer {
            weights = bisquare(values.iter().zip(&trend).zip(&season).map(|((v, t), s)| (v - t - s).abs()).collect());
        }
    }
    let residual = values.iter().zip(&season).zip(&trend).map(|((v, s), t)| v - s - t).collect();
    Ok(Decomposition { trend, seasons: vec![season], residual, weights })
}

/// [`stl`] for several periods, such as 24 and 168 hours: the seasons take turns, twice. Windows are 11, 15, 19 … in order of
/// ascending periods, as in statsmodels. Bandara, Hyndman & Bergmeir 2021.
///
/// # Errors
/// As [`stl`]; no periods, or one that does not fit twice into the series.
///
/// # Examples
/// ```
/// let series: Vec<f64> = (0..90).map(|i| f64::from(i % 3) + f64::from(i % 10)).collect();
/// let parts = assay_stats::drift::season::mstl(&series, &[3, 10], false)?;
/// assert_eq!(parts.seasons.len(), 2);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn mstl(values: &[f64], periods: &[usize], robust: bool) -> Result<Decomposition, Undefined> {
    let mut periods = periods.to_vec();
    periods.sort_unstable();
    periods.dedup();
    let longest = *periods.last().ok_or(Undefined::Setting("periods"))?;
    finite(values, longest.saturating_mul(2).saturating_add(1))?;
    let mut rest = values.to_vec();
    let mut seasons = vec![vec![0.0; values.len()]; periods.len()];
    let mut last = None;
    for _ in 0..if periods.len() == 1 { 1 } else { 2 } {
        for (place, period) in periods.iter().enumerate() {
            rest.iter_mut().zip(&seasons[place]).for_each(|(r, s)| *r += s);
            let mut parts = stl(&rest, *period, 11 + 4 * place, robust)?;
            seasons[place] = parts.seasons.remove(0);
            rest.iter_mut().zip(&seasons[place]).for_each(|(r, s)| *r -= s);
            last = Some(parts);
        }
    }
    let last = last.ok_or(Undefined::Setting("periods"))?;
    let residual = rest.iter().zip(&last.trend).map(|(r, t)| r - t).collect();
    Ok(Decomposition { trend: last.trend, seasons, residual, weights: last.weights })
}

/// Each place of the period smoothed over its cycles, with one cycle more at either end.
fn cycles(values: &[f64], period: usize, window: usize, weights: Option<&[f64]>) -> Vec<f64> {
    let mut out = vec![0.0; values.len() + 2 * period];
    for place in 0..period {
        let every = |all: &[f64]| -> Vec<f64> { all.iter().skip(place).step_by(period).copied().collect() };
        let own = every(values);
        let weight = weights.map(every);
        let weight = weight.as_deref();
        let k = own.len();
        let mut smooth = Vec::with_capacity(k + 2);
        let inner = loess(&own, window, weight);
        let first = fit(&own, window, 0, 1, window.min(k), weight).unwrap_or(inner[0]);
        let last = fit(&own, window, k + 1, (k + 1).saturating_sub(window).max(1), k, weight).unwrap_or(inner[k - 1]);
        smooth.push(first);
        smooth.extend(inner);
        smooth.push(last);
        for (cycle, value) in smooth.into_iter().enumerate() {
            if let Some(cell) = out.get_mut(cycle * period + place) {
                *cell = value;
            }
        }
    }
    out
}

/// Local linear regression at each place.
fn loess(values: &[f64], window: usize, weights: Option<&[f64]>) -> Vec<f64> {
    let n = values.len();
    if n < 2 {
        return values.to_vec();
    }
    let half = (window + 2) / 2;
    (1..=n)
        .map(|at| {
            let left = if window >= n { 1 } else { (at + 1).saturating_sub(half).clamp(1, n - window + 1) };
            let right = if window >= n { n } else { left + window - 1 };
            fit(values, window, at, left, right, weights).unwrap_or(values[at - 1])
        })
        .collect()
}

/// The local line at `at`, over the places `left` to `right` (all from 1), with tricube weights. `None` when no value has weight.
fn fit(values: &[f64], window: usize, at: usize, left: usize, right: usize, robust: Option<&[f64]>) -> Option<f64> {
    let n = values.len();
    let x = at as f64;
    let mut reach = (x - left as f64).max(right as f64 - x);
    if window > n {
        reach += ((window - n) / 2) as f64;
    }
    let tricube = |place: usize| {
        let distance = (place as f64 - x).abs();
        let weight = if distance > 0.999 * reach {
            0.0
        } else if distance <= 0.001 * reach {
            1.0
        } else {
            let u = distance / reach;
            let rest = 1.0 - u * u * u;
            rest * rest * rest
        };
        weight * robust.map_or(1.0, |w| w[place - 1])
    };
    let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
    let mut cells = [0.0, 0.0];
    for place in left..=right {
        let weight = tricube(place);
        let from = place as f64 - x;
        sum += weight;
        first += weight * from;
        second += weight * from * from;
        cells[0] += weight * values[place - 1];
        cells[1] += weight * from * values[place - 1];
    }
    if sum <= 0.0 {
        return None;
    }
    let centre = first / sum;
    let spread = (second / sum - centre * centre).max(0.0);
    let level = cells[0] / sum;
    // With all weight on one place there is no slope.
    if reach > 0.0 && spread.sqrt() > 0.001 * (n as f64 - 1.0) {
        let slope = (cells[1] / sum - centre * level) / spread;
        return Some(level - slope * centre);
    }
    Some(level)
}

/// Running means of `length` values. The sum is carried along: O(n).
fn mean_of(values: &[f64], length: usize) -> Vec<f64> {
    let mut sum: f64 = values[..length].iter().sum();
    let mut means = vec![sum / length as f64];
    for (new, old) in values[length..].iter().zip(values) {
        sum += new - old;
        means.push(sum / length as f64);
    }
    means
}

/// Bisquare weights of residuals by six times their median.
fn bisquare(residuals: Vec<f64>) -> Vec<f64> {
    let ordered = sorted(&residuals);
    let n = ordered.len();
    let limit = 3.0 * (ordered[n / 2] + ordered[n - n / 2 - 1]);
    let weight = |r: &f64| {
        if limit == 0.0 || *r <= 0.001 * limit {
            1.0
        } else if *r <= 0.999 * limit {
            (1.0 - (r / limit).powi(2)).powi(2)
        } else {
            0.0
        }
    };
    residuals.iter().map(weight).collect()
}

/// How unusual each value is: (value − median) / (1.4826 · MAD), in standard deviations for normal values. O(n log n). Missing
/// values (`None`) stay missing: filled with 0 they would look like a fall.
///
/// # Errors
/// Fewer than three values, one that is not finite, or more than half of them equal.
///
/// # Examples
/// ```
/// let z = assay_stats::drift::season::mad_z(&[Some(1.0), Some(2.0), None, Some(3.0), Some(40.0), Some(2.5)])?;
/// assert!(z[2].is_none() && z[4].unwrap() > 30.0);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn mad_z(values: &[Option<f64>]) -> Result<Vec<Option<f64>>, Undefined> {
    let there: Vec<f64> = values.iter().flatten().copied().collect();
    finite(&there, 3)?;
    let centre = median(&there);
    let spread = median(&there.iter().map(|v| (v - centre).abs()).collect::<Vec<_>>());
    if spread == 0.0 {
        return Err(Undefined::Constant);
    }
    // 1 / Φ⁻¹(3/4).
    let scale = spread * 1.482_602_218_505_602;
    Ok(values.iter().map(|value| value.map(|v| (v - centre) / scale)).collect())
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    let half = values.len() / 2;
    let is_even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let lower = if is_even { below.iter().copied().fold(f64::NEG_INFINITY, f64::max) } else { *upper };
    0.5 * (lower + *upper)
}

/// What is left of each value after the median of its place in the period (such as hour of week, period 168), then as
/// [`mad_z`]. Missing and `masked` buckets (holidays) neither count nor get a value. O(n log n).
///
/// # Errors
/// As [`mad_z`]; a period of 0, or a mask of another length (an empty mask masks nothing).
///
/// # Examples
/// ```
/// let mut series: Vec<Option<f64>> = (0..70).map(|i| Some(f64::from(i % 7) + 0.1 * f64::from(i % 4))).collect();
/// series[30] = None;
/// series[45] = Some(20.0);
/// let z = assay_stats::drift::season::place_z(&series, 7, &[])?;
/// assert!(z[30].is_none() && z[45].unwrap() > 20.0);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn place_z(values: &[Option<f64>], period: usize, masked: &[bool]) -> Result<Vec<Option<f64>>, Undefined> {
    if period == 0 {
        return Err(Undefined::Setting("period"));
    }
    if !masked.is_empty() && masked.len() != values.len() {
        return Err(Undefined::Lengths);
    }
    let mut left: Vec<Option<f64>> = values
        .iter()
        .enumerate()
        .map(|(i, value)| value.filter(|_| !masked.get(i).copied().unwrap_or(false)))
        .collect();
    if left.iter().flatten().any(|v| !v.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    for place in 0..period.min(left.len()) {
        let own: Vec<f64> = left.iter().skip(place).step_by(period).flatten().copied().collect();
        if own.is_empty() {
            continue;
        }
        let centre = median(&own);
        left.iter_mut().skip(place).step_by(period).flatten().for_each(|v| *v -= centre);
    }
    mad_z(&left)
}
