//! What a judge sees of a trial.

use std::collections::BTreeMap;

use assay_core::Passage;
use serde_json::{Map, Value};

use super::file::Part;
use super::prompt::Fence;
use crate::ScoreInput;
use crate::param::{Param, text, texts};

/// The parts of a trial as texts, with what single passages and candidates are made of.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Each part that the trial has.
    pub parts: BTreeMap<Part, String>,
    /// Passages by part: id and text.
    pub passages: BTreeMap<Part, Vec<(String, String)>>,
    /// Other answers to the same case.
    pub others: Vec<String>,
    /// Templates in rubrics may read these.
    pub variables: Map<String, Value>,
}

/// Where parts of a subject come from instead of their usual place.
pub type Shown = BTreeMap<Part, Param>;

impl Subject {
    /// The parts of a trial. `against` names the recorded answers it is compared with; without it these are the expected
    /// output for a pair, every recorded answer for more (`several`).
    ///
    /// # Errors
    /// A template that cannot be rendered, a recorded answer that the case does not have.
    pub fn of(input: &ScoreInput<'_>, shown: &Shown, against: &[String], several: bool) -> Result<Self, String> {
        let case = input.case;
        let mut subject = Self { variables: input.variables(), ..Self::default() };
        let question = match case.inputs.values().collect::<Vec<_>>().as_slice() {
            [Value::String(only)] => only.clone(),
            _ => Value::Object(case.inputs.clone()).to_string(),
        };
        subject.set(Part::Question, question);
        subject.parts.insert(Part::Answer, input.output.text().into_owned());
        if let Some(expected) = &case.expected {
            subject.set(Part::Reference, text(expected));
        }
        if let Some(retrieved) = &input.output.contexts {
            subject.set_passages(Part::Retrieved, passages(retrieved));
        }
        subject.set_passages(Part::Contexts, passages(input.output.contexts.as_ref().unwrap_or(&case.contexts)));
        let said = ["messages", "conversation", "history"].iter().find_map(|key| case.inputs.get(*key));
        subject.set(Part::Conversation, conversation(said, &subject.parts));
        let calls = input.output.tool_calls.iter().enumerate();
        let calls: Vec<String> =
            calls.map(|(i, call)| format!("{}. {}({})", i + 1, call.name, call.arguments)).collect();
        subject.set(Part::ToolCalls, calls.join("\n"));
        for (part, param) in shown {
            let value = param.resolve(input)?;
            subject.parts.remove(part);
            subject.passages.remove(part);
            match part {
                Part::Contexts | Part::Retrieved => {
                    let items = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
                    let found: Vec<Passage> = items.iter().filter_map(Passage::from_value).collect();
                    subject.set_passages(*part, passages(&found));
                }
                Part::Conversation => subject.set(*part, conversation(Some(&value), &BTreeMap::new())),
                _ => subject.set(*part, texts(&value).join("\n")),
            }
        }
        for name in against {
            let other = case.recorded.get(name).ok_or_else(|| format!("the case has no recorded answer `{name}`"))?;
            subject.others.push(recorded_text(other));
        }
        if against.is_empty() {
            subject.others = match several {
                true => case.recorded.values().map(recorded_text).collect(),
                false => subject.parts.get(&Part::Reference).cloned().into_iter().collect(),
            };
        }
        Ok(subject)
    }

    fn set(&mut self, part: Part, text: String) {
        if !text.trim().is_empty() {
            self.parts.insert(part, text);
        }
    }

    fn set_passages(&mut self, part: Part, passages: Vec<(String, String)>) {
        let shown: Vec<String> = passages.iter().map(|(id, text)| format!("[{id}] {text}")).collect();
        self.set(part, shown.join("\n\n"));
        self.passages.insert(part, passages);
    }

    /// The same trial with a line added to its answer, where the answer is shown.
    pub fn with_line(&self, line: &str) -> Self {
        let mut changed = self.clone();
        for part in [Part::Answer, Part::Conversation] {
            if let Some(text) = changed.parts.get_mut(&part) {
                text.push_str("\n\n");
                text.push_str(line);
            }
        }
        changed
    }

    /// The variables that a rubric may read. What the system under test has written or looked up, and the case's own contexts
    /// (documents that anybody may have written), are enclosed in them; other columns of a case are its author's words.
    pub fn rubric_variables(&self, fence: &Fence) -> Map<String, Value> {
        let mut variables = self.variables.clone();
        for key in ["output", "output_text", "contexts", "retrieved", "tool_calls"] {
            if let Some(value) = variables.get_mut(key) {
                *value = fence.inline(value);
            }
        }
        variables
    }
}

/// Passages that have a text: those named by id alone cannot be read.
fn passages(given: &[Passage]) -> Vec<(String, String)> {
    let named = given.iter().enumerate().filter_map(|(i, passage)| {
        let id = passage.id.clone().unwrap_or_else(|| (i + 1).to_string());
        Some((id, passage.text.clone()?))
    });
    named.collect()
}

/// A recorded answer's text: it may be a whole reply with the answer under `output`.
fn recorded_text(recorded: &Value) -> String {
    text(recorded.get("output").unwrap_or(recorded))
}

/// Messages as lines of a script, the answer last.
fn conversation(messages: Option<&Value>, parts: &BTreeMap<Part, String>) -> String {
    let mut turns: Vec<(String, String)> = match messages {
        Some(Value::Array(messages)) => messages
            .iter()
            .map(|message| {
                let role = message.get("role").and_then(Value::as_str).unwrap_or("user");
                (role.to_owned(), text(message.get("content").unwrap_or(message)))
            })
            .collect(),
        Some(other) => vec![("user".to_owned(), text(other))],
        None => parts.get(&Part::Question).map(|question| ("user".to_owned(), question.clone())).into_iter().collect(),
    };
    if let Some(answer) = parts.get(&Part::Answer) {
        turns.push(("assistant".to_owned(), answer.clone()));
    }
    let turns: Vec<String> =
        turns.iter().enumerate().map(|(i, (role, said))| format!("[{}] {role}: {said}", i + 1)).collect();
    turns.join("\n")
}
