//! The report in a terminal, or in plain lines.

use std::fmt::Write as _;

use assay_analysis::control::Helped;
use assay_analysis::{Comparison, GateReport, Summary};
use assay_core::ScoreKind;
use assay_core::run::{RunRecord, Totals};
use assay_stats::VerdictKind;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::{judged_difference, judged_level, numbers, plain};

/// A table that fits any width.
pub fn table(header: &[&str], rows: Vec<Vec<String>>, right: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    for row in rows {
        table.add_row(row.into_iter().map(|cell| plain(&cell, 400)).collect::<Vec<_>>());
    }
    for index in right {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// Levels of a run.
pub fn summary(summary: &Summary, confidence: f64) -> String {
    let level = format!("{}% interval", numbers::confidence(confidence));
    let many = summary.rows.iter().any(|row| row.reducer != summary.rows[0].reducer);
    let rows = summary
        .rows
        .iter()
        .map(|row| {
            let (value, range) = numbers::estimate(&row.estimate, row.score);
            let mut name = row.name();
            if many && row.metric.is_none() {
                name.push_str(&format!(" {}", row.reducer));
            }
            if row.advisory {
                name.push_str(" (advisory)");
            }
            let mut missing = numbers::missing(row);
            if let (Some(worst), Some(best)) = (&row.worst, &row.best)
                && let (Some(w), Some(b)) = (worst.value, best.value)
            {
                missing.push_str(&format!(
                    "; {} if worst, {} if best",
                    numbers::value(w, row.score),
                    numbers::value(b, row.score)
                ));
            }
            vec![row.target.clone(), name, value, range, row.estimate.n.to_string(), missing]
        })
        .collect();
    let mut text = table(&["target", "scorer", "value", &level, "cases", "missing"], rows, &[2, 3, 4]);
    let slices = summary
        .rows
        .iter()
        .filter(|row| row.metric.is_some() || Some(&row.reducer) == summary.rows.first().map(|first| &first.reducer))
        .flat_map(|row| {
            row.slices.iter().map(|slice| {
                let (value, range) = numbers::estimate(&slice.estimate, row.score);
                let name = format!("{}{}", row.name(), if slice.advisory { " (advisory)" } else { "" });
                vec![row.target.clone(), name, slice.slice.clone(), value, range, slice.estimate.n.to_string()]
            })
        })
        .collect::<Vec<_>>();
    if !slices.is_empty() {
        let _ =
            write!(text, "\n{}", table(&["target", "scorer", "slice", "value", &level, "cases"], slices, &[3, 4, 5]));
    }
    for row in &summary.rows {
        if let Some(words) = judged_level(row) {
            let _ = write!(
                text,
                "\nnote: {} of {}: {}",
                plain(&row.name(), 80),
                plain(&row.target, 80),
                plain(&words, 400)
            );
        }
    }
    for warning in &summary.warnings {
        let _ = write!(text, "\nnote: {warning}");
    }
    text
}

/// Levels of a run over a part of the cases, with the help of an earlier run over all.
pub fn helped(rows: &[Helped], confidence: f64) -> String {
    let level = format!("{}% interval", numbers::confidence(confidence));
    let cells = rows.iter().map(|row| {
        let (alone, range) = numbers::estimate(&row.alone, row.score);
        let (value, narrower) = numbers::estimate(&row.helped, row.score);
        let worth = row.worth.map_or_else(String::new, |worth| format!("{worth:.1} × the cases"));
        vec![row.scorer.clone(), alone, range, row.cases.to_string(), value, narrower, row.all.to_string(), worth]
    });
    let header = ["scorer", "alone", level.as_str(), "cases", "with help", level.as_str(), "of cases", "as good as"];
    table(&header, cells.collect(), &[1, 2, 3, 4, 5, 6])
}

/// What a run did and cost, on one line.
pub fn totals(record: &RunRecord, totals: &Totals) -> String {
    let mut text = format!("{} of {} trials", totals.finished(), record.planned());
    for (count, word) in [
        (totals.errors, "failed"),
        (totals.refused, "refused by budget"),
        (totals.cancelled, "cancelled"),
        (totals.cached, "from the cache"),
        (totals.unscored, "scores unscored"),
        (totals.score_errors, "scorer errors"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {word}");
        }
    }
    let _ = write!(
        text,
        "; {} calls, {} tokens, {}",
        totals.calls,
        totals.input_tokens + totals.output_tokens,
        totals.cost()
    );
    if totals.judge_cost.nanos() > 0 {
        let _ = write!(text, " (judges {})", totals.judge_cost);
    }
    if let Some(look) = record.looks.last() {
        let level = numbers::confidence(look.confidence);
        let (at, of) = (record.looks.len(), record.gate.looks.cases(look.of).len());
        let _ = match look.decided && look.cases < look.of {
            true => write!(text, "; ended at look {at} of {of}: {} of {} cases decided the gate", look.cases, look.of),
            false => write!(text, "; {of} looks"),
        };
        let _ = write!(text, " (intervals of {level}% allow for the looks)");
    }
    text
}

/// A comparison.
pub fn comparison(comparison: &Comparison, most_flips: usize) -> String {
    let mut text = format!(
        "candidate {} against baseline {}: {} cases match",
        plain(&comparison.candidate, 120),
        plain(&comparison.baseline, 120),
        comparison.matched
    );
    for (count, word) in [(comparison.candidate_only, "candidate"), (comparison.baseline_only, "baseline")] {
        if count > 0 {
            let _ = write!(text, ", {count} only in the {word}");
        }
    }
    let rows = comparison
        .rows
        .iter()
        .map(|row| {
            let mut cells = numbers::compared(row);
            cells.push(row.difference.p.map_or_else(String::new, |p| format!("{p:.2e}")));
            cells
        })
        .collect();
    let header = ["scorer", "baseline", "candidate", "difference", "interval", "better/worse/same", "p"];
    let _ = write!(text, "\n{}", table(&header, rows, &[1, 2, 3, 4, 5, 6]));
    let slices: Vec<Vec<String>> = comparison
        .rows
        .iter()
        .flat_map(|row| {
            row.slices.iter().map(|slice| {
                let (shown, range) = numbers::difference(&slice.difference, row.score, row.direction);
                let p = slice.adjusted_p.map_or_else(|| "–".into(), |p| format!("{p:.2e}"));
                let name = format!("{}{}", row.name(), if slice.advisory { " (advisory)" } else { "" });
                vec![name, slice.slice.clone(), shown, range, slice.difference.estimate.n.to_string(), p]
            })
        })
        .collect();
    if !slices.is_empty() {
        let header = ["scorer", "slice", "difference", "interval", "cases", "p (Holm)"];
        let _ = write!(text, "\n{}", table(&header, slices, &[2, 3, 4, 5]));
    }
    // Numbers without a range, such as latency, move on every case: a list of those says nothing.
    let listed = |row: &&assay_analysis::compare::Row| !row.flips.is_empty() && row.score != ScoreKind::Unbounded;
    for row in comparison.rows.iter().filter(listed) {
        let worse = row.flips.iter().filter(|flip| flip.worse).take(most_flips);
        let list: Vec<String> = worse
            .map(|flip| {
                format!(
                    "{} ({} → {})",
                    plain(&flip.case, 60),
                    numbers::value(flip.baseline, row.score),
                    numbers::value(flip.candidate, row.score)
                )
            })
            .collect();
        if !list.is_empty() {
            let _ = write!(text, "\n{}: worse on {}", row.scorer, list.join(", "));
            let rest = row.difference.worse.saturating_sub(list.len());
            if rest > 0 {
                let _ = write!(text, " and {rest} more");
            }
        }
    }
    for row in &comparison.rows {
        if let Some(words) = judged_difference(row) {
            let _ = write!(text, "\nnote: {}: {}", plain(&row.name(), 80), plain(&words, 400));
        }
    }
    for (scorer, reason) in &comparison.refused {
        let _ = write!(text, "\n{}: not compared: {reason}", plain(scorer, 80));
    }
    text
}

/// The gate.
pub fn gate(gate: &GateReport) -> String {
    let mut text = String::new();
    for criterion in &gate.criteria {
        let _ = writeln!(
            text,
            "  {:<12} {} [{}]: {}",
            criterion.verdict.kind.as_str(),
            plain(&criterion.name, 200),
            plain(&criterion.target, 60),
            criterion.found
        );
        for reason in &criterion.verdict.reasons {
            let _ = writeln!(text, "               {}", plain(reason, 300));
        }
        if let Some(n) = criterion.verdict.needed_n {
            let _ = writeln!(text, "               about {n} cases would settle it");
        }
    }
    let verdict = match gate.verdict {
        None => "no rules".to_owned(),
        Some(VerdictKind::Inconclusive) => "inconclusive: the data cannot decide".to_owned(),
        Some(kind) => kind.as_str().to_owned(),
    };
    let _ = write!(text, "gate: {verdict}");
    text
}
