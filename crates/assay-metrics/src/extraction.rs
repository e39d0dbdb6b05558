//! Extracted records compared field by field: which expected values were found, which are wrong, missing or invented.

use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::Date;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::distance::similarity;
use crate::number::{close, last_number};

/// When two values of a field are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// The same JSON value.
    Exact,
    /// The same number if both hold one, the same date if both are one, else the same text up to case and white space.
    #[default]
    Normalized,
    /// Numbers up to a relative tolerance; currency signs, units and thousands separators do not count.
    Number {
        /// Relative to the expected number.
        relative: f64,
    },
    /// The same day, whatever the format.
    Date,
    /// Average normalised Levenshtein similarity (Biten et al. 2019): 1 − distance / longer length, 0 below 0.5.
    Anls,
}

/// Counts of field values over one record or many.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    /// Sum of the credits of fields that both sides have, each from 0 to 1.
    pub credit: f64,
    /// Values that are expected.
    pub expected: usize,
    /// Values that are given.
    pub given: usize,
    /// Paths of values that both sides have and that earn less than full credit.
    pub wrong: Vec<String>,
    /// Paths of expected values that are absent or null.
    pub missing: Vec<String>,
    /// Paths of given values where none is expected.
    pub invented: Vec<String>,
}

impl Fields {
    /// Credit per given value; `None` when nothing is given.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::extraction::Fields;
    /// assert_eq!(Fields { credit: 1.0, given: 2, ..Fields::default() }.precision(), Some(0.5));
    /// ```
    pub fn precision(&self) -> Option<f64> {
        (self.given > 0).then(|| self.credit / self.given as f64)
    }

    /// Credit per expected value; `None` when nothing is expected.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(assay_metrics::extraction::Fields::default().recall(), None);
    /// ```
    pub fn recall(&self) -> Option<f64> {
        (self.expected > 0).then(|| self.credit / self.expected as f64)
    }

    /// Harmonic mean of precision and recall: 2·credit / (given + expected); 1 when nothing is expected and nothing
    /// given.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::extraction::Fields;
    /// assert_eq!(Fields { credit: 1.0, given: 2, expected: 2, ..Fields::default() }.f1(), 0.5);
    /// ```
    pub fn f1(&self) -> f64 {
        let total = self.given + self.expected;
        if total == 0 { 1.0 } else { 2.0 * self.credit / total as f64 }
    }

    fn add(&mut self, other: Self) {
        self.credit += other.credit;
        self.expected += other.expected;
        self.given += other.given;
        for (mine, theirs) in
            [(&mut self.wrong, other.wrong), (&mut self.missing, other.missing), (&mut self.invented, other.invented)]
        {
            mine.extend(theirs);
        }
    }
}

/// Compares a given record with the expected one. `rule` says how the values at a path are compared; paths are keys
/// joined by dots, with `[]` for any item of a list. A null is an absent value. Items of a list are assigned to each
/// other so that the sum of their F1 is largest (Kuhn–Munkres), O(n³) in the items of the longer list.
///
/// # Examples
/// ```
/// use assay_metrics::extraction::{Match, compare};
/// use serde_json::json;
/// let (given, expected) = (json!({"total": "$1,200", "city": "Rome"}), json!({"total": 1200, "date": "2024-05-01"}));
/// let found = compare(&given, &expected, &|_| Match::Normalized);
/// assert_eq!((found.credit, found.missing, found.invented), (1.0, vec!["date".to_owned()], vec!["city".to_owned()]));
/// ```
pub fn compare(given: &Value, expected: &Value, rule: &dyn Fn(&str) -> Match) -> Fields {
    walk(given, expected, "", rule)
}

fn walk(given: &Value, expected: &Value, path: &str, rule: &dyn Fn(&str) -> Match) -> Fields {
    match (given, expected) {
        (Value::Object(g), Value::Object(e)) => {
            let mut fields = Fields::default();
            let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            for (key, value) in e {
                fields.add(walk(g.get(key).unwrap_or(&Value::Null), value, &below(key), rule));
            }
            for (key, value) in g.iter().filter(|(key, _)| !e.contains_key(*key)) {
                fields.add(walk(value, &Value::Null, &below(key), rule));
            }
            fields
        }
        (Value::Array(g), Value::Array(e)) => assign(g, e, &format!("{path}[]"), rule),
        (_, Value::Null) => {
            let n = leaves(given);
            let invented = if n > 0 { vec![path.to_owned()] } else { Vec::new() };
            Fields { given: n, invented, ..Fields::default() }
        }
        (Value::Null, _) => {
            let n = leaves(expected);
            let missing = if n > 0 { vec![path.to_owned()] } else { Vec::new() };
            Fields { expected: n, missing, ..Fields::default() }
        }
        _ => {
            let credit = likeness(given, expected, rule(path));
            let wrong = if credit < 1.0 { vec![path.to_owned()] } else { Vec::new() };
            Fields {
                credit,
                expected: leaves(expected).max(1),
                given: leaves(given).max(1),
                wrong,
                ..Fields::default()
            }
        }
    }
}

/// Values below a node; nulls are none.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Object(fields) => fields.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

fn assign(given: &[Value], expected: &[Value], path: &str, rule: &dyn Fn(&str) -> Match) -> Fields {
    let swap = given.len() > expected.len();
    let (rows, columns) = if swap { (expected, given) } else { (given, expected) };
    let mut fields = Fields::default();
    let mut left = vec![true; columns.len()];
    if !rows.is_empty() {
        let pair = |r: usize, c: usize| {
            let (g, e) = if swap { (&columns[c], &rows[r]) } else { (&rows[r], &columns[c]) };
            walk(g, e, path, rule)
        };
        // Whole numbers make the assignment exact and its ties stable.
        let weights = Matrix::from_fn(rows.len(), columns.len(), |(r, c)| (pair(r, c).f1() * 1e9) as i64);
        for (row, column) in kuhn_munkres(&weights).1.into_iter().enumerate() {
            left[column] = false;
            fields.add(pair(row, column));
        }
    }
    for (item, _) in columns.iter().zip(left).filter(|(_, left)| *left) {
        let (g, e) = if swap { (item, &Value::Null) } else { (&Value::Null, item) };
        fields.add(walk(g, e, path, rule));
    }
    fields
}

fn text(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().and_then(last_number))
}

/// A text that is a number, but for signs of currency, separators and a percent sign.
fn pure_number(value: &Value) -> Option<f64> {
    let Some(text) = value.as_str() else { return value.as_f64() };
    let bare = text.trim().trim_start_matches(['$', '€', '£', '¥']).trim_end_matches(['%', '€', '£', '¥']).trim();
    bare.replace(',', "").parse().ok().filter(|number: &f64| number.is_finite())
}

const DATES: [&[BorrowedFormatItem<'static>]; 6] = [
    format_description!("[year]-[month]-[day]"),
    format_description!("[year]/[month]/[day]"),
    format_description!("[day padding:none] [month repr:long case_sensitive:false] [year]"),
    format_description!("[month repr:long case_sensitive:false] [day padding:none] [year]"),
    format_description!("[day padding:none] [month repr:short case_sensitive:false] [year]"),
    format_description!("[month repr:short case_sensitive:false] [day padding:none] [year]"),
];

/// The day that a text names in ISO 8601 or with the month as a word. Numeric forms whose order of day and month
/// differs between countries are not guessed.
fn date(value: &Value) -> Option<Date> {
    let text = value.as_str()?.trim().replace([',', '.'], "");
    let text = text.split('T').next().filter(|day| day.len() == 10 && text.len() > 10).unwrap_or(&text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    DATES.iter().find_map(|format| Date::parse(&text, format).ok())
}

fn likeness(given: &Value, expected: &Value, rule: Match) -> f64 {
    let same = match rule {
        Match::Exact => given == expected,
        Match::Normalized => match (pure_number(given), pure_number(expected)) {
            (Some(g), Some(e)) => g == e,
            _ => match (date(given), date(expected)) {
                (Some(g), Some(e)) => g == e,
                _ => text(given) == text(expected),
            },
        },
        Match::Number { relative } => {
            matches!((number(given), number(expected)), (Some(g), Some(e)) if close(g, e, 0.0, relative))
        }
        Match::Date => matches!((date(given), date(expected)), (Some(g), Some(e)) if g == e),
        Match::Anls => {
            let likeness = similarity(&text(given), &text(expected));
            // At τ itself there is no credit (Biten et al. 2019).
            return if likeness <= 0.5 { 0.0 } else { likeness };
        }
    };
    f64::from(u8::from(same))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn f1(given: Value, expected: Value) -> f64 {
        compare(&given, &expected, &|_| Match::Normalized).f1()
    }

    #[test]
    fn wrong_missing_and_invented_fields_are_told_apart() {
        let expected = json!({"name": "Ada", "born": "1815-12-10", "died": null, "town": "London"});
        let given = json!({"name": "ada ", "born": "December 10, 1815", "died": "1852-11-27", "town": null});
        let fields = compare(&given, &expected, &|_| Match::Normalized);
        assert_eq!((fields.credit, fields.expected, fields.given), (2.0, 3, 3));
        assert_eq!((fields.missing, fields.invented), (vec!["town".to_owned()], vec!["died".to_owned()]));
    }

    #[test]
    fn items_of_lists_find_their_partners() {
        let expected = json!({"lines": [{"sku": "a", "price": 3}, {"sku": "b", "price": 4}]});
        let given =
            json!({"lines": [{"sku": "b", "price": "$4.00"}, {"sku": "x", "price": 9}, {"sku": "a", "price": 3}]});
        let fields = compare(&given, &expected, &|_| Match::Normalized);
        assert_eq!((fields.credit, fields.expected, fields.given), (4.0, 4, 6));
        assert_eq!(fields.invented, ["lines[]"]);
    }

    #[test]
    fn values_are_compared_by_rule() {
        assert_eq!(likeness(&json!("1,234.5 EUR"), &json!(1234.5), Match::Number { relative: 0.0 }), 1.0);
        assert_eq!(likeness(&json!("2024-03-05T10:00:00"), &json!("5 March 2024"), Match::Date), 1.0);
        assert_eq!(likeness(&json!("05/03/2024"), &json!("2024-03-05"), Match::Date), 0.0);
        assert_eq!(likeness(&json!("kitten"), &json!("mittens"), Match::Anls), 1.0 - 2.0 / 7.0);
        assert_eq!(likeness(&json!("1"), &json!(1), Match::Exact), 0.0);
        assert_eq!((f1(json!({}), json!({})), f1(json!(null), json!({"a": 1}))), (1.0, 0.0));
    }

    proptest! {
        #[test]
        fn order_of_items_does_not_matter(mut items in prop::collection::vec(0..9i64, 0..7), turn in 0..7usize) {
            let expected = json!(items);
            if !items.is_empty() {
                let n = items.len();
                items.rotate_left(turn % n);
            }
            prop_assert_eq!(f1(json!(items), expected), 1.0);
        }
    }
}
