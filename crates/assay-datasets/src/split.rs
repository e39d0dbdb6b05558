//! Parts of a dataset: development, test, sealed hold-outs.
//!
//! The part of a case follows from the digest of its group and a salt, never from its row: adding, removing or
//! reordering cases moves no other case from one part to another, and cases of one group stay together. A case without a
//! group goes by its id, so that correcting it does not move it either.

use assay_core::{Case, Digest};
use serde::{Deserialize, Serialize};

use crate::{DatasetError, metadata_texts};

/// How the cases of a dataset are divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SplitPlan {
    /// The parts, in order; their shares add up to 1.
    pub parts: Vec<Part>,
    /// The metadata key whose cases stay together; without one those of a cluster do, else every case is alone and goes by
    /// its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Makes the division another one.
    pub salt: String,
}

/// A part of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "SplitPart")]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The share of groups in it.
    pub share: f64,
    /// How many runs may look at a version of it; only a sealed part has such a budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<u64>,
    /// Whether a run is told its score only where it beats the best so far.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ladder: bool,
}

impl SplitPlan {
    /// A division into parts, written `dev=0.2,test=0.6,holdout=0.2`; the parts of `sealed` may be looked at by `looks`
    /// runs per version.
    ///
    /// # Errors
    /// Shares that do not add up to 1, a part that stands twice, a sealed part that does not exist, no looks.
    pub fn parse(
        parts: &str,
        sealed: &[String],
        looks: u64,
        group: Option<String>,
        salt: String,
    ) -> Result<Self, DatasetError> {
        let wrong = |message: String| {
            DatasetError::new(None, message).help("write parts with their shares: `dev=0.2,test=0.6,holdout=0.2`")
        };
        let mut found: Vec<Part> = Vec::new();
        for part in parts.split(',') {
            let (name, share) = part.split_once('=').ok_or_else(|| wrong(format!("`{part}` has no share")))?;
            let (name, share) = (name.trim(), share.trim());
            let share = match share.strip_suffix('%') {
                Some(percent) => percent.trim().parse().map(|percent: f64| percent / 100.0),
                None => share.parse(),
            };
            let share: f64 = share.map_err(|_| wrong(format!("the share of `{name}` is not a number")))?;
            if !(share > 0.0 && share <= 1.0) {
                return Err(wrong(format!("the share of `{name}` must be above 0 and at most 1")));
            }
            if name.is_empty() || found.iter().any(|part| part.name == name) {
                return Err(wrong(format!("the part `{name}` has no name of its own")));
            }
            let looks = sealed.iter().any(|sealed| sealed == name).then_some(looks);
            found.push(Part { name: name.to_owned(), share, looks, ladder: false });
        }
        let sum: f64 = found.iter().map(|part| part.share).sum();
        if (sum - 1.0).abs() > 1e-9 {
            return Err(wrong(format!("the shares add up to {sum}, not to 1")));
        }
        for name in sealed {
            if !found.iter().any(|part| part.name == *name) {
                return Err(wrong(format!("there is no part `{name}` to seal")));
            }
        }
        if looks == 0 {
            return Err(wrong("a sealed part that nobody may look at is of no use".into()));
        }
        Ok(Self { parts: found, group, salt })
    }

    /// The part of a case.
    pub fn part_of(&self, case: &Case) -> &Part {
        let of_group = self.group.as_ref().and_then(|key| {
            metadata_texts(case).into_iter().find(|(known, _)| known == key).map(|(_, value)| format!("group {value}"))
        });
        let group = of_group
            // A case alone is a cluster of its own: that its variants join it, or that its text is corrected or redacted,
            // must not move it into another part.
            .unwrap_or_else(|| format!("cluster {}", case.cluster.as_ref().unwrap_or(&case.id)));
        let digest = Digest::of_bytes(format!("{}\n{group}", self.salt).as_bytes());
        // 53 bits: every such number is a double.
        let at = (digest.leading() >> 11) as f64 / (1u64 << 53) as f64;
        let mut upto = 0.0;
        for part in &self.parts {
            upto += part.share;
            if at < upto {
                return part;
            }
        }
        // Shares that add up to a hair less than 1.
        &self.parts[self.parts.len() - 1]
    }

    /// The part of a name.
    ///
    /// # Errors
    /// No such part.
    pub fn part(&self, name: &str) -> Result<&Part, DatasetError> {
        self.parts.iter().find(|part| part.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
            DatasetError::new(None, format!("the dataset has no part `{name}`"))
                .help(format!("there are: {}", known.join(", ")))
        })
    }

    /// Whether a case is in a sealed part.
    pub fn is_sealed(&self, case: &Case) -> bool {
        self.part_of(case).looks.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn case(id: &str, group: &str) -> Case {
        let mut case = Case { id: id.into(), weight: 1.0, ..Case::default() };
        case.inputs.insert("q".into(), json!(id));
        case.metadata.insert("source".into(), json!(group));
        case
    }

    fn plan(group: Option<&str>) -> SplitPlan {
        let sealed = ["holdout".to_owned()];
        SplitPlan::parse("dev=20%,test=0.5,holdout=0.3", &sealed, 3, group.map(str::to_owned), "qa".into()).unwrap()
    }

    #[test]
    fn shares_come_out_about_as_asked_for() {
        let cases: Vec<Case> = (0..20_000).map(|i| case(&i.to_string(), "")).collect();
        let (plan, mut counts) = (plan(None), BTreeMap::<&str, u64>::new());
        for case in &cases {
            *counts.entry(&plan.part_of(case).name).or_default() += 1;
        }
        for (part, share) in [("dev", 0.2), ("test", 0.5), ("holdout", 0.3)] {
            let sd = (20_000.0f64 * share * (1.0 - share)).sqrt();
            assert!((counts[part] as f64 - 20_000.0 * share).abs() < 4.0 * sd, "{counts:?}");
        }
    }

    proptest! {
        #[test]
        fn cases_of_a_group_stay_together(group in "[a-z]{1,8}", a in "[a-z]{1,8}", b in "[a-z]{1,8}") {
            let plan = plan(Some("source"));
            prop_assert_eq!(&plan.part_of(&case(&a, &group)).name, &plan.part_of(&case(&b, &group)).name);
        }

        #[test]
        fn any_text_is_a_plan_or_an_error(text in ".{0,40}") {
            let _ = SplitPlan::parse(&text, &[], 1, None, String::new());
        }
    }

    #[test]
    fn correcting_a_case_or_giving_it_a_cluster_of_its_own_does_not_move_it() {
        let plan = plan(None);
        for i in 0..200 {
            let before = case(&i.to_string(), "");
            let mut after = before.clone();
            after.inputs.insert("q".into(), json!("corrected"));
            after.cluster = Some(after.id.clone());
            assert_eq!(plan.part_of(&before).name, plan.part_of(&after).name);
        }
    }

    #[test]
    fn what_cannot_be_a_plan_is_refused() {
        for text in ["", "dev", "dev=2", "dev=0.5", "dev=0.5,dev=0.5", "dev=-1,test=2", "a=nan,b=1"] {
            assert!(SplitPlan::parse(text, &[], 1, None, String::new()).is_err(), "{text}");
        }
        assert!(SplitPlan::parse("a=1", &["b".into()], 1, None, String::new()).is_err());
    }
}
