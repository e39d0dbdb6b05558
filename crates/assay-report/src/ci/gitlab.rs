//! What GitLab reads: code quality, and metrics as OpenMetrics text.

use std::fmt::Write as _;

use assay_core::Digest;
use assay_core::gate::Role;
use assay_stats::VerdictKind;
use serde_json::{Value, json};

use super::{Ci, Place, sentence};
use crate::{numbers, plain};

/// The most issues: a reader of a merge request sees a few.
const MOST: usize = 500;

/// Criteria that do not hold, and cases that failed under a rule's scorer, as a code quality report.
pub fn code_quality(ci: &Ci<'_>) -> Value {
    let mut issues = Vec::new();
    let mut issue = |check: &str, words: &str, severity: &str, place: &Place, what: &str| {
        issues.push(json!({
            "description": plain(words, 1_000), "check_name": format!("assay/{}", plain(check, 100)),
            "fingerprint": Digest::of_json(&json!([ci.report.run.suite, check, what])).to_string(),
            "severity": severity, "location": {"path": place.file, "lines": {"begin": place.line}},
        }));
    };
    for criterion in ci.open() {
        let severity = match (criterion.verdict.kind, criterion.role) {
            (VerdictKind::Fail, Role::Guardrail) => "blocker",
            (VerdictKind::Fail, Role::Gate) => "critical",
            _ if ci.blocks() => "major",
            _ => "minor",
        };
        let what = format!("criterion {} {}", criterion.name, criterion.target);
        issue(&criterion.scorer, &sentence(criterion), severity, ci.places.of(criterion), &what);
    }
    let ruled = |scorer: &str| ci.report.run.gate.rules.iter().any(|rule| rule.scorer == scorer);
    for failing in ci.report.failing.iter().filter(|failing| ruled(&failing.scorer)).take(MOST) {
        let value = failing.value.map(numbers::significant).unwrap_or_default();
        let words = format!("case {}: {} = {value}: {}", failing.case, failing.scorer, plain(&failing.why, 300));
        let what = format!("case {} {}", failing.case, failing.target);
        issue(&failing.scorer, &words, "minor", ci.places.case(failing), &what);
    }
    Value::Array(issues)
}

/// Levels with their intervals, the verdict, cost and cases as OpenMetrics text.
pub fn metrics(ci: &Ci<'_>) -> String {
    let run = &ci.report.run;
    let label = |text: &str| plain(text, 200).replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, samples: Vec<(String, f64)>| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples.into_iter().filter(|(_, value)| value.is_finite()) {
            let _ = writeln!(text, "{name}{{{labels}}} {value}");
        }
    };
    let suite = format!("suite=\"{}\"", label(&run.suite));
    let rows = &ci.report.summary.rows;
    let labels = |row: &assay_analysis::summary::Row| {
        format!(
            "{suite},target=\"{}\",scorer=\"{}\",reducer=\"{}\"",
            label(&row.target),
            label(&row.name()),
            label(&row.reducer.to_string())
        )
    };
    let values = rows.iter().filter_map(|row| Some((labels(row), row.estimate.value?)));
    gauge("assay_score", "The level of a scorer", values.collect());
    let lower = rows.iter().filter_map(|row| Some((labels(row), row.estimate.interval?.lower)));
    gauge("assay_score_lower", "Where the level's interval begins", lower.collect());
    let upper = rows.iter().filter_map(|row| Some((labels(row), row.estimate.interval?.upper)));
    gauge("assay_score_upper", "Where the level's interval ends", upper.collect());
    let verdicts = [VerdictKind::Pass, VerdictKind::Fail, VerdictKind::Inconclusive].map(|kind| {
        let is = ci.report.gate.verdict == Some(kind);
        (format!("{suite},verdict=\"{}\"", kind.as_str()), f64::from(u8::from(is)))
    });
    gauge("assay_verdict", "1 for the verdict of the gate", verdicts.into());
    gauge("assay_cases", "Cases of the run", vec![(suite.clone(), run.cases as f64)]);
    gauge("assay_cost_usd", "What the run cost in dollars", vec![(suite, ci.report.totals.cost().dollars())]);
    text.push_str("# EOF\n");
    text
}
