//! Numbers in texts.

use std::sync::LazyLock;

use regex::Regex;

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")
        .expect("a constant expression that a test compiles")
});

/// Every number in a text, in order: `$1,234.50`, `70000`, `-3`, `1e-3`. A minus directly behind a digit or letter is
/// a hyphen, not a sign.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::number::numbers("$1,234.50 for 3"), [1234.5, 3.0]);
/// ```
pub fn numbers(text: &str) -> Vec<f64> {
    NUMBER
        .find_iter(text)
        .filter_map(|found| {
            let mut digits = found.as_str();
            let before = text[..found.start()].chars().next_back();
            if digits.starts_with('-') && before.is_some_and(char::is_alphanumeric) {
                digits = &digits[1..];
            }
            digits.replace(',', "").parse().ok()
        })
        .filter(|number: &f64| number.is_finite())
        .collect()
}

/// The last number in a text: where worked answers end (`#### 70000`, `A: 70,000`).
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::number::last_number("2 + 2 = 4"), Some(4.0));
/// ```
pub fn last_number(text: &str) -> Option<f64> {
    numbers(text).pop()
}

/// Whether two numbers are equal up to an absolute or a relative (of the second) tolerance.
///
/// # Examples
/// ```
/// assert!(assay_metrics::number::close(99.0, 100.0, 0.0, 0.01));
/// ```
pub fn close(a: f64, b: f64, absolute: f64, relative: f64) -> bool {
    (a - b).abs() <= absolute.max(relative * b.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_as_people_write_them() {
        assert_eq!(numbers("$1,234.50 and -3, then 1e-3 or .5"), [1234.5, -3.0, 0.001, 0.5]);
        assert_eq!(numbers("pages 3-4"), [3.0, 4.0]);
        assert_eq!(last_number("so 80,000+50,000\nA: 70000"), Some(70_000.0));
        assert_eq!(last_number("none"), None);
    }
}
