//! What of the project can be named from here: suites to run, policies to release by.

use assay_home::project::{PolicyFile, SuiteFile};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Problem;
use crate::access::Access;
use crate::body::Data;
use crate::endpoint::{Call, Endpoint, get};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get(
            "/api/v1/suites/files",
            Access::Read,
            "suiteFiles",
            "Suite files of the project, as a run of the server takes them",
            suite_files,
        ),
        get(
            "/api/v1/policies",
            Access::Read,
            "policies",
            "Release policies, those that come with Assay and those of the project",
            policies,
        ),
    ]
}

/// A suite file of the project.
#[derive(Serialize, JsonSchema)]
pub struct SuiteFileItem {
    /// From the project's folder on: what `POST /jobs` takes as its `suite`.
    path: String,
    /// The suite's name; none when the text is no suite.
    suite: Option<String>,
    /// What is wrong with the text, by line. Datasets, targets and scorers are looked at when it runs.
    error: Option<String>,
}

async fn suite_files(call: Call) -> Result<Data<Vec<SuiteFileItem>>, Problem> {
    let app = call.app.clone();
    let found = call.app.blocking(move || Ok(app.home().suite_files())).await?;
    let item = |SuiteFile { path, suite, error }| SuiteFileItem { path, suite, error };
    Ok(Data(found.into_iter().map(item).collect()))
}

/// A release policy.
#[derive(Serialize, JsonSchema)]
pub struct PolicyItem {
    /// What `POST /releases` takes as its `policy`.
    name: String,
    /// The name that it gives itself; none when it is no policy.
    title: Option<String>,
    /// What it is for.
    why: Option<String>,
    /// Whether it comes with Assay.
    builtin: bool,
    /// What is wrong with it, by line.
    error: Option<String>,
}

async fn policies(call: Call) -> Result<Data<Vec<PolicyItem>>, Problem> {
    let app = call.app.clone();
    let found = call.app.blocking(move || Ok(app.home().policy_files())).await?;
    let item = |of: PolicyFile| PolicyItem {
        name: of.name,
        title: of.policy,
        why: of.description,
        builtin: of.builtin,
        error: of.error,
    };
    Ok(Data(found.into_iter().map(item).collect()))
}
