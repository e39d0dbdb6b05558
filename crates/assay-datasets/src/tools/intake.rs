//! What every importer writes through: unique ids, repeats, losses.

use std::collections::HashMap;
use std::path::Path;

use assay_core::{Case, Digest, ErrorKind, Money, Outcome, Output, Score};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Answer, Report, Sink, SuiteParts, Tool};
use crate::losses::Losses;
use crate::{DatasetError, Place};

/// The metadata key of what an export could not put anywhere else.
pub(crate) const BESIDE: &str = "assay";

/// Sixteen bytes that stand for a text.
type Key = [u8; 16];

fn key(parts: &[&str]) -> Key {
    let mut stream = Digest::stream();
    for part in parts {
        stream.update(&(part.len() as u64).to_le_bytes());
        stream.update(part.as_bytes());
    }
    half(stream.finish())
}

fn half(digest: Digest) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&digest.as_bytes()[..16]);
    key
}

pub(crate) struct Intake<'a> {
    sink: &'a mut dyn Sink,
    /// The content behind each id.
    ids: HashMap<Key, Key>,
    /// How often each target answered each case.
    repeats: HashMap<Key, u32>,
    lost: Losses,
    cases: u64,
    answers: u64,
    pub(crate) version: Option<String>,
    pub(crate) suite: Option<SuiteParts>,
}

impl<'a> Intake<'a> {
    pub(crate) fn new(sink: &'a mut dyn Sink) -> Self {
        Self {
            sink,
            ids: HashMap::new(),
            repeats: HashMap::new(),
            lost: Losses::default(),
            cases: 0,
            answers: 0,
            version: None,
            suite: None,
        }
    }

    /// The number of the next case, from 1: an id for those that have none.
    pub(crate) fn number(&self) -> String {
        (self.cases + 1).to_string()
    }

    /// A case of a log, where the same one comes back with every answer: pushed once. Another content under a known id
    /// gets an id of its own. Returns the id.
    pub(crate) fn case(&mut self, mut case: Case, place: &Place) -> Result<String, DatasetError> {
        restore(&mut case);
        let content = half(case.digest());
        let name = case.id.clone();
        for turn in 2u64.. {
            match self.ids.get(&key(&[&case.id])) {
                None => break,
                Some(known) if *known == content => return Ok(case.id),
                Some(_) => case.id = format!("{name}#{turn}"),
            }
        }
        if case.id != name {
            self.lose("an id that stood for several cases (renamed)", "id");
        }
        self.push(case, content, place)
    }

    /// A case of a dataset: pushed whatever it holds. Returns the id.
    pub(crate) fn row(&mut self, mut case: Case, place: &Place) -> Result<String, DatasetError> {
        restore(&mut case);
        let name = case.id.clone();
        for turn in 2u64.. {
            if !self.ids.contains_key(&key(&[&case.id])) {
                break;
            }
            case.id = format!("{name}#{turn}");
        }
        if case.id != name {
            self.lose("an id that stood for several cases (renamed)", "id");
        }
        let content = half(case.digest());
        self.push(case, content, place)
    }

    fn push(&mut self, case: Case, content: Key, place: &Place) -> Result<String, DatasetError> {
        if case.inputs.is_empty() {
            return Err(DatasetError::new(Some(place.clone()), "the case has no inputs")
                .help("a case needs at least one input that is not null"));
        }
        let id = case.id.clone();
        self.ids.insert(key(&[&id]), content);
        self.cases += 1;
        self.sink.case(case, place)?;
        Ok(id)
    }

    pub(crate) fn has_case(&self, id: &str) -> bool {
        self.ids.contains_key(&key(&[id]))
    }

    /// An answer; `epoch` `None` counts repeats. One that stands twice under the same epoch is refused.
    pub(crate) fn answer(&mut self, mut answer: Answer, epoch: Option<u32>, place: &Place) -> Result<(), DatasetError> {
        let number = epoch.map(|epoch| epoch.to_string()).unwrap_or_default();
        let seen = self.repeats.entry(key(&[&answer.case_id, &answer.target, &number])).or_default();
        answer.epoch = match epoch {
            Some(_) if *seen > 0 => {
                let (case, target) = (&answer.case_id, &answer.target);
                return Err(DatasetError::new(
                    Some(place.clone()),
                    format!("a second answer of `{target}` to case `{case}` in the same epoch"),
                )
                .help("import the logs of one run at a time"));
            }
            Some(epoch) => epoch,
            None => *seen,
        };
        *seen += 1;
        self.answers += 1;
        self.sink.answer(answer)
    }

    pub(crate) fn lose(&mut self, what: &str, where_: &str) {
        self.lose_many(what, where_, 1);
    }

    pub(crate) fn lose_many(&mut self, what: &str, where_: &str, count: u64) {
        self.lost.add(what, where_, count);
    }

    pub(crate) fn report(self, tool: Tool, path: &Path) -> Result<Report, DatasetError> {
        if self.cases == 0 && self.suite.is_none() {
            return Err(DatasetError::new(Some(Place { file: path.to_owned(), line: None }), "there are no cases")
                .help("an empty log or dataset cannot be imported"));
        }
        Ok(Report {
            tool: Some(tool),
            tool_version: self.version,
            cases: self.cases,
            answers: self.answers,
            suite: self.suite,
            lost: self.lost.list(),
        })
    }
}

/// Puts back what an export laid under `metadata.assay`, as the other tool has no place for it.
fn restore(case: &mut Case) {
    let Some(Value::Object(_)) = case.metadata.get(BESIDE) else { return };
    let Some(Value::Object(mut beside)) = case.metadata.shift_remove(BESIDE) else { return };
    if let Some(Value::String(id)) = beside.remove("id") {
        case.id = id;
    }
    if let Some(Value::String(cluster)) = beside.remove("cluster") {
        case.cluster = Some(cluster);
    }
    if let Some(weight) =
        beside.remove("weight").and_then(|weight| weight.as_f64()).filter(|w| w.is_finite() && *w > 0.0)
    {
        case.weight = weight;
    }
    case.critical |= beside.remove("critical") == Some(Value::Bool(true));
    if let Some(Value::Object(inputs)) = beside.remove("inputs") {
        case.inputs = inputs;
    }
    if let Some(contexts) = beside.remove("contexts").and_then(|contexts| serde_json::from_value(contexts).ok()) {
        case.contexts = contexts;
    }
    if let Some(expected) = beside.remove("expected") {
        case.expected = Some(expected);
    }
    if let Some(Value::Object(recorded)) = beside.remove("recorded") {
        case.recorded = recorded;
    }
}

impl Answer {
    /// An answer with an output and nothing else.
    pub(crate) fn of(case_id: String, target: String, output: Output) -> Self {
        let cost = output.cost.unwrap_or(Money::ZERO);
        Self { cost, ..Self::new(case_id, target, Outcome::Ok { output: Box::new(output) }) }
    }

    /// An answer that is an error.
    pub(crate) fn failed(case_id: String, target: String, message: String) -> Self {
        Self::new(case_id, target, failure(message))
    }

    fn new(case_id: String, target: String, outcome: Outcome) -> Self {
        Self {
            case_id,
            target,
            epoch: 0,
            outcome,
            started_us: None,
            latency_us: None,
            cost: Money::ZERO,
            scores: Vec::new(),
        }
    }

    /// Adds a score under a name that this answer does not have yet.
    pub(crate) fn score(&mut self, mut score: Score) {
        let name = score.scorer.clone();
        for turn in 2u64.. {
            if !self.scores.iter().any(|known| known.scorer == score.scorer) {
                break;
            }
            score.scorer = format!("{name}#{turn}");
        }
        self.scores.push(score);
    }
}

/// A failure that a tool recorded in words: its kind is read off them, as no tool stores one.
pub(crate) fn failure(message: String) -> Outcome {
    let words = message.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let kind = if has(&["timeout", "timed out", "time limit"]) {
        ErrorKind::Timeout
    } else if has(&["rate limit", "ratelimit", "429"]) {
        ErrorKind::RateLimited
    } else if has(&["quota", "insufficient_quota"]) {
        ErrorKind::QuotaExhausted
    } else if has(&["unauthorized", "authentication", "api key", "401", "403"]) {
        ErrorKind::Authentication
    } else if has(&["connection", "econnrefused", "enotfound"]) {
        ErrorKind::Connection
    } else if has(&["500", "502", "503", "529", "overloaded"]) {
        ErrorKind::Server
    } else if has(&["400", "invalid_request", "bad request"]) {
        ErrorKind::BadRequest
    } else {
        ErrorKind::Process
    };
    Outcome::Error { kind, message }
}

/// RFC 3339 as microseconds since the Unix epoch.
pub(crate) fn microseconds(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos() / 1000).ok()
}

/// Seconds as microseconds; what is negative or no number is unknown.
pub(crate) fn from_seconds(seconds: f64) -> Option<u64> {
    // Above 2⁵³ µs (285 years) it is no duration of a call.
    (seconds.is_finite() && (0.0..=9e9).contains(&seconds)).then(|| (seconds * 1e6).round() as u64)
}
