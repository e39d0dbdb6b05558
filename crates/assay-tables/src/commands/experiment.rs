//! `assay stats experiment`: a randomised online experiment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_stats::Invalid;
use assay_stats::online::{Arm, Concern, Effect, LiftMethod, Unit, cuped, effect, lift, lin, sample_ratio};
use assay_stats::quasi::{Assigned, Average, aipw, ipw};
use assay_stats::sequential::{asymptotic_interval, best_rho2};
use clap::Args;
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// The effect of each arm against the control: sample ratio, difference (Welch), CUPED and Lin's estimator with a
/// covariate from before the experiment, ratio metrics by the delta method, relative lift, and an interval that may be
/// looked at any time. A sample ratio mismatch exits with 1. With `--propensity` the treatment was not drawn by lot but with
/// known or well estimated chances: inverse-propensity weighting and, with a covariate, its doubly robust form.
#[derive(Args)]
pub struct Experiment {
    /// A table with a row per unit, or per event with --unit.
    file: PathBuf,
    /// The column of arms.
    #[arg(long)]
    arm: String,
    /// The column of outcomes.
    #[arg(long)]
    outcome: String,
    /// The control's name; by default `control`, else the first arm in the file.
    #[arg(long)]
    control: Option<String>,
    /// A column from before the experiment, such as the same metric a month earlier.
    #[arg(long)]
    covariate: Option<String>,
    /// The column of denominators: the metric is Σ outcome / Σ denominator.
    #[arg(long, conflicts_with = "covariate")]
    denominator: Option<String>,
    /// The column of randomised units, such as users, whose events are added up first.
    #[arg(long)]
    unit: Option<String>,
    /// The column that counts equal units behind a row.
    #[arg(long, conflicts_with = "unit")]
    count: Option<String>,
    /// The column of each unit's probability of the treatment, for two arms that were not assigned by lot.
    #[arg(long, conflicts_with_all = ["denominator", "count", "shares", "unit"])]
    propensity: Option<String>,
    /// Leave out units whose propensity is within this of 0 or 1: the other arm has nothing like them.
    #[arg(long, default_value_t = 0.01, requires = "propensity")]
    trim: f64,
    /// The column that groups units that are not independent, with --propensity.
    #[arg(long, requires = "propensity")]
    cluster: Option<String>,
    /// The configured shares of the arms, in the order of their first appearance; equal by default.
    #[arg(long, value_delimiter = ',')]
    shares: Vec<f64>,
    #[command(flatten)]
    confidence: Confidence,
}

struct Case {
    arm: u32,
    outcome: f64,
    denominator: f64,
    covariate: Option<f64>,
}

impl Experiment {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (arms, names) = source.groups(&self.arm)?;
        if let Some(propensity) = &self.propensity {
            return self.observational(&source, &arms, &names, propensity);
        }
        let cases = self.cases(&source, &arms)?;
        let control = self.control(&names)?;
        let of = |arm: usize| cases.iter().filter(move |case| case.arm as usize == arm);
        let counts: Vec<u64> = (0..names.len()).map(|arm| of(arm).count() as u64).collect();
        let shares = if self.shares.is_empty() { vec![1.0; names.len()] } else { self.shares.clone() };
        let split = sample_ratio(&counts, &shares).map_err(|error| {
            usage(format!("{error} (the arms are {}; --shares gives one number each)", names.join(", ")))
        })?;
        let p = split.exact.unwrap_or(split.p);
        let mut lines = vec![match split.concern {
            Concern::Alert => {
                format!("sample ratio mismatch (p {p:.1e}): the experiment is broken, its results say nothing")
            }
            Concern::Warning => {
                format!("warning: sample ratio mismatch (p {p:.4}): look for a cause before trusting the results")
            }
            Concern::None => format!("the split is as configured (p {p:.3})"),
        }];
        let summary = |arm: usize| -> Result<Arm, Failure> {
            let found = if self.denominator.is_some() {
                Arm::ratio(&of(arm).map(|case| (case.outcome, case.denominator)).collect::<Vec<_>>())
            } else {
                Arm::mean(&of(arm).map(|case| case.outcome).collect::<Vec<_>>())
            };
            found.ok_or_else(|| {
                usage(format!(
                    "arm `{}` has {} units: two are needed, and denominators above 0",
                    names[arm], counts[arm]
                ))
            })
        };
        let base = summary(control)?;
        let mut found = Vec::new();
        let mut cells = Vec::new();
        for (arm, name) in names.iter().enumerate().filter(|(arm, _)| *arm != control) {
            let own = summary(arm)?;
            let mut rows = vec![("difference", effect(own, base, self.confidence.level))];
            let mut left = None;
            if self.covariate.is_some() {
                let pairs = |arm: usize| of(arm).map(|case| (case.outcome, case.covariate)).collect::<Vec<_>>();
                if let Some(adjusted) = cuped(&pairs(arm), &pairs(control)) {
                    rows.push(("CUPED", effect(adjusted.treatment, adjusted.control, self.confidence.level)));
                    left = Some(adjusted.variance_left);
                }
                let units = |arm: usize| {
                    of(arm)
                        .map(|case| Unit { outcome: case.outcome, covariates: vec![case.covariate] })
                        .collect::<Vec<_>>()
                };
                rows.push((
                    "Lin",
                    lin(&units(arm), &units(control), self.confidence.level).ok().map(|found| found.effect),
                ));
            }
            let relative = lift(own, base, self.confidence.level);
            let any_time = rows[0].1.and_then(|effect| self.any_time(effect, own.n.min(base.n)));
            lines.push(format!(
                "{name} {:.4} against {} {:.4}: {}",
                own.value,
                names[control],
                base.value,
                relative.map_or_else(
                    || "no lift".into(),
                    |lift| {
                        let interval = lift.interval.map_or_else(
                            || "unbounded: the control cannot be told from 0".into(),
                            |i| format!("{:+.2}% to {:+.2}%", 100.0 * i.lower, 100.0 * i.upper),
                        );
                        format!("lift {:+.2}% ({interval})", 100.0 * lift.value)
                    }
                )
            ));
            lines.extend(left.map(|left| format!("the covariate leaves {:.0}% of the variance", 100.0 * left)));
            let mut object = serde_json::Map::new();
            for (what, effect) in &rows {
                let value = effect.map_or(
                    Value::Null,
                    |e| json!({"value": e.value, "se": e.se, "df": e.df, "p": e.p, "interval": bounds(e.interval)}),
                );
                object.insert((*what).to_owned(), value);
                cells.push(vec![
                    name.clone(),
                    (*what).to_owned(),
                    effect.map_or_else(|| number(None), |e| format!("{:+.4}", e.value)),
                    effect
                        .map_or_else(|| "–".into(), |e| format!("{:.4} to {:.4}", e.interval.lower, e.interval.upper)),
                    effect.map_or_else(|| "–".into(), |e| format!("{:.4}", e.p)),
                ]);
            }
            cells.push(vec![name.clone(), "at any time".into(), String::new(), range(any_time), String::new()]);
            found.push(json!({"arm": name, "units": own.n, "value": own.value, "effects": object,
                "any_time": bounds(any_time), "variance_left": left,
                "lift": relative.map(|lift| json!({"value": lift.value, "interval": bounds(lift.interval), "g": lift.g,
                    "method": if lift.method == LiftMethod::Fieller { "fieller" } else { "log-delta" }}))}));
        }
        let json = json!({"control": {"arm": names[control], "units": base.n, "value": base.value}, "arms": found,
            "split": {"units": counts, "p": p, "chi_square": split.chi2}});
        Ok(Answer::new(json)
            .lines(lines)
            .table(&["arm", "estimate", "effect", &level(self.confidence.level), "p"], cells, &[2, 3, 4])
            .alarm(split.concern == Concern::Alert))
    }

    /// The place of the control among the arms.
    fn control(&self, names: &[String]) -> Result<usize, Failure> {
        match &self.control {
            Some(name) => names
                .iter()
                .position(|arm| arm == name)
                .ok_or_else(|| usage(format!("--control {name}: the arms are {}", names.join(", ")))),
            None => Ok(names.iter().position(|arm| arm.eq_ignore_ascii_case("control")).unwrap_or(0)),
        }
    }

    /// The effect of a treatment that was given with unequal chances.
    fn observational(&self, source: &Table, arms: &[u32], names: &[String], column: &str) -> Result<Answer, Failure> {
        if names.len() != 2 {
            return Err(usage(format!(
                "--propensity is for two arms; there are {}: {}",
                names.len(),
                names.join(", ")
            )));
        }
        let control = self.control(names)?;
        let (outcomes, chances) = (source.numbers(&self.outcome)?, source.numbers(column)?);
        let covariates = self.covariate.as_deref().map(|name| source.numbers(name)).transpose()?;
        let clusters = self.cluster.as_deref().map(|name| source.groups(name)).transpose()?;
        let mut rows = Vec::with_capacity(arms.len());
        let mut x = Vec::new();
        for (row, arm) in arms.iter().enumerate() {
            let missing = |what: &str| usage(format!("{}: `{what}` is empty", source.place(row)));
            let propensity = chances[row].filter(|p| *p > 0.0 && *p < 1.0).ok_or_else(|| {
                usage(format!("{}: `{column}` must be a probability above 0 and below 1", source.place(row)))
            })?;
            let outcome = outcomes[row].ok_or_else(|| missing(&self.outcome))?;
            let cluster = clusters.as_ref().map(|(of, _)| of[row]);
            rows.push(Assigned { treated: *arm as usize != control, outcome, propensity, cluster });
            if let (Some(values), Some(name)) = (&covariates, &self.covariate) {
                x.push(values[row].ok_or_else(|| missing(name))?);
            }
        }
        let fail = |why: Invalid| usage(format!("{}: {why}", self.file.display()));
        let level_of = self.confidence.level;
        let mut found: Vec<(&str, Average)> = vec![("IPW", ipw(&rows, self.trim, level_of).map_err(fail)?)];
        if self.covariate.is_some() {
            // A line in each arm: with two coefficients there is next to nothing to overfit.
            let line = |treated: bool| {
                let of = || rows.iter().zip(&x).filter(move |(row, _)| row.treated == treated);
                let n = of().count() as f64;
                let (my, mx) =
                    (of().map(|(row, _)| row.outcome).sum::<f64>() / n, of().map(|(_, x)| x).sum::<f64>() / n);
                let xx: f64 = of().map(|(_, x)| (x - mx).powi(2)).sum();
                let xy: f64 = of().map(|(row, x)| (x - mx) * (row.outcome - my)).sum();
                let slope = if xx > 0.0 { xy / xx } else { 0.0 };
                move |x: f64| my + slope * (x - mx)
            };
            let (m0, m1) = (line(false), line(true));
            let predictions: Vec<(f64, f64)> = x.iter().map(|x| (m0(*x), m1(*x))).collect();
            found.push(("AIPW", aipw(&rows, &predictions, self.trim, level_of).map_err(fail)?));
        }
        let overlap = found[0].1.overlap;
        let mut lines = vec![format!(
            "{} units used, {} left out within {} of 0 or 1; they weigh as much as {:.0} treated and {:.0} in control",
            overlap.cases, overlap.trimmed, self.trim, overlap.effective[0], overlap.effective[1]
        )];
        if overlap.largest_share > 0.1 {
            lines.push(format!(
                "warning: one unit is {:.0}% of its arm's weight: the arms hardly overlap",
                100.0 * overlap.largest_share
            ));
        }
        let mut estimates = serde_json::Map::new();
        let mut cells = Vec::new();
        for (name, average) in &found {
            let e = &average.effect;
            estimates.insert(
                (*name).to_owned(),
                json!({"treatment": average.treatment, "control": average.control, "effect": e.value, "se": e.se,
                       "interval": bounds(e.interval), "undefined_because": e.reason}),
            );
            cells.push(vec![
                (*name).to_owned(),
                number(Some(average.treatment)),
                number(Some(average.control)),
                e.value.map_or_else(|| number(None), |value| format!("{value:+.4}")),
                range(e.interval),
            ]);
        }
        let json = json!({"treatment": names[1 - control], "control": names[control], "estimates": estimates,
            "units": overlap.cases, "trimmed": overlap.trimmed, "effective": overlap.effective,
            "largest_share": overlap.largest_share});
        let header = ["estimate", "if all were treated", "if none were", "effect", &level(level_of)];
        Ok(Answer::new(json).lines(lines).table(&header, cells, &[1, 2, 3, 4]))
    }

    /// Units with their events added up, each as often as it is counted.
    fn cases(&self, source: &Table, arms: &[u32]) -> Result<Vec<Case>, Failure> {
        let number = |name: &str| source.numbers(name);
        let outcomes = number(&self.outcome)?;
        let denominators = self.denominator.as_deref().map(number).transpose()?;
        let covariates = self.covariate.as_deref().map(number).transpose()?;
        let counts = self.count.as_deref().map(number).transpose()?;
        let units = self.unit.as_deref().map(|name| source.groups(name)).transpose()?;
        let mut cases: BTreeMap<(u32, u32), Case> = BTreeMap::new();
        let mut counted = Vec::new();
        let mut arm_of: BTreeMap<u32, u32> = BTreeMap::new();
        for (row, arm) in arms.iter().enumerate() {
            let missing = |what: &str| usage(format!("{}: `{what}` is empty", source.place(row)));
            let outcome = outcomes[row].ok_or_else(|| missing(&self.outcome))?;
            let denominator = match (&denominators, &self.denominator) {
                (Some(values), Some(name)) => values[row].ok_or_else(|| missing(name))?,
                _ => 1.0,
            };
            let covariate = covariates.as_ref().and_then(|values| values[row]);
            if let (Some(counts), Some(name)) = (&counts, &self.count) {
                let count = counts[row]
                    .filter(|n| *n >= 0.0 && n.fract() == 0.0 && *n < 1e8)
                    .ok_or_else(|| usage(format!("{}: `{name}` must be a whole number", source.place(row))))?;
                counted.extend((0..count as u64).map(|_| Case { arm: *arm, outcome, denominator, covariate }));
                continue;
            }
            let unit = units.as_ref().map_or(row as u32, |(of, _)| of[row]);
            if *arm_of.entry(unit).or_insert(*arm) != *arm {
                return Err(usage(format!(
                    "{}: a unit is in two arms; leave such units out and look for the cause",
                    source.place(row)
                )));
            }
            let case =
                cases.entry((*arm, unit)).or_insert(Case { arm: *arm, outcome: 0.0, denominator: 0.0, covariate });
            case.outcome += outcome;
            case.denominator += denominator;
        }
        counted.extend(cases.into_values());
        Ok(counted)
    }

    /// The confidence sequence of the difference, tuned to the present size.
    fn any_time(&self, effect: Effect, n: u64) -> Option<assay_stats::Interval> {
        let alpha = 1.0 - self.confidence.level;
        let rho2 = best_rho2(n as f64, alpha)?;
        asymptotic_interval(effect.value, effect.se * (n as f64).sqrt(), n, rho2, alpha)
    }
}
