//! Studies as Markdown.

use std::fmt::Write as _;

use crate::studies::{Line, Shares, Study, Table};

/// What stands above the studies.
pub fn head(trials: usize) -> String {
    format!(
        "# What our intervals really cover\n\n\
         A 95% interval should contain the truth in 95 of 100 cases. Whether it does depends on the data: here it is \
         measured on data whose truth is known, with the same functions that reports and gates call. Every number can \
         be made again:\n\n\
         ```sh\ncargo run --release -p assay-stats --example coverage -- --trials {trials} --write docs/reference/coverage.md\n```\n\n\
         How to read a cell: the share in percent, ± its Monte Carlo standard error (none when it is a sum over all \
         outcomes), and in brackets the mean width of the interval. **Bold** is a share that breaks its promise by more \
         than 1.5 points (for alarms: half a point) and two standard errors. Methods that cost more are simulated less \
         often, so that their error is larger. An integration test runs a short form and fails when a method that must \
         hold its level does not.\n"
    )
}

/// One study.
pub fn section(study: &Study) -> String {
    let mut page = format!("\n## {}\n\n{}\n", study.title, study.text);
    for table in &study.tables {
        let _ = write!(page, "\n{}:\n\n{}", table.caption, rows(table));
    }
    page
}

fn rows(table: &Table) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for line in &table.lines {
        if !methods.contains(&line.method) {
            methods.push(line.method);
        }
    }
    let mut page = format!("| design | n | {} |\n|---|--:|{}\n", methods.join(" | "), "---|".repeat(methods.len()));
    for row in table.lines.chunk_by(|a, b| a.design == b.design && a.n == b.n) {
        let _ = write!(page, "| {} | {} |", row[0].design, row[0].n);
        for method in &methods {
            let cell =
                row.iter().find(|line| line.method == *method).map_or(String::new(), |line| cell(line, table.shares));
            let _ = write!(page, " {cell} |");
        }
        page.push('\n');
    }
    page
}

fn cell(line: &Line, shares: Shares) -> String {
    let mut text = format!("{:.1}", 100.0 * line.share);
    if breaks(line, shares) {
        text = format!("**{text}**");
    }
    if line.error > 0.0 {
        let _ = write!(text, " ± {:.1}", 100.0 * line.error);
    }
    if let Some(least) = line.least {
        let _ = write!(text, ", least {:.1}", 100.0 * least);
    }
    if let Some(width) = line.width {
        let _ = write!(text, " ({width:.3})");
    }
    if line.undefined > 0.0005 {
        let _ = write!(text, ", none in {:.1}%", 100.0 * line.undefined);
    }
    text
}

fn breaks(line: &Line, shares: Shares) -> bool {
    let noise = 2.0 * line.error;
    match shares {
        Shares::Covered(promised) => line.share < promised - 0.015 - noise,
        Shares::Alarms(promised) => line.share > promised + 0.005 + noise,
        Shares::Power(planned) => planned < 1.0 && line.share < planned - 0.015 - noise,
    }
}
