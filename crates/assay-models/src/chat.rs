//! What chat models share: prompts, parameters, payloads.

use assay_core::{Case, ErrorKind, Problem, Template};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::client::Endpoint;
use crate::registry::Config;
use crate::target::{BuildContext, CallError, Price, Problems, Traits};

/// A chat model: which one, what it is asked, with which parameters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// The model's id.
    pub model: String,
    /// The server; the provider's own by default.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The environment variable that holds the key.
    #[serde(default)]
    pub api_key_env: Option<String>,
    /// One user message, a template.
    #[serde(default)]
    pub prompt: Option<String>,
    /// Messages with templates as contents.
    #[serde(default)]
    pub messages: Option<Vec<Message>>,
    /// The system message, a template.
    #[serde(default)]
    pub system: Option<String>,
    /// Stream the answer, which measures the time to the first token.
    #[serde(default)]
    pub stream: bool,
    /// Sampling temperature.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(default)]
    pub top_p: Option<f64>,
    /// The most tokens an answer may have.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// Seed, where the provider has one.
    #[serde(default)]
    pub seed: Option<i64>,
    /// Texts that end the answer.
    #[serde(default)]
    pub stop: Option<Vec<String>>,
    /// Tools in OpenAI's format.
    #[serde(default)]
    pub tools: Option<Vec<Value>>,
    /// Which tool must or may be called, in the provider's format.
    #[serde(default)]
    pub tool_choice: Option<Value>,
    /// A JSON Schema the answer must follow.
    #[serde(default)]
    pub response_schema: Option<Value>,
    /// Ask for token log-probabilities.
    #[serde(default)]
    pub logprobs: bool,
    /// Any further fields of the request body.
    #[serde(default)]
    pub extra: Map<String, Value>,
}

/// One message.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// A template.
    pub content: String,
}

/// What a provider adds: where it is and how its key travels.
pub struct Provider {
    /// The kind of target.
    pub kind: &'static str,
    /// The server when none is configured.
    pub base_url: &'static str,
    /// The environment variable that may name another server.
    pub base_url_env: &'static str,
    /// The environment variable that holds the key.
    pub key_env: &'static str,
    /// The header that carries the key.
    pub key_header: &'static str,
    /// What stands before the key.
    pub key_prefix: &'static str,
}

/// A chat model ready to be called: its endpoint, its templates, its traits.
pub struct Prepared {
    /// The configuration.
    pub chat: Chat,
    /// Where calls go.
    pub endpoint: Endpoint,
    /// How calls are treated.
    pub traits: Traits,
    /// Roles and templates.
    messages: Vec<(String, Template)>,
    system: Option<Template>,
    key_missing: Option<String>,
}

impl Prepared {
    /// Reads the configuration and compiles its templates; `path` is added to the server's URL.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn new(
        config: &Config,
        context: &BuildContext,
        provider: &Provider,
        path: impl Fn(&Chat) -> String,
    ) -> Result<Self, Problems> {
        let chat: Chat = config.read()?;
        let mut problems = Vec::new();
        let mut compile = |at: String, text: &str| match Template::new(text) {
            Ok(template) => Some(template),
            Err(error) => {
                problems.push(config.place(Problem::new(at, error.message)));
                None
            }
        };
        let mut messages = Vec::new();
        for (i, message) in chat.messages.iter().flatten().enumerate() {
            if let Some(template) = compile(format!("/messages/{i}/content"), &message.content) {
                messages.push((message.role.clone(), template));
            }
        }
        if let Some(prompt) = &chat.prompt
            && let Some(template) = compile("/prompt".into(), prompt)
        {
            messages.push(("user".to_owned(), template));
        }
        let system = chat.system.as_ref().and_then(|text| compile("/system".into(), text));
        if !problems.is_empty() {
            return Err(problems);
        }
        let base = chat
            .base_url
            .clone()
            .or_else(|| std::env::var(provider.base_url_env).ok().filter(|url| !url.is_empty()))
            .unwrap_or_else(|| provider.base_url.to_owned());
        let url = format!("{}{}", base.trim_end_matches('/'), path(&chat));
        let timeout = config.traits(String::new(), true, &Value::Null).timeout;
        let mut endpoint = Endpoint::new(&url, &config.remote.headers, timeout, context).map_err(|mut problem| {
            problem.at = problem.at.replace("/url", "/base_url");
            vec![config.place(problem)]
        })?;
        let variable = chat.api_key_env.clone().unwrap_or_else(|| provider.key_env.to_owned());
        let mut key_missing = None;
        match std::env::var(&variable).ok().filter(|key| !key.trim().is_empty()) {
            Some(key) => endpoint.secret(provider.key_header, &format!("{}{}", provider.key_prefix, key.trim())),
            None if endpoint.is_local() || !config.remote.headers.is_empty() => {}
            None => key_missing = Some(variable),
        }
        let mut traits = config.traits(endpoint.account(provider.kind), true, &Value::String(base));
        traits.max_output_tokens = chat.max_tokens;
        traits.price = traits.price.or_else(|| context.prices.get(&chat.model).copied()).or_else(|| {
            if endpoint.is_local() {
                Some(Price { input: 0.0, output: 0.0, cached_input: None })
            } else {
                crate::prices::look_up(&chat.model)
            }
        });
        Ok(Self { chat, endpoint, traits, messages, system, key_missing })
    }

    /// The payload for a case.
    ///
    /// # Errors
    /// A template that cannot be rendered.
    pub fn payload(&self, case: &Case) -> Result<Value, CallError> {
        let variables = case.target_variables();
        let render = |template: &Template| {
            template.render(&variables).map_err(|error| CallError::new(ErrorKind::Template, error.message))
        };
        let messages = if self.messages.is_empty() {
            vec![("user", default_prompt(case))]
        } else {
            self.messages
                .iter()
                .map(|(role, template)| Ok((role.as_str(), render(template)?)))
                .collect::<Result<Vec<_>, CallError>>()?
        };
        let system = self.system.as_ref().map(render).transpose()?;
        Ok(payload(system.as_deref(), &messages, self.chat.response_schema.as_ref()))
    }

    /// A missing key is known before any call.
    ///
    /// # Errors
    /// Which variable to set.
    pub fn preflight(&self) -> Result<(), CallError> {
        match &self.key_missing {
            Some(variable) => Err(CallError::new(
                ErrorKind::Authentication,
                format!("no API key: set the environment variable {variable}"),
            )),
            None => Ok(()),
        }
    }

    /// The variables of the templates with their places.
    pub fn variables(&self) -> Vec<(String, String)> {
        let system = self.system.iter().map(|template| (template, "/system".to_owned()));
        let prompt = usize::from(self.chat.prompt.is_some());
        let count = self.messages.len() - prompt;
        let messages = self.messages.iter().enumerate().map(move |(i, (_, template))| {
            (template, if i < count { format!("/messages/{i}/content") } else { "/prompt".to_owned() })
        });
        system
            .chain(messages)
            .flat_map(|(template, at)| template.variables().into_iter().map(move |name| (name, at.clone())))
            .collect()
    }
}

/// Without a prompt the single input is the question; several are given as JSON.
fn default_prompt(case: &Case) -> String {
    match case.inputs.values().collect::<Vec<_>>().as_slice() {
        [Value::String(text)] => text.clone(),
        _ => Value::Object(case.inputs.clone()).to_string(),
    }
}

/// The payload that every chat target takes: judges build theirs with it.
pub fn payload(system: Option<&str>, messages: &[(&str, String)], response_schema: Option<&Value>) -> Value {
    let messages: Vec<Value> =
        messages.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
    let mut payload = json!({ "messages": messages });
    if let Some(system) = system {
        payload["system"] = json!(system);
    }
    if let Some(schema) = response_schema {
        payload["response_schema"] = schema.clone();
    }
    payload
}

/// Sets what is given.
pub(crate) fn set<T: Serialize>(body: &mut Value, key: &str, value: Option<T>) {
    if let Some(value) = value {
        body[key] = json!(value);
    }
}

/// A number somewhere in an answer.
pub(crate) fn count(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}
