//! Calls of models by commands that are no run: under a budget, with the limits and retries that a run has.

use std::path::Path;
use std::sync::Arc;

use assay_core::run::{Budget as Limits, Totals};
use assay_datasets::Dataset;
use assay_engine::budget::Budget;
use assay_engine::gateway::{Gateway, TrialCaller};
use assay_engine::prepare::guarded_dataset;
use assay_models::{BuildContext, Built};
use assay_report::plain;
use clap::Args;
use serde_json::Value;

use assay_home::Failure;
use assay_home::usage;

/// Calls in flight at once, unless the model's own entry allows fewer.
pub const CONCURRENCY: usize = 8;

/// What calls may cost.
#[derive(Args)]
pub struct CallLimits {
    /// At most this many dollars; no call is made that could exceed it.
    #[arg(long, value_name = "USD")]
    max_usd: Option<f64>,
    /// At most this many calls, retries included.
    #[arg(long, value_name = "N", default_value_t = 200)]
    max_calls: u64,
    /// Refuse every call off this machine.
    #[arg(long)]
    offline: bool,
}

impl CallLimits {
    /// The most calls.
    pub const fn most(&self) -> u64 {
        self.max_calls
    }
}

/// A model with what its calls may cost.
pub struct Model {
    /// The model.
    pub built: Built,
    gateway: Gateway,
}

impl CallLimits {
    /// A model as a suite writes its targets, such as `{openai: gpt-5-mini, base_url: …}`, to be given cases of a dataset.
    pub async fn model(
        &self,
        text: &str,
        option: &str,
        build: fn(&Value, &BuildContext) -> Result<Built, assay_models::Problems>,
        dataset: &Dataset,
    ) -> Result<Model, Failure> {
        let wrong = |problem: &assay_core::Problem| {
            let help = problem.help.as_ref().map_or_else(String::new, |help| format!(" (help: {help})"));
            usage(plain(&format!("{option}: {}{help}", problem.message), 600))
        };
        let entry = match assay_suite::Source::parse(Path::new(option), text.to_owned()) {
            Ok((value, _)) => value,
            Err((problems, _)) => {
                return Err(problems.first().map_or_else(|| usage(format!("{option} cannot be read")), wrong));
            }
        };
        let guarded = guarded_dataset(dataset).into_iter().collect();
        let context = BuildContext { offline: self.offline, guarded, ..BuildContext::default() };
        let built = build(&entry, &context)
            .map_err(|problems| problems.first().map_or_else(|| usage(format!("{option} cannot be built")), wrong))?;
        let traits = built.target.traits();
        if self.max_usd.is_some() && traits.remote && traits.price.is_none() {
            return Err(usage(format!(
                "--max-usd cannot be kept: no price of this model is known; add `price: {{input: …, output: …}}` \
                 (dollars per million tokens) to {option}"
            )));
        }
        built.target.preflight().await?;
        let limits = Limits { usd: self.max_usd, calls: Some(self.max_calls), ..Limits::default() };
        let gateway = Gateway::new(CONCURRENCY, Arc::new(Budget::new(&limits, &Totals::default())), None);
        Ok(Model { built, gateway })
    }
}

impl Model {
    /// Who makes the calls.
    pub const fn caller(&self) -> TrialCaller<'_> {
        TrialCaller { gateway: &self.gateway, purse: None }
    }
}
