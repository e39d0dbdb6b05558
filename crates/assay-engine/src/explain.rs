//! Why the cache has an answer for a trial, or has none.

use std::collections::{BTreeMap, HashMap};

use assay_core::permutation::Permutation;
use assay_core::{Digest, TrialKey};
use assay_store::{Cache, CallKey, CallerStats, Entry, State, Workspace};
use serde::Serialize;
use serde_json::Value;

use crate::EngineError;
use crate::gateway::Gateway;
use crate::prepare::Prepared;

/// Cases looked at together.
const CHUNK: u64 = 256;
/// Differences that are named.
const DIFFERENCES: usize = 6;

/// Why a trial's answer is in the cache or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// It is there.
    Hit,
    /// The target makes no calls, or must not be cached.
    NotCached,
    /// The payload cannot be made.
    NoPayload {
        /// Why.
        message: String,
    },
    /// Another target answered the same payload: what differs between the two.
    OtherTarget {
        /// The name of the other when it was used.
        other: String,
        /// What differs, as `key: then → now`.
        differences: Vec<String>,
    },
    /// The same target answered the same payload in other repeats only.
    OtherEpoch {
        /// Which.
        epochs: Vec<u32>,
    },
    /// The target has answered, but never this payload with an answer that is kept: the case is new or changed, or its
    /// answer was an error or a refusal, or was removed.
    OtherPayload,
    /// Nothing is kept of the target.
    NeverAsked,
}

impl Why {
    /// In words.
    pub fn text(&self) -> String {
        match self {
            Self::Hit => "in the cache".into(),
            Self::NotCached => {
                "never cached: the answer is at hand, or the target is not one that may be cached".into()
            }
            Self::NoPayload { message } => format!("no call can be made: {message}"),
            Self::OtherTarget { other, differences } if differences.is_empty() => {
                format!(
                    "answered by `{other}`, whose configuration reads the same: its files, version or address changed"
                )
            }
            Self::OtherTarget { other, differences } => {
                format!("answered by `{other}` as it was: {}", differences.join("; "))
            }
            Self::OtherEpoch { epochs } => {
                let epochs: Vec<String> = epochs.iter().map(ToString::to_string).collect();
                format!("answered in epoch {} only: repeats are different answers", epochs.join(", "))
            }
            Self::OtherPayload => {
                "the target never answered this payload: the case is new or changed, or its answer was \
                                   an error or a refusal, or was removed"
                    .into()
            }
            Self::NeverAsked => "nothing is kept of this target".into(),
        }
    }
}

/// A trial's call and why the cache has its answer or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// The target.
    pub target: String,
    /// The case's id.
    pub case: String,
    /// The repeat.
    pub epoch: u32,
    /// The entry's key, where a call can be made.
    pub key: Option<Digest>,
    /// When the answer was made, in microseconds since the Unix epoch.
    pub made_us: Option<i64>,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
}

/// Explains every trial of a suite, in the order a run would take them, to `visit`.
///
/// # Errors
/// A dataset that cannot be read, or a workspace that cannot be used.
pub async fn explain(
    workspace: &Workspace,
    state: &State,
    prepared: &Prepared,
    mut visit: impl FnMut(Explained),
) -> Result<(), EngineError> {
    let (plan, _, cases) = prepared.freeze(workspace, state).await?;
    let cache = Cache::open(workspace).await?;
    let known = Known::new(cache.stats().await?);
    let order = Permutation::new(plan.cases, prepared.suite.seed);
    let mut at = 0;
    while at < cases {
        let positions: Vec<u64> = (at..(at + CHUNK).min(cases)).map(|index| order.at(index)).collect();
        at += CHUNK;
        let mut asked: Vec<(Explained, Option<CallKey>)> = Vec::new();
        for case in plan.cases_at(&positions).await? {
            for (position, (name, built)) in prepared.targets.iter().enumerate() {
                let target = built.target.as_ref();
                for epoch in 0..prepared.suite.epochs {
                    let key = TrialKey { case: case.position, target: position as u32, epoch };
                    let mut explained = Explained {
                        target: name.clone(),
                        case: case.case.id.clone(),
                        epoch: key.epoch,
                        key: None,
                        made_us: None,
                        why: Why::NotCached,
                    };
                    let mut call = None;
                    if prepared.cache && target.traits().remote && target.traits().cacheable {
                        match target.prepare(&case.case) {
                            Ok(payload) => {
                                let found = Gateway::key(target, &payload, epoch);
                                explained.key = Some(found.key);
                                call = Some(found);
                            }
                            Err(error) => explained.why = Why::NoPayload { message: error.message },
                        }
                    }
                    asked.push((explained, call));
                }
            }
        }
        let payloads: Vec<Digest> = asked.iter().filter_map(|(_, call)| Some(call.as_ref()?.payload)).collect();
        let mut entries: HashMap<Digest, Vec<Entry>> = HashMap::new();
        for entry in cache.of_payloads(&payloads).await? {
            entries.entry(entry.call.payload).or_default().push(entry);
        }
        for (mut explained, call) in asked {
            if let Some(call) = call {
                let of_payload = entries.get(&call.payload).map_or(&[][..], Vec::as_slice);
                let hit = of_payload.iter().find(|entry| entry.call == call);
                explained.made_us = hit.map(|entry| entry.made_us);
                explained.why = match hit {
                    Some(_) => Why::Hit,
                    None => known.miss(&call, &explained.target, prepared, of_payload),
                };
            }
            visit(explained);
        }
    }
    Ok(())
}

/// The callers that the cache has answers of.
struct Known(BTreeMap<Digest, CallerStats>);

impl Known {
    fn new(callers: Vec<CallerStats>) -> Self {
        Self(callers.into_iter().map(|caller| (caller.fingerprint, caller)).collect())
    }

    fn miss(&self, call: &CallKey, name: &str, prepared: &Prepared, of_payload: &[Entry]) -> Why {
        let mut epochs: Vec<u32> =
            of_payload.iter().filter(|entry| entry.call.caller == call.caller).map(|entry| entry.call.epoch).collect();
        if !epochs.is_empty() {
            epochs.sort_unstable();
            return Why::OtherEpoch { epochs };
        }
        let newest = of_payload.iter().max_by_key(|entry| entry.made_us);
        if let Some(other) = newest.and_then(|entry| self.0.get(&entry.call.caller)) {
            return self.other(other, name, prepared);
        }
        if self.0.contains_key(&call.caller) {
            return Why::OtherPayload;
        }
        let namesake = self.0.values().filter(|caller| caller.name == name).max_by_key(|caller| caller.used_us);
        namesake.map_or(Why::NeverAsked, |other| self.other(other, name, prepared))
    }

    fn other(&self, other: &CallerStats, name: &str, prepared: &Prepared) -> Why {
        let now = prepared.targets.iter().find(|(known, _)| known == name).map(|(_, built)| &built.config);
        let mut differences = Vec::new();
        diff("", &other.config, now.unwrap_or(&Value::Null), &mut differences);
        let more = differences.len().saturating_sub(DIFFERENCES);
        differences.truncate(DIFFERENCES);
        if more > 0 {
            differences.push(format!("and {more} more"));
        }
        Why::OtherTarget { other: other.name.clone(), differences }
    }
}

/// The leaves in which two values differ.
fn diff(at: &str, then: &Value, now: &Value, found: &mut Vec<String>) {
    if then == now {
        return;
    }
    if let (Value::Object(a), Value::Object(b)) = (then, now) {
        let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for key in keys {
            let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
            diff(&at, a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null), found);
        }
        return;
    }
    let short = |value: &Value| {
        let text = if value.is_null() { "not set".to_owned() } else { value.to_string() };
        let short: String = text.chars().take(60).collect();
        if short.len() < text.len() { format!("{short}…") } else { short }
    };
    found.push(format!("{at}: {} → {}", short(then), short(now)));
}
