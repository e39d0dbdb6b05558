//! The policies that come with Assay. They are data: `packs/policies/`.

use std::path::Path;

use assay_suite::Diagnostics;

use crate::Policy;

macro_rules! policies {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../packs/policies/", $name, ".policy.yaml")))),+]
    };
}

/// Their names and texts, sorted by name.
pub const POLICIES: &[(&str, &str)] =
    policies!["agent", "anomaly-detection", "chat", "classification", "extraction", "forecasting", "rag", "ranking",];

/// The text of a policy.
pub fn text(name: &str) -> Option<&'static str> {
    POLICIES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Every policy with its text.
///
/// # Errors
/// One that is not valid, which a test excludes.
pub fn all() -> Result<Vec<(Policy, &'static str)>, Box<Diagnostics>> {
    POLICIES
        .iter()
        .map(|(name, text)| Ok((Policy::from_text(text, Path::new(&format!("{name}.policy.yaml")))?, *text)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Risk;

    #[test]
    fn every_policy_is_valid_and_says_why() {
        let validator = jsonschema::validator_for(&crate::policy::schema()).unwrap();
        for ((name, text), (policy, _)) in POLICIES.iter().zip(all().unwrap()) {
            assert_eq!(*name, policy.policy);
            let (value, _) = assay_suite::Source::parse(Path::new(name), (*text).to_owned()).unwrap();
            let faults: Vec<String> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{name}: {faults:?}");
            assert!(policy.description.is_some(), "{name}");
            for requirement in policy.require.iter().chain(policy.stages.iter().flat_map(|stage| &stage.require)) {
                assert!(requirement.why.is_some(), "{name}: {} has no reason", requirement.id());
            }
            // What must not break, and what would do harm, is asked for whatever the change is.
            for change in crate::Change::ALL {
                assert!(!policy.required(&[change].into(), Risk::Low, 0).is_empty(), "{name}: {change:?}");
            }
            assert!(policy.approvals(Risk::High).count > policy.approvals(Risk::Low).count, "{name}");
        }
    }
}
