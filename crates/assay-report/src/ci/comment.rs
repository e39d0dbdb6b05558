//! One comment on a pull request, found again by a hidden mark and replaced.

use std::fmt::Write as _;

use assay_analysis::compare::{Flip, Row};
use assay_core::{OnInconclusive, RunRecord};
use assay_stats::VerdictKind;

use super::Ci;
use crate::markdown::{cell, rows};
use crate::{numbers, terminal};

/// The most characters of a comment that GitHub takes is 65,536; what comes behind the cut is the least important.
const LARGEST: usize = 60_000;
/// The most flips and slices that are listed.
const MOST: usize = 10;

/// The mark that the comment of a suite and tier is found by: no name can end it, and no two are the same.
pub fn mark(run: &RunRecord) -> String {
    let plain = |name: &str| {
        name.chars().fold(String::new(), |text, c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => format!("{text}{c}"),
            other => format!("{text}_{:x}_", u32::from(other)),
        })
    };
    let tier = run.tier.as_deref().map_or_else(String::new, |tier| format!(":{}", plain(tier)));
    format!("<!-- assay:report:{}{tier} -->", plain(&run.suite))
}

/// Renders the comment: the verdict, what decides, the differences, slices, cases that turned, cost.
pub fn render(ci: &Ci<'_>) -> String {
    let report = ci.report;
    let mut text = format!("{}\n## {}: {}\n", mark(&report.run), cell(&report.run.suite), ci.verdict());
    let line = match (report.gate.verdict, report.run.gate.on_inconclusive) {
        (None, _) => "The suite has no gate: nothing is decided.",
        (Some(VerdictKind::Pass), _) if ci.exit == 0 => "Every rule is shown to hold.",
        (Some(VerdictKind::Fail), _) => "A rule is shown not to hold.",
        (Some(VerdictKind::Inconclusive), OnInconclusive::Warn) if ci.exit == 0 => {
            "The data cannot decide; the suite lets it go on (`on_inconclusive: warn`)."
        }
        (Some(VerdictKind::Inconclusive), _) => "The data cannot decide, so the check does not pass: more cases would.",
        (Some(VerdictKind::Pass), _) => "Every rule is shown to hold, but the run did not end as it should.",
    };
    let _ = writeln!(text, "\n{line}");
    if !report.gate.criteria.is_empty() {
        let criteria = report.gate.criteria.iter().map(|of| {
            let needed = of.verdict.needed_n.map(|n| format!("about {n} cases would settle it"));
            let why: Vec<String> = of.verdict.reasons.iter().cloned().chain(needed).collect();
            vec![of.verdict.kind.as_str().into(), of.name.clone(), of.target.clone(), of.found.clone(), why.join("; ")]
        });
        rows(&mut text, &["verdict", "rule", "target", "found", "why"], criteria.collect());
    }
    if let Some(comparison) = &report.comparison {
        let _ = writeln!(
            text,
            "\nAgainst `{}`, {} cases in both, {}% intervals:",
            cell(&comparison.baseline),
            comparison.matched,
            numbers::confidence(report.gate.confidence)
        );
        rows(&mut text, &numbers::COMPARED, comparison.rows.iter().map(numbers::compared).collect());
        slices(&mut text, &comparison.rows);
        flips(&mut text, &comparison.rows, true);
        flips(&mut text, &comparison.rows, false);
        for (scorer, why) in &comparison.refused {
            let _ = writeln!(text, "\n{}: not compared: {}", cell(scorer), cell(why));
        }
    } else {
        let levels = report.summary.rows.iter().map(|row| {
            let (value, range) = numbers::estimate(&row.estimate, row.score);
            vec![row.target.clone(), row.name(), value, range, row.estimate.n.to_string()]
        });
        rows(&mut text, &["target", "scorer", "value", "interval", "cases"], levels.collect());
    }
    let before = ci.cost_before.map_or_else(String::new, |cost| format!("; the baseline cost {cost}"));
    let totals = format!("{}{before}", terminal::totals(&report.run, &report.totals));
    let _ = writeln!(text, "\n{}", cell(&totals));
    let _ = writeln!(text, "\nrun `{}`; `assay show {}` lists its cases", report.run.id, report.run.id.short());
    if text.len() > LARGEST {
        let mut cut = LARGEST;
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        // Whole lines, so that no table or fold is cut in the middle of a cell.
        text.truncate(text[..cut].rfind('\n').unwrap_or(cut));
        let open = text.matches("<details>").count() > text.matches("</details>").count();
        text.push_str(if open { "\n\n</details>\n" } else { "\n" });
        text.push_str("\n… cut to fit; the step summary has the rest\n");
    }
    text
}

/// The slices that lost most, those first that a test over all of them finds.
fn slices(text: &mut String, compared: &[Row]) {
    let mut worst: Vec<(&Row, &assay_analysis::compare::SliceRow)> = compared
        .iter()
        .flat_map(|row| row.slices.iter().map(move |slice| (row, slice)))
        .filter(|(_, slice)| slice.difference.estimate.value.is_some_and(|value| value < 0.0))
        .collect();
    let rank = |slice: &assay_analysis::compare::SliceRow| {
        (slice.adjusted_p.unwrap_or(1.0), slice.difference.estimate.value.unwrap_or(0.0))
    };
    worst.sort_by(|(_, a), (_, b)| {
        let (a, b) = (rank(a), rank(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    if worst.is_empty() {
        return;
    }
    let listed = worst.into_iter().take(MOST).map(|(row, slice)| {
        let (shown, range) = numbers::difference(&slice.difference, row.score, row.direction);
        let p = slice.adjusted_p.map_or_else(|| "too few to test".to_owned(), |p| format!("{p:.2e}"));
        vec![slice.slice.clone(), row.name(), shown, range, slice.difference.estimate.n.to_string(), p]
    });
    text.push_str("\nSlices that got worse (p adjusted over all slices and scorers):\n");
    rows(text, &["slice", "scorer", "difference", "interval", "cases", "p"], listed.collect());
}

/// Cases that turned, in a fold.
fn flips(text: &mut String, compared: &[Row], worse: bool) {
    let all: Vec<(&Row, &Flip)> = compared
        .iter()
        .flat_map(|row| row.flips.iter().map(move |flip| (row, flip)))
        .filter(|(_, flip)| flip.worse == worse)
        .collect();
    if all.is_empty() {
        return;
    }
    let what = if worse { "got worse" } else { "got better" };
    let _ = writeln!(text, "\n<details><summary>cases that {what} ({} shown)</summary>", all.len().min(MOST));
    let listed = all.into_iter().take(MOST).map(|(row, flip)| {
        let value = |v| numbers::value(v, row.score);
        vec![flip.case.clone(), row.name(), value(flip.baseline), value(flip.candidate)]
    });
    rows(text, &["case", "scorer", "baseline", "candidate"], listed.collect());
    text.push_str("\n</details>\n");
}
