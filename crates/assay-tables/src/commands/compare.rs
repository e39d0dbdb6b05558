//! `assay stats compare`: a candidate against a baseline.

use std::path::PathBuf;

use assay_stats::paired::{bonett_price, mcnemar_midp, sign_flip};
use assay_stats::proportion::critical;
use assay_stats::rank::{Zeros, cliff_delta, cohen_dz, hodges_lehmann, wilcoxon};
use assay_stats::{
    Difference, Guards, Item, Kind, Pair, VerdictKind, difference, level, no_regression, unpaired_difference,
};
use clap::Args;
use serde_json::{Value, json};

use super::mean::{kind, parse_range};
use crate::answer::{Confidence, bounds, level as header, number, range, usage};
use crate::{Answer, Failure, Table};

/// The difference of two columns of scores, candidate less baseline, higher being better: paired by row, or of
/// independent samples with --unpaired. With --margin a verdict, and the p-value of equivalence within ± the margin by two
/// one-sided tests; a shown loss beyond the margin exits with 1.
#[derive(Args)]
pub struct Compare {
    /// A table with a row per case.
    file: PathBuf,
    /// The column of the candidate's scores.
    #[arg(long)]
    candidate: String,
    /// The column of the baseline's scores.
    #[arg(long)]
    baseline: String,
    /// The column that says which cases belong together, such as questions on one document.
    #[arg(long, conflicts_with = "unpaired")]
    cluster: Option<String>,
    /// The largest loss to accept, such as 0.02.
    #[arg(long)]
    margin: Option<f64>,
    /// The smallest and the largest possible score, such as 0,1.
    #[arg(long, value_name = "LOW,HIGH", value_parser = parse_range)]
    range: Option<(f64, f64)>,
    /// Compare a quantile, such as 0.95, instead of the mean.
    #[arg(long)]
    quantile: Option<f64>,
    /// The columns are independent samples: rows do not pair.
    #[arg(long)]
    unpaired: bool,
    /// The seed of random draws.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    confidence: Confidence,
}

/// Random sign flips above 20 independent cases.
const FLIPS: u32 = 9_999;

impl Compare {
    pub fn answer(self) -> Result<Answer, Failure> {
        if self.margin.is_some_and(|margin| !(margin >= 0.0 && margin.is_finite())) {
            return Err(usage("--margin is the largest loss to accept: 0 or more"));
        }
        let source = Table::read(&self.file)?;
        let (c, b) = (source.numbers(&self.candidate)?, source.numbers(&self.baseline)?);
        let all: Vec<f64> = c.iter().chain(&b).flatten().copied().collect();
        let kind = kind(&all, self.range, self.quantile)?;
        if self.unpaired { self.independent(&c, &b, kind) } else { self.paired(&source, &c, &b, kind) }
    }

    fn independent(&self, c: &[Option<f64>], b: &[Option<f64>], kind: Kind) -> Result<Answer, Failure> {
        if self.quantile.is_some() {
            return Err(usage("quantiles of independent samples are not compared: leave out --quantile or --unpaired"));
        }
        let item = |value: &f64| Item { value: *value, repeats: 1, cluster: None, weight: 1.0 };
        let arm = |values: &[Option<f64>]| values.iter().flatten().map(item).collect::<Vec<_>>();
        let (c, b) = (arm(c), arm(b));
        let found = unpaired_difference(&c, &b, kind, self.confidence.level);
        let json = json!({"candidate": {"cases": c.len(), "value": level(&c, kind, self.confidence.level).value},
                          "baseline": {"cases": b.len(), "value": level(&b, kind, self.confidence.level).value}});
        let line = format!("{} and {} independent cases", c.len(), b.len());
        Ok(self.with_verdict(found, 1.0, json, line))
    }

    fn paired(&self, source: &Table, c: &[Option<f64>], b: &[Option<f64>], kind: Kind) -> Result<Answer, Failure> {
        let clusters = self.cluster.as_deref().map(|column| source.groups(column)).transpose()?;
        let pairs: Vec<Pair> = (0..c.len())
            .filter_map(|row| {
                let cluster = clusters.as_ref().map(|(of, _)| of[row]);
                Some(Pair { candidate: c[row]?, baseline: b[row]?, repeats: 1, cluster, weight: 1.0 })
            })
            .collect();
        let scored = |values: &[Option<f64>]| values.iter().flatten().count();
        let most = scored(c).max(scored(b));
        if pairs.is_empty() {
            return Err(usage(format!(
                "{}: no row has both `{}` and `{}`; with --unpaired the columns may be of different cases",
                self.file.display(),
                self.candidate,
                self.baseline
            )));
        }
        let found = difference(&pairs, kind, self.confidence.level, self.seed);
        let gaps: Vec<f64> = pairs.iter().map(|pair| pair.candidate - pair.baseline).collect();
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().map(|pair| (pair.candidate, pair.baseline)).unzip();
        // Clusters flip as a whole.
        let sums = match &clusters {
            None => gaps.clone(),
            Some((_, names)) => {
                let mut sums = vec![0.0; names.len()];
                for pair in &pairs {
                    sums[pair.cluster.unwrap_or_default() as usize] += pair.candidate - pair.baseline;
                }
                sums.retain(|sum| *sum != 0.0);
                sums
            }
        };
        let flips = sign_flip(&sums, FLIPS, self.seed);
        let independent = clusters.is_none();
        let (better, worse) = (found.better as u64, found.worse as u64);
        let mut tests = vec![("sign-flip", flips)];
        if independent && kind == Kind::Binary {
            tests.push(("McNemar mid-p", Some(mcnemar_midp(better, worse))));
        }
        if independent && kind != Kind::Binary {
            tests.push(("Wilcoxon signed-rank (a pseudo-median)", wilcoxon(&gaps, Zeros::Pratt).map(|(_, p)| p)));
        }
        if let (Some(value), Some(se), Some(df)) = (found.estimate.value, found.estimate.se, found.estimate.df)
            && se > 0.0
        {
            let p = (2.0 * assay_stats::special::t_sf((value / se).abs(), df)).min(1.0);
            tests.push((if independent { "paired t" } else { "clustered t (CR2)" }, Some(p)));
        }
        let sizes = [
            ("Hodges–Lehmann", hodges_lehmann(&gaps)),
            ("Cohen's d_z", cohen_dz(&gaps)),
            ("Cliff's δ", cliff_delta(&x, &y)),
        ];
        let object = |rows: &[(&str, Option<f64>)]| -> serde_json::Map<String, Value> {
            rows.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
        };
        let json = json!({"better": better, "worse": worse, "same": found.same, "left_out": c.len() - pairs.len(),
                          "p": object(&tests), "effect_sizes": object(&sizes)});
        let line = format!("{better} better, {worse} worse, {} the same", found.same);
        let closed = (independent && kind == Kind::Binary)
            .then(|| bonett_price(better, worse, pairs.len() as u64, critical(self.confidence.level)))
            .flatten();
        let mut json = json;
        json["bonett_price"] = bounds(closed);
        let matched = pairs.len() as f64 / most as f64;
        let cells = |rows: &[(&str, Option<f64>)], p: bool| -> Vec<Vec<String>> {
            let shown = |v: Option<f64>| match v {
                Some(v) if p && v < 0.001 => format!("{v:.1e}"),
                _ => number(v),
            };
            rows.iter().map(|(name, value)| vec![(*name).to_owned(), shown(*value)]).collect()
        };
        let (tests, sizes) = (cells(&tests, true), cells(&sizes, false));
        let closed = closed.map(|interval| format!("Bonett and Price's interval, a closed form: {}", range(interval)));
        Ok(self
            .with_verdict(found, matched, json, line)
            .lines(closed)
            .table(&["test", "p (two-sided)"], tests, &[1])
            .table(&["effect size", "value"], sizes, &[1]))
    }

    fn with_verdict(&self, found: Difference, matched: f64, mut json: Value, counts: String) -> Answer {
        let confidence = self.confidence.level;
        let guards = Guards { matched_share: matched, ..Guards::default() };
        let verdict = no_regression(&found, self.margin.unwrap_or(0.0), &guards, confidence);
        let e = &found.estimate;
        for (name, value) in [
            ("cases", json!(e.n)),
            ("difference", json!(e.value)),
            ("interval", bounds(e.interval)),
            ("confidence", json!(confidence)),
            ("method", json!(e.method)),
            ("gate_interval", bounds(found.gate_interval)),
            ("gate_method", json!(found.gate_method)),
            ("se", json!(e.se)),
            ("df", json!(e.df)),
            ("clusters", json!(e.clusters)),
            ("design_effect", json!(e.design_effect)),
            ("undefined_because", json!(e.reason)),
            ("detectable", json!(verdict.mde)),
        ] {
            json[name] = value;
        }
        let mut lines = vec![format!(
            "difference {} ({} {}; {} cases, {counts})",
            e.value.map_or_else(|| "not defined".into(), |v| format!("{v:+.3}")),
            header(confidence),
            range(e.interval),
            e.n
        )];
        if let Some(reason) = e.reason {
            lines.push(format!("no interval: {reason}"));
        }
        if let (Some(clusters), Some(deff), Some(df)) = (e.clusters, e.design_effect, e.df) {
            lines.push(format!("{clusters} clusters, design effect {deff:.2}, {df:.1} degrees of freedom"));
        }
        lines.extend(e.warnings.iter().map(|warning| format!("warning: {warning}")));
        if let Some(margin) = self.margin {
            json["margin"] = json!(margin);
            json["p_worse"] = json!(found.p_worse(margin));
            let equivalent = found.p_equivalent(margin);
            json["p_equivalent"] = json!(equivalent);
            json["verdict"] = json!({"kind": verdict.kind, "wording": verdict.wording, "reasons": verdict.reasons,
                                     "needed_cases": verdict.needed_n});
            let why = if verdict.reasons.is_empty() {
                match verdict.kind {
                    VerdictKind::Fail => format!("a loss of more than {margin} is shown"),
                    _ => format!("a loss of more than {margin} is excluded"),
                }
            } else {
                verdict.reasons.join("; ")
            };
            lines.insert(0, format!("{}: {why}", verdict.kind.as_str()));
            if found.gate_interval != e.interval {
                lines.push(format!(
                    "the verdict reads the interval guarded against rare losses: {}",
                    range(found.gate_interval)
                ));
            }
            lines.extend(equivalent.map(|p| {
                let shown = if p < 0.001 { format!("{p:.1e}") } else { format!("{p:.3}") };
                format!("equivalent within ±{margin}: p {shown} (two one-sided tests)")
            }));
            lines.extend(verdict.needed_n.map(|n| format!("about {n} cases would settle it with 80% power")));
        }
        lines.extend(verdict.mde.map(|mde| format!("smallest difference that this many cases detect: {mde:.3}")));
        Answer::new(json).lines(lines).alarm(self.margin.is_some() && verdict.kind == VerdictKind::Fail)
    }
}
