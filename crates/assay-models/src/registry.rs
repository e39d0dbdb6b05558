//! Every kind of target: one line each, so that adding one is adding a file and a line.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use assay_core::problem::{did_you_mean, pointer_step};
use assay_core::{Digest, Problem, problem};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::rates::SeenRates;
use crate::target::{BuildContext, PerMinute, Price, Problems, Target, Traits};

type Build = fn(&Config, &BuildContext) -> Result<Arc<dyn Target>, Problems>;

/// A kind of target.
pub struct TargetKind {
    /// The key in a suite.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The field that the short form (`openai: gpt-5`) sets.
    pub main: &'static str,
    schema: fn() -> Value,
    build: Build,
}

/// Every kind.
pub fn kinds() -> &'static [TargetKind] {
    use crate::{anthropic, chat, command, gemini, http, local, openai, python};
    macro_rules! kind {
        ($name:literal, $main:literal, $config:ty, $build:path, $summary:literal) => {
            TargetKind {
                name: $name,
                summary: $summary,
                main: $main,
                schema: || schemars::schema_for!($config).to_value(),
                build: $build,
            }
        };
    }
    const KINDS: &[TargetKind] = &[
        kind!("anthropic", "model", chat::Chat, anthropic::build, "Anthropic's messages API"),
        kind!("command", "argv", command::Command, command::build, "a program: JSON in, JSON or text out"),
        kind!("echo", "text", local::Echo, local::build_echo, "a template as the answer, for dry runs"),
        kind!("gemini", "model", chat::Chat, gemini::build, "Google's Gemini API"),
        kind!("http", "url", http::Http, http::build, "any HTTP application, by template and JSONPath"),
        kind!("openai", "model", chat::Chat, openai::build, "any OpenAI-compatible chat completions server"),
        kind!(
            "python",
            "function",
            python::Python,
            python::build,
            "a Python function in worker processes, or of the process that runs the command"
        ),
        kind!("recorded", "output", local::Recorded, local::build_recorded, "outputs that the dataset already holds"),
    ];
    KINDS
}

/// What every target that leaves this process may be given.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Remote {
    /// Seconds one attempt may take; 60 by default.
    pub timeout: Option<f64>,
    /// Further attempts after a transient failure; 4 by default.
    pub retries: Option<u32>,
    /// Seconds after which a call that is not answered is made a second time; the first answer counts. Both are paid for.
    /// Never, by default.
    pub hedge_after: Option<f64>,
    /// Calls in flight at once on this account.
    pub max_concurrency: Option<usize>,
    /// Requests a minute on this account.
    pub requests_per_minute: Option<f64>,
    /// Tokens a minute, read and written, on this account.
    pub tokens_per_minute: Option<f64>,
    /// HTTP headers; `${NAME}` is replaced from the environment and never stored.
    pub headers: BTreeMap<String, String>,
    /// Whether answers may come from the cache.
    pub cache: Option<bool>,
    /// Dollars per million tokens.
    pub price: Option<Price>,
    /// Get the answers by the provider's batch API: half the price, within a day (`openai` and `anthropic`).
    pub batch: bool,
}

/// Kinds whose provider has a batch API.
const BATCHES: [&str; 2] = ["anthropic", "openai"];

const REMOTE_KEYS: [&str; 10] = [
    "timeout",
    "retries",
    "hedge_after",
    "max_concurrency",
    "requests_per_minute",
    "tokens_per_minute",
    "headers",
    "cache",
    "price",
    "batch",
];

/// A target's configuration, short and long form made one, with the place of every key.
pub struct Config {
    kind: &'static str,
    fields: Map<String, Value>,
    places: BTreeMap<String, String>,
    /// Options of every remote target.
    pub remote: Remote,
}

impl Config {
    /// Reads the kind's own fields.
    ///
    /// # Errors
    /// What does not fit, at its place in the suite.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problems> {
        problem::read(&Value::Object(self.fields.clone()), "").map_err(|problem| {
            let mut problem = self.place(problem);
            let unknown = problem.message.strip_prefix("unknown key `").and_then(|rest| rest.strip_suffix('`'));
            if let Some(near) = unknown.and_then(|word| did_you_mean(word, REMOTE_KEYS)) {
                problem.help = Some(format!("did you mean `{near}`?"));
            }
            vec![problem]
        })
    }

    /// A problem of one of the kind's fields, moved to where the field stands.
    pub fn place(&self, mut problem: Problem) -> Problem {
        let first = problem.at.trim_start_matches('/').split('/').next().unwrap_or_default();
        let word = problem.message.split('`').nth(1).unwrap_or_default();
        let under = self
            .places
            .get(first)
            // An unknown key is reported for the object that holds it: point at the key itself.
            .map(|place| (place.clone(), ""))
            .or_else(|| self.places.get(word).map(|place| (place.clone(), word)));
        match under {
            Some((place, "")) => problem.at.insert_str(0, &place),
            Some((place, word)) => problem.at = format!("{place}/{}", pointer_step(word)),
            None => problem.at = format!("/{}{}", self.kind, problem.at),
        }
        problem
    }

    /// The digest that identifies the target: everything but what only changes how calls are made.
    pub fn fingerprint(&self, extra: &Value) -> Digest {
        Digest::of_json(&json!({
            "kind": self.kind,
            "version": 1,
            "config": self.fields,
            "headers": self.remote.headers,
            "extra": extra,
        }))
    }

    /// The deadline of one attempt.
    pub fn timeout(&self) -> Duration {
        Duration::try_from_secs_f64(self.remote.timeout.unwrap_or(60.0)).unwrap_or(Duration::from_secs(60))
    }

    /// How calls of a remote target are treated.
    pub fn traits(&self, account: String, cacheable: bool, extra: &Value) -> Traits {
        Traits {
            fingerprint: self.fingerprint(extra),
            account,
            cacheable: self.remote.cache.unwrap_or(cacheable),
            remote: true,
            max_concurrency: self.remote.max_concurrency,
            timeout: self.timeout(),
            retries: self.remote.retries.unwrap_or(4),
            hedge_after: self.remote.hedge_after.and_then(|after| Duration::try_from_secs_f64(after).ok()),
            price: self.remote.price,
            max_output_tokens: None,
            per_minute: PerMinute { requests: self.remote.requests_per_minute, tokens: self.remote.tokens_per_minute },
            rates: SeenRates::default(),
        }
    }
}

/// A target ready to be called.
#[derive(Clone)]
pub struct Built {
    /// Its kind.
    pub kind: &'static str,
    /// The target.
    pub target: Arc<dyn Target>,
    /// Its configuration in the long form, as a run records it; secrets are references here.
    pub config: Value,
}

/// Builds a target from its entry in a suite (without `name`).
///
/// # Errors
/// Everything that is wrong, with JSON pointers into the entry.
pub fn build(entry: &Value, context: &BuildContext) -> Result<Built, Problems> {
    let (kind, read, config) = read(entry)?;
    Ok(Built { kind: kind.name, target: (kind.build)(&read, context)?, config })
}

/// Builds an embedder from an entry such as `openai: MODEL`, with the same keys.
///
/// # Errors
/// As [`build`], and a kind that has no embeddings.
pub fn build_embedder(entry: &Value, context: &BuildContext) -> Result<Built, Problems> {
    let (kind, read, config) = read(entry)?;
    if kind.name != "openai" {
        let message = format!("`{}` gives no embeddings", kind.name);
        return Err(vec![
            Problem::new(format!("/{}", kind.name), message)
                .help("`openai: MODEL`, with `base_url` for any compatible server"),
        ]);
    }
    Ok(Built { kind: kind.name, target: crate::embeddings::build(&read, context)?, config })
}

/// The kind of an entry and its configuration, short and long form made one.
fn read(entry: &Value) -> Result<(&'static TargetKind, Config, Value), Problems> {
    let Some(fields) = entry.as_object() else {
        return Err(vec![Problem::new("", "a target is a set of keys, such as `openai: MODEL`")]);
    };
    let names = || kinds().iter().map(|kind| kind.name);
    let found: Vec<&TargetKind> = kinds().iter().filter(|kind| fields.contains_key(kind.name)).collect();
    let kind = match found.as_slice() {
        [kind] => *kind,
        [] => {
            let list = names().collect::<Vec<_>>().join(", ");
            let near = fields.keys().find_map(|key| did_you_mean(key, names()).map(|near| (key, near)));
            return Err(vec![match near {
                Some((key, near)) => {
                    Problem::new(format!("/{}", pointer_step(key)), format!("there is no kind of target `{key}`"))
                        .help(format!("did you mean `{near}`?"))
                }
                None => Problem::new("", "the target has no kind").help(format!("one of: {list}")),
            }]);
        }
        [first, second, ..] => {
            let message = format!("a target is one kind, this is `{}` and `{}`", first.name, second.name);
            return Err(vec![Problem::new(format!("/{}", second.name), message)]);
        }
    };
    let mut merged = Map::new();
    let mut places = BTreeMap::new();
    match &fields[kind.name] {
        Value::Object(inner) => {
            for (key, value) in inner {
                merged.insert(key.clone(), value.clone());
                places.insert(key.clone(), format!("/{}", kind.name));
            }
        }
        Value::Null => {}
        main => {
            merged.insert(kind.main.to_owned(), main.clone());
        }
    }
    for (key, value) in fields {
        if key == kind.name {
            continue;
        }
        if merged.contains_key(key) {
            let message = format!("`{key}` stands both here and inside `{}`", kind.name);
            return Err(vec![Problem::new(format!("/{}", pointer_step(key)), message)]);
        }
        merged.insert(key.clone(), value.clone());
        places.insert(key.clone(), String::new());
    }
    let config = Value::Object(merged.clone());
    let (remote, own): (Map<_, _>, Map<_, _>) =
        merged.into_iter().partition(|(key, _)| REMOTE_KEYS.contains(&key.as_str()));
    let mut read = Config { kind: kind.name, fields: own, places, remote: Remote::default() };
    read.remote = problem::read(&Value::Object(remote), "").map_err(|problem| vec![read.place(problem)])?;
    for (key, rate) in
        [("requests_per_minute", read.remote.requests_per_minute), ("tokens_per_minute", read.remote.tokens_per_minute)]
    {
        if rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
            return Err(vec![read.place(Problem::new(format!("/{key}"), format!("`{key}` must be above 0")))]);
        }
    }
    if read.remote.batch {
        let streams = |fields: &Map<String, Value>| fields.get("stream").is_some_and(|stream| *stream == json!(true));
        let message = if !BATCHES.contains(&kind.name) {
            Some(format!(
                "`batch` is for {}: `{}` has no batch API",
                BATCHES.map(|k| format!("`{k}`")).join(" and "),
                kind.name
            ))
        } else if streams(&read.fields) || read.fields.get("extra").and_then(Value::as_object).is_some_and(streams) {
            Some("`batch` and `stream` exclude each other: an answer by batch comes as a whole".to_owned())
        } else {
            None
        };
        if let Some(message) = message {
            return Err(vec![read.place(Problem::new("/batch", message))]);
        }
    }
    Ok((kind, read, json!({ kind.name: config })))
}

/// The JSON Schema of one target entry.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let mut lift = |mut schema: Value| {
        if let Some(Value::Object(inner)) = schema.as_object_mut().and_then(|schema| schema.remove("$defs")) {
            definitions.extend(inner);
        }
        schema
    };
    let remote = lift(schemars::schema_for!(Remote).to_value());
    let alternatives: Vec<Value> = kinds()
        .iter()
        .map(|kind| {
            let config = lift((kind.schema)());
            let mut inner = config["properties"].as_object().cloned().unwrap_or_default();
            inner.extend(remote["properties"].as_object().cloned().unwrap_or_default());
            if !BATCHES.contains(&kind.name) {
                inner.remove("batch");
            }
            let mut properties = inner.clone();
            properties.insert("name".into(), json!({"type": "string", "description": "The target's name."}));
            let short = inner.get(kind.main).cloned().unwrap_or(json!({}));
            properties.insert(
                kind.name.into(),
                json!({"description": kind.summary, "anyOf": [short, {"type": "object", "properties": inner, "additionalProperties": false}]}),
            );
            json!({"type": "object", "required": [kind.name], "properties": properties, "additionalProperties": false})
        })
        .collect();
    json!({"description": "What is evaluated.", "oneOf": alternatives, "$defs": definitions})
}

/// Replaces `${NAME}` by environment variables.
///
/// # Errors
/// The name of a variable that is not set.
pub fn expand_environment(text: &str) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(end) = rest[start..].find('}') else { break };
        let name = &rest[start + 2..start + end];
        expanded.push_str(&rest[..start]);
        expanded.push_str(&std::env::var(name).map_err(|_| name.to_owned())?);
        rest = &rest[start + end + 1..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}
