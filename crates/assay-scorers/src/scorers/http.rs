//! `http`: a service scores the trial.
//!
//! It gets the trial as the JSON body of a POST (`output`, `expected`, `inputs`, `contexts`, `retrieved`,
//! `tool_calls`, `metadata`, `case_id`) and answers what a `python` scorer returns, as JSON. `${NAME}` in the URL and in
//! headers is replaced from the environment.

use std::collections::BTreeMap;

use assay_core::{Direction, Problem, problem};
use assay_models::client::Endpoint;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::registry::ScorerContext;
use crate::rule::{Scorer, fingerprint, long_form};
use crate::user::{self, Source, Terms};

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

/// Builds the scorer.
///
/// # Errors
/// Everything that is wrong with its parameters.
pub fn build(params: &Value, context: &ScorerContext) -> Result<Box<dyn Scorer>, Vec<Problem>> {
    let params: Http = problem::read(&long_form(params, MAIN), "").map_err(|problem| vec![problem])?;
    let terms = Terms::new(params.range, params.direction, params.timeout)?;
    let endpoint = Endpoint::new(&params.url, &params.headers, terms.timeout, &context.targets)
        .map_err(|problem| vec![problem])?;
    Ok(user::scorer(terms, fingerprint("http", 1, &json!(params)), endpoint))
}

#[async_trait]
impl Source for Endpoint {
    async fn score(&self, trial: Value) -> Result<Value, String> {
        self.post(&trial).await.map_err(|error| error.message)
    }
}
