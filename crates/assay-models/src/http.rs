//! Any HTTP application: a template in, JSONPath out.

use std::sync::Arc;

use assay_core::{Case, ErrorKind, Finish, Money, Output, Passage, Problem, Template, ToolCall};
use async_trait::async_trait;
use reqwest::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_json_path::JsonPath;

use crate::client::Endpoint;
use crate::registry::Config;
use crate::target::{BuildContext, CallError, Problems, Reply, Target, Traits};

/// An HTTP application.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where it is; `${NAME}` is replaced from the environment.
    pub url: String,
    /// POST by default.
    #[serde(default = "post")]
    pub method: String,
    /// The JSON body; texts in it are templates. The inputs by default.
    #[serde(default)]
    pub body: Option<Value>,
    /// Where the parts of the answer are.
    #[serde(default)]
    pub response: Paths,
}

fn post() -> String {
    "POST".into()
}

/// JSONPath (RFC 9535) of each part of the answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Paths {
    /// The answer; by default the whole body when it is a text, else `$.output`.
    pub output: Option<String>,
    /// Retrieved contexts.
    pub contexts: Option<String>,
    /// Tool calls.
    pub tool_calls: Option<String>,
    /// Tokens read.
    pub input_tokens: Option<String>,
    /// Tokens written.
    pub output_tokens: Option<String>,
    /// Cost in dollars.
    pub cost_usd: Option<String>,
    /// The application's version.
    pub version: Option<String>,
    /// The response header that names the application's version.
    pub version_header: Option<String>,
    /// Why the answer ended.
    pub finish_reason: Option<String>,
}

struct HttpTarget {
    endpoint: Endpoint,
    method: Method,
    body: Option<Body>,
    paths: Vec<(&'static str, JsonPath)>,
    version_header: Option<String>,
    traits: Traits,
}

/// The body with its texts compiled.
enum Body {
    Text(Template),
    Items(Vec<Body>),
    Fields(Vec<(String, Body)>),
    Plain(Value),
}

impl Body {
    fn compile(value: &Value, at: &str) -> Result<Self, Problem> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::new(text).map_err(|error| Problem::new(at, error.message))?),
            Value::Array(items) => Self::Items(
                items
                    .iter()
                    .enumerate()
                    .map(|(i, v)| Self::compile(v, &format!("{at}/{i}")))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(fields) => Self::Fields(
                fields
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), Self::compile(value, &format!("{at}/{key}"))?)))
                    .collect::<Result<_, Problem>>()?,
            ),
            plain => Self::Plain(plain.clone()),
        })
    }

    fn render(&self, variables: &Map<String, Value>) -> Result<Value, CallError> {
        Ok(match self {
            Self::Text(template) => {
                template.evaluate(variables).map_err(|error| CallError::new(ErrorKind::Template, error.message))?
            }
            Self::Items(items) => {
                Value::Array(items.iter().map(|item| item.render(variables)).collect::<Result<_, _>>()?)
            }
            Self::Fields(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, body)| Ok((key.clone(), body.render(variables)?)))
                    .collect::<Result<_, CallError>>()?,
            ),
            Self::Plain(value) => value.clone(),
        })
    }

    fn variables(&self, found: &mut Vec<String>) {
        match self {
            Self::Text(template) => found.extend(template.variables()),
            Self::Items(items) => items.iter().for_each(|item| item.variables(found)),
            Self::Fields(fields) => fields.iter().for_each(|(_, body)| body.variables(found)),
            Self::Plain(_) => {}
        }
    }
}

/// Builds an `http` target.
///
/// # Errors
/// Everything that is wrong with its configuration.
pub fn build(config: &Config, context: &BuildContext) -> Result<Arc<dyn Target>, Problems> {
    let http: Http = config.read()?;
    let fail = |problem: Problem| vec![config.place(problem)];
    let method = Method::from_bytes(http.method.to_ascii_uppercase().as_bytes())
        .map_err(|_| fail(Problem::new("/method", format!("`{}` is not a method", http.method))))?;
    let body = http.body.as_ref().map(|body| Body::compile(body, "/body")).transpose().map_err(fail)?;
    let r = &http.response;
    let declared = [
        ("output", &r.output),
        ("contexts", &r.contexts),
        ("tool_calls", &r.tool_calls),
        ("input_tokens", &r.input_tokens),
        ("output_tokens", &r.output_tokens),
        ("cost_usd", &r.cost_usd),
        ("version", &r.version),
        ("finish_reason", &r.finish_reason),
    ];
    let mut paths = Vec::new();
    for (name, path) in declared {
        if let Some(path) = path {
            let parsed = JsonPath::parse(path).map_err(|error| {
                let message = format!("`{path}` is not a JSONPath: {error}");
                fail(Problem::new(format!("/response/{name}"), message))
            })?;
            paths.push((name, parsed));
        }
    }
    let timeout = config.traits(String::new(), false, &Value::Null).timeout;
    let endpoint = Endpoint::new(&http.url, &config.remote.headers, timeout, context).map_err(fail)?;
    let mut traits = config.traits(endpoint.account("http"), false, &Value::Null);
    traits.rates = endpoint.rates().clone();
    Ok(Arc::new(HttpTarget { endpoint, method, body, paths, version_header: r.version_header.clone(), traits }))
}

#[async_trait]
impl Target for HttpTarget {
    fn traits(&self) -> &Traits {
        &self.traits
    }

    fn prepare(&self, case: &Case) -> Result<Value, CallError> {
        match &self.body {
            Some(body) => body.render(&case.target_variables()),
            None => Ok(Value::Object(case.inputs.clone())),
        }
    }

    fn template_variables(&self) -> Vec<(String, String)> {
        let mut names = Vec::new();
        if let Some(body) = &self.body {
            body.variables(&mut names);
        }
        names.into_iter().map(|name| (name, "/body".to_owned())).collect()
    }

    async fn call(&self, payload: &Value) -> Result<Reply, CallError> {
        let body = (self.method != Method::GET).then_some(payload);
        let response = self.endpoint.send(self.method.clone(), body).await?;
        let header = self
            .version_header
            .as_ref()
            .and_then(|name| response.headers().get(name)?.to_str().ok().map(str::to_owned));
        let bytes = self.endpoint.body(response).await?;
        let answer: Value = match serde_json::from_slice(&bytes) {
            Ok(value) => value,
            // A plain text is an answer when nothing is to be found inside it.
            Err(_) if self.paths.is_empty() => Value::String(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => {
                let start = crate::client::printable(&String::from_utf8_lossy(&bytes), 200);
                return Err(CallError::new(
                    ErrorKind::BadResponse,
                    format!("the answer is not JSON ({error}): {start}"),
                ));
            }
        };
        let mut output = self.read(&answer).map_err(|message| CallError::new(ErrorKind::BadResponse, message))?;
        output.version = output.version.or(header);
        Ok(Reply { output, ttft: None })
    }
}

impl HttpTarget {
    fn find<'a>(&self, name: &str, answer: &'a Value) -> Option<Vec<&'a Value>> {
        let (_, path) = self.paths.iter().find(|(known, _)| *known == name)?;
        Some(path.query(answer).all())
    }

    fn first<'a>(&self, name: &str, answer: &'a Value) -> Option<&'a Value> {
        self.find(name, answer)?.into_iter().next()
    }

    fn read(&self, answer: &Value) -> Result<Output, String> {
        let mut output = match (self.find("output", answer), answer) {
            (Some(found), _) => match found.as_slice() {
                [] => return Err("`response.output` finds nothing in the answer".into()),
                [one] => Output { value: (*one).clone(), ..Output::default() },
                many => Output { value: Value::Array(many.iter().copied().cloned().collect()), ..Output::default() },
            },
            (None, other) => Output::from_reply(other.clone())?,
        };
        // A path to a list and a path to its items mean the same.
        let list = |found: Vec<&Value>| match found.as_slice() {
            [Value::Array(items)] => items.clone(),
            items => items.iter().copied().cloned().collect(),
        };
        if let Some(found) = self.find("contexts", answer) {
            let passages: Option<Vec<_>> = list(found).iter().map(Passage::from_value).collect();
            output.contexts = Some(passages.ok_or("`response.contexts` does not find texts or objects")?);
        }
        if let Some(found) = self.find("tool_calls", answer) {
            output.tool_calls = list(found).iter().map(ToolCall::from_value).collect::<Result<_, _>>()?;
        }
        let number = |name: &str| self.first(name, answer).and_then(Value::as_u64);
        output.usage.input_tokens = number("input_tokens").or(output.usage.input_tokens);
        output.usage.output_tokens = number("output_tokens").or(output.usage.output_tokens);
        if let Some(cost) = self.first("cost_usd", answer).and_then(Value::as_f64) {
            output.cost = Some(Money::from_dollars(cost));
        }
        if let Some(version) = self.first("version", answer).and_then(Value::as_str) {
            output.version = Some(version.to_owned());
        }
        if let Some(reason) = self.first("finish_reason", answer).and_then(Value::as_str) {
            output.finish = Some(Finish::from_reason(reason));
        }
        Ok(output)
    }
}
