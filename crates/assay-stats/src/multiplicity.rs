//! Many tests at once: adjusted p-values.

/// Holm's step-down adjusted p-values, in the order given: controls the chance of any false alarm. Holm 1979.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let m = p.len();
    let mut adjusted = vec![0.0; m];
    let mut running = 0.0_f64;
    for (rank, at) in ascending(p).into_iter().enumerate() {
        running = running.max((m - rank) as f64 * p[at]).min(1.0);
        adjusted[at] = running;
    }
    adjusted
}

/// Benjamini and Hochberg's step-up adjusted p-values, in the order given: controls the share of false alarms among
/// alarms. 1995.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let m = p.len();
    let mut adjusted = vec![0.0; m];
    let mut running = 1.0_f64;
    for (rank, at) in ascending(p).into_iter().enumerate().rev() {
        running = running.min(m as f64 / (rank + 1) as f64 * p[at]);
        adjusted[at] = running;
    }
    adjusted
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_values_agree_with_statsmodels() {
        // The p-values behind the golden lists: adjusted Bonferroni values divided by their number.
        let p: Vec<f64> = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205].to_vec();
        for (got, name) in [(holm(&p), "multi holm"), (benjamini_hochberg(&p), "multi fdr_bh")] {
            for (got, want) in got.iter().zip(crate::paired::golden(name)) {
                assert!((got - want).abs() < 1e-12, "{name}: {got} {want}");
            }
        }
    }
}
