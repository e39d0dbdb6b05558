//! `assay stats off-policy`: another policy on logged decisions.

use std::collections::HashMap;
use std::path::PathBuf;

use assay_stats::Estimate;
use assay_stats::quasi::{Logged, off_policy};
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, bounds, level, number, usage};
use crate::{Answer, Failure, Table};

/// The mean reward that another policy would have had, from decisions logged with their propensities: inverse propensity
/// scoring, self-normalised, and doubly robust with predictions from a model per action fitted here or given. Too little
/// overlap of the two policies exits with 1.
#[derive(Args)]
pub struct OffPolicy {
    /// A table with a row per logged decision.
    file: PathBuf,
    /// The column of rewards, such as clicks.
    #[arg(long)]
    reward: String,
    /// The column of the probabilities with which the logging policy chose the action.
    #[arg(long)]
    propensity: String,
    /// The column of the probabilities with which the other policy would have chosen it.
    #[arg(long, conflicts_with = "uniform", required_unless_present = "uniform")]
    target: Option<String>,
    /// The other policy chooses evenly among the actions of this column.
    #[arg(long, value_name = "COLUMN")]
    uniform: Option<String>,
    /// Columns of a reward model: the prediction for the logged action, and the mean over the other policy's actions.
    #[arg(long, value_delimiter = ',', num_args = 2, value_name = "LOGGED,TARGET")]
    predictions: Vec<String>,
    /// The column that says which decisions belong together, such as the user.
    #[arg(long)]
    cluster: Option<String>,
    #[command(flatten)]
    confidence: Confidence,
}

impl OffPolicy {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let column = |name: &str| -> Result<Vec<f64>, Failure> {
            let cells = source.numbers(name)?;
            let full = |(row, cell): (usize, Option<f64>)| {
                cell.ok_or_else(|| usage(format!("{}: `{name}` is empty", source.place(row))))
            };
            cells.into_iter().enumerate().map(full).collect()
        };
        let (rewards, propensities) = (column(&self.reward)?, column(&self.propensity)?);
        let actions = self.uniform.as_deref().map(|name| source.groups(name)).transpose()?;
        let targets = match (&self.target, &actions) {
            (Some(name), _) => column(name)?,
            (None, Some((_, names))) => vec![1.0 / names.len() as f64; rewards.len()],
            (None, None) => return Err(usage("name the other policy with --target COLUMN or --uniform COLUMN")),
        };
        let clusters = self.cluster.as_deref().map(|name| source.groups(name)).transpose()?;
        let mut rows = Vec::with_capacity(rewards.len());
        for (row, reward) in rewards.iter().enumerate() {
            let (propensity, target) = (propensities[row], targets[row]);
            if !(propensity > 0.0 && propensity <= 1.0 && (0.0..=1.0).contains(&target)) {
                return Err(usage(format!(
                    "{}: propensity {propensity} and target {target} must be probabilities, the propensity above 0",
                    source.place(row)
                )));
            }
            let cluster = clusters.as_ref().map(|(of, _)| of[row]);
            rows.push(Logged { reward: *reward, propensity, target, cluster });
        }
        let predictions: Option<Vec<(f64, f64)>> = match (self.predictions.as_slice(), &actions) {
            ([logged, target], _) => Some(column(logged)?.into_iter().zip(column(target)?).collect()),
            (_, Some((of, names))) => Some(by_action(of, names.len(), &rewards)),
            _ => None,
        };
        let found = off_policy(&rows, predictions.as_deref(), self.confidence.level).map_err(usage)?;
        let share = found.effective / rows.len() as f64;
        let mut warnings = Vec::new();
        if share < 0.1 {
            warnings.push(format!(
                "little overlap: {} decisions weigh as much as {:.0} ({:.1}%); the intervals are too short to trust",
                rows.len(),
                found.effective,
                100.0 * share
            ));
        }
        if found.largest_share > 0.05 {
            warnings.push(format!("one decision carries {:.1}% of the weight", 100.0 * found.largest_share));
        }
        if !(0.8..=1.25).contains(&found.mean_weight) {
            warnings.push(format!(
                "the mean weight is {:.2} instead of 1: propensities are wrong, or the log lacks what the policy would do",
                found.mean_weight
            ));
        }
        let estimates: [(&str, Option<&Estimate>); 3] = [
            ("IPS", Some(&found.ips)),
            ("SNIPS", found.snips.as_ref()),
            ("doubly robust", found.doubly_robust.as_ref()),
        ];
        let mut cells = Vec::new();
        let mut object = serde_json::Map::new();
        for (name, estimate) in estimates.into_iter().filter_map(|(name, e)| Some((name, e?))) {
            let interval = estimate.interval;
            let shown = interval.map_or_else(|| "–".into(), |i| format!("{:.5} to {:.5}", i.lower, i.upper));
            let value = estimate.value.map_or_else(|| number(None), |value| format!("{value:.5}"));
            cells.push(vec![name.to_owned(), value, shown]);
            object.insert(name.to_owned(), json!({"value": estimate.value, "interval": bounds(interval)}));
        }
        let logged = rewards.iter().sum::<f64>() / rewards.len() as f64;
        let alarm = !warnings.is_empty();
        let json = json!({"decisions": rows.len(), "logged_reward": logged, "effective": found.effective,
            "largest_share": found.largest_share, "mean_weight": found.mean_weight, "estimates": object,
            "warnings": warnings});
        Ok(Answer::new(json)
            .lines(warnings.iter().map(|warning| format!("warning: {warning}")))
            .line(format!(
                "{} decisions, {:.0} effective; mean reward of the logging policy {logged:.5}",
                rows.len(),
                found.effective
            ))
            .table(&["estimate of the other policy", "value", &level(self.confidence.level)], cells, &[1, 2])
            .alarm(alarm))
    }
}

/// For each decision the mean reward of its action and that of an action at random, from all other decisions, so that no
/// reward predicts itself. Actions seen once get the mean of all others.
fn by_action(of: &[u32], actions: usize, rewards: &[f64]) -> Vec<(f64, f64)> {
    let mut totals: HashMap<u32, (f64, f64)> = HashMap::new();
    for (action, reward) in of.iter().zip(rewards) {
        let entry = totals.entry(*action).or_default();
        entry.0 += reward;
        entry.1 += 1.0;
    }
    let (all, n) = (rewards.iter().sum::<f64>(), rewards.len() as f64);
    // In a fixed order, so that the last digit does not depend on the hash map.
    let even = (0..actions as u32).map(|action| totals[&action].0 / totals[&action].1).sum::<f64>();
    of.iter()
        .zip(rewards)
        .map(|(action, reward)| {
            let (total, count) = totals[action];
            let own = if count > 1.0 { (total - reward) / (count - 1.0) } else { (all - reward) / (n - 1.0).max(1.0) };
            (own, (even - total / count + own) / actions as f64)
        })
        .collect()
}
