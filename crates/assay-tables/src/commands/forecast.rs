//! `assay stats forecast`: forecasts of numbers against what came.

use std::path::PathBuf;

use assay_metrics::classification::Undefined;
use assay_metrics::forecasting::{
    Central, Ensemble, Pit, bias, crps_ensemble, crps_normal, interval_score, intervals, mae, mape, mase, pinball,
    pit_ensemble, pit_histogram, pit_normal, rmse, rmsse, smape, smape_half, weighted_interval_score, wmape,
};
use assay_stats::Interval;
use assay_stats::forecasts::{NoComparison, Window, diebold_mariano};
use assay_stats::jackknife::{Transform, delete_one, jackknife};
use assay_stats::proportion::{critical, wilson};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Errors, scaled errors, and of intervals the coverage and scores. With `--baseline` Diebold and Mariano's test; exit
/// code 1 when the baseline is better beyond chance. Rows are in the order of time; rows with an actual value before the
/// first forecast are what scaled errors are scaled by.
#[derive(Args)]
pub struct Forecast {
    /// A table with a row per point in time.
    file: PathBuf,
    /// The column of what came.
    #[arg(long, default_value = "actual")]
    actual: String,
    /// The column of the forecast (the median, when there are intervals).
    #[arg(long, default_value = "forecast")]
    forecast: String,
    /// The column of another forecast to compare with.
    #[arg(long)]
    baseline: Option<String>,
    /// The column of the lower end of a central interval.
    #[arg(long, requires = "upper")]
    lower: Option<String>,
    /// The column of its upper end.
    #[arg(long, requires = "lower")]
    upper: Option<String>,
    /// The share of actual values that the interval is meant to cover.
    #[arg(long, default_value_t = 0.95)]
    coverage: f64,
    /// The column of the forecast's standard deviation, for normal forecasts: CRPS and the histogram of PIT.
    #[arg(long)]
    sd: Option<String>,
    /// The column of draws of the forecast, as lists such as [1.5, 2.0]: CRPS and the histogram of PIT.
    #[arg(long, conflicts_with = "sd")]
    samples: Option<String>,
    /// Columns of quantiles, as LEVEL=COLUMN, such as 0.1=p10,0.9=p90: the pinball loss of each, and CRPS approximated by
    /// twice its mean, for levels that are spread evenly.
    #[arg(long, value_delimiter = ',', value_parser = parse_quantile)]
    quantiles: Vec<(f64, String)>,
    /// Points in a season: the naive forecast is the value one season before.
    #[arg(long, default_value_t = 1)]
    season: usize,
    /// How many points ahead forecasts were made.
    #[arg(long, default_value_t = 1)]
    horizon: usize,
    /// The loss that forecasts are compared by.
    #[arg(long, value_enum, default_value_t = Loss::Squared)]
    loss: Loss,
    #[command(flatten)]
    confidence: Confidence,
}

#[derive(Clone, Copy, ValueEnum)]
enum Loss {
    /// Squared errors
    Squared,
    /// Absolute errors
    Absolute,
}

/// `0.9=p90`: a level and its column.
fn parse_quantile(text: &str) -> Result<(f64, String), String> {
    let parts =
        text.split_once('=').and_then(|(level, column)| Some((level.trim().parse::<f64>().ok()?, column.trim())));
    match parts {
        Some((level, column)) if level > 0.0 && level < 1.0 && !column.is_empty() => Ok((level, column.to_owned())),
        _ => Err("a level between 0 and 1 and a column are expected, such as 0.9=p90".into()),
    }
}

/// Bins of the histogram of PIT.
const BINS: usize = 10;

/// Blocks of consecutive points for the jackknife: errors close in time depend on each other.
const BLOCKS: usize = 20;

struct Line {
    name: String,
    value: Result<f64, Undefined>,
    interval: Option<Interval>,
}

/// The mean of a score over rows.
fn mean_of(rows: &[usize], one: &dyn Fn(usize) -> Result<f64, Undefined>) -> Result<f64, Undefined> {
    Ok(rows.iter().map(|row| one(*row)).sum::<Result<f64, _>>()? / rows.len() as f64)
}

impl Forecast {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (actual, forecast) = (source.numbers(&self.actual)?, source.numbers(&self.forecast)?);
        let column = |name: &Option<String>| -> Result<Option<Vec<Option<f64>>>, Failure> {
            name.as_deref().map(|name| source.numbers(name)).transpose()
        };
        let (other, lower, upper) = (column(&self.baseline)?, column(&self.lower)?, column(&self.upper)?);
        let start = forecast.iter().position(Option::is_some).unwrap_or(forecast.len());
        let training: Vec<f64> = actual[..start].iter().flatten().copied().collect();
        let sd = column(&self.sd)?;
        let samples = self.samples.as_deref().map(|name| source.vectors(name)).transpose()?;
        let quantiles: Vec<Option<Vec<Option<f64>>>> =
            self.quantiles.iter().map(|(_, name)| column(&Some(name.clone()))).collect::<Result<_, _>>()?;
        let mut also = vec![&other, &lower, &upper, &sd];
        also.extend(&quantiles);
        let has = |row: usize| {
            actual[row].is_some()
                && forecast[row].is_some()
                && samples.as_ref().is_none_or(|column| column[row].is_some())
                && also.iter().all(|column| column.as_ref().is_none_or(|column| column[row].is_some()))
        };
        let kept: Vec<usize> = (start..actual.len()).filter(|row| has(*row)).collect();
        let left_out = actual.len() - start - kept.len();
        let pick = |column: &[Option<f64>]| -> Vec<f64> { kept.iter().filter_map(|row| column[*row]).collect() };
        let (y, f) = (pick(&actual), pick(&forecast));
        if y.is_empty() {
            return Err(usage(format!(
                "{}: no row has both `{}` and `{}`",
                self.file.display(),
                self.actual,
                self.forecast
            )));
        }
        if !(self.coverage > 0.0 && self.coverage < 1.0) {
            return Err(usage("--coverage is between 0 and 1, such as 0.9"));
        }
        let n = y.len();
        let blocks = if n < 2 * BLOCKS { n } else { BLOCKS };
        let groups: Vec<Vec<usize>> = (0..blocks).map(|b| (b * n / blocks..(b + 1) * n / blocks).collect()).collect();
        let at = |values: &[f64], rows: &[usize]| -> Vec<f64> { rows.iter().map(|row| values[*row]).collect() };
        let all: Vec<usize> = (0..n).collect();
        let mut lines = Vec::new();
        let mut push = |name: &str, statistic: &dyn Fn(&[usize]) -> Result<f64, Undefined>| {
            let value = statistic(&all);
            let interval = value.ok().and_then(|value| {
                let rest = delete_one(&groups, |rows| statistic(rows).ok())?;
                Some(jackknife(value, &rest, Transform::Identity, self.confidence.level)?.interval)
            });
            lines.push(Line { name: name.to_owned(), value, interval });
        };
        push("MAE", &|rows| mae(&at(&y, rows), &at(&f, rows)));
        push("RMSE", &|rows| rmse(&at(&y, rows), &at(&f, rows)));
        push("bias", &|rows| bias(&at(&y, rows), &at(&f, rows)));
        push("MAPE", &|rows| mape(&at(&y, rows), &at(&f, rows)));
        push("wMAPE", &|rows| wmape(&at(&y, rows), &at(&f, rows)));
        push("sMAPE (0 to 2)", &|rows| smape(&at(&y, rows), &at(&f, rows)));
        push("sMAPE (0 to 1)", &|rows| smape_half(&at(&y, rows), &at(&f, rows)));
        push("MASE", &|rows| mase(&at(&y, rows), &at(&f, rows), &training, self.season));
        push("RMSSE", &|rows| rmsse(&at(&y, rows), &at(&f, rows), &training, self.season));
        let mut first = format!("{n} forecasts, {} values before them", training.len());
        if left_out > 0 {
            first += &format!(", {left_out} rows without all numbers left out");
        }
        let mut transforms: Option<Vec<Pit>> = None;
        let fail = |why: Undefined| usage(format!("{}: {why}", self.file.display()));
        if let (Some(sd), Some(name)) = (sd.as_deref().map(pick), &self.sd) {
            if let Some(at) = sd.iter().position(|sd| *sd <= 0.0) {
                return Err(usage(format!("{}: `{name}` is {}, not above 0", source.place(kept[at]), sd[at])));
            }
            let one = |row: usize| crps_normal(y[row], f[row], sd[row]);
            push("CRPS (normal)", &|rows| mean_of(rows, &one));
            transforms =
                Some((0..n).map(|row| pit_normal(y[row], f[row], sd[row])).collect::<Result<_, _>>().map_err(fail)?);
        }
        if let Some(samples) = &samples {
            let drawn: Vec<&Vec<f64>> = kept.iter().filter_map(|row| samples[*row].as_ref()).collect();
            push("CRPS (draws are all)", &|rows| {
                mean_of(rows, &|row| crps_ensemble(y[row], drawn[row], Ensemble::Energy))
            });
            push("CRPS (fair)", &|rows| mean_of(rows, &|row| crps_ensemble(y[row], drawn[row], Ensemble::Fair)));
            transforms =
                Some((0..n).map(|row| pit_ensemble(y[row], drawn[row])).collect::<Result<_, _>>().map_err(fail)?);
        }
        if !quantiles.is_empty() {
            let each: Vec<(f64, Vec<f64>)> = self
                .quantiles
                .iter()
                .zip(&quantiles)
                .map(|((level, _), column)| (*level, column.as_deref().map(pick).unwrap_or_default()))
                .collect();
            for (level, values) in &each {
                push(&format!("pinball, {level}"), &|rows| pinball(&at(&y, rows), &at(values, rows), *level));
            }
            push("CRPS (from quantiles)", &|rows| {
                let losses = each.iter().map(|(level, values)| pinball(&at(&y, rows), &at(values, rows), *level));
                Ok(2.0 * losses.sum::<Result<f64, _>>()? / each.len() as f64)
            });
        }
        let histogram = transforms.map(|pits| pit_histogram(&pits, BINS)).transpose().map_err(fail)?;
        if let Some(shares) = &histogram {
            let shown: Vec<String> = shares.iter().map(|share| format!("{:.0}", 100.0 * share)).collect();
            first += &format!(
                "; PIT in {BINS} bins, {}% each when calibrated: {}% (high at the ends: too narrow, in the middle: too wide)",
                100 / BINS,
                shown.join(" ")
            );
        }
        if let (Some(lower), Some(upper)) = (lower.as_deref().map(pick), upper.as_deref().map(pick)) {
            let alpha = 1.0 - self.coverage;
            intervals(&y, &lower, &upper).map_err(|why| usage(format!("{}: {why}", self.file.display())))?;
            let spread = |rows: &[usize]| intervals(&at(&y, rows), &at(&lower, rows), &at(&upper, rows));
            push("coverage", &|rows| spread(rows).map(|found| found.coverage));
            push("width", &|rows| spread(rows).map(|found| found.width));
            push("pinball, lower end", &|rows| pinball(&at(&y, rows), &at(&lower, rows), alpha / 2.0));
            push("pinball, median", &|rows| pinball(&at(&y, rows), &at(&f, rows), 0.5));
            push("pinball, upper end", &|rows| pinball(&at(&y, rows), &at(&upper, rows), 1.0 - alpha / 2.0));
            push("interval score", &|rows| {
                mean_of(rows, &|row| interval_score(y[row], Central { alpha, lower: lower[row], upper: upper[row] }))
            });
            push("WIS", &|rows| {
                let one = |row: &usize| {
                    let interval = Central { alpha, lower: lower[*row], upper: upper[*row] };
                    weighted_interval_score(y[*row], f[*row], &[interval])
                };
                Ok(rows.iter().map(one).sum::<Result<f64, _>>()? / rows.len() as f64)
            });
            if let Some(line) = lines.iter_mut().find(|line| line.name == "coverage") {
                // Where all or none are covered the blocks do not differ, and a width of 0 would be wrong.
                if let Ok(share) = line.value
                    && (share == 0.0 || share == 1.0)
                {
                    let z = critical(self.confidence.level);
                    line.interval = wilson(share * blocks as f64, blocks as f64, z);
                }
                line.interval = line.interval.map(|i| Interval { lower: i.lower.max(0.0), upper: i.upper.min(1.0) });
                first += &format!(
                    "; {} of the values are in their interval, {:.1}% are meant to be",
                    line.value.map_or_else(|_| "–".into(), |v| format!("{:.1}%", 100.0 * v)),
                    100.0 * self.coverage
                );
            }
        }
        let (test, verdict, alarm) = match other.as_deref().map(pick) {
            Some(baseline) => self.compare(&y, &f, &baseline)?,
            None => (Value::Null, None, false),
        };
        let metrics: serde_json::Map<String, Value> = lines
            .iter()
            .map(|line| {
                let reason = line.value.as_ref().err().map(ToString::to_string);
                (
                    line.name.clone(),
                    json!({"value": line.value.ok(), "interval": bounds(line.interval), "reason": reason}),
                )
            })
            .collect();
        let rows = lines
            .iter()
            .map(|line| {
                let reason = line.value.as_ref().err().map(ToString::to_string).unwrap_or_default();
                vec![line.name.clone(), number(line.value.ok()), range(line.interval), reason]
            })
            .collect();
        let header = ["metric", "value", &level(self.confidence.level), ""];
        let json = json!({"forecasts": n, "training": training.len(), "left_out": left_out, "metrics": metrics, "pit": histogram,
            "diebold_mariano": test});
        Ok(Answer::new(json).lines(verdict).line(first).table(&header, rows, &[1, 2]).alarm(alarm))
    }

    fn compare(&self, y: &[f64], f: &[f64], baseline: &[f64]) -> Result<(Value, Option<String>, bool), Failure> {
        let loss = |forecast: &[f64]| -> Vec<f64> {
            let error = y.iter().zip(forecast).map(|(y, f)| y - f);
            match self.loss {
                Loss::Squared => error.map(|e| e * e).collect(),
                Loss::Absolute => error.map(f64::abs).collect(),
            }
        };
        let (own, other) = (loss(f), loss(baseline));
        let run = |window| diebold_mariano(&own, &other, self.horizon, window, self.confidence.level);
        let (found, window) = match run(Window::Flat) {
            Err(NoComparison::NegativeVariance) => (run(Window::Bartlett), "bartlett"),
            found => (found, "flat"),
        };
        let test = match found {
            Ok(test) => test,
            Err(NoComparison::NoVariation) => {
                let line = "the two forecasts lose by the same amount throughout: no test".to_owned();
                return Ok((json!({"reason": line}), Some(line), false));
            }
            Err(why) => return Err(usage(format!("{}: {why}", self.file.display()))),
        };
        let clear = test.p < 1.0 - self.confidence.level;
        let verdict = match (clear, test.difference < 0.0) {
            (true, true) => "the forecast is better than the baseline",
            (true, false) => "the baseline is better than the forecast",
            (false, _) => "no difference between forecast and baseline beyond chance",
        };
        let line = format!(
            "{verdict}: loss {:+.4} ({:.4} to {:.4}), Diebold–Mariano {:.3}, p = {:.4}",
            test.difference, test.interval.lower, test.interval.upper, test.statistic, test.p
        );
        let json = json!({"difference": test.difference, "interval": bounds(test.interval), "statistic": test.statistic,
            "p": test.p, "horizon": self.horizon, "window": window});
        Ok((json, Some(line), clear && test.difference > 0.0))
    }
}
