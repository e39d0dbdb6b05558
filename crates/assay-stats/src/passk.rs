//! pass@k and pass^k from `c` successes in `n` epochs of one case.

/// Unbiased chance that at least one of `k` epochs succeeds: 1 − C(n−c, k)/C(n, k), as a product that cannot
/// overflow. `None` when n < k or c > n. Chen et al. 2021 (arXiv 2107.03374).
///
/// # Examples
/// ```
/// use assay_stats::passk::pass_at_k;
///
/// // 1 − C(3, 2)/C(5, 2)
/// assert!((pass_at_k(5, 2, 2).unwrap() - 0.7).abs() < 1e-12);
/// ```
pub fn pass_at_k(n: u32, c: u32, k: u32) -> Option<f64> {
    if n < k || k == 0 || c > n {
        return None;
    }
    if n - c < k {
        return Some(1.0);
    }
    let miss: f64 = (n - c + 1..=n).map(|i| 1.0 - f64::from(k) / f64::from(i)).product();
    Some(1.0 - miss)
}

/// Unbiased chance that all of `k` epochs succeed: C(c, k)/C(n, k), not (c/n)^k. `None` when n < k or c > n. Yao et al. 2024
/// (arXiv 2406.12045).
///
/// # Examples
/// ```
/// use assay_stats::passk::pass_hat_k;
///
/// // C(4, 2)/C(5, 2)
/// assert!((pass_hat_k(5, 4, 2).unwrap() - 0.6).abs() < 1e-12);
/// ```
pub fn pass_hat_k(n: u32, c: u32, k: u32) -> Option<f64> {
    if n < k || k == 0 || c > n {
        return None;
    }
    if c < k {
        return Some(0.0);
    }
    Some((0..k).map(|i| f64::from(c - i) / f64::from(n - i)).product())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of all subsets of size k with the property, by enumeration.
    fn enumerate(n: u32, c: u32, k: u32, holds: impl Fn(u32, u32) -> bool) -> f64 {
        let success = (1u32 << c) - 1;
        let subsets: Vec<u32> = (0..1u32 << n).filter(|s| s.count_ones() == k).collect();
        subsets.iter().filter(|s| holds((*s & success).count_ones(), k)).count() as f64 / subsets.len() as f64
    }

    #[test]
    fn both_equal_the_enumeration_of_all_subsets() {
        for n in 1..9 {
            for c in 0..=n {
                for k in 1..=n {
                    let any = enumerate(n, c, k, |hit, _| hit > 0);
                    let all = enumerate(n, c, k, |hit, k| hit == k);
                    assert!((pass_at_k(n, c, k).unwrap() - any).abs() < 1e-12, "pass@{k} of {c}/{n}");
                    assert!((pass_hat_k(n, c, k).unwrap() - all).abs() < 1e-12, "pass^{k} of {c}/{n}");
                }
            }
        }
        assert_eq!((pass_at_k(2, 1, 3), pass_at_k(2, 3, 1), pass_hat_k(2, 3, 1)), (None, None, None));
    }
}
