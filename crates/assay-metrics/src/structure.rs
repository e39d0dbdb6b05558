//! JSON compared field by field.

use serde_json::Value;

use crate::number::close;

/// The leaves of an expected value that a given value does and does not share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Leaves of the expected value that are right.
    pub right: usize,
    /// Leaves of the expected value.
    pub expected: usize,
    /// Paths of leaves with another value.
    pub wrong: Vec<String>,
    /// Paths that are missing.
    pub missing: Vec<String>,
    /// Paths that are not expected.
    pub extra: Vec<String>,
}

impl Comparison {
    /// The share of expected leaves that are right; 1 when none is expected.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::structure::compare;
    /// use serde_json::json;
    /// assert_eq!(compare(&json!({"a": 1}), &json!({"a": 1, "b": 2}), 0.0, &[]).share(), 0.5);
    /// ```
    pub fn share(&self) -> f64 {
        if self.expected == 0 { 1.0 } else { self.right as f64 / self.expected as f64 }
    }

    /// Whether nothing is wrong, missing or extra.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::structure::compare;
    /// use serde_json::json;
    /// // Nothing that is expected is wrong, but there is more.
    /// let found = compare(&json!({"a": 1, "b": 2}), &json!({"a": 1}), 0.0, &[]);
    /// assert!(found.share() == 1.0 && !found.is_equal());
    /// ```
    pub fn is_equal(&self) -> bool {
        self.wrong.is_empty() && self.missing.is_empty() && self.extra.is_empty()
    }
}

/// The most paths that are listed of each sort.
const MOST_PATHS: usize = 50;

/// Compares `given` with `expected`; numbers are equal up to `tolerance` (absolute). Paths whose first step is in
/// `ignore` are left out.
///
/// # Examples
/// ```
/// use assay_metrics::structure::compare;
/// use serde_json::json;
/// assert!(compare(&json!({"a": 1.0}), &json!({"a": 1}), 1e-9, &[]).is_equal());
/// assert_eq!(compare(&json!({"a": 1}), &json!({"a": 1, "b": 2}), 0.0, &[]).share(), 0.5);
/// ```
pub fn compare(given: &Value, expected: &Value, tolerance: f64, ignore: &[String]) -> Comparison {
    let mut result = Comparison::default();
    walk(given, expected, tolerance, ignore, &mut String::new(), &mut result, 0);
    result
}

fn note(paths: &mut Vec<String>, path: &str) {
    if paths.len() < MOST_PATHS {
        paths.push(if path.is_empty() { "$".to_owned() } else { path.to_owned() });
    }
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(fields) if !fields.is_empty() => fields.values().map(leaves).sum(),
        Value::Array(items) if !items.is_empty() => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

fn walk(
    given: &Value,
    expected: &Value,
    tolerance: f64,
    ignore: &[String],
    path: &mut String,
    out: &mut Comparison,
    depth: usize,
) {
    let base = path.len();
    match (given, expected) {
        (Value::Object(g), Value::Object(e)) if !e.is_empty() => {
            for (key, value) in e {
                if depth == 0 && ignore.contains(key) {
                    continue;
                }
                path.push('.');
                path.push_str(key);
                match g.get(key) {
                    Some(found) => walk(found, value, tolerance, ignore, path, out, depth + 1),
                    None => {
                        out.expected += leaves(value);
                        note(&mut out.missing, path);
                    }
                }
                path.truncate(base);
            }
            for key in g.keys().filter(|key| !(e.contains_key(*key) || depth == 0 && ignore.contains(key))) {
                path.push('.');
                path.push_str(key);
                note(&mut out.extra, path);
                path.truncate(base);
            }
        }
        (Value::Array(g), Value::Array(e)) if !e.is_empty() => {
            for (i, value) in e.iter().enumerate() {
                path.push_str(&format!("[{i}]"));
                match g.get(i) {
                    Some(found) => walk(found, value, tolerance, ignore, path, out, depth + 1),
                    None => {
                        out.expected += leaves(value);
                        note(&mut out.missing, path);
                    }
                }
                path.truncate(base);
            }
            for i in e.len()..g.len() {
                note(&mut out.extra, &format!("{path}[{i}]"));
            }
        }
        _ => {
            out.expected += leaves(expected);
            // As floats, integers above 2^53 that differ would be equal: whole numbers are compared as they are.
            let whole = given.is_number() && expected.is_number() && !given.is_f64() && !expected.is_f64();
            let near = || match (given.as_f64(), expected.as_f64()) {
                (Some(a), Some(b)) => close(a, b, tolerance, 0.0),
                _ => false,
            };
            let equal = given == expected || (!(whole && tolerance < 1.0) && near());
            if equal {
                out.right += leaves(expected);
            } else {
                note(&mut out.wrong, path);
            }
        }
    }
}

/// The first complete JSON value inside a text: the whole text, a fenced block, or the first balanced object or list.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::structure::find_json("Sure: {\"a\": 1}!").unwrap()["a"], 1);
/// ```
pub fn find_json(text: &str) -> Option<Value> {
    let trimmed = text.trim();
    if let Ok(value) = serde_json::from_str(trimmed) {
        return Some(value);
    }
    for (at, _) in text.char_indices().filter(|(_, c)| matches!(c, '{' | '[')).take(64) {
        if let Some(Ok(value)) = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>().next() {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_named_by_path() {
        let given = json!({"a": 1, "b": {"c": "x"}, "d": [1, 2], "z": 0});
        let expected = json!({"a": 1.001, "b": {"c": "y", "e": 1}, "d": [1, 2]});
        let got = compare(&given, &expected, 0.01, &[]);
        assert_eq!((got.right, got.expected), (3, 5));
        assert_eq!((got.wrong, got.missing, got.extra), (vec![".b.c".into()], vec![".b.e".into()], vec![".z".into()]));
    }

    #[test]
    fn long_ids_that_differ_are_not_equal() {
        let (a, b) = (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64));
        assert!(!compare(&a, &b, 1e-9, &[]).is_equal() && compare(&a, &a, 0.0, &[]).is_equal());
        assert!(compare(&json!(1), &json!(1.0), 0.0, &[]).is_equal());
    }

    #[test]
    fn json_is_found_inside_prose() {
        assert_eq!(find_json("Sure:\n```json\n{\"a\": [1]}\n``` bye"), Some(json!({"a": [1]})));
        assert_eq!(find_json("no {json} here"), None);
    }
}
