//! `assay stats monitor`: whether a series has shifted since a quiet time.

use std::path::PathBuf;

use assay_stats::drift::Undefined;
use assay_stats::drift::change::{Adwin, Detector, alarms};
use assay_stats::drift::chart::{Baseline, BernoulliCusum, Cusum, Ewma, Shewhart, Sides};
use assay_stats::drift::detector::backtest;
use assay_stats::drift::season::{mstl, place_z};
use assay_stats::special::normal_quantile;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::answer::{number, usage};
use crate::{Answer, Failure, Table};

/// How a chart gathers evidence.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Sums of deviations: the fastest for the shift it is made for
    Cusum,
    /// A moving average with weight 0.2: for shifts of unknown size
    Ewma,
    /// Single values: for large jumps
    Shewhart,
}

/// Watches a series with a control chart made for the false alarms that you can bear. The first rows are the baseline; an
/// alarm after them exits with 1. A column of zeros and ones counts as failures (1) and passes (0). Rows without a value are
/// left out, never taken as 0. With `--period` seasons that the baseline shows (MSTL) are taken off before the chart, and
/// single values that are out of place for their time of the season are named.
#[derive(Args)]
pub struct Monitor {
    /// A table with a row per time, in order of time.
    file: PathBuf,
    /// The column of values.
    #[arg(long)]
    value: String,
    /// The column of times.
    #[arg(long)]
    time: String,
    /// One false alarm per so many values.
    #[arg(long, default_value_t = 500.0)]
    every: f64,
    /// Rows at the start without drift; a fifth of all by default.
    #[arg(long)]
    baseline: Option<usize>,
    /// The chart.
    #[arg(long, value_enum, default_value_t = Kind::Cusum)]
    chart: Kind,
    /// The shift to find, in standard deviations of the baseline.
    #[arg(long, default_value_t = 1.0)]
    shift: f64,
    /// Rows in a season, such as 7 for days of the week or 24,168 for hours. The baseline must hold each twice or more.
    #[arg(long, value_delimiter = ',')]
    period: Vec<usize>,
    /// The failure rate to find in a column of zeros and ones; twice the baseline's by default.
    #[arg(long)]
    bad: Option<f64>,
}

/// A chart for this series.
struct Design {
    name: String,
    detector: Box<dyn Detector>,
    arl0: f64,
    delay: f64,
    /// What is added in a backtest; none for failures.
    shift: Option<f64>,
    json: Value,
}

impl Monitor {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (times, values) = (source.full(&self.time)?, source.numbers(&self.value)?);
        if let Some(at) = times.windows(2).position(|pair| before(&pair[1], &pair[0])) {
            let (file, column) = (self.file.display(), &self.time);
            let (next, this) = (&times[at + 1], &times[at]);
            return Err(usage(format!("{file}: `{column}` goes back from {this} to {next}; sort the rows by time")));
        }
        let total = values.len();
        let places: Vec<usize> = (0..total).filter(|row| values[*row].is_some()).collect();
        let (times, values): (Vec<String>, Vec<f64>) =
            times.into_iter().zip(values).filter_map(|(time, value)| Some((time, value?))).unzip();
        let quiet = self.baseline.unwrap_or(values.len() / 5);
        if quiet < 20 || quiet >= values.len() {
            return Err(usage(format!(
                "{}: the baseline has {quiet} of {} values; 20 or more are needed, and some after them (--baseline)",
                self.file.display(),
                values.len()
            )));
        }
        let binary = values.iter().all(|v| *v == 0.0 || *v == 1.0);
        let explain = |error: Undefined| match error {
            Undefined::Setting("arl0") => usage("--every: a number of values from 2 to 10,000,000 is expected"),
            Undefined::Setting("shift") => usage("--shift: a number above 0 is expected"),
            error => usage(format!("column `{}`, baseline of {quiet} values: {error}", self.value)),
        };
        let odd = self.out_of_place(&values, &places, total);
        let raw = values.clone();
        let values = if self.period.is_empty() {
            values
        } else {
            let seasons = self.seasons(&values[..quiet], &places[..quiet], binary)?;
            let off = |place: &usize| -> f64 { seasons.iter().map(|season| season[place % season.len()]).sum() };
            values.iter().zip(&places).map(|(value, place)| value - off(place)).collect()
        };
        let baseline = Baseline::of(&values[..quiet]).map_err(explain)?;
        let scaled: Vec<f64> =
            if binary { values.clone() } else { values.iter().map(|v| baseline.standardise(*v)).collect() };
        let mut design = if binary { self.failures(baseline.mean) } else { self.design() }.map_err(explain)?;
        let found = alarms(design.detector.as_mut(), &scaled[quiet..]).map_err(explain)?;
        let changes = alarms(&mut Adwin::default(), &scaled).map_err(explain)?;
        let replay = design
            .shift
            .map(|shift| backtest(design.detector.as_mut(), &scaled[..quiet], shift, 200, 0))
            .transpose()
            .map_err(explain)?;
        let correlation = lag_one(&scaled[..quiet]);
        let at = |place: &usize| json!({"time": times[*place], "value": raw[*place], "row": place});
        let places: Vec<usize> = found.iter().map(|place| place + quiet).collect();
        let watched = values.len() - quiet;
        let expected = watched as f64 / design.arl0;
        let mut answer = Answer::new(json!({
            "values": values.len(), "left_out": total - values.len(), "baseline": quiet,
            "periods": self.period, "mean": baseline.mean, "sd": baseline.sd, "chart": design.json, "arl0": design.arl0, "delay": design.delay,
            "alarms": places.iter().map(at).collect::<Vec<_>>(), "false_alarms_expected": expected,
            "out_of_place": odd.iter().map(|(at, z)| json!({"time": times[*at], "value": raw[*at], "z": z})).collect::<Vec<_>>(),
            "change_points": changes.iter().map(at).collect::<Vec<_>>(), "lag_1_correlation": correlation,
            "backtest": replay.as_ref().map(|b| json!({"values": b.values, "false_alarms": b.false_alarms, "arl0": b.arl0,
                "injected": b.injected, "found": b.found, "mean_delay": b.mean_delay, "longest_delay": b.longest_delay})),
        }))
        .line(places.first().map_or_else(
            || format!("no alarm in {watched} values after the baseline"),
            |first| {
                let many = places.len();
                format!("{many} alarm{} in {watched} values, the first at {}; {expected:.1} would be false alarms", if many == 1 { "" } else { "s" }, times[*first])
            },
        ))
        .line(format!(
            "{}: one false alarm per {:.0} values, {} found after {:.1} on average, if values are independent",
            design.name,
            design.arl0,
            design.shift.map_or_else(|| "the bad rate is".into(), |s| format!("a shift of {s} sd is")),
            design.delay
        ))
        .line(format!(
            "baseline: {quiet} values, mean {:.4}, sd {:.4}{}",
            baseline.mean,
            baseline.sd,
            if self.period.is_empty() { "" } else { " after seasons were taken off" }
        ));
        // Seasons fit their own baseline a little too well: with few cycles later values look wilder than it.
        if let Some(longest) = self.period.iter().max().filter(|longest| quiet < 5 * **longest) {
            answer = answer.line(format!(
                "warning: the baseline holds {} cycles of {longest}: with fewer than five its seasons are rough, and false alarms come more often",
                quiet / longest
            ));
        }
        if let Some(b) = &replay {
            let rate = b.arl0.map_or_else(|| "none".into(), |arl| format!("one per {arl:.0} values"));
            answer = answer.line(format!(
                "backtest on the baseline: false alarms {rate}; {} of {} injected shifts found, after {} values on average",
                b.found,
                b.injected,
                number(b.mean_delay)
            ));
        }
        if let Some(r) = correlation.filter(|r| *r > 2.0 / (quiet as f64).sqrt()) {
            answer = answer.line(format!(
                "warning: neighbouring values go together (correlation {r:.2}): false alarms come more often than designed; trust the backtest, or watch means of longer times"
            ));
        }
        if total > values.len() {
            answer = answer.line(format!("{} rows without a value left out", total - values.len()));
        }
        let shown = places.iter().take(20).map(|p| vec![times[*p].clone(), format!("{}", raw[*p])]).collect();
        answer = answer.table(&["alarm", "value"], shown, &[1]);
        let shown =
            odd.iter().take(20).map(|(at, z)| vec![times[*at].clone(), format!("{}", raw[*at]), format!("{z:+.1}")]);
        answer = answer.table(&["out of place in its season", "value", "z"], shown.collect(), &[1, 2]);
        let shown = changes.iter().take(20).map(|p| vec![times[*p].clone()]).collect();
        Ok(answer.table(&["change of mean (ADWIN)"], shown, &[]).alarm(!places.is_empty()))
    }

    /// Values far from the usual one at their place in the longest season, and by how many robust standard deviations: as
    /// far as one normal value in `every` is.
    fn out_of_place(&self, values: &[f64], places: &[usize], total: usize) -> Vec<(usize, f64)> {
        let Some(period) = self.period.iter().max() else { return Vec::new() };
        let mut rows = vec![None; total];
        places.iter().zip(values).for_each(|(place, value)| rows[*place] = Some(*value));
        let limit = normal_quantile(1.0 - 0.5 / self.every.max(2.0));
        let z = place_z(&rows, *period, &[]).unwrap_or_default();
        let far = |(at, place): (usize, &usize)| Some((at, z.get(*place).copied()??)).filter(|(_, z)| z.abs() > limit);
        places.iter().enumerate().filter_map(far).collect()
    }

    /// What each place in a season adds, from the baseline alone: a later shift cannot hide in it.
    fn seasons(&self, quiet: &[f64], places: &[usize], binary: bool) -> Result<Vec<Vec<f64>>, Failure> {
        if binary {
            return Err(usage("--period is for numbers; count failures by season first, such as a rate per day"));
        }
        if let Some(at) = places.windows(2).position(|pair| pair[1] != pair[0] + 1) {
            return Err(usage(format!(
                "row {}: --period needs a baseline without gaps; fill the value, or take a --baseline without it",
                places[at] + 2
            )));
        }
        let mut periods = self.period.clone();
        periods.sort_unstable();
        periods.dedup();
        let longest = periods.last().copied().unwrap_or_default();
        // Robust weights need five cycles.
        let parts = mstl(quiet, &periods, quiet.len() >= 5 * longest).map_err(|why| {
            usage(format!(
                "--period {}: {why}; each period is 2 or more and fits twice into the baseline of {} rows (--baseline)",
                periods.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
                quiet.len()
            ))
        })?;
        let first = places.first().copied().unwrap_or_default();
        let profile = |(period, season): (&usize, &Vec<f64>)| {
            let mut sums = vec![(0.0, 0.0); *period];
            for (at, value) in season.iter().enumerate() {
                let sum = &mut sums[(first + at) % period];
                *sum = (sum.0 + value, sum.1 + 1.0);
            }
            sums.into_iter().map(|(sum, n)| sum / n).collect()
        };
        Ok(periods.iter().zip(&parts.seasons).map(profile).collect())
    }

    fn design(&self) -> Result<Design, Undefined> {
        let shift = self.shift;
        if !shift.is_finite() || shift <= 0.0 {
            return Err(Undefined::Setting("shift"));
        }
        Ok(match self.chart {
            Kind::Cusum => {
                let chart = Cusum::design(shift, self.every, Sides::Both)?;
                Design {
                    name: format!("CUSUM, k {:.2}, h {:.2}", chart.k, chart.h),
                    json: json!({"kind": "cusum", "k": chart.k, "h": chart.h}),
                    arl0: chart.arl(0.0).unwrap_or(f64::INFINITY),
                    delay: chart.arl(shift).unwrap_or(f64::INFINITY),
                    shift: Some(shift),
                    detector: Box::new(chart),
                }
            }
            Kind::Ewma => {
                let chart = Ewma::design(0.2, self.every)?;
                Design {
                    name: format!("EWMA, weight {:.2}, limit {:.3}", chart.weight, chart.limit),
                    json: json!({"kind": "ewma", "weight": chart.weight, "limit": chart.limit}),
                    arl0: chart.arl(0.0).unwrap_or(f64::INFINITY),
                    delay: chart.arl(shift).unwrap_or(f64::INFINITY),
                    shift: Some(shift),
                    detector: Box::new(chart),
                }
            }
            Kind::Shewhart => {
                let chart = Shewhart::design(self.every)?;
                Design {
                    name: format!("Shewhart, limit {:.3}", chart.limit),
                    json: json!({"kind": "shewhart", "limit": chart.limit}),
                    arl0: chart.arl(0.0).unwrap_or(f64::INFINITY),
                    delay: chart.arl(shift).unwrap_or(f64::INFINITY),
                    shift: Some(shift),
                    detector: Box::new(chart),
                }
            }
        })
    }

    fn failures(&self, good: f64) -> Result<Design, Undefined> {
        let bad = self.bad.unwrap_or(2.0 * good);
        let chart = BernoulliCusum::design(good, bad, self.every)?;
        let arl = |rate: f64| chart.arl(rate).unwrap_or(f64::INFINITY);
        Ok(Design {
            name: format!("Bernoulli CUSUM from {good:.3} to {bad:.3}, +{} or −1, limit {}", chart.m - 1, chart.limit),
            json: json!({"kind": "bernoulli_cusum", "good": good, "bad": bad, "m": chart.m, "limit": chart.limit}),
            arl0: arl(good),
            delay: arl(bad),
            shift: None,
            detector: Box::new(chart),
        })
    }
}

/// Numbers by size, other times as text: right for ISO 8601.
pub(super) fn before(a: &str, b: &str) -> bool {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a < b,
        _ => a < b,
    }
}

fn lag_one(values: &[f64]) -> Option<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let products: f64 = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    (squares > 0.0).then(|| products / squares)
}
