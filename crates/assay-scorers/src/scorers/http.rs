//! `http`: a service scores the trial.
//!
//! It gets the trial as the JSON body of a POST (`output`, `expected`, `inputs`, `contexts`, `retrieved`,
//! `tool_calls`, `metadata`, `case_id`) and answers what a `python` scorer returns, as JSON. `${NAME}` in the URL and in
//! headers is replaced from the environment.

use std::collections::BTreeMap;
use std::time::Duration;

use assay_core::{Digest, Direction, Problem, Score, ScoreKind, problem};
use assay_models::client::Endpoint;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ScoreInput;
use crate::registry::ScorerContext;
use crate::rule::{Scorer, fingerprint, long_form, shorten};

/// The parameter that the short form sets.
pub const MAIN: &str = "url";

/// Parameters of `http`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where the service is.
    pub url: String,
    /// Headers of each request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The smallest and largest score; without it scores are 0 or 1.
    #[serde(default)]
    pub range: Option<(f64, f64)>,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// Seconds one score may take; 60 by default.
    #[serde(default)]
    pub timeout: Option<f64>,
}

struct HttpScorer {
    params: Http,
    endpoint: Endpoint,
    fingerprint: Digest,
}

/// Builds the scorer.
///
/// # Errors
/// Everything that is wrong with its parameters.
pub fn build(params: &Value, context: &ScorerContext) -> Result<Box<dyn Scorer>, Vec<Problem>> {
    let params: Http = problem::read(&long_form(params, MAIN), "").map_err(|problem| vec![problem])?;
    let timeout = Duration::try_from_secs_f64(params.timeout.unwrap_or(60.0))
        .map_err(|_| vec![Problem::new("/timeout", "not a number of seconds")])?;
    let endpoint =
        Endpoint::new(&params.url, &params.headers, timeout, &context.targets).map_err(|problem| vec![problem])?;
    let fingerprint = fingerprint("http", 1, &json!(params));
    Ok(Box::new(HttpScorer { params, endpoint, fingerprint }))
}

#[async_trait]
impl Scorer for HttpScorer {
    fn score_kind(&self) -> ScoreKind {
        self.params.range.map_or(ScoreKind::Binary, |(lo, hi)| ScoreKind::Bounded { lo, hi })
    }

    fn direction(&self) -> Direction {
        self.params.direction
    }

    fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    async fn score(&self, name: &str, input: &ScoreInput<'_>) -> Score {
        match self.endpoint.post(&input.trial()).await {
            Ok(result) => super::python::read(name, &result, self.params.range.unwrap_or((0.0, 1.0))),
            Err(error) => Score::error(name, shorten(&error.message)),
        }
    }
}
