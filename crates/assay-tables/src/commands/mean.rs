//! `assay stats mean`: the level of a column of scores.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_stats::anchor::difference_estimate;
use assay_stats::bootstrap::{bootstrap, studentised};
use assay_stats::drift::sample::{Judged, horvitz_thompson};
use assay_stats::jackknife::{Transform, jackknife};
use assay_stats::mean::{clustered_mean, sandwich_errors, sum, variances};
use assay_stats::power::best_repeats;
use assay_stats::sequential::Bets;
use assay_stats::{Item, Kind, level};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, level as header, number, range, usage};
use crate::{Answer, Failure, Table};

/// The mean of a column, or a quantile, with the interval that fits the data: Wilson's for independent passes, the
/// clustered Wilson interval or CR2 with Bell–McCaffrey degrees of freedom where cases belong together, order statistics
/// for quantiles. Repeats of a case are averaged first. With `--past` a run on some of the cases speaks for all of them;
/// with `--chance` a drawn sample for the whole stream.
#[derive(Args)]
pub struct Mean {
    /// A table with a row per case, or per repeat of a case.
    file: PathBuf,
    /// The column of scores.
    #[arg(long)]
    value: String,
    /// The column that says which cases belong together.
    #[arg(long)]
    cluster: Option<String>,
    /// The column of design weights.
    #[arg(long)]
    weight: Option<String>,
    /// The column that names the case, when a case has several rows.
    #[arg(long)]
    repeats_by: Option<String>,
    /// The smallest and the largest possible score, such as 0,1.
    #[arg(long, value_name = "LOW,HIGH", value_parser = parse_range)]
    range: Option<(f64, f64)>,
    /// A quantile, such as 0.95, instead of the mean.
    #[arg(long)]
    quantile: Option<f64>,
    /// The column of each case's mean score in past runs, which rows without a score have too: they are cases that were
    /// not run, and the mean is estimated for all (difference estimator).
    #[arg(long, conflicts_with_all = ["cluster", "weight", "repeats_by", "quantile", "chance"])]
    past: Option<String>,
    /// The column of the chance with which each row was drawn from a stream: gives the mean of the stream (Horvitz and
    /// Thompson).
    #[arg(long, conflicts_with_all = ["cluster", "weight", "repeats_by", "quantile"])]
    chance: Option<String>,
    /// The column of the strata that rows were drawn by.
    #[arg(long, requires = "chance")]
    stratum: Option<String>,
    /// Another interval beside the usual one.
    #[arg(long, value_enum)]
    method: Option<Extra>,
    /// Draws of a bootstrap.
    #[arg(long, default_value_t = 9_999)]
    draws: u32,
    /// The seed of random draws.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    confidence: Confidence,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Extra {
    /// Bias-corrected and accelerated bootstrap over clusters
    Bca,
    /// Bootstrap-t over clusters, the best for skewed means
    Studentised,
    /// Percentile bootstrap over clusters
    Percentile,
    /// Delete-one-cluster jackknife
    Jackknife,
    /// Betting on independent scores within --range: exact for every distribution and any number of cases, and wide
    Betting,
}

/// `0,1`: the ends of a range.
pub(super) fn parse_range(text: &str) -> Result<(f64, f64), String> {
    let ends = text.split_once(',').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    match ends {
        Some((low, high)) if f64::is_finite(low) && f64::is_finite(high) && low < high => Ok((low, high)),
        _ => Err("two numbers are expected, the smaller first, such as 0,1".into()),
    }
}

/// What kind of numbers these are: passes when all are 0 or 1, else scores in the range that was named.
pub(super) fn kind(values: &[f64], range: Option<(f64, f64)>, quantile: Option<f64>) -> Result<Kind, Failure> {
    if let Some(q) = quantile {
        return if q > 0.0 && q < 1.0 {
            Ok(Kind::Quantile { q })
        } else {
            Err(usage("--quantile is between 0 and 1, such as 0.95"))
        };
    }
    if let Some((lo, hi)) = range
        && let Some(out) = values.iter().find(|v| !(lo..=hi).contains(*v))
    {
        return Err(usage(format!("{out} is outside --range {lo},{hi}")));
    }
    let binary = values.iter().all(|v| *v == 0.0 || *v == 1.0) && range.is_none_or(|range| range == (0.0, 1.0));
    Ok(match range {
        _ if binary => Kind::Binary,
        Some((lo, hi)) => Kind::Bounded { lo, hi },
        None => Kind::Unbounded,
    })
}

impl Mean {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let values = source.numbers(&self.value)?;
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        let kind = kind(&known, self.range, self.quantile)?;
        let clusters = self.cluster.as_deref().map(|column| source.groups(column)).transpose()?;
        let weights = self.weight.as_deref().map(|column| source.numbers(column)).transpose()?;
        let cases = self.repeats_by.as_deref().map(|column| source.groups(column)).transpose()?;
        // Rows of each case: values, cluster, weight.
        let mut rows: BTreeMap<u32, (Vec<f64>, Option<u32>, f64)> = BTreeMap::new();
        for (row, value) in values.iter().enumerate() {
            let weight = weights.as_ref().map_or(Some(1.0), |weights| weights[row]);
            let Some(weight) = weight.filter(|weight| *weight >= 0.0) else {
                return Err(usage(format!("{}: a weight must be a number, 0 or more", source.place(row))));
            };
            let Some(value) = value.filter(|_| weight > 0.0) else { continue };
            let cluster = clusters.as_ref().map(|(of, _)| of[row]);
            let case = cases.as_ref().map_or(row as u32, |(of, _)| of[row]);
            let entry = rows.entry(case).or_insert_with(|| (Vec::new(), cluster, weight));
            if entry.1 != cluster || entry.2 != weight {
                return Err(usage(format!(
                    "{}: a row of this case has another cluster or weight; a case has one of each",
                    source.place(row)
                )));
            }
            entry.0.push(value);
        }
        let items: Vec<Item> = rows
            .values()
            .map(|(values, cluster, weight)| Item {
                value: sum(values.iter().copied()) / values.len() as f64,
                repeats: values.len() as u32,
                cluster: *cluster,
                weight: *weight,
            })
            .collect();
        let confidence = self.confidence.level;
        let found = level(&items, kind, confidence);
        let what = self.quantile.map_or_else(|| "mean".to_owned(), |q| format!("quantile {q}"));
        let mut lines = vec![format!(
            "{what} {} ({} {}; {} cases{})",
            number(found.value),
            header(confidence),
            range(found.interval),
            items.len(),
            if known.len() > items.len() { format!(", {} rows", known.len()) } else { String::new() },
        )];
        lines.extend(found.reason.map(|reason| format!("no interval: {reason}")));
        let left_out = values.len() - known.len();
        if left_out > 0 {
            lines.push(format!("{left_out} rows without a value left out"));
        }
        let n_eff = found.design_effect.filter(|deff| *deff > 0.0).map(|deff| items.len() as f64 / deff);
        if let (Some(count), Some(deff), Some(n_eff)) = (found.clusters, found.design_effect, n_eff) {
            let icc = found.icc.map_or_else(String::new, |icc| format!(", intra-class correlation {icc:.3}"));
            lines.push(format!(
                "{count} clusters: design effect {deff:.2}, as good as {n_eff:.0} independent cases{icc}"
            ));
        }
        lines.extend(found.warnings.iter().map(|warning| format!("warning: {warning}")));
        let sandwich = sandwich_errors(&items);
        let all: Vec<Vec<f64>> = rows.into_values().map(|(values, ..)| values).collect();
        let parts = variances(&all);
        let best = parts.and_then(|parts| best_repeats(1.0, 1.0, parts.within, parts.between));
        if let Some(parts) = parts {
            lines.push(format!(
                "variance within cases {:.4} (over repeats), between cases {:.4}; when a new case costs as much as a \
                 repeat, {} a case is best",
                parts.within,
                parts.between,
                best.map_or_else(|| "many repeats".into(), |k| format!("{k:.1} runs")),
            ));
        }
        let extra = self.method.map(|method| self.extra(method, &items, kind)).transpose()?;
        if let Some((name, interval)) = &extra {
            lines.push(format!("{name}: {}", range(*interval)));
        }
        let (anchored, line) = self.anchored(&source, &values)?;
        lines.extend(line);
        let (stream, line) = self.stream(&source, &values)?;
        lines.extend(line);
        let json = json!({
            "anchored": anchored, "stream": stream,
            "cases": items.len(), "rows": known.len(), "left_out": left_out, "value": found.value,
            "interval": bounds(found.interval), "confidence": confidence, "method": found.method, "se": found.se,
            "df": found.df, "clusters": found.clusters, "design_effect": found.design_effect, "icc": found.icc,
            "effective_cases": n_eff, "undefined_because": found.reason, "warnings": found.warnings,
            "compat": sandwich.map(|(cr0, cr1)| json!({"cr0": cr0, "cr1": cr1})),
            "variance": parts.map(|parts| json!({"within": parts.within, "between": parts.between,
                                                 "repeats": parts.repeats, "best_repeats": best})),
            "extra": extra.map(|(name, interval)| json!({"method": name, "interval": bounds(interval)})),
        });
        Ok(Answer::new(json).lines(lines))
    }

    /// The mean of all cases from those that were run and what past runs scored on all.
    fn anchored(&self, source: &Table, values: &[Option<f64>]) -> Result<(Value, Option<String>), Failure> {
        let Some(column) = &self.past else { return Ok((Value::Null, None)) };
        let past = source.numbers(column)?;
        if let Some(row) = past.iter().position(Option::is_none) {
            return Err(usage(format!("{}: `{column}` is empty: every case needs its past mean", source.place(row))));
        }
        let all: Vec<f64> = past.iter().flatten().copied().collect();
        let (scores, own): (Vec<f64>, Vec<f64>) =
            values.iter().zip(&all).filter_map(|(value, past)| Some(((*value)?, *past))).unzip();
        let found = difference_estimate(&scores, &own, &all, None, self.confidence.level).ok_or_else(|| {
            usage(format!(
                "{}: {} cases have both a score and `{column}`; three are needed, and past means that differ",
                self.file.display(),
                scores.len()
            ))
        })?;
        // How many more cases would have told as much.
        let worth = (found.se > 0.0).then(|| (found.plain_se / found.se).powi(2));
        let line = format!(
            "over all {} cases, by what past runs scored on them: {:.3} ({} {}), {}",
            all.len(),
            found.value,
            header(self.confidence.level),
            range(found.interval),
            worth
                .map_or_else(|| "without error".into(), |worth| format!("worth {worth:.1} times as many scored cases"))
        );
        let json = json!({"cases": all.len(), "scored": scores.len(), "value": found.value, "se": found.se,
            "interval": bounds(found.interval), "slope": found.slope, "plain_se": found.plain_se, "worth": worth});
        Ok((json, Some(line)))
    }

    /// The mean of the stream that the rows were drawn from.
    fn stream(&self, source: &Table, values: &[Option<f64>]) -> Result<(Value, Option<String>), Failure> {
        let Some(column) = &self.chance else { return Ok((Value::Null, None)) };
        let chances = source.numbers(column)?;
        let strata = self.stratum.as_deref().map(|column| source.full(column)).transpose()?;
        let mut sample = Vec::new();
        for (row, value) in values.iter().enumerate() {
            let Some(score) = *value else { continue };
            let probability = chances[row].filter(|p| *p > 0.0 && *p <= 1.0).ok_or_else(|| {
                usage(format!("{}: `{column}` must be a chance above 0 and up to 1", source.place(row)))
            })?;
            let stratum = strata.as_ref().map_or_else(String::new, |strata| strata[row].clone());
            sample.push(Judged { stratum, score, probability });
        }
        let found = horvitz_thompson(&sample).map_err(|why| {
            usage(format!("{}: {why} (rows of a --stratum are drawn with one chance)", self.file.display()))
        })?;
        let interval = found.interval(self.confidence.level);
        let line = format!(
            "the stream of about {:.0} cases: mean {:.3} ({} {})",
            found.cases,
            found.mean,
            header(self.confidence.level),
            interval.map_or_else(|| "not defined: a stratum has one case".into(), range)
        );
        let json = json!({"cases": found.cases, "value": found.mean, "se": found.se, "interval": bounds(interval)});
        Ok((json, Some(line)))
    }

    fn extra(
        &self,
        method: Extra,
        items: &[Item],
        kind: Kind,
    ) -> Result<(&'static str, Option<assay_stats::Interval>), Failure> {
        if self.quantile.is_some() {
            return Err(usage("--method is for means: a quantile has the exact interval of order statistics"));
        }
        let mut named: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            match item.cluster {
                Some(cluster) => named.entry(cluster).or_default().push(at),
                None => groups.push(vec![at]),
            }
        }
        groups.extend(named.into_values());
        let part = |at: &[usize]| {
            at.iter().fold((0.0, 0.0), |(t, b), i| (t + items[*i].weight * items[*i].value, b + items[*i].weight))
        };
        let mean = |at: &[usize]| {
            let (top, bottom) = part(at);
            (bottom > 0.0).then(|| top / bottom)
        };
        let (top, bottom) = part(&(0..items.len()).collect::<Vec<usize>>());
        // Without a group: the sums less the group's, not a new pass over all others.
        let without = || -> Vec<f64> {
            let one = |group: &Vec<usize>| {
                let (t, b) = part(group);
                (top - t) / (bottom - b)
            };
            groups.iter().map(one).collect()
        };
        let level = self.confidence.level;
        Ok(match method {
            Extra::Bca => {
                let drawn = bootstrap(&groups, mean, self.draws, self.seed);
                ("BCa bootstrap", drawn.and_then(|drawn| drawn.bca(&without(), level)))
            }
            Extra::Percentile => (
                "percentile bootstrap",
                bootstrap(&groups, mean, self.draws, self.seed).and_then(|b| b.percentile(level)),
            ),
            Extra::Betting => {
                let range =
                    kind.range().ok_or_else(|| usage("--method betting needs the scores' --range, such as 0,1"))?;
                if self.cluster.is_some() || self.weight.is_some() {
                    return Err(usage("--method betting is for independent cases of equal weight"));
                }
                let values: Vec<f64> = items.iter().map(|item| item.value).collect();
                let bets = Bets::new(&values, range, None, 1.0 - level).map_err(usage)?;
                ("betting interval", bets.interval())
            }
            Extra::Studentised => {
                let own = |at: &[usize]| {
                    let drawn: Vec<Item> = at.iter().map(|i| items[*i]).collect();
                    clustered_mean(&drawn).map(|mean| (mean.mean, mean.se))
                };
                ("studentised bootstrap", studentised(&groups, own, level, self.draws, self.seed))
            }
            Extra::Jackknife => {
                ("jackknife", jackknife(top / bottom, &without(), Transform::Identity, level).map(|j| j.interval))
            }
        })
    }
}
