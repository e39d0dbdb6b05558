//! From several verdicts to one value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How verdicts become one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The mean.
    #[default]
    Mean,
    /// The middle one; the mean of the two in the middle for an even number.
    Median,
    /// What most of them say; without a majority of one value over each other there is none.
    Majority,
}

impl Rule {
    /// The value of one verdict or more.
    ///
    /// # Errors
    /// Why there is none: a tie.
    pub fn value(self, votes: &[f64]) -> Result<f64, String> {
        let mut sorted = votes.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        if n == 0 {
            return Err("there is no verdict".into());
        }
        match self {
            Self::Mean => Ok(sorted.iter().sum::<f64>() / n as f64),
            Self::Median => Ok((sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0),
            Self::Majority => {
                let mut tally: Vec<(usize, f64)> = Vec::new();
                for vote in sorted {
                    match tally.last_mut() {
                        Some((count, value)) if *value == vote => *count += 1,
                        _ => tally.push((1, vote)),
                    }
                }
                tally.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
                match tally.as_slice() {
                    [(first, _), (second, _), ..] if first == second => {
                        Err(format!("the jury is split: {first} to {second}"))
                    }
                    [(_, value), ..] => Ok(*value),
                    [] => Err("there is no verdict".into()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_add_up_as_the_rule_says() {
        assert_eq!(Rule::Mean.value(&[1.0, 0.0, 0.5, 0.5]), Ok(0.5));
        assert_eq!(Rule::Median.value(&[1.0, 0.0, 1.0]), Ok(1.0));
        assert_eq!(Rule::Median.value(&[1.0, 0.0]), Ok(0.5));
        assert_eq!(Rule::Majority.value(&[1.0, 0.0, 1.0]), Ok(1.0));
        assert_eq!(Rule::Majority.value(&[0.25, 0.25, 1.0, 0.5]), Ok(0.25));
        assert_eq!(Rule::Majority.value(&[1.0, 0.0]), Err("the jury is split: 1 to 1".into()));
        assert!(Rule::Mean.value(&[]).is_err());
    }
}
