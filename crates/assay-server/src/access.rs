//! Who may do what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What somebody is in a workspace. Several add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
// Other types of this name are in the document, too.
#[schemars(rename = "UserRole")]
pub enum Role {
    /// Sees runs, datasets, judges and releases.
    Viewer,
    /// Rates answers; sees no target and no score, so that ratings stay blind.
    Rater,
    /// Runs suites, changes datasets, opens and evaluates releases.
    Engineer,
    /// Decides on releases.
    Approver,
    /// Reads the audit log and takes evidence away.
    Auditor,
    /// Lets people in. Does not decide on releases.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [Self::Viewer, Self::Rater, Self::Engineer, Self::Approver, Self::Auditor, Self::Admin];
}

/// What an endpoint needs of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Nothing.
    Public,
    /// To be logged in.
    Anyone,
    /// To look.
    Read,
    /// To rate answers.
    Rate,
    /// To run, change and propose.
    Work,
    /// To decide on releases.
    Decide,
    /// To see cases of a sealed part, for a reason that goes on record.
    Unseal,
    /// To take evidence away.
    Evidence,
    /// To read the audit log.
    Audit,
    /// To let people in.
    Administer,
}

impl Access {
    /// Whether somebody with these roles may. The whole matrix is this function.
    pub fn allows(self, roles: &[Role]) -> bool {
        let one_of = |of: &[Role]| roles.iter().any(|role| of.contains(role));
        match self {
            Self::Public => true,
            Self::Anyone => !roles.is_empty(),
            Self::Read => one_of(&[Role::Viewer, Role::Engineer, Role::Approver, Role::Auditor, Role::Admin]),
            Self::Rate => one_of(&[Role::Rater]),
            Self::Work => one_of(&[Role::Engineer]),
            Self::Decide => one_of(&[Role::Approver]),
            Self::Unseal => one_of(&[Role::Engineer, Role::Approver, Role::Auditor]),
            Self::Evidence => one_of(&[Role::Engineer, Role::Approver, Role::Auditor, Role::Admin]),
            Self::Audit => one_of(&[Role::Auditor, Role::Admin]),
            Self::Administer => one_of(&[Role::Admin]),
        }
    }
}
