//! Reducers: from the scores of a case's epochs to one number per case.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How the epochs of one case become one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reducer {
    /// The mean over epochs.
    #[default]
    Mean,
    /// The median (mean of the middle two).
    Median,
    /// The most frequent value; ties go to the smaller value.
    Mode,
    /// The best value.
    Max,
    /// 1 when at least `k` epochs succeed, else 0.
    AtLeast(u32),
    /// Unbiased chance that one of `k` epochs succeeds (Chen et al. 2021, arXiv 2107.03374).
    PassAt(u32),
    /// Unbiased chance that all of `k` epochs succeed (Yao et al. 2024, τ-bench, arXiv 2406.12045).
    PassHat(u32),
}

impl Reducer {
    /// True when the value counts successes, so that scores must first be turned into pass or fail.
    pub const fn counts_successes(self) -> bool {
        matches!(self, Self::AtLeast(_) | Self::PassAt(_) | Self::PassHat(_))
    }

    /// The number of epochs the reducer needs.
    pub const fn needs_epochs(self) -> u32 {
        match self {
            Self::AtLeast(k) | Self::PassAt(k) | Self::PassHat(k) => k,
            _ => 1,
        }
    }
}

impl fmt::Display for Reducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::Median => f.write_str("median"),
            Self::Mode => f.write_str("mode"),
            Self::Max => f.write_str("max"),
            Self::AtLeast(k) => write!(f, "at_least_{k}"),
            Self::PassAt(k) => write!(f, "pass@{k}"),
            Self::PassHat(k) => write!(f, "pass^{k}"),
        }
    }
}

/// A word that is no reducer.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a reducer: use mean, median, mode, max, at_least_K, pass@K or pass^K")]
pub struct NotAReducer(String);

impl FromStr for Reducer {
    type Err = NotAReducer;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let count = |prefix: &str| {
            word.strip_prefix(prefix).and_then(|digits| digits.parse::<u32>().ok()).filter(|k| (1..=10_000).contains(k))
        };
        match word {
            "mean" => Ok(Self::Mean),
            "median" => Ok(Self::Median),
            "mode" => Ok(Self::Mode),
            "max" => Ok(Self::Max),
            _ => count("at_least_")
                .map(Self::AtLeast)
                .or_else(|| count("pass@").or_else(|| count("pass_at_")).map(Self::PassAt))
                .or_else(|| count("pass^").or_else(|| count("pass_hat_")).map(Self::PassHat))
                .ok_or_else(|| NotAReducer(word.to_owned())),
        }
    }
}

impl Serialize for Reducer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reducer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Reducer {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Reducer".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "How the epochs of one case become one value.",
            "type": "string",
            "pattern": r"^(mean|median|mode|max|(at_least_|pass@|pass\^)[1-9][0-9]*)$",
            "examples": ["mean", "median", "pass@3", "pass^3"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reducers_survive_their_text_form() {
        for word in ["mean", "median", "mode", "max", "at_least_2", "pass@3", "pass^5"] {
            assert_eq!(word.parse::<Reducer>().unwrap().to_string(), word);
        }
        for word in ["pass@0", "pass@", "best", "at_least_-1"] {
            assert!(word.parse::<Reducer>().is_err(), "{word}");
        }
    }
}
