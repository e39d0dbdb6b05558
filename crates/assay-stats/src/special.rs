//! Normal, t, beta, gamma and binomial distributions.
//!
//! The usual crates lose digits in the tails and at large degrees of freedom, and an interval that is off in the
//! fifth digit is not reproducible between tools. Here every tail is computed directly, powers by their deviance from
//! the mean (Loader 2000) so that nothing large cancels, and quantiles by Halley steps on the logarithm of the nearer
//! tail. Relative errors stay below 1e-12 down to tails of 1e-300.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Standard normal density.
///
/// # Examples
/// ```
/// assert!((assay_stats::special::normal_pdf(0.0) - 0.398942).abs() < 1e-6);
/// ```
pub fn normal_pdf(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// Standard normal distribution function.
///
/// # Examples
/// ```
/// assert!((assay_stats::special::normal_cdf(1.96) - 0.975).abs() < 1e-5);
/// ```
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Standard normal quantile: Acklam's rational approximation, polished with a Halley step.
///
/// # Examples
/// ```
/// use assay_stats::special::normal_quantile;
/// assert!((normal_quantile(0.975) - 1.959964).abs() < 1e-6 && normal_quantile(1.5).is_nan());
/// ```
pub fn normal_quantile(p: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return if p == 0.0 {
            f64::NEG_INFINITY
        } else if p == 1.0 {
            f64::INFINITY
        } else {
            f64::NAN
        };
    }
    // Work in the lower tail, where the distribution function keeps its relative precision.
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let mut x = if p < 0.02425 {
        let q = (-2.0 * p.ln()).sqrt();
        (((((-7.784894002430293e-3 * q - 3.223964580411365e-1) * q - 2.400758277161838) * q - 2.549732539343734) * q
            + 4.374664141464968)
            * q
            + 2.938163982698783)
            / ((((7.784695709041462e-3 * q + 3.224671290700398e-1) * q + 2.445134137142996) * q + 3.754408661907416)
                * q
                + 1.0)
    } else {
        let q = p - 0.5;
        let r = q * q;
        (((((-3.969683028665376e1 * r + 2.209460984245205e2) * r - 2.759285104469687e2) * r + 1.38357751867269e2) * r
            - 3.066479806614716e1)
            * r
            + 2.506628277459239)
            * q
            / (((((-5.447609879822406e1 * r + 1.615858368580409e2) * r - 1.556989798598866e2) * r
                + 6.680131188771972e1)
                * r
                - 1.328068155288572e1)
                * r
                + 1.0)
    };
    // Near the middle the distance from ½ keeps the digits that the distribution function has lost.
    let gap = if p > 0.25 { 0.5 * libm::erf(x * FRAC_1_SQRT_2) - (p - 0.5) } else { normal_cdf(x) - p };
    let error = gap / normal_pdf(x);
    // The approximation is good to 1.2e-9, and a Halley step cubes that.
    x -= error / (1.0 + 0.5 * x * error);
    x
}

/// ln Γ(x) for x > 0.
///
/// # Examples
/// ```
/// assert!((assay_stats::special::ln_gamma(5.0) - 24f64.ln()).abs() < 1e-12);
/// ```
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// ln B(a, b) for a, b > 0, also where its three logarithms would cancel.
///
/// # Examples
/// ```
/// assert!((assay_stats::special::ln_beta(2.0, 3.0) + 12f64.ln()).abs() < 1e-12);
/// ```
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large < 10.0 {
        return ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    }
    let sum = small + large;
    (small - 0.5) * (small / sum).ln() + large * (-(small / sum)).ln_1p() - 0.5 * large.ln()
        + 0.5 * (2.0 * PI).ln()
        + stirling(small)
        + (stirling(large) - stirling(sum))
}

/// ln Γ(x) − ((x − ½) ln x − x + ½ ln 2π): what Stirling's formula leaves.
fn stirling(x: f64) -> f64 {
    if x < 10.0 {
        return ln_gamma(x) - ((x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln());
    }
    let r = 1.0 / (x * x);
    let series = [1.0 / 156.0, -691.0 / 360_360.0, 1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0];
    series.iter().fold(0.0, |sum, term| sum * r + term) / x
}

/// The deviance x ln(x/m) + m − x. Loader 2000.
fn deviance(x: f64, m: f64) -> f64 {
    let gap = x - m;
    if gap.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() - gap;
    }
    let v = gap / (x + m);
    let (mut sum, mut power) = (gap * v, 2.0 * x * v);
    for i in 1..100 {
        power *= v * v;
        let next = sum + power / f64::from(2 * i + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// x^a y^b / B(a, b) for y = 1 − x.
fn beta_power(x: f64, y: f64, a: f64, b: f64) -> f64 {
    beta_front(a, b) * (-beta_deviance(x, y, a, b)).exp()
}

/// What of x^a y^b / B(a, b) does not depend on x.
fn beta_front(a: f64, b: f64) -> f64 {
    let n = a + b;
    (a * b / (2.0 * PI * n)).sqrt() * (stirling(n) - stirling(a) - stirling(b)).exp()
}

/// a b − product, exactly: what rounding took from the product (Dekker 1971). 0 where a part would overflow. A fused
/// multiplication is a call of a function on processors without one, and takes ten times as long.
fn rounded_off(a: f64, b: f64, product: f64) -> f64 {
    const SPLIT: f64 = 134_217_729.0;
    if product.abs() > 1e290 || a.abs() > 1e290 {
        return 0.0;
    }
    let halves = |v: f64| {
        let c = SPLIT * v;
        let high = c - (c - v);
        (high, v - high)
    };
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
}

/// How far x is from a/(a + b), as a deviance: minus the logarithm of the rest of x^a y^b / B(a, b).
fn beta_deviance(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    // The exact product is n·part + lost; its effect on the deviance is lost · (1 − k/m).
    let part = |k: f64, share: f64, more: f64| {
        let m = n * share;
        let lost = rounded_off(n, share, m) + n * more;
        deviance(k, m) + lost * (1.0 - k / m)
    };
    // What was rounded off when the smaller of x and y was subtracted from 1.
    let (x_more, y_more) = if x < y { (0.0, (1.0 - y) - x) } else { ((1.0 - x) - y, 0.0) };
    part(a, x, x_more) + part(b, y, y_more)
}

/// Lower and upper tail of the beta distribution at x = 1 − y, from x^a y^b / B(a, b).
fn beta_tails(x: f64, y: f64, a: f64, b: f64, power: f64) -> (f64, f64) {
    if x <= (a + 1.0) / (a + b + 2.0) {
        let lower = power / a * continued_fraction(x, y, a, b);
        (lower, 1.0 - lower)
    } else {
        let upper = power / b * continued_fraction(y, x, b, a);
        (1.0 - upper, upper)
    }
}

/// Regularised incomplete beta function I_x(a, b): the even part of its continued fraction (Didonato and Morris 1992), on
/// the side where it converges fast.
///
/// # Examples
/// ```
/// // x³ for Beta(3, 1).
/// assert!((assay_stats::special::beta_cdf(0.5, 3.0, 1.0) - 0.125).abs() < 1e-12);
/// ```
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    beta_tails(x, 1.0 - x, a, b, beta_power(x, 1.0 - x, a, b)).0
}

/// The upper tail 1 − I_x(a, b) without cancellation.
///
/// # Examples
/// ```
/// assert!((assay_stats::special::beta_sf(0.5, 3.0, 1.0) - 0.875).abs() < 1e-12);
/// ```
pub fn beta_sf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x >= 1.0 {
        return 0.0;
    }
    beta_tails(x, 1.0 - x, a, b, beta_power(x, 1.0 - x, a, b)).1
}

/// The continued fraction of the incomplete beta function, 1/(1 + d₁/(1 + d₂/(1 + …))) with
/// d₂ₘ₊₁ = −(a + m)(a + b + m) x / ((a + 2m)(a + 2m + 1)) and d₂ₘ = m (b − m) x / ((a + 2m − 1)(a + 2m)), by its even part
/// 1/(β₀ + α₁/(β₁ + α₂/(β₂ + …))), βₘ = 1 + d₂ₘ + d₂ₘ₊₁ and αₘ = −d₂ₘ₋₁ d₂ₘ, whose convergents are every second one. With
/// λ = a y − b x, 1 + d₂ₘ₊₁ is a sum in which nothing cancels. Its convergents are counted up as fractions P/Q, so that a step has
/// one division, on which the next does not wait.
fn continued_fraction(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let lambda = a * y - b * x;
    let (mut p, mut q) = (1.0, (1.0 + lambda) / (a + 1.0));
    let (mut p_before, mut q_before) = (0.0, 1.0);
    let mut odd = (a + b) * x / (a + 1.0);
    for m in 1..20_000 {
        let m = f64::from(m);
        let s = a + 2.0 * m;
        let inverse = 1.0 / ((s - 1.0) * s * (s + 1.0));
        let even = m * (b - m) * x * (s + 1.0) * inverse;
        let alpha = odd * even;
        let kept = a * (2.0 * m + 1.0 + m * y) + m * (m * (3.0 + y) + 2.0) + lambda * (a + m);
        let beta = even + kept * (s - 1.0) * inverse;
        odd = (a + m) * (a + b + m) * x * (s - 1.0) * inverse;
        (p, p_before) = (beta * p + alpha * p_before, p);
        (q, q_before) = (beta * q + alpha * q_before, q);
        let (now, before) = (p * q_before, p_before * q);
        if (now - before).abs() <= 1e-16 * now.abs() {
            break;
        }
        if !(1e-60..1e60).contains(&q) {
            let scale = 1.0 / q;
            (p, q, p_before, q_before) = (p * scale, 1.0, p_before * scale, q_before * scale);
        }
    }
    p / q
}

/// The upper tail of the gamma distribution with shape `a` and scale 1, Q(a, x): a series on the one side of its mean, a
/// continued fraction on the other (Press et al., Numerical Recipes §6.2).
///
/// # Examples
/// ```
/// // Shape 1 is exponential.
/// assert!((assay_stats::special::gamma_sf(2.0, 1.0) - (-2f64).exp()).abs() < 1e-12);
/// ```
pub fn gamma_sf(x: f64, a: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a / (2.0 * PI)).sqrt() * (-deviance(a, x) - stirling(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term.abs() > sum.abs() * 1e-17 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut h = d;
    for i in 1..100_000 {
        let i = f64::from(i);
        let step = -i * (i - a);
        b += 2.0;
        d = 1.0 / (step * d + b);
        c = b + step / c;
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * h
}

/// The upper tail of χ² with `df` degrees of freedom.
///
/// # Examples
/// ```
/// assert!((assay_stats::special::chi_square_sf(3.841459, 1.0) - 0.05).abs() < 1e-6);
/// ```
pub fn chi_square_sf(x: f64, df: f64) -> f64 {
    gamma_sf(0.5 * x, 0.5 * df)
}

/// Beta quantile, by Halley steps on the logarithm of the nearer tail over ln x, inside a bracket. 0 where it is below
/// the smallest normal number.
///
/// # Examples
/// ```
/// assert!((assay_stats::special::beta_quantile(0.125, 3.0, 1.0) - 0.5).abs() < 1e-12);
/// ```
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let (mut lo, mut hi) = (f64::MIN_POSITIVE.ln(), 0.0_f64);
    let mut s = if a > 1.0 && b > 1.0 {
        // Abramowitz & Stegun 26.5.22.
        let (z, u, v) = (-normal_quantile(p), 1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0));
        let (third, h) = ((z * z - 3.0) / 6.0, 2.0 / (u + v));
        let w = z * (third + h).max(0.0).sqrt() / h - (v - u) * (third + 5.0 / 6.0 - 2.0 / (3.0 * h));
        -(b / a * (2.0 * w).exp()).ln_1p()
    } else {
        // Exact for x → 0.
        (p.ln() + a.ln() + ln_beta(a, b)) / a
    };
    if !(s > lo && s < hi) {
        s = (a / (a + b)).ln().clamp(lo, -1e-300);
    }
    let front = beta_front(a, b);
    for _ in 0..200 {
        let (x, y) = (s.exp(), -s.exp_m1());
        let power = front * (-beta_deviance(x, y, a, b)).exp();
        let (lower, upper) = beta_tails(x, y, a, b, power);
        // The gap grows with s; x · density = power / y, whose logarithm has the slope a − (b − 1) x/y.
        let bend = a - (b - 1.0) * x / y;
        let (gap, slope, bend) = if p <= 0.5 {
            let slope = power / y / lower;
            ((lower / p).ln(), slope, bend - slope)
        } else {
            let slope = power / y / upper;
            (((1.0 - p) / upper).ln(), slope, bend + slope)
        };
        if gap > 0.0 {
            hi = s;
        } else {
            lo = s;
        }
        let newton = gap / slope;
        let halley = s - newton / (1.0 - 0.5 * newton * bend).clamp(0.5, 2.0);
        // A Halley step leaves less than a hundredth of the gap's cube.
        if gap.abs() <= 3e-5 {
            s = if halley.is_nan() { s } else { halley.clamp(lo, hi) };
            break;
        }
        let next = if halley > lo && halley < hi { halley } else { 0.5 * (lo + hi) };
        let step = (next - s).abs();
        s = next;
        if step <= 1e-16 {
            break;
        }
    }
    if s <= f64::MIN_POSITIVE.ln() + 1e-9 { 0.0 } else { s.exp() }
}

/// Logarithm of the density of Student's t: the density itself vanishes long before the tail.
fn ln_t_pdf(t: f64, df: f64) -> f64 {
    let half = 0.5 * df;
    // Γ(h + ½)/(Γ(h) √h), whose limit is 1.
    let ratio = if half < 10.0 {
        ln_gamma(half + 0.5) - ln_gamma(half) - 0.5 * half.ln()
    } else {
        half * (0.5 / half).ln_1p() - 0.5 + stirling(half + 0.5) - stirling(half)
    };
    ratio - 0.5 * (df + 1.0) * (t * t / df).ln_1p() - 0.5 * (2.0 * PI).ln()
}

/// P(0 < T < t) and P(T > t) for t ≥ 0.
fn t_tails(t: f64, df: f64) -> (f64, f64) {
    let square = t * t;
    let w2 = if df.is_infinite() { square } else { df * (square / df).ln_1p() };
    if df >= 5e3 && w2 <= 0.01 * df {
        // With w² = df ln(1 + t²/df) the density is φ(w) √(u/(1 − e^(−u))) up to a constant, u = w²/df; its series
        // 1 + u/4 + u²/96 − u³/384 − u⁴/10240 is integrated term by term.
        let (w, phi, r) = (w2.sqrt(), (-0.5 * w2).exp() / (2.0 * PI).sqrt(), 1.0 / df);
        let third = w2 * w2 + 5.0 * w2 + 15.0;
        let fourth = w2 * w2 * w2 + 7.0 * third;
        let more = r * (0.25 + r * ((w2 + 3.0) / 96.0 - r * (third / 384.0 + r * fourth / 10_240.0)));
        let more = w * phi * more / (1.0 + r * (0.25 + r * (1.0 / 32.0 - r * 15.0 / 384.0)));
        return (0.5 * libm::erf(w * FRAC_1_SQRT_2) - more, normal_cdf(-w) + more);
    }
    if square.is_infinite() {
        // t² overflows before the tail of few degrees of freedom vanishes: C · df^((df−1)/2) · t^(−df).
        let log = ln_t_pdf(0.0, df) + 0.5 * (df - 1.0) * df.ln() - df * t.ln();
        return (0.5, log.exp());
    }
    // x^a y^½ / B(a, ½) is t · density; from t, as x is too close to 1 to hold it.
    let (x, y) = (df / (df + square), square / (df + square));
    let (far, near) = beta_tails(x, y, 0.5 * df, 0.5, (t.ln() + ln_t_pdf(t, df)).exp());
    (0.5 * near, 0.5 * far)
}

/// Upper tail of Student's t with `df` degrees of freedom: P(T > t).
///
/// # Examples
/// ```
/// assert!((assay_stats::special::t_sf(2.228139, 10.0) - 0.025).abs() < 1e-6);
/// ```
pub fn t_sf(t: f64, df: f64) -> f64 {
    if t < 0.0 {
        return 1.0 - t_sf(-t, df);
    }
    if t.is_infinite() { 0.0 } else { t_tails(t, df).1 }
}

/// Quantile of Student's t, by Newton steps on the logarithm of the tail, or near the middle on the distance from ½.
///
/// # Examples
/// ```
/// assert!((assay_stats::special::t_quantile(0.975, 10.0) - 2.228139).abs() < 1e-6);
/// ```
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if p > 0.5 { t_upper(1.0 - p, df) } else { -t_upper(p, df) }
}

/// The t with the upper tail `tail`, which is at most ½. Both functions are concave, so that Newton's steps approach the
/// solution from one side.
fn t_upper(tail: f64, df: f64) -> f64 {
    if tail == 0.5 {
        return 0.0;
    }
    if df.is_infinite() {
        return -normal_quantile(tail);
    }
    if df == 1.0 {
        // Near the middle the distance from ½ keeps its digits.
        return if tail > 0.25 { (PI * (0.5 - tail)).tan() } else { 1.0 / (PI * tail).tan() };
    }
    if df == 2.0 {
        return (1.0 - 2.0 * tail) / (2.0 * tail * (1.0 - tail)).sqrt();
    }
    let front = ln_t_pdf(0.0, df);
    let ln_pdf = |t: f64| front - 0.5 * (df + 1.0) * (t * t / df).ln_1p();
    let z = -normal_quantile(tail);
    let start = t_start(z, tail, df, front);
    if tail > 0.25 {
        let mut t = start;
        for _ in 0..100 {
            let newton = (0.5 - tail - t_tails(t, df).0) / ln_pdf(t).exp();
            // The slope of the logarithm of the density.
            let bend = -(df + 1.0) * t / (df + t * t);
            let step = newton / (1.0 + 0.5 * newton * bend).clamp(0.5, 2.0);
            t += step;
            // Halley's steps are cubed from one to the next.
            if step.abs() <= 1e-5 * t {
                break;
            }
        }
        return t;
    }
    let mut s = start.ln();
    for _ in 0..200 {
        let t = s.exp();
        let upper = t_tails(t, df).1;
        let gap = (upper / tail).ln();
        let slope = (s + ln_pdf(t) - upper.ln()).exp();
        // The slope of the logarithm of t · density.
        let bend = 1.0 - (df + 1.0) / (df / (t * t) + 1.0);
        let newton = gap / slope;
        let step = newton / (1.0 + 0.5 * newton * (bend + slope)).clamp(0.5, 2.0);
        if !step.is_finite() {
            break;
        }
        s += step;
        if gap.abs() <= 3e-5 || step == 0.0 {
            break;
        }
    }
    s.exp()
}

/// About the t with the upper tail `tail`, where the normal distribution has z: by the expansion for many degrees of
/// freedom (Abramowitz & Stegun 26.7.5), or far out by the power that the tail is there.
fn t_start(z: f64, tail: f64, df: f64, ln_pdf_at_0: f64) -> f64 {
    let far = ((ln_pdf_at_0 + 0.5 * (df - 1.0) * df.ln() - tail.ln()) / df).exp();
    if z * z > 2.0 * df && far.is_finite() {
        // The tail is C · df^((df−1)/2) · t^(−df) to the first order.
        return far;
    }
    let (w, r) = (z * z, 1.0 / df);
    let terms = [
        (w + 1.0) / 4.0,
        ((5.0 * w + 16.0) * w + 3.0) / 96.0,
        (((3.0 * w + 19.0) * w + 17.0) * w - 15.0) / 384.0,
        ((((79.0 * w + 776.0) * w + 1482.0) * w - 1920.0) * w - 945.0) / 92_160.0,
    ];
    let expansion = z * (1.0 + terms.iter().rev().fold(0.0, |sum, term| (sum + term) * r));
    if expansion > 0.0 && expansion.is_finite() { expansion } else { z }
}

/// Binomial probability of exactly `k` successes in `n` trials.
///
/// # Examples
/// ```
/// assert!((assay_stats::special::binomial_pmf(2, 4, 0.5) - 0.375).abs() < 1e-12);
/// ```
pub fn binomial_pmf(k: u64, n: u64, p: f64) -> f64 {
    if k > n {
        return 0.0;
    }
    if p <= 0.0 {
        return f64::from(u8::from(k == 0));
    }
    if p >= 1.0 {
        return f64::from(u8::from(k == n));
    }
    let (k, n) = (k as f64, n as f64);
    if k == 0.0 {
        return (n * (-p).ln_1p()).exp();
    }
    if k == n {
        return (n * p.ln()).exp();
    }
    beta_power(p, 1.0 - p, k, n - k) * n / (k * (n - k))
}

/// Binomial probability of at most `k` successes in `n` trials.
///
/// # Examples
/// ```
/// assert!((assay_stats::special::binomial_cdf(1, 4, 0.5) - 0.3125).abs() < 1e-12);
/// ```
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_sf(p, k as f64 + 1.0, (n - k) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64, relative: f64) {
        assert!((got - want).abs() <= relative * want.abs(), "got {got}, want {want}");
    }

    // Values of scipy 1.17.1 (norm.ppf, t.ppf, binom.cdf) and closed forms.
    #[test]
    fn quantiles_agree_with_scipy() {
        close(normal_quantile(0.975), 1.959963984540054, 1e-14);
        close(normal_quantile(1e-10), -6.361340902404056, 1e-13);
        close(t_quantile(0.975, 1.0), 12.706204736174694, 1e-12);
        // Closed forms: df = 2 and, as t² = df(1/x − 1) with x the beta quantile, any df.
        close(t_quantile(0.975, 2.0), 0.95 * (2.0 / (4.0 * 0.975 * 0.025f64)).sqrt(), 1e-12);
        close(t_quantile(0.975, 10.0), (10.0 * (1.0 / beta_quantile(0.05, 5.0, 0.5) - 1.0)).sqrt(), 1e-12);
        close(beta_quantile(0.975, 1.0, 20.0), 1.0 - 0.025f64.powf(1.0 / 20.0), 1e-12);
        close(binomial_cdf(5, 19, 0.5), 0.0317840576171875, 1e-12);
    }

    #[test]
    fn quantile_and_distribution_are_inverse() {
        for df in [1.0, 2.5, 7.0, 19.0, 21.0, 100.0, 1e4, 1e8] {
            for p in [0.51, 0.8, 0.95, 0.999, 0.9999] {
                let tail = t_sf(t_quantile(p, df), df);
                assert!((tail - (1.0 - p)).abs() < 2e-11, "df {df}, p {p}: {tail}");
            }
        }
        for (a, b) in [(0.5, 0.5), (3.0, 40.0), (200.0, 2.0), (0.2, 5.0)] {
            for p in [0.001, 0.025, 0.5, 0.975] {
                close(beta_cdf(beta_quantile(p, a, b), a, b), p, 1e-11);
            }
        }
    }
}
