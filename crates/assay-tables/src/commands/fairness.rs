//! `assay stats fairness`: how far rates lie apart between groups.

use std::path::PathBuf;

use assay_metrics::fairness::{Group, Groups, MINIMUM, Rate};
use assay_stats::Interval;
use assay_stats::proportion::{critical, wilson};
use assay_stats::slices::rate_gap;
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, bounds, level, usage};
use crate::{Answer, Failure, Table};

/// Gaps of the selection rate (demographic parity), the true-positive rate (equal opportunity), the false-positive rate
/// (with it equalised odds) and the precision (predictive parity). The largest gap between many groups is large by
/// chance alone: each has an interval that holds for all groups at once, and a gap of shrunken rates. Exit code 1 when a
/// gap is there beyond chance.
#[derive(Args)]
pub struct Fairness {
    /// A table with a row per case.
    file: PathBuf,
    /// The column of the truth: yes or no.
    #[arg(long, default_value = "expected")]
    truth: String,
    /// The column of the prediction: yes or no.
    #[arg(long, default_value = "predicted")]
    predicted: String,
    /// The column of the group.
    #[arg(long)]
    group: String,
    /// The text that means yes in both columns, where it is not 1, true, yes or pass.
    #[arg(long)]
    positive: Option<String>,
    /// The fewest cases behind a group's rate that is compared.
    #[arg(long, default_value_t = MINIMUM)]
    minimum: usize,
    #[command(flatten)]
    confidence: Confidence,
}

const RATES: [(&str, &str, Rate); 4] = [
    ("selection rate", "demographic parity", Rate::Selection),
    ("true-positive rate", "equal opportunity", Rate::TruePositive),
    ("false-positive rate", "equalised odds, with the above", Rate::FalsePositive),
    ("precision", "predictive parity", Rate::Precision),
];

impl Fairness {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let full = |column: &str| -> Result<Vec<bool>, Failure> {
            let flags = source.flags(column, self.positive.as_deref())?;
            let gap = || usage(format!("{}: `{column}` has empty cells: fill or drop them", self.file.display()));
            flags.into_iter().collect::<Option<_>>().ok_or_else(gap)
        };
        let (truth, predicted) = (full(&self.truth)?, full(&self.predicted)?);
        let names = source.full(&self.group)?;
        let groups = Groups::new(&names, &truth, &predicted, self.minimum)
            .map_err(|why| usage(format!("{}: {why}", self.file.display())))?;
        let z = critical(self.confidence.level);
        let interval = |group: &Group, rate: Rate| -> Option<(f64, Interval)> {
            let (part, whole) = group.fraction(rate);
            wilson(part, whole, z).map(|interval| (part / whole, interval))
        };
        let (mut gaps, mut rows, mut findings) = (serde_json::Map::new(), Vec::new(), Vec::new());
        for (name, principle, rate) in RATES {
            let gap = match groups.gap(rate) {
                Ok(gap) => gap,
                Err(why) => {
                    gaps.insert(name.to_owned(), json!({"value": null, "reason": why.to_string()}));
                    rows.push(vec![name.into(), format!("not defined: {why}")]);
                    continue;
                }
            };
            let counts: Vec<(f64, f64)> = groups
                .groups()
                .values()
                .map(|group| group.fraction(rate))
                .filter(|(_, whole)| *whole >= self.minimum.max(1) as f64)
                .collect();
            let range = rate_gap(&counts, self.confidence.level).map_err(|why| usage(why.to_string()))?;
            if range.interval.lower > 0.0 {
                findings.push(format!(
                    "{name}: {} is {:.1} pts below {} ({:.1} to {:.1} beyond chance)",
                    assay_report::plain(&gap.lowest, 40),
                    100.0 * gap.difference,
                    assay_report::plain(&gap.highest, 40),
                    100.0 * range.interval.lower,
                    100.0 * range.interval.upper,
                ));
            }
            gaps.insert(
                name.to_owned(),
                json!({"principle": principle, "value": gap.difference, "interval": bounds(range.interval),
                    "shrunken": range.shrunken, "ratio": gap.ratio, "lowest": gap.lowest, "highest": gap.highest,
                    "too_small": gap.too_small}),
            );
            rows.push(vec![
                name.into(),
                principle.into(),
                format!("{:.1}", 100.0 * gap.difference),
                format!("{:.1} to {:.1}", 100.0 * range.interval.lower, 100.0 * range.interval.upper),
                format!("{:.1}", 100.0 * range.shrunken),
                gap.ratio.map_or_else(|| "–".into(), |ratio| format!("{ratio:.2}")),
                assay_report::plain(&gap.lowest, 40),
                assay_report::plain(&gap.highest, 40),
                gap.too_small.len().to_string(),
            ]);
        }
        let cell = |found: Option<(f64, Interval)>| {
            let text = |(value, i): (f64, Interval)| {
                format!("{:.1} ({:.1} to {:.1})", 100.0 * value, 100.0 * i.lower, 100.0 * i.upper)
            };
            found.map_or_else(|| "–".into(), text)
        };
        let mut by_group = serde_json::Map::new();
        let mut table = Vec::new();
        for (name, group) in groups.groups() {
            let mut row = vec![assay_report::plain(name, 40), group.cases.to_string()];
            row.extend(RATES.map(|(_, _, rate)| cell(interval(group, rate))));
            table.push(row);
            let rates: serde_json::Map<String, serde_json::Value> = RATES
                .iter()
                .map(|(title, _, rate)| {
                    let found = interval(group, *rate);
                    let value = json!({"value": found.map(|f| f.0), "interval": bounds(found.map(|f| f.1)), "cases": group.fraction(*rate).1});
                    ((*title).to_owned(), value)
                })
                .collect();
            by_group.insert(name.clone(), json!({"cases": group.cases, "rates": rates}));
        }
        let alarm = !findings.is_empty();
        let none = (!alarm).then_some("no gap between groups beyond chance");
        let header = [
            "rate",
            "equal under",
            "gap (pts)",
            &format!("simultaneous {}", level(self.confidence.level)),
            "shrunken",
            "ratio",
            "lowest",
            "highest",
            "groups too small",
        ];
        let rates = ["group", "cases", "selected %", "true-positive %", "false-positive %", "precision %"];
        Ok(Answer::new(json!({"cases": truth.len(), "minimum": self.minimum, "gaps": gaps, "groups": by_group}))
            .lines(findings)
            .lines(none)
            .table(&header, rows, &[2, 3, 4, 5, 8])
            .table(&rates, table, &[1, 2, 3, 4, 5])
            .alarm(alarm))
    }
}
