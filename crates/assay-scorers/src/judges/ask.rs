//! Calls to the model behind a judge: what it refuses is left out, what cannot be read is asked for again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use assay_core::{Asked, ErrorKind, Finish, Money, Problem, Silence, Usage};
use assay_models::{BuildContext, Caller, Reply, Target, chat};
use serde_json::{Map, Value, json};

use super::prompt::Prompt;
use super::reply;
use crate::rule::shorten;

/// Alternatives of each token that are asked for: the most that OpenAI gives.
const ALTERNATIVES: u32 = 20;

/// A model that judges.
pub struct Model {
    /// The model.
    pub target: Arc<dyn Target>,
    /// Its configuration, without secrets.
    pub config: Value,
    /// What it is called in results.
    pub name: String,
    /// What its server has refused and answered without.
    refused: [AtomicBool; 3],
}

/// What a call asks of a server beside the answer itself.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wish {
    /// An answer that follows a schema.
    Schema,
    /// Log-probabilities of tokens.
    Logprobs,
    /// Temperature 0.
    Temperature,
}

impl Wish {
    const ALL: [Self; 3] = [Self::Schema, Self::Logprobs, Self::Temperature];

    /// How servers call it in complaints.
    const fn word(self) -> &'static str {
        match self {
            Self::Schema => "response_format",
            Self::Logprobs => "logprobs",
            Self::Temperature => "temperature",
        }
    }
}

impl Model {
    /// Builds the model of a judge.
    ///
    /// # Errors
    /// Everything that is wrong with its configuration, or a target that is no chat model.
    pub fn build(entry: &Value, context: &BuildContext) -> Result<Self, Vec<Problem>> {
        let built = assay_models::build(entry, context)?;
        if !matches!(built.kind, "openai" | "anthropic" | "gemini") {
            return Err(vec![Problem::new("", format!("`{}` is not a chat model", built.kind))]);
        }
        if built.target.batches().is_some() {
            let message = "`batch` is for targets: a judge is asked while trials are scored";
            return Err(vec![Problem::new("", message)]);
        }
        let known = &built.config[built.kind];
        let name = known.as_str().or_else(|| known["model"].as_str()).or_else(|| built.config["model"].as_str());
        let name = name.unwrap_or(built.kind).to_owned();
        Ok(Self { target: built.target, config: built.config, name, refused: Default::default() })
    }
}

/// What calls took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spent {
    /// Dollars.
    pub cost: Money,
    /// Tokens.
    pub usage: Usage,
    /// Calls and time.
    pub asked: Asked,
}

impl Spent {
    /// Adds what others took.
    pub fn add(&mut self, more: &Self) {
        self.cost += more.cost;
        add(&mut self.usage.input_tokens, more.usage.input_tokens);
        add(&mut self.usage.output_tokens, more.usage.output_tokens);
        self.asked.calls += more.asked.calls;
        self.asked.busy_us = self.asked.busy_us.saturating_add(more.asked.busy_us);
    }
}

fn add(total: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *total = Some(total.unwrap_or(0) + more);
    }
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The judge could not say.
    Unscored(String),
    /// The judge did not answer.
    Failed(String),
}

/// One judge's talk about one trial.
pub struct Session<'a> {
    /// Makes the calls.
    pub caller: &'a dyn Caller,
    /// The model.
    pub model: &'a Model,
    /// Part of the cache key: repeats and epochs are different generations.
    pub generation: u32,
    /// How often an unreadable reply is asked for again.
    pub max_reasks: u32,
    /// Whether to ask for temperature 0, where the model's configuration names none.
    pub cold: bool,
    /// Whether to ask for the probabilities of tokens.
    pub logprobs: bool,
    /// What the calls took so far.
    pub spent: Spent,
}

/// What came back.
pub struct Answered {
    /// The text.
    pub text: String,
    /// Its tokens with their alternatives, where the provider gives them.
    pub tokens: Option<Value>,
    /// Whether the provider stopped it at its limit of tokens.
    pub cut: bool,
}

impl Answered {
    /// The JSON object of the reply that has `key`. One that was cut off before its end is not mended: what is missing would
    /// not be missed, such as the last claims of a list or the second digit of a number.
    ///
    /// # Errors
    /// Why there is none.
    pub fn object(&self, key: &str) -> Result<Map<String, Value>, String> {
        let found = reply::object(&self.text, key)?;
        if self.cut && !reply::is_whole(&self.text, key) {
            return Err("the reply was cut off before its end, so that something is missing: be brief".to_owned());
        }
        Ok(found)
    }
}

impl Session<'_> {
    /// Asks until the reply can be read, at most `max_reasks` times again. `read` is told when there will be no other
    /// chance.
    ///
    /// # Errors
    /// [`Stop::Unscored`] when the reply cannot be read or a budget forbids the call, [`Stop::Failed`] when there is none.
    pub async fn ask<T>(
        &mut self,
        prompt: &Prompt,
        read: impl Fn(&Answered, bool) -> Result<T, String> + Send + Sync,
    ) -> Result<T, Stop> {
        let mut messages = prompt.messages.clone();
        let mut reasks = 0;
        loop {
            let reply = self.call(&prompt.system, &messages, &prompt.schema).await?;
            let cut = reply.output.finish == Some(Finish::Length);
            let text = reply.output.text().into_owned();
            let mut metadata = reply.output.metadata;
            let answered = Answered { text, tokens: metadata.remove("logprobs"), cut };
            match read(&answered, reasks >= self.max_reasks) {
                Ok(found) => return Ok(found),
                Err(error) if reasks < self.max_reasks => {
                    reasks += 1;
                    // Some servers refuse a message without text.
                    let said = if answered.text.trim().is_empty() { "(nothing)" } else { &answered.text };
                    messages.push(("assistant", shorten(said)));
                    let complaint = format!("That could not be read: {error}. Reply with the JSON object only.");
                    messages.push(("user", complaint));
                }
                Err(error) => {
                    let why = if cut { "; the reply was cut off, raise the model's `max_tokens`" } else { "" };
                    return Err(Stop::Unscored(Silence::Unreadable.because(&format!("{error}{why}"))));
                }
            }
        }
    }

    /// One call, without what the server refuses.
    async fn call(&mut self, system: &str, messages: &[(&str, String)], schema: &Value) -> Result<Reply, Stop> {
        let wanted = |wish: Wish| match wish {
            Wish::Schema => true,
            Wish::Logprobs => self.logprobs,
            Wish::Temperature => self.cold,
        };
        let refused = |wish: Wish| self.model.refused[wish as usize].load(Ordering::Relaxed);
        let mut wishes: Vec<Wish> = Wish::ALL.into_iter().filter(|wish| wanted(*wish) && !refused(*wish)).collect();
        let mut dropped = Vec::new();
        loop {
            let schema = wishes.contains(&Wish::Schema).then_some(schema);
            let mut payload = chat::payload(Some(system), messages, schema);
            if wishes.contains(&Wish::Temperature) {
                payload["temperature"] = json!(0);
            }
            if wishes.contains(&Wish::Logprobs) {
                payload["top_logprobs"] = json!(ALTERNATIVES);
            }
            let called = self.caller.call(self.model.target.as_ref(), &payload, self.generation).await;
            self.spent.cost += called.cost;
            self.spent.asked.calls += called.attempts;
            if !called.cached {
                let busy = u64::try_from(called.latency.as_micros()).unwrap_or(u64::MAX);
                self.spent.asked.busy_us = self.spent.asked.busy_us.saturating_add(busy);
            }
            if called.refused_by_budget {
                let reason = called.result.err().map(|error| error.message).unwrap_or_default();
                return Err(Stop::Unscored(Silence::NotAsked.because(&reason)));
            }
            match called.result {
                Ok(reply) => {
                    if !called.cached {
                        add(&mut self.spent.usage.input_tokens, reply.output.usage.input_tokens);
                        add(&mut self.spent.usage.output_tokens, reply.output.usage.output_tokens);
                    }
                    for wish in dropped {
                        self.model.refused[wish as usize].store(true, Ordering::Relaxed);
                    }
                    return Ok(reply);
                }
                // Servers say what they do not know. Where the complaint names none of it, the schema is the likeliest.
                Err(error) if error.kind == ErrorKind::BadRequest && !wishes.is_empty() => {
                    let named = wishes.iter().position(|wish| error.message.contains(wish.word()));
                    dropped.push(wishes.remove(named.unwrap_or(0)));
                }
                Err(error) => return Err(Stop::Failed(format!("the judge did not answer: {}", error.message))),
            }
        }
    }
}
