//! `assay stats slices`: a score by slices.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_stats::Interval;
use assay_stats::multiplicity::{holm, max_t};
use assay_stats::proportion::{critical, wilson};
use assay_stats::slices::{Outcome, Search, Shrunken, Worst, discover, shrink_means, shrink_rates};
use clap::Args;
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, level, range, usage};
use crate::{Answer, Failure, Table};

/// Each slice's rate or mean, drawn toward that of all as far as chance explains the difference, with the probability
/// that the slice is the worst. With `--discover` also combinations of columns. Exit code 1 when a slice of the named
/// columns is worse than the whole (Holm, 5%), or with `--floor` shown to be below it. The intervals of --floor hold for
/// all named slices at once: Wilson's by Bonferroni for rates, max-T over sign flips for numbers.
#[derive(Args)]
pub struct Slices {
    /// A table with a row per case.
    file: PathBuf,
    /// The column of the score: yes or no (1/0, true/false, pass/fail), or a number.
    #[arg(long)]
    value: String,
    /// The columns to slice by.
    #[arg(long, value_delimiter = ',', required = true)]
    by: Vec<String>,
    /// Look for combinations of columns that differ.
    #[arg(long)]
    discover: bool,
    /// A low score is good: the worst slice is the highest.
    #[arg(long)]
    lower_is_better: bool,
    /// What every named slice must reach (with --lower-is-better: not exceed), such as 0.8.
    #[arg(long, allow_negative_numbers = true)]
    floor: Option<f64>,
    /// The smallest share of the cases in a slice that is tested.
    #[arg(long, default_value_t = 0.02)]
    support: f64,
    /// The fewest cases in a slice that is tested.
    #[arg(long, default_value_t = 20)]
    min_cases: usize,
    /// The most columns in a combination.
    #[arg(long, default_value_t = 3)]
    items: usize,
    /// The seed of the draws for the worst slice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    confidence: Confidence,
}

/// Draws for the worst slice: a probability is off by at most 0.01 or so.
const DRAWS: u32 = 10_000;

struct Column {
    name: String,
    codes: Vec<Option<u32>>,
    values: Vec<String>,
}

/// One column's slices.
struct Split {
    slices: Vec<Shrunken>,
    worst: Option<Worst>,
    shrunken: bool,
}

impl Slices {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let flags = source.flags(&self.value, None).ok();
        let is_rate = flags.is_some();
        let cells: Vec<Option<f64>> = match flags {
            Some(flags) => flags.into_iter().map(|flag| flag.map(|yes| f64::from(u8::from(yes)))).collect(),
            None => source.numbers(&self.value)?,
        };
        let kept: Vec<usize> = (0..cells.len()).filter(|row| cells[*row].is_some()).collect();
        let values: Vec<f64> = cells.iter().flatten().copied().collect();
        let left_out = cells.len() - kept.len();
        if values.is_empty() {
            return Err(usage(format!("{}: the column `{}` is empty", self.file.display(), self.value)));
        }
        let columns = self.columns(&source, &kept)?;
        let codes: Vec<Vec<Option<u32>>> = columns.iter().map(|column| column.codes.clone()).collect();
        let yes: Vec<Option<bool>> = values.iter().map(|v| Some(*v == 1.0)).collect();
        let outcome = if is_rate { Outcome::Rate(&yes) } else { Outcome::Mean(&values) };
        let search = Search { support: self.support, cases: self.min_cases, items: 1 };
        let singles = discover(&codes, outcome, search).map_err(|why| usage(why.to_string()))?;
        let p: Vec<f64> = singles.patterns.iter().map(|pattern| pattern.p).collect();
        let adjusted: BTreeMap<(usize, u32), (f64, f64)> = singles
            .patterns
            .iter()
            .zip(holm(&p))
            .map(|(pattern, p)| (pattern.items[0], (p, pattern.divergence)))
            .collect();
        let show = |value: f64| if is_rate { format!("{:.1}%", 100.0 * value) } else { format!("{value:.3}") };
        let both = |i: Interval| {
            if is_rate { format!("{:.1} to {:.1}%", 100.0 * i.lower, 100.0 * i.upper) } else { range(i) }
        };
        let mut alarms = Vec::new();
        let together = self.simultaneous(&columns, &values, is_rate);
        let (mut below, mut open, mut tested) = (Vec::new(), Vec::new(), 0);
        let mut first = Vec::new();
        let (mut rows, mut found) = (Vec::new(), Vec::new());
        for (at, column) in columns.iter().enumerate() {
            let groups = members(column, &values);
            let split = self.split(&groups, is_rate)?;
            let sorted = self.order(&split.slices);
            if let (Some(worst), Some(lowest)) = (&split.worst, sorted.first()) {
                let slice = split.slices[*lowest];
                first.push(format!(
                    "{}: the worst is {} at {} ({}; {} as measured), the worst with probability {:.2}; whichever is worst is expected at {} ({})",
                    column.name, assay_report::plain(&column.values[*lowest], 40), show(slice.estimate), both(slice.interval),
                    show(slice.raw), worst.probability[*lowest], show(worst.expected), both(worst.interval)
                ));
            }
            if !split.shrunken {
                first.push(format!("{}: too few slices to shrink; the values are as measured", column.name));
            }
            let mut slices = Vec::new();
            for slice in sorted {
                let (s, n) = (split.slices[slice], groups[slice].len());
                let test = adjusted.get(&(at, slice as u32)).copied();
                let worse = test.is_some_and(|(p, gap)| p < 0.05 && (gap > 0.0) == self.lower_is_better);
                if worse {
                    alarms.push(format!("{} = {}", column.name, assay_report::plain(&column.values[slice], 40)));
                }
                let all_at_once = together[at][slice];
                if let Some(floor) = self.floor {
                    let place = format!("{} = {}", column.name, assay_report::plain(&column.values[slice], 40));
                    tested += 1;
                    let (falls, holds) = match all_at_once {
                        Some(i) if self.lower_is_better => (i.lower > floor, i.upper <= floor),
                        Some(i) => (i.upper < floor, i.lower >= floor),
                        None => (false, false),
                    };
                    if falls {
                        below.push(place);
                    } else if !holds {
                        open.push(place);
                    }
                }
                let probability = split.worst.as_ref().map(|worst| worst.probability[slice]);
                rows.push(vec![
                    column.name.clone(),
                    assay_report::plain(&column.values[slice], 40),
                    n.to_string(),
                    show(s.raw),
                    show(s.estimate),
                    both(s.interval),
                    probability.map_or_else(|| "–".into(), |p| format!("{p:.2}")),
                    test.map_or_else(|| "few cases".into(), |(p, _)| format!("{p:.4}")),
                ]);
                if self.floor.is_some()
                    && let Some(row) = rows.last_mut()
                {
                    row.push(all_at_once.map_or_else(|| "–".into(), both));
                }
                slices.push(json!({
                    "value": column.values[slice], "cases": n, "raw": s.raw, "estimate": s.estimate,
                    "interval": bounds(s.interval), "simultaneous": bounds(all_at_once), "shrinkage": s.shrinkage, "worst_probability": probability,
                    "p_holm": test.map(|test| test.0), "worse": worse,
                }));
            }
            found.push(json!({
                "column": column.name, "shrunken": split.shrunken, "slices": slices,
                "expected_worst": split.worst.as_ref().map(|worst| json!({"value": worst.expected, "interval": bounds(worst.interval)})),
            }));
        }
        let (candidates, table) = if self.discover {
            self.combinations(&codes, &columns, outcome, &show)?
        } else {
            (Value::Null, Vec::new())
        };
        let verdict = self.floor.map(|floor| match (below.as_slice(), open.as_slice()) {
            ([], []) => {
                format!("pass: each of {tested} slices is shown to reach {floor}, all intervals holding at once")
            }
            ([], open) => format!(
                "inconclusive: {} of {tested} slices are not shown to reach {floor}: {}",
                open.len(),
                open.join(", ")
            ),
            (below, _) => format!("fail: shown to miss {floor}: {}", below.join(", ")),
        });
        let gate = self.floor.map(|floor| {
            let kind = if !below.is_empty() {
                "fail"
            } else if open.is_empty() {
                "pass"
            } else {
                "inconclusive"
            };
            json!({"floor": floor, "verdict": kind, "slices": tested, "missed": below, "open": open})
        });
        let finding = match alarms.as_slice() {
            [] => "no slice is worse than the whole beyond chance (Holm, 5%)".to_owned(),
            some => format!("worse than the whole (Holm, 5%): {}", some.join(", ")),
        };
        let gaps = if left_out > 0 { format!(", {left_out} rows without a score left out") } else { String::new() };
        let json = json!({"cases": values.len(), "left_out": left_out, "mean": singles.mean, "columns": found,
            "worse": alarms, "gate": gate, "discovered": candidates});
        let spread = level(self.confidence.level);
        let mut header = vec!["column", "slice", "cases", "measured", "shrunken", &spread, "P(worst)", "p"];
        if self.floor.is_some() {
            header.push("measured, all at once");
        }
        let note = (self.discover && !table.is_empty())
            .then_some("candidate findings (false discovery rate 10%): test them again on fresh cases");
        let none = (self.discover && table.is_empty()).then_some("no combination differs (false discovery rate 10%)");
        Ok(Answer::new(json)
            .lines(verdict)
            .line(finding)
            .line(format!("{} cases at {}{gaps}", values.len(), show(singles.mean)))
            .lines(first)
            .table(&header, rows, &(2..header.len()).collect::<Vec<_>>())
            .lines(note)
            .lines(none)
            .table(&["combination", "cases", "value", "difference", "p (BH)", "share by column"], table, &[1, 2, 3, 4])
            .alarm(!alarms.is_empty() || !below.is_empty()))
    }

    /// With --floor, intervals of the measured values that hold for all slices of all columns at once, by column and slice.
    fn simultaneous(&self, columns: &[Column], values: &[f64], is_rate: bool) -> Vec<Vec<Option<Interval>>> {
        let level = self.confidence.level;
        let count: usize = columns.iter().map(|column| column.values.len()).sum();
        if self.floor.is_none() {
            return columns.iter().map(|column| vec![None; column.values.len()]).collect();
        }
        if is_rate {
            // Studentised intervals of rates near 1 are too short on the side of the truth: Wilson's are not.
            let z = critical(1.0 - (1.0 - level) / count.max(1) as f64);
            let rates = |column: &Column| {
                let rate = |group: &Vec<f64>| wilson(group.iter().sum(), group.len() as f64, z);
                members(column, values).iter().map(rate).collect()
            };
            return columns.iter().map(rates).collect();
        }
        let cells: Vec<Vec<(f64, f64)>> = columns
            .iter()
            .flat_map(|column| {
                (0..column.values.len() as u32).map(|slice| {
                    let cell = |(code, value): (&Option<u32>, &f64)| {
                        if *code == Some(slice) { (*value, 1.0) } else { (0.0, 0.0) }
                    };
                    column.codes.iter().zip(values).map(cell).collect()
                })
            })
            .collect();
        let intervals =
            max_t(&cells, level, 4_999, self.seed).map_or_else(|| vec![None; count], |tests| tests.intervals);
        let mut intervals = intervals.into_iter();
        columns.iter().map(|column| intervals.by_ref().take(column.values.len()).collect()).collect()
    }

    fn columns(&self, source: &Table, kept: &[usize]) -> Result<Vec<Column>, Failure> {
        let mut columns = Vec::new();
        for name in &self.by {
            let cells = source.texts(name)?;
            let mut values: Vec<String> = kept.iter().filter_map(|row| cells[*row].clone()).collect();
            values.sort();
            values.dedup();
            if values.len() > 1000 {
                return Err(usage(format!("`{name}` has {} values: slice by a column with fewer", values.len())));
            }
            let code = |cell: &String| values.binary_search(cell).ok().map(|at| at as u32);
            let codes = kept.iter().map(|row| cells[*row].as_ref().and_then(code)).collect();
            columns.push(Column { name: name.clone(), codes, values });
        }
        Ok(columns)
    }

    /// Places of slices, the worst first.
    fn order(&self, slices: &[Shrunken]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..slices.len()).collect();
        order.sort_by(|a, b| slices[*a].estimate.total_cmp(&slices[*b].estimate));
        if self.lower_is_better {
            order.reverse();
        }
        order
    }

    fn split(&self, groups: &[Vec<f64>], is_rate: bool) -> Result<Split, Failure> {
        let confidence = self.confidence.level;
        let fail = |why: assay_stats::slices::NoSlices| usage(why.to_string());
        // The worst is the lowest: where low is good, all is turned around and back.
        let turn = self.lower_is_better;
        let mut split = if is_rate {
            let counts: Vec<(f64, f64)> = groups
                .iter()
                .map(|group| {
                    let yes: f64 = group.iter().sum();
                    (if turn { group.len() as f64 - yes } else { yes }, group.len() as f64)
                })
                .collect();
            if counts.len() < 2 {
                return Ok(raw(groups, confidence));
            }
            let rates = shrink_rates(&counts, confidence).map_err(fail)?;
            let worst = rates.worst(DRAWS, self.seed, confidence);
            Split { slices: rates.slices, worst, shrunken: true }
        } else {
            let spread = pooled_variance(groups);
            if groups.len() < 4 || spread.is_none_or(|v| v <= 0.0) {
                return Ok(raw(groups, confidence));
            }
            let sign = if turn { -1.0 } else { 1.0 };
            let means: Vec<f64> =
                groups.iter().map(|group| sign * group.iter().sum::<f64>() / group.len() as f64).collect();
            let variances: Vec<f64> =
                groups.iter().map(|group| spread.unwrap_or(f64::NAN) / group.len() as f64).collect();
            let means = shrink_means(&means, &variances, confidence).map_err(fail)?;
            let worst = means.worst(DRAWS, self.seed, confidence);
            Split { slices: means.slices, worst, shrunken: true }
        };
        if turn {
            let back = |x: f64| if is_rate { 1.0 - x } else { -x };
            let turned = |i: Interval| Interval { lower: back(i.upper), upper: back(i.lower) };
            for slice in &mut split.slices {
                slice.raw = back(slice.raw);
                slice.estimate = back(slice.estimate);
                slice.interval = turned(slice.interval);
            }
            if let Some(worst) = &mut split.worst {
                worst.expected = back(worst.expected);
                worst.interval = turned(worst.interval);
            }
        }
        Ok(split)
    }

    fn combinations(
        &self,
        codes: &[Vec<Option<u32>>],
        columns: &[Column],
        outcome: Outcome<'_>,
        show: &dyn Fn(f64) -> String,
    ) -> Result<(Value, Vec<Vec<String>>), Failure> {
        let search = Search { support: self.support, cases: self.min_cases, items: self.items };
        let found = discover(codes, outcome, search).map_err(|why| usage(why.to_string()))?;
        // What adds less than a fifth of the largest divergence to a part of it is that part again.
        let largest = found.patterns.iter().map(|p| p.divergence.abs()).fold(0.0, f64::max);
        let redundant = found.redundant(0.2 * largest);
        let mut kept: Vec<usize> =
            (0..found.patterns.len()).filter(|at| !redundant[*at] && found.patterns[*at].adjusted < 0.1).collect();
        kept.sort_by(|a, b| found.patterns[*a].p.total_cmp(&found.patterns[*b].p));
        let (mut json, mut rows) = (Vec::new(), Vec::new());
        for at in kept {
            let pattern = &found.patterns[at];
            let shares = found.shapley(at).unwrap_or_default();
            let names: Vec<(&String, &String)> = pattern
                .items
                .iter()
                .map(|(column, value)| (&columns[*column].name, &columns[*column].values[*value as usize]))
                .collect();
            let text: Vec<String> =
                names.iter().map(|(name, value)| format!("{name} = {}", assay_report::plain(value, 30))).collect();
            let parts: Vec<String> =
                names.iter().zip(&shares).map(|((name, _), share)| format!("{name} {share:+.3}")).collect();
            rows.push(vec![
                text.join(", "),
                pattern.cases.to_string(),
                show(pattern.mean),
                format!("{:+.3}", pattern.divergence),
                format!("{:.4}", pattern.adjusted),
                parts.join(", "),
            ]);
            json.push(json!({
                "items": names.iter().map(|(name, value)| json!({"column": name, "value": value})).collect::<Vec<_>>(),
                "cases": pattern.cases, "value": pattern.mean, "difference": pattern.divergence, "t": pattern.t,
                "p": pattern.p, "p_bh": pattern.adjusted, "p_by": pattern.adjusted_any, "shapley": shares,
            }));
        }
        rows.truncate(20);
        Ok((json!({"searched": found.patterns.len(), "candidates": json}), rows))
    }
}

fn members(column: &Column, values: &[f64]) -> Vec<Vec<f64>> {
    let mut groups = vec![Vec::new(); column.values.len()];
    for (code, value) in column.codes.iter().zip(values) {
        if let Some(code) = code {
            groups[*code as usize].push(*value);
        }
    }
    groups
}

/// The variance within slices, over all of them.
fn pooled_variance(groups: &[Vec<f64>]) -> Option<f64> {
    let (mut squares, mut df) = (0.0, 0.0);
    for group in groups {
        let mean = group.iter().sum::<f64>() / group.len() as f64;
        squares += group.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        df += group.len() as f64 - 1.0;
    }
    (df > 0.0).then(|| squares / df)
}

fn raw(groups: &[Vec<f64>], confidence: f64) -> Split {
    let spread = pooled_variance(groups).unwrap_or(f64::NAN);
    let df = groups.iter().map(|group| group.len() as f64 - 1.0).sum::<f64>().max(1.0);
    let t = assay_stats::special::t_quantile(0.5 + 0.5 * confidence, df);
    let one = |group: &Vec<f64>| {
        let mean = group.iter().sum::<f64>() / group.len() as f64;
        let half = t * (spread / group.len() as f64).sqrt();
        Shrunken {
            raw: mean,
            estimate: mean,
            interval: Interval { lower: mean - half, upper: mean + half },
            shrinkage: 0.0,
        }
    };
    Split { slices: groups.iter().map(one).collect(), worst: None, shrunken: false }
}
