//! A judge's certificate, for a terminal and as Markdown.

use std::fmt::Write as _;

use assay_analysis::certificate::{Certificate, Figure};
use assay_analysis::standing::Standing;
use assay_core::{ScoreKind, grouped};
use assay_stats::Interval;

use crate::markdown::{cell, rows as markdown_rows};
use crate::{numbers, plain, terminal};

/// A table of a certificate.
struct Section {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "not defined".into(), |value| format!("{value:.3}"))
}

fn range(interval: Option<Interval>) -> String {
    interval.map_or_else(String::new, |i| format!("{:.3} to {:.3}", i.lower, i.upper))
}

fn figure(figure: &Figure) -> Vec<String> {
    let people = figure.people.map_or_else(String::new, |(value, interval)| match interval {
        Some(_) => format!("{value:.3} ({})", range(interval)),
        None => format!("{value:.3}"),
    });
    vec![figure.name.clone(), number(figure.value), range(figure.interval), people]
}

fn head(certificate: &Certificate, standing: &Standing) -> Vec<String> {
    let c = certificate;
    let counted = |n: usize, what: &str| if n > 0 { format!(", {} {what}", grouped(n as u64)) } else { String::new() };
    let mut lines = vec![
        format!("judge {} ({}): grade {}, {}", c.judge, c.fingerprint.short(), standing.grade, standing.grade.allows()),
        format!(
            "{} labels drawn by chance of {} judged answers{}{}{}{}",
            grouped(c.labels as u64),
            grouped(c.judged as u64),
            counted(c.by_hand, "chosen by hand"),
            counted(c.split, "with people split evenly"),
            counted(c.unreadable, "with a verdict that cannot be read"),
            counted(c.abstained, "on which it abstained"),
        ),
    ];
    lines.extend(standing.dropped.iter().map(|why| format!("dropped: {why}")));
    let (asked, differ) = standing.checked;
    if asked > 0 {
        lines.push(format!("asked again on {} frozen verdicts: {differ} differ", grouped(asked)));
    }
    lines
}

fn foot(certificate: &Certificate, standing: &Standing) -> Vec<String> {
    let mut lines = certificate.notes.clone();
    let missing = standing.missing.iter().filter(|what| !standing.dropped.contains(what));
    lines.extend(missing.map(|what| format!("for the next grade: {what}")));
    let day = |us: i64| numbers::time(us).split(' ').next().unwrap_or_default().to_owned();
    let said = certificate
        .labelled_us
        .map_or_else(String::new, |(oldest, newest)| format!("; labels from {} to {}", day(oldest), day(newest)));
    lines.push(format!(
        "labels of `{}`, {}{said}; made {}, expires {}",
        certificate.criterion,
        certificate.labels_digest.short(),
        numbers::time(certificate.made_us),
        numbers::time(certificate.expires_us)
    ));
    lines
}

fn sections(certificate: &Certificate) -> Vec<Section> {
    let c = certificate;
    let percent = format!("{}% interval", numbers::confidence(c.confidence));
    let header = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let mut all = Vec::new();
    if let Some(cells) = &c.confusion {
        let row = |row: &[Figure; 2], word: &str| {
            let show = |f: &Figure| format!("{} ({})", f.key, range(f.interval));
            vec![format!("people: {word}"), show(&row[0]), show(&row[1])]
        };
        all.push(Section {
            header: header(&["answers (share of the row)", "judge: fail", "judge: pass"]),
            rows: vec![row(&cells[0], "fail"), row(&cells[1], "pass")],
        });
    }
    if !c.figures.is_empty() {
        let rows = c.figures.iter().map(figure).collect();
        all.push(Section {
            header: header(&["judge against people", "value", &percent, "people among each other"]),
            rows,
        });
    }
    if c.labels > 0 {
        let unit = matches!(c.coding.score, ScoreKind::Binary | ScoreKind::Bounded { .. });
        let kind = if unit { c.coding.score } else { ScoreKind::Unbounded };
        let rows = c.arms.iter().map(|arm| {
            let raw = arm.raw.map_or_else(|| "–".into(), |raw| numbers::value(raw, kind));
            let (value, interval) = match (&arm.corrected, &arm.why_not) {
                (Some(found), _) => numbers::estimate(found, kind),
                (None, why) => ("–".into(), why.clone().unwrap_or_default()),
            };
            vec![arm.name.clone(), arm.judged.to_string(), arm.labels.to_string(), raw, value, interval]
        });
        let names = ["target", "judged", "labels", "the judge alone", "corrected", &percent];
        all.push(Section { header: header(&names), rows: rows.collect() });
    }
    if !c.slices.is_empty() {
        let row = |f: &Figure| {
            let p = f.p.map_or_else(String::new, |p| format!("{p:.2e}"));
            vec![f.name.clone(), number(f.value), range(f.interval), p]
        };
        let rows = c.slices.iter().map(row).collect();
        all.push(Section { header: header(&["judge − people where", "value", &percent, "p (Holm)"]), rows });
    }
    if !c.calibration.is_empty() {
        let row = |(cases, score, passes): &(usize, f64, f64)| {
            vec![format!("{score:.3}"), format!("{passes:.3}"), cases.to_string()]
        };
        let rows = c.calibration.iter().map(row).collect();
        all.push(Section { header: header(&["mean score", "people pass", "answers"]), rows });
    }
    all
}

/// For a terminal.
pub fn text(certificate: &Certificate, standing: &Standing) -> String {
    let mut text = String::new();
    for line in head(certificate, standing) {
        let _ = writeln!(text, "{}", plain(&line, 500));
    }
    for section in sections(certificate) {
        let header: Vec<&str> = section.header.iter().map(String::as_str).collect();
        let right: Vec<usize> = (1..header.len()).collect();
        let _ = writeln!(text, "{}", terminal::table(&header, section.rows, &right));
    }
    for line in foot(certificate, standing) {
        let _ = writeln!(text, "{}", plain(&line, 500));
    }
    text.trim_end().to_owned()
}

/// For a page.
pub fn markdown(certificate: &Certificate, standing: &Standing) -> String {
    let mut text = String::new();
    for (at, line) in head(certificate, standing).into_iter().enumerate() {
        let _ = writeln!(text, "{}{}\n", if at == 0 { "## " } else { "" }, cell(&line));
    }
    for section in sections(certificate) {
        let header: Vec<&str> = section.header.iter().map(String::as_str).collect();
        markdown_rows(&mut text, &header, section.rows);
    }
    text.push('\n');
    for line in foot(certificate, standing) {
        let _ = writeln!(text, "- {}", cell(&line));
    }
    text.trim_end().to_owned()
}
