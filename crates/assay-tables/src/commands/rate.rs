//! `assay stats rate`: the intervals of a rate, or of the difference of two.

use assay_stats::calibration::rogan_gladen;
use assay_stats::proportion::{self, critical};
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, bounds, level, usage};
use crate::{Answer, Failure};

/// `47/50`: passes of cases.
#[derive(Clone, Copy)]
pub struct Count {
    pub(super) successes: u64,
    pub(super) cases: u64,
}

impl std::str::FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(k, n)| Some((k.trim().parse().ok()?, n.trim().parse().ok()?)));
        match parsed {
            Some((successes, cases)) if cases > 0 && successes <= cases => Ok(Self { successes, cases }),
            Some(_) => Err("the passes must be at most the cases, of which there must be one or more".into()),
            None => Err("passes and cases are written like 47/50".into()),
        }
    }
}

/// Wilson's, Clopper and Pearson's and Jeffreys' intervals of a rate, and the exact bounds on one side. With `--baseline`
/// the difference of two independent rates. With `--sensitivity` and `--specificity` the true rate behind the passes of a
/// judge whose errors were measured elsewhere.
#[derive(Args)]
pub struct Rate {
    /// Passes of cases, such as 47/50.
    count: Count,
    /// Independent passes of cases to compare with.
    #[arg(long)]
    baseline: Option<Count>,
    /// Of cases that truly pass, how many the judge passed elsewhere, such as 45/50.
    #[arg(long, requires = "specificity", conflicts_with = "baseline")]
    sensitivity: Option<Count>,
    /// Of cases that truly fail, how many the judge failed elsewhere.
    #[arg(long, requires = "sensitivity")]
    specificity: Option<Count>,
    #[command(flatten)]
    confidence: Confidence,
}

impl Rate {
    pub fn answer(self) -> Result<Answer, Failure> {
        let z = critical(self.confidence.level);
        let Count { successes: k, cases: n } = self.count;
        let mut rows = vec![
            ("wilson", proportion::wilson(k as f64, n as f64, z)),
            ("clopper-pearson", proportion::clopper_pearson(k, n, self.confidence.level)),
            ("jeffreys", proportion::jeffreys(k, n, self.confidence.level)),
        ];
        let mut value = k as f64 / n as f64;
        if let Some(Count { successes: j, cases: m }) = self.baseline {
            let (p, q) = (value, j as f64 / m as f64);
            let both = rows[0].1.zip(proportion::wilson(j as f64, m as f64, z));
            value = p - q;
            rows = vec![
                ("newcombe", both.and_then(|(c, b)| proportion::mover(p, c, q, b))),
                ("miettinen-nurminen", proportion::miettinen_nurminen((k, n), (j, m), z)),
                ("agresti-caffo", proportion::agresti_caffo((k, n), (j, m), z)),
            ];
        }
        // A count is checked when it is read, so that all of them are there.
        let rows: Vec<_> = rows.into_iter().filter_map(|(name, interval)| Some((name, interval?))).collect();
        let intervals: serde_json::Map<String, serde_json::Value> =
            rows.iter().map(|(name, i)| ((*name).to_owned(), bounds(*i))).collect();
        let (what, scale, unit) = match self.baseline {
            Some(_) => ("difference", 100.0, " pts"),
            None => ("rate", 100.0, "%"),
        };
        let cells = rows
            .iter()
            .map(|(name, i)| {
                vec![(*name).to_owned(), format!("{:.2} to {:.2}{unit}", scale * i.lower, scale * i.upper)]
            })
            .collect();
        let mut json = json!({"value": value, "confidence": self.confidence.level, "intervals": intervals});
        let mut lines = vec![format!("{what} {:.2}{unit}", scale * value)];
        // One side at the level: Clopper and Pearson's two sides at twice the distance to 1.
        let one_sided = proportion::clopper_pearson(k, n, 2.0 * self.confidence.level - 1.0);
        if let Some(one_sided) = one_sided.filter(|_| self.baseline.is_none()) {
            json["one_sided"] = json!({"lower": one_sided.lower, "upper": one_sided.upper});
            lines.push(format!(
                "one-sided, exact, each with {}% confidence: at most {:.2}%, at least {:.2}%",
                (1000.0 * self.confidence.level).round() / 10.0,
                100.0 * one_sided.upper,
                100.0 * one_sided.lower
            ));
        }
        if let (Some(right), Some(refused)) = (self.sensitivity, self.specificity) {
            let pair = |count: Count| (count.successes, count.cases);
            let found = rogan_gladen((k, n), pair(right), pair(refused), self.confidence.level).ok_or_else(|| {
                usage("sensitivity + specificity is 1.05 or less: such a judge is no better than chance and tells nothing")
            })?;
            json["true_rate"] =
                json!({"value": found.value, "interval": bounds(found.interval), "method": "Rogan–Gladen"});
            lines.push(format!(
                "true rate {:.2}% ({:.2} to {:.2}%) by Rogan and Gladen: right when the judge errs here as often as where it \
                 was measured",
                100.0 * found.value,
                100.0 * found.interval.lower,
                100.0 * found.interval.upper
            ));
        }
        Ok(Answer::new(json).lines(lines).table(&["method", &level(self.confidence.level)], cells, &[1]))
    }
}
