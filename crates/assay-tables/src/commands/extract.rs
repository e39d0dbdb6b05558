//! `assay stats extract`: extracted records against expected ones, field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use assay_metrics::classification::Counts;
use assay_metrics::distance::similarity;
use assay_metrics::extraction::{Match, compare};
use assay_stats::Interval;
use assay_stats::jackknife::{Transform, jackknife};
use clap::Args;
use serde_json::{Map, Value, json};

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Precision, recall and F1 of the values in JSON records, over all fields and by field, with delete-one-row jackknife
/// intervals. Values are the same up to case, white space and the format of numbers and dates; values below a field count
/// for it, and items of lists find their partners. A given cell that holds no record counts as an empty one.
#[derive(Args)]
pub struct Extract {
    /// A table with a row per document.
    file: PathBuf,
    /// The column of the extracted records.
    #[arg(long, default_value = "given")]
    given: String,
    /// The column of the expected records; a null says that there is no such value.
    #[arg(long, default_value = "expected")]
    expected: String,
    #[command(flatten)]
    confidence: Confidence,
}

/// What became of a field over all rows.
#[derive(Default)]
struct Field {
    /// Counts of the rows that have the field.
    rows: Vec<Counts>,
    wrong: usize,
    /// Expected and not in the given record.
    missing: usize,
    /// Expected and given as null.
    null: usize,
    /// Given where nothing, or null, is expected.
    hallucinated: usize,
    /// ANLS of each expected text.
    anls: Vec<f64>,
}

impl Field {
    fn counts(&self) -> Counts {
        self.rows.iter().copied().sum()
    }
}

/// Average normalised Levenshtein similarity with τ = ½ (Biten et al. 2019): 0 unless fewer than half of the characters
/// differ. Case and white space do not count.
fn anls(given: &Value, expected: &str) -> f64 {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let given = match given {
        Value::Null => return 0.0,
        Value::String(text) => plain(text),
        other => plain(&other.to_string()),
    };
    let likeness = similarity(&given, &plain(expected));
    if likeness > 0.5 { likeness } else { 0.0 }
}

/// Whether a record says null at a path below one of its fields. Paths into lists are not followed.
fn says_null(value: &Value, path: &str) -> bool {
    let mut keys = path.split('.').filter(|key| !key.is_empty());
    keys.try_fold(value, |at, key| at.get(key)).is_some_and(Value::is_null)
}

/// F1 with its jackknife interval. O(rows): leaving a row out subtracts its counts; rows without the field change nothing.
fn f1_interval(counts: &[Counts], rows: usize, confidence: f64) -> Option<Interval> {
    let all: Counts = counts.iter().copied().sum();
    let without = |row: &Counts| {
        let total = all.predicted + all.expected - row.predicted - row.expected;
        if total > 0.0 { 2.0 * (all.hits - row.hits) / total } else { f64::NAN }
    };
    let mut left_out: Vec<f64> = counts.iter().map(without).collect();
    left_out.resize(rows, all.f1()?);
    jackknife(all.f1()?, &left_out, Transform::Logit, confidence).filter(|j| j.se > 0.0).map(|j| j.interval)
}

impl Extract {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (given, expected) = (source.texts(&self.given)?, source.full(&self.expected)?);
        let rows = expected.len();
        let (mut fields, mut totals, mut unreadable) = (BTreeMap::<String, Field>::new(), Vec::new(), 0);
        for (row, (given, expected)) in given.iter().zip(&expected).enumerate() {
            let expected: Map<String, Value> = serde_json::from_str(expected).map_err(|_| {
                usage(format!(
                    "{}: `{}` holds no JSON record: write one such as {{\"total\": 12.5, \"date\": null}}",
                    source.place(row),
                    self.expected
                ))
            })?;
            let given: Option<Map<String, Value>> = given.as_deref().and_then(|cell| serde_json::from_str(cell).ok());
            unreadable += usize::from(given.is_none());
            let given = given.unwrap_or_default();
            let mut total = Counts::default();
            for name in expected.keys().chain(given.keys()).collect::<BTreeSet<_>>() {
                let (found, truth) = (given.get(name), expected.get(name).unwrap_or(&Value::Null));
                let value = found.unwrap_or(&Value::Null);
                let compared = compare(value, truth, &|_| Match::Normalized);
                let counts = Counts {
                    hits: compared.credit,
                    predicted: compared.given as f64,
                    expected: compared.expected as f64,
                };
                total = total + counts;
                let field = fields.entry(name.clone()).or_default();
                field.rows.push(counts);
                field.wrong += compared.wrong.len();
                field.hallucinated += compared.invented.len();
                let nulls = compared.missing.iter().filter(|path| found.is_some() && says_null(value, path)).count();
                field.null += nulls;
                field.missing += compared.missing.len() - nulls;
                if let Some(text) = truth.as_str() {
                    field.anls.push(anls(value, text));
                }
            }
            totals.push(total);
        }
        let all: Counts = totals.iter().copied().sum();
        let Some(f1) = all.f1() else {
            return Err(usage(format!(
                "{}: neither `{}` nor `{}` has a value in any record",
                self.file.display(),
                self.given,
                self.expected
            )));
        };
        let interval = f1_interval(&totals, rows, self.confidence.level);
        let sum = |of: fn(&Field) -> usize| fields.values().map(of).sum::<usize>();
        let (wrong, missing) = (sum(|field| field.wrong), sum(|field| field.missing));
        let (nulls, hallucinated) = (sum(|field| field.null), sum(|field| field.hallucinated));
        let (mut by_field, mut cells) = (Map::new(), Vec::new());
        for (name, field) in &fields {
            let counts = field.counts();
            let values = [counts.precision(), counts.recall(), counts.f1()];
            let interval = f1_interval(&field.rows, rows, self.confidence.level);
            let anls = (!field.anls.is_empty()).then(|| field.anls.iter().sum::<f64>() / field.anls.len() as f64);
            let mut row = vec![assay_report::plain(name, 60)];
            row.extend(values.map(number));
            row.extend([range(interval), anls.map_or_else(|| "–".into(), |anls| number(Some(anls)))]);
            row.extend([field.wrong, field.missing, field.null, field.hallucinated].map(|n| n.to_string()));
            cells.push(row);
            let entry = json!({
                "precision": values[0], "recall": values[1], "f1": values[2], "interval": bounds(interval),
                "anls": anls, "expected": counts.expected, "given": counts.predicted, "wrong": field.wrong,
                "missing": field.missing, "null": field.null, "hallucinated": field.hallucinated,
            });
            by_field.insert(name.clone(), entry);
        }
        let json = json!({
            "rows": rows, "unreadable": unreadable,
            "micro": {"precision": all.precision(), "recall": all.recall(), "f1": f1, "interval": bounds(interval)},
            "wrong": wrong, "missing": missing, "null": nulls, "hallucinated": hallucinated, "fields": by_field,
        });
        let first = format!(
            "{rows} records: micro F1 {f1:.3} ({}), precision {}, recall {}",
            interval.map_or_else(|| "no interval".into(), |i| range(Some(i))),
            number(all.precision()),
            number(all.recall())
        );
        let second = format!(
            "{wrong} values wrong, {missing} missing, {nulls} null where a value is, {hallucinated} hallucinated"
        );
        let unread = (unreadable > 0)
            .then(|| format!("{unreadable} cells of `{}` hold no JSON record and count as empty ones", self.given));
        let level = level(self.confidence.level);
        let header = ["field", "precision", "recall", "F1", &level, "ANLS", "wrong", "missing", "null", "hallucinated"];
        Ok(Answer::new(json).line(first).line(second).lines(unread).table(&header, cells, &[1, 2, 3, 4, 5, 6, 7, 8, 9]))
    }
}
