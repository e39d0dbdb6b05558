//! The report as Markdown: for pull requests and step summaries.

use std::fmt::Write as _;

use crate::{Report, judged_difference, judged_level, numbers, plain, terminal};

/// The most bytes of a step summary: GitHub drops a larger one whole at 1 MiB.
const LARGEST: usize = 900_000;

/// Text from outside inside a table cell: nothing of it is Markdown, HTML or a mention.
pub fn cell(text: &str) -> String {
    let mut safe = String::new();
    for c in plain(text, 300).chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' => {
                safe.push('\\');
                safe.push(c);
            }
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            // A zero-width space keeps a name from being notified.
            '@' => safe.push_str("@\u{200b}"),
            c => safe.push(c),
        }
    }
    safe
}

pub(crate) fn rows(text: &mut String, header: &[&str], rows: Vec<Vec<String>>) {
    let _ = writeln!(text, "\n| {} |\n|{}", header.join(" | "), "---|".repeat(header.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.iter().map(|c| cell(c)).collect::<Vec<_>>().join(" | "));
    }
}

/// Renders the report.
pub fn render(report: &Report) -> String {
    render_within(report, 0)
}

/// Renders the report into a summary that has so many bytes already; nothing where it has no room left.
pub fn render_within(report: &Report, there: usize) -> String {
    let verdict = report.gate.verdict.map_or("no gate", |kind| kind.as_str());
    let mut text =
        format!("## {}: {verdict}\n\n{}\n", cell(&report.run.suite), terminal::totals(&report.run, &report.totals));
    if !report.gate.criteria.is_empty() {
        let criteria = report.gate.criteria.iter().map(|c| {
            let needed = c.verdict.needed_n.map(|n| format!("about {n} cases would settle it"));
            let why: Vec<String> = c.verdict.reasons.iter().cloned().chain(needed).collect();
            vec![c.verdict.kind.as_str().into(), c.name.clone(), c.target.clone(), c.found.clone(), why.join("; ")]
        });
        rows(&mut text, &["verdict", "criterion", "target", "found", "why"], criteria.collect());
    }
    let levels = report.summary.rows.iter().map(|row| {
        let (value, range) = numbers::estimate(&row.estimate, row.score);
        let name = format!("{}{}", row.name(), if row.advisory { " (advisory)" } else { "" });
        vec![row.target.clone(), name, value, range, row.estimate.n.to_string(), numbers::missing(row)]
    });
    rows(&mut text, &["target", "scorer", "value", "interval", "cases", "missing"], levels.collect());
    for row in &report.summary.rows {
        if let Some(words) = judged_level(row) {
            let _ = writeln!(text, "\n{} of {}: {}.", cell(&row.name()), cell(&row.target), cell(&words));
        }
    }
    if let Some(comparison) = &report.comparison {
        let _ = writeln!(text, "\nAgainst `{}` ({} cases match):", cell(&comparison.baseline), comparison.matched);
        rows(&mut text, &numbers::COMPARED, comparison.rows.iter().map(numbers::compared).collect());
    }
    for row in report.comparison.iter().flat_map(|comparison| &comparison.rows) {
        if let Some(words) = judged_difference(row) {
            let _ = writeln!(text, "\n{}: {}.", cell(&row.name()), cell(&words));
        }
    }
    if !report.failing.is_empty() {
        let _ = writeln!(text, "\n<details><summary>{} failing cases shown</summary>", report.failing.len().min(20));
        let failing = report.failing.iter().take(20).map(|f| {
            let value = f.value.map(numbers::significant).unwrap_or_default();
            vec![f.case.clone(), f.target.clone(), f.scorer.clone(), value, f.why.clone(), f.output.clone()]
        });
        rows(&mut text, &["case", "target", "scorer", "value", "why", "answer"], failing.collect());
        text.push_str("\n</details>\n");
    }
    let _ = writeln!(text, "\nrun `{}`", report.run.id);
    let room = LARGEST.saturating_sub(there);
    if room < 1_000 {
        return String::new();
    }
    while text.len() > room {
        let mut cut = room - 40;
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        text.truncate(cut);
        text.push_str("\n\n… cut to fit\n");
    }
    text
}
