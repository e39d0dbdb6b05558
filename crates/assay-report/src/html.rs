//! The report as one HTML file that needs nothing else.
//!
//! The file's own content policy forbids scripts and any connection, and every text is escaped by the template
//! engine, so that hostile model output stays text.

use assay_core::{Direction, ScoreKind};
use assay_stats::{Estimate, Interval};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Report, numbers, terminal};

const PAGE: &str = include_str!("report.html");

/// Where an interval lies on an axis, in percent of its width.
#[derive(Serialize)]
struct Bar {
    lower: f64,
    upper: f64,
    at: f64,
}

fn bar(value: Option<f64>, interval: Option<Interval>, lo: f64, hi: f64) -> Option<Bar> {
    let (value, interval) = (value?, interval?);
    let width = if hi > lo { hi - lo } else { 1.0 };
    let place = |v: f64| (100.0 * (v - lo) / width).clamp(0.0, 100.0);
    Some(Bar { lower: place(interval.lower), upper: place(interval.upper), at: place(value) })
}

/// The axis of a scorer: its range, or the span of the intervals shown.
fn axis(kind: ScoreKind, estimates: &[&Estimate]) -> (f64, f64) {
    kind.range().unwrap_or_else(|| {
        let intervals = estimates.iter().filter_map(|estimate| estimate.interval);
        intervals.fold((0.0, f64::MIN_POSITIVE), |(lo, hi): (f64, f64), interval| {
            (lo.min(interval.lower), hi.max(interval.upper))
        })
    })
}

/// Renders the report.
///
/// # Errors
/// Only a fault of the template itself.
pub fn render(report: &Report) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("report", PAGE).map_err(|error| error.to_string())?;
    let template = environment.get_template("report").map_err(|error| error.to_string())?;
    template.render(Serde(context(report))).map_err(|error| error.to_string())
}

fn context(report: &Report) -> Value {
    let levels: Vec<Value> = report
        .summary
        .rows
        .iter()
        .map(|row| {
            let (value, range) = numbers::estimate(&row.estimate, row.score);
            // Targets of one scorer share an axis; other scorers have other units.
            let same =
                report.summary.rows.iter().filter(|other| other.scorer == row.scorer && other.metric == row.metric);
            let (lo, hi) = axis(row.score, &same.map(|other| &other.estimate).collect::<Vec<_>>());
            let slices: Vec<Value> = row
                .slices
                .iter()
                .map(|slice| {
                    let (value, range) = numbers::estimate(&slice.estimate, row.score);
                    let bar = bar(slice.estimate.value, slice.estimate.interval, lo, hi);
                    json!({"slice": slice.slice, "value": value, "range": range, "n": slice.estimate.n, "bar": bar})
                })
                .collect();
            json!({
                "target": row.target, "scorer": row.name(), "reducer": row.reducer, "advisory": row.advisory,
                "value": value, "range": range, "n": row.estimate.n, "clusters": row.estimate.clusters,
                "missing": numbers::missing(row), "method": row.estimate.method, "judge": crate::judged_level(row),
                "bar": bar(row.estimate.value, row.estimate.interval, lo, hi), "slices": slices,
            })
        })
        .collect();
    let comparison = report.comparison.as_ref().map(|comparison| {
        let rows: Vec<Value> = comparison
            .rows
            .iter()
            .map(|row| {
                let (shown, range) = numbers::difference(&row.difference, row.score, row.direction);
                let sign = if row.direction == Direction::Lower { -1.0 } else { 1.0 };
                let interval = row.difference.estimate.interval.map(|i| if sign < 0.0 { i.negated() } else { i });
                let reach = interval.map_or(1.0, |i| i.lower.abs().max(i.upper.abs())).max(f64::MIN_POSITIVE);
                let flips: Vec<Value> = row
                    .flips
                    .iter()
                    .map(|flip| {
                        json!({"case": flip.case, "worse": flip.worse,
                               "baseline": numbers::value(flip.baseline, row.score),
                               "candidate": numbers::value(flip.candidate, row.score)})
                    })
                    .collect();
                let slices: Vec<Value> = row
                    .slices
                    .iter()
                    .map(|slice| {
                        let (shown, range) = numbers::difference(&slice.difference, row.score, row.direction);
                        json!({"slice": slice.slice, "difference": shown, "range": range,
                               "n": slice.difference.estimate.n, "p": slice.adjusted_p.map(|p| format!("{p:.2e}"))})
                    })
                    .collect();
                json!({
                    "scorer": row.name(), "advisory": row.advisory, "judge": crate::judged_difference(row),
                    "baseline": numbers::estimate(&row.baseline, row.score).0,
                    "candidate": numbers::estimate(&row.candidate, row.score).0, "difference": shown, "range": range,
                    "better": row.difference.better, "worse": row.difference.worse, "same": row.difference.same,
                    "p": row.difference.p.map(|p| format!("{p:.2e}")), "p_method": row.difference.p_method,
                    "bar": bar(row.difference.estimate.value.map(|v| sign * v), interval, -reach, reach),
                    "flips": flips, "slices": slices,
                })
            })
            .collect();
        json!({"candidate": comparison.candidate, "baseline": comparison.baseline, "matched": comparison.matched,
               "candidate_only": comparison.candidate_only, "baseline_only": comparison.baseline_only,
               "rows": rows, "refused": comparison.refused})
    });
    let failing: Vec<Value> = report
        .failing
        .iter()
        .map(|f| {
            json!({"case": f.case, "target": f.target, "scorer": f.scorer, "why": f.why, "output": f.output,
                   "value": f.value.map(numbers::significant)})
        })
        .collect();
    json!({
        "suite": report.run.suite, "run": report.run.id.to_string(), "started": numbers::time(report.run.started_us),
        "verdict": report.gate.verdict.map(|kind| kind.as_str()), "criteria": report.gate.criteria,
        "confidence": numbers::confidence(report.gate.confidence),
        "totals": terminal::totals(&report.run, &report.totals), "levels": levels, "comparison": comparison,
        "failing": failing, "warnings": report.summary.warnings, "status": report.status.as_str(),
        "facts": [
            ["run fingerprint", report.run.fingerprint().to_string()],
            ["suite digest", report.run.suite_digest.to_string()],
            ["datasets", report.run.datasets.iter().map(|d| format!("{} {} ({} cases)", d.name, d.version.short(), d.cases)).collect::<Vec<_>>().join(", ")],
            ["targets", report.run.targets.iter().map(|t| format!("{} {} {}", t.name, t.kind, t.fingerprint.short())).collect::<Vec<_>>().join(", ")],
            ["epochs, seed", format!("{}, {}", report.run.epochs, report.run.seed)],
            ["git", report.run.git.clone().unwrap_or_else(|| "not in a repository".into())],
            ["assay", report.run.assay_version.clone()],
        ],
    })
}
