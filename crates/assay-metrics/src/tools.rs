//! Tool calls against expected ones.

use serde_json::Value;

use crate::classification::Counts;
use crate::structure::compare;

/// How calls must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The same calls in the same order.
    Exact,
    /// The same calls in any order.
    AnyOrder,
    /// Every made call is expected.
    Subset,
    /// Every expected call is made.
    Superset,
}

/// A call: name and arguments.
pub type Call<'a> = (&'a str, &'a Value);

fn same(made: Call<'_>, expected: Call<'_>, arguments: bool) -> bool {
    made.0 == expected.0 && (!arguments || compare(made.1, expected.1, 1e-9, &[]).is_equal())
}

/// Whether the calls agree; with `arguments` false only names count.
///
/// # Examples
/// ```
/// use assay_metrics::tools::{Mode, agree};
/// let (oslo, rome) = (serde_json::json!({"city": "Oslo"}), serde_json::json!({"city": "Rome"}));
/// assert!(agree(&[("weather", &oslo)], &[("weather", &oslo), ("weather", &rome)], Mode::Subset, true));
/// assert!(agree(&[("weather", &rome)], &[("weather", &oslo)], Mode::Exact, false));
/// ```
pub fn agree(made: &[Call<'_>], expected: &[Call<'_>], mode: Mode, arguments: bool) -> bool {
    if mode == Mode::Exact {
        return made.len() == expected.len() && made.iter().zip(expected).all(|(m, e)| same(*m, *e, arguments));
    }
    let matched = matching(made, expected, arguments);
    match mode {
        Mode::Exact | Mode::AnyOrder => matched == made.len() && matched == expected.len(),
        Mode::Subset => matched == made.len(),
        Mode::Superset => matched == expected.len(),
    }
}

/// What precision, recall and F1 of the calls are made of: each expected call is matched at most once.
///
/// # Examples
/// ```
/// let (oslo, rome) = (serde_json::json!({"city": "Oslo"}), serde_json::json!({"city": "Rome"}));
/// let found = assay_metrics::tools::counts(&[("weather", &oslo)], &[("weather", &oslo), ("weather", &rome)], true);
/// assert_eq!((found.precision(), found.recall()), (Some(1.0), Some(0.5)));
/// ```
pub fn counts(made: &[Call<'_>], expected: &[Call<'_>], arguments: bool) -> Counts {
    let hits = matching(made, expected, arguments) as f64;
    Counts { hits, predicted: made.len() as f64, expected: expected.len() as f64 }
}

/// Calls agree exactly or not at all, so taking the first free partner is an optimal matching.
fn matching(made: &[Call<'_>], expected: &[Call<'_>], arguments: bool) -> usize {
    let mut free = vec![true; expected.len()];
    let mut matched = 0;
    for call in made {
        if let Some(at) = (0..expected.len()).find(|i| free[*i] && same(*call, expected[*i], arguments)) {
            free[at] = false;
            matched += 1;
        }
    }
    matched
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn modes_differ_in_order_and_extras() {
        let (one, two) = (json!({"x": 1}), json!({"x": 2}));
        let expected = [("f", &one), ("g", &two)];
        assert!(agree(&[("g", &two), ("f", &one)], &expected, Mode::AnyOrder, true));
        assert!(!agree(&[("g", &two), ("f", &one)], &expected, Mode::Exact, true));
        assert!(agree(&[("f", &one)], &expected, Mode::Subset, true));
        assert!(agree(&[("f", &two), ("g", &one)], &expected, Mode::Exact, false));
        assert!((counts(&[("f", &one)], &expected, true).f1().unwrap() - 2.0 / 3.0).abs() < 1e-12);
    }
}
