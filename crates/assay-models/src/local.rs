//! Answers that are at hand: recorded outputs and echo.

use std::sync::Arc;
use std::time::Duration;

use assay_core::{Case, ErrorKind, Output, Problem, Template};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::registry::Config;
use crate::target::{BuildContext, CallError, Problems, Reply, Target, Traits};

/// An output that the dataset already holds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The name of the recorded output.
    #[serde(default = "output")]
    pub output: String,
}

fn output() -> String {
    "output".into()
}

/// A template as the answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Echo {
    /// The template; the single input by default.
    #[serde(default)]
    pub text: Option<String>,
}

fn local(config: &Config) -> Traits {
    Traits { remote: false, timeout: Duration::MAX, retries: 0, ..config.traits("local".into(), false, &Value::Null) }
}

struct RecordedTarget {
    output: String,
    traits: Traits,
}

/// Builds a `recorded` target.
///
/// # Errors
/// Everything that is wrong with its configuration.
pub fn build_recorded(config: &Config, _: &BuildContext) -> Result<Arc<dyn Target>, Problems> {
    let Recorded { output } = config.read()?;
    Ok(Arc::new(RecordedTarget { output, traits: local(config) }))
}

#[async_trait]
impl Target for RecordedTarget {
    fn traits(&self) -> &Traits {
        &self.traits
    }

    fn prepare(&self, case: &Case) -> Result<Value, CallError> {
        case.recorded.get(&self.output).cloned().ok_or_else(|| {
            let message = format!("case `{}` has no recorded output `{}`", case.id, self.output);
            CallError::new(ErrorKind::Missing, message)
        })
    }

    async fn call(&self, payload: &Value) -> Result<Reply, CallError> {
        // A recorded object without `output` is a structured answer, not a malformed reply.
        let output = match payload {
            Value::Object(fields) if !fields.contains_key("output") => {
                Output { value: payload.clone(), ..Output::default() }
            }
            _ => Output::from_reply(payload.clone()).map_err(|e| CallError::new(ErrorKind::BadResponse, e))?,
        };
        Ok(Reply { output, ttft: None })
    }
}

struct EchoTarget {
    template: Option<Template>,
    traits: Traits,
}

/// Builds an `echo` target.
///
/// # Errors
/// Everything that is wrong with its configuration.
pub fn build_echo(config: &Config, _: &BuildContext) -> Result<Arc<dyn Target>, Problems> {
    let Echo { text } = config.read()?;
    let template = text
        .map(|text| Template::new(&text))
        .transpose()
        .map_err(|error| vec![config.place(Problem::new("/text", error.message))])?;
    Ok(Arc::new(EchoTarget { template, traits: local(config) }))
}

#[async_trait]
impl Target for EchoTarget {
    fn traits(&self) -> &Traits {
        &self.traits
    }

    fn prepare(&self, case: &Case) -> Result<Value, CallError> {
        match (&self.template, case.inputs.len(), case.inputs.values().next()) {
            (Some(template), ..) => template
                .evaluate(case.target_variables())
                .map_err(|error| CallError::new(ErrorKind::Template, error.message)),
            (None, 1, Some(value)) => Ok(value.clone()),
            _ => Ok(Value::String(Value::Object(case.inputs.clone()).to_string())),
        }
    }

    async fn call(&self, payload: &Value) -> Result<Reply, CallError> {
        Ok(Reply { output: Output { value: payload.clone(), ..Output::default() }, ttft: None })
    }

    fn template_variables(&self) -> Vec<(String, String)> {
        let names = self.template.iter().flat_map(Template::variables);
        names.map(|name| (name, "/echo".to_owned())).collect()
    }
}
