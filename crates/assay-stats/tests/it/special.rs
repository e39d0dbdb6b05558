//! Distributions against mpmath with 40 digits, tails down to 1e-300.

use assay_stats::special::{
    beta_cdf, beta_quantile, beta_sf, binomial_cdf, binomial_pmf, chi_square_sf, gamma_sf, ln_beta, normal_cdf,
    normal_quantile, t_quantile, t_sf,
};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import mpmath as mp
mp.mp.dps = 40
M = mp.mpf
def fraction(x, a, b):
    # The continued fraction with 40 digits: mpmath's own betainc does not converge for parameters in the thousands.
    c, d = M(1), 1 / (1 - (a + b) * x / (a + 1)); h = d
    for m in range(1, 10**6):
        e = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + e * d); c = 1 + e / c; h *= c * d
        e = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + e * d); c = 1 + e / c; h *= c * d
        if abs(c * d - 1) < M(10) ** -35: return h
def cdf(x, a, b, y=None):
    y = 1 - x if y is None else y
    if a + b < 50: return mp.betainc(a, b, 0, x, regularized=True)
    if x > (a + 1) / (a + b + 2): return 1 - cdf(y, b, a, x)
    return mp.exp(a * mp.log(x) + b * mp.log(y) + mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)) / a * fraction(x, a, b)
def sf(x, a, b): return cdf(1 - x, b, a, x)
def t_upper(t, df): return cdf(df / (df + t * t), df / 2, M(1) / 2, t * t / (df + t * t)) / 2
# A quantile is checked by one Newton step of 40 digits from ours: the exact one to 25 digits and more.
def one(f, a):
    a = [M(v) for v in a]
    if f == "exact normal_cdf": return mp.erfc(-a[0] / mp.sqrt(2)) / 2
    if f == "exact normal_quantile":
        p, x = a; gap = mp.erfc(-x / mp.sqrt(2)) / 2 - p
        return x - gap / mp.npdf(x)
    if f == "exact t_sf": return t_upper(a[0], a[1]) if a[0] >= 0 else 1 - t_upper(-a[0], a[1])
    if f == "exact t_quantile":
        p, df, t = a; tail = 1 - p if p > 0.5 else p; t = abs(t)
        d = mp.exp(mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - (df + 1) / 2 * mp.log1p(t * t / df)) / mp.sqrt(df * mp.pi)
        u = t_upper(t, df); r = t * mp.exp(mp.log(u / tail) * u / (t * d))
        return r if p > 0.5 else -r
    if f == "exact beta_cdf": return cdf(*a)
    if f == "exact beta_sf": return sf(*a)
    if f == "exact beta_quantile":
        p, A, B, x = a; d = mp.exp((A - 1) * mp.log(x) + (B - 1) * mp.log1p(-x) - mp.log(mp.beta(A, B)))
        return x * mp.exp(-(cdf(x, A, B) - p) / d / x)
    if f == "exact gamma_sf": return mp.gammainc(a[1], a[0], mp.inf, regularized=True)
    if f == "exact binomial_pmf": return mp.binomial(a[1], a[0]) * a[2] ** a[0] * (1 - a[2]) ** (a[1] - a[0])
    if f == "exact binomial_cdf": return sf(a[2], a[0] + 1, a[1] - a[0])
    if f == "exact ln_beta": return mp.loggamma(a[0]) + mp.loggamma(a[1]) - mp.loggamma(a[0] + a[1])
    raise ValueError(f)
"#;

/// In the tails a deviation below a thousandth of a percent of 1e-3 would pass: compare logarithms there.
fn ask(oracle: &mut Oracle, f: &str, arguments: serde_json::Value, ours: f64) {
    oracle.ask(f, arguments, vec![ours], 1e-12);
}

#[test]
fn distributions_agree_with_forty_digits() {
    // The oracle compares numbers below 1e-3 in absolute terms: tails are multiplied up on both sides.
    let script: &'static str = Box::leak(
        format!("{SCRIPT}\n_exact = one\ndef one(f, a): return _exact(f, a[1:]) * M(10) ** int(a[0])\n")
            .into_boxed_str(),
    );
    let mut oracle = Oracle::new(script);
    let mut random = Stream(3);
    let mut put = |f: &str, arguments: &[f64], ours: f64| {
        if ours == 0.0 || ours.abs() < 1e-300 {
            return;
        }
        // Ten to a power that takes ours near 1, so that the deviation is a relative one.
        let up = (-ours.abs().log10()).round().clamp(0.0, 300.0);
        let scaled = if up > 0.0 { ours * 10f64.powi(up as i32) } else { ours };
        let mut all = vec![up];
        all.extend(arguments);
        ask(&mut oracle, &format!("exact {f}"), json!(all), scaled);
    };
    for x in [-37.0, -20.0, -8.3, -3.2, -0.1, 1e-9, 0.7, 5.0] {
        put("normal_cdf", &[x], normal_cdf(x));
    }
    for p in [1e-300, 1e-100, 1e-20, 1e-5, 0.02, 0.03, 0.3, 0.499_999_999, 0.500_000_1, 0.9, 0.975, 0.999_999] {
        put("normal_quantile", &[p, normal_quantile(p)], normal_quantile(p));
        for df in [0.3, 1.0, 2.4, 7.0, 19.5, 21.0, 480.0, 1e4, 9.9e5, 1e6, 1e9] {
            let t = t_quantile(p, df);
            if t.is_finite() && t.abs() < 1e140 {
                put("t_quantile", &[p, df, t], t);
            }
        }
        for (a, b) in [(0.01, 0.5), (0.01, 40.0), (0.5, 0.5), (2.0, 30.0), (0.3, 4.0), (150.0, 3.0), (4e3, 6e3)] {
            let x = beta_quantile(p, a, b);
            if x > 1e-290 && x < 1.0 {
                put("beta_quantile", &[p, a, b, x], x);
            }
        }
    }
    for t in [-3.0, 1e-6, 0.1, 1.0, 1.7, 1.8, 5.0, 12.0, 25.0, 36.0, 1e4, 1e60] {
        for df in [0.1, 1.0, 3.3, 50.0, 1e3, 1e5, 9.9e5, 1e6, 1e7, 1e12] {
            put("t_sf", &[t, df], t_sf(t, df));
        }
    }
    for _ in 0..150 {
        let (a, b) = (10f64.powf(6.0 * random.next() - 2.0), 10f64.powf(6.0 * random.next() - 2.0));
        let sd = (a * b / (a + b + 1.0)).sqrt() / (a + b);
        let x = (a / (a + b) + sd * 12.0 * (random.next() - 0.5)).clamp(1e-9, 1.0 - 1e-9);
        // The complement of the tail that is computed keeps the digits of 1, not its own.
        let (lower, upper) = (beta_cdf(x, a, b), beta_sf(x, a, b));
        if lower > 1e-3 || x <= (a + 1.0) / (a + b + 2.0) {
            put("beta_cdf", &[x, a, b], lower);
        }
        if upper > 1e-3 || x > (a + 1.0) / (a + b + 2.0) {
            put("beta_sf", &[x, a, b], upper);
        }
        put("ln_beta", &[a, b], ln_beta(a, b));
        let g = (a + a.sqrt() * 8.0 * (random.next() - 0.4)).max(1e-3);
        if gamma_sf(g, a) > 1e-3 || g > a + 1.0 {
            put("gamma_sf", &[g, a], gamma_sf(g, a));
        }
        let n = 2 + random.below(20_000);
        let (k, p) = (random.below(n), random.next());
        put("binomial_pmf", &[k as f64, n as f64, p], binomial_pmf(k, n, p));
        let k = ((n as f64 * p + (n as f64 * p).sqrt() * 8.0 * (random.next() - 0.5)).max(0.0) as u64).min(n - 1);
        put("binomial_cdf", &[k as f64, n as f64, p], binomial_cdf(k, n, p));
    }
    oracle.check();
}

#[test]
fn known_values() {
    let close = |got: f64, want: f64| assert!((got - want).abs() <= 1e-12 * want.abs(), "got {got}, want {want}");
    // Closed forms: t with one and two degrees of freedom, χ² with two, beta with one parameter 1.
    close(t_sf(1e10, 1.0), (1e-10f64).atan() / std::f64::consts::PI);
    close(t_sf(1e8, 2.0), 0.5 * (2e-16 / (1.0 + 2e-16) / (1.0 + (1.0 - 2e-16f64).sqrt())));
    close(chi_square_sf(1000.0, 2.0), (-500.0f64).exp());
    close(beta_cdf(1e-5, 3.0, 1.0), 1e-15);
    close(beta_sf(0.999, 1.0, 100.0), 1e-3f64.powi(100) * (0.001f64 / 0.001).powi(100));
    close(beta_quantile(0.3, 0.01, 1.0), 0.3f64.powf(100.0));
    close(beta_quantile(1e-300, 1.0, 1.0), 1e-300);
    close(binomial_cdf(0, 1000, 0.5), 0.5f64.powi(1000));
    close(t_quantile(1e-20, 1.0), -1.0 / (std::f64::consts::PI * 1e-20).tan());
    assert_eq!(t_quantile(0.5, 3.0), 0.0);
    assert!(t_quantile(0.0, 3.0).is_nan() && t_quantile(0.3, 0.0).is_nan());
}
