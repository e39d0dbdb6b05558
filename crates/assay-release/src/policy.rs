//! Policy files: what a change must show before it may be shipped, and who must agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assay_core::gate::{CriticalRule, Role};
use assay_core::problem;
use assay_core::{Digest, Gate, GateRule, Problem, RunRecord};
use assay_stats::judges::Grade;
use assay_suite::{Diagnostics, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod check;

/// A policy: the evidence and the people that a change needs, by its kind and its risk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Assay release policy")]
pub struct Policy {
    /// The policy's name: lowercase letters, digits, `.`, `_`, `-`.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    pub policy: String,
    /// What it is for, and why it asks for what it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Which paths are which kind of change. A pattern without `/` is looked for in every folder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changes: BTreeMap<Change, Vec<String>>,
    /// Two-sided confidence of the intervals that decide, at least 0.5 and below 1.
    #[serde(default = "default_confidence")]
    pub confidence: f64,
    /// The name of the baseline that candidates are compared with.
    #[serde(default = "default_baseline")]
    pub baseline: String,
    /// What happens when the data cannot decide; a requirement may say otherwise.
    #[serde(default)]
    pub on_inconclusive: OnInconclusive,
    /// How many rules at once are allowed for.
    #[serde(default)]
    pub multiplicity: Multiplicity,
    /// The suites that a change must pass.
    pub require: Vec<Requirement>,
    /// Documents and other evidence that must be attached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// Who has which role, by the names that approvals are given under.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Vec<String>>,
    /// How many people must agree, by risk; one where nothing is said. Authors never count.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approvals: BTreeMap<Risk, Approvals>,
    /// When a rule may be waived.
    #[serde(default)]
    pub waivers: WaiverTerms,
    /// What a release needs that cannot wait for its evidence.
    #[serde(default)]
    pub emergency: EmergencyTerms,
    /// The steps of a rollout, in order; at once to everybody where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// Whom to turn to while a release is blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
}

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Another model, or other parameters of it.
    Model,
    /// Prompts.
    Prompt,
    /// What is retrieved, and how: index, chunks, ranking.
    Retrieval,
    /// The agent's own code: planning, memory, routing.
    Agent,
    /// Tools that are called.
    Tool,
    /// Rules of what may be said or done.
    Policy,
}

impl Change {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Model, Self::Prompt, Self::Retrieval, Self::Agent, Self::Tool, Self::Policy];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Prompt => "prompt",
            Self::Retrieval => "retrieval",
            Self::Agent => "agent",
            Self::Tool => "tool",
            Self::Policy => "policy",
        }
    }
}

/// How much harm a release could do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// A nuisance.
    Low,
    /// Money, time or trust of some users.
    #[default]
    Medium,
    /// Harm to people, or to many users.
    High,
}

impl Risk {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What happens when the data cannot decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnInconclusive {
    /// The release waits.
    #[default]
    Block,
    /// The release goes on, and says so.
    Warn,
    /// More cases are run and judged again, at most `attempts` times.
    Extend,
}

/// How many rules at once are allowed for, by what they are for. A pass needs no allowance, as all rules must pass.
/// Guardrails get none: they must be shown to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Multiplicity {
    /// No-regression rules with the role `gate`, of all suites of the release: a loss must also hold at Holm's level.
    pub gate: GateFamily,
    /// The slices of a worst-slice rule: intervals hold for all of them together.
    pub slices: SliceFamily,
}

/// The family of the rules that decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateFamily {
    /// Holm's step-down level over all of them.
    #[default]
    Holm,
    /// Each for itself.
    None,
}

/// The family of a rule's slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SliceFamily {
    /// The largest of all slices' |t| (Romano & Wolf).
    #[default]
    MaxT,
    /// Each for itself.
    None,
}

/// A suite that a change must pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The suite's name.
    pub suite: String,
    /// The tier of it that must have been run; the whole suite by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// For these kinds of change; for all by default.
    #[serde(default, rename = "for", skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// From this risk on; for every risk by default.
    #[serde(default = "lowest")]
    pub from: Risk,
    /// Why it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What the scores must show. All must pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<GateRule>,
    /// What the worst of the suite's declared slices must show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worst_slice: Vec<WorstSliceRule>,
    /// For cases marked `critical`, under every scorer of `rules` and `worst_slice` that has a threshold.
    #[serde(default)]
    pub critical: CriticalRule,
    /// The grade that a judge needs for its scores to decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<GradeName>")]
    pub judge_grade: Option<Grade>,
    /// What happens when the data cannot decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_inconclusive: Option<OnInconclusive>,
    /// How many runs of one candidate may be judged. The error is shared out among them beforehand, so that trying again
    /// passes no more bad candidates than trying once.
    #[serde(default = "one")]
    pub attempts: u32,
    /// The most days between the run and the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
    /// Whether its rules can be waived.
    #[serde(default = "yes")]
    pub waivable: bool,
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "the schema of a type of another crate")]
enum GradeName {
    U,
    C,
    B,
    A,
}

/// A level that every declared slice must keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorstSliceRule {
    /// The scorer's name.
    pub scorer: String,
    /// The level must be at least this in every slice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The level must be at most this in every slice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Slices with fewer cases are pooled into one.
    #[serde(default = "twenty")]
    pub at_least: u32,
    /// `gate` rules decide; `guardrail` rules fail when they are inconclusive.
    #[serde(default)]
    pub role: Role,
}

/// Something that must be attached to the release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its name, as `assay release attach` takes it.
    pub id: String,
    /// What it is.
    pub what: String,
    /// For these kinds of change; for all by default.
    #[serde(default, rename = "for", skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// From this risk on; for every risk by default.
    #[serde(default = "lowest")]
    pub from: Risk,
}

/// How many people must agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// People, whatever their role.
    #[serde(default)]
    pub count: u32,
    /// Of them, people with a role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, u32>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self { count: 1, roles: BTreeMap::new() }
    }
}

/// When a rule may be waived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WaiverTerms {
    /// The most days that a waiver may hold; 0 forbids waivers.
    pub max_days: u32,
    /// Who may waive: people with this role; anybody but an author by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

impl Default for WaiverTerms {
    fn default() -> Self {
        Self { max_days: 30, role: None }
    }
}

/// What a release needs that cannot wait for its evidence. It is recorded as such for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmergencyTerms {
    /// Whether there is such a way at all.
    pub allowed: bool,
    /// Who must agree.
    pub approvals: Approvals,
    /// Days until the evidence must be there.
    pub review_days: u32,
}

impl Default for EmergencyTerms {
    fn default() -> Self {
        Self { allowed: true, approvals: Approvals::default(), review_days: 5 }
    }
}

/// A step of a rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// The share of users that get the change, above 0, at most 1.
    pub share: f64,
    /// Hours that the step before must have lasted.
    #[serde(default)]
    pub after_hours: u32,
    /// What must be shown before this step, measured since the step before began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<Requirement>,
    /// Whether people must agree again.
    #[serde(default)]
    pub approve: bool,
}

/// Whom to turn to while a release is blocked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// A person, a team or a channel.
    pub to: String,
    /// Hours after the release was opened.
    #[serde(default)]
    pub after_hours: u32,
}

const fn default_confidence() -> f64 {
    0.95
}

fn default_baseline() -> String {
    "main".into()
}

const fn lowest() -> Risk {
    Risk::Low
}

const fn one() -> u32 {
    1
}

const fn twenty() -> u32 {
    20
}

const fn yes() -> bool {
    true
}

/// The JSON Schema of policy files, for editors. Draft 2020-12.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Policy).to_value()
}

/// Whether a file is a policy, by its name: `*.policy.yaml`.
pub fn is_policy_file(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    [".policy.yaml", ".policy.yml"].iter().any(|ending| name.ends_with(ending))
}

/// The digest that names a version of a policy: of its file's bytes.
pub fn digest(text: &str) -> Digest {
    Digest::of_bytes(text.as_bytes())
}

impl Policy {
    /// Reads a policy; `path` is for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, at its line and column.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, Box<Diagnostics>> {
        let (value, source) = Source::parse(path, text.to_owned())
            .map_err(|(problems, source)| Box::new(Diagnostics { source, problems }))?;
        let read = match value.is_object() {
            true => problem::read::<Self>(&value, ""),
            false => Err(Problem::new("", "a policy is a set of keys: policy, require, approvals …")),
        };
        let problems = match read {
            Ok(policy) => match policy.problems() {
                problems if problems.is_empty() => return Ok(policy),
                problems => problems,
            },
            Err(problem) => vec![problem],
        };
        Err(Box::new(Diagnostics { source, problems }))
    }

    /// What a change of these kinds and this risk must pass before a stage (counted from 0): the policy's own requirements,
    /// and those of every stage up to it.
    pub fn required(&self, changes: &BTreeSet<Change>, risk: Risk, stage: usize) -> Vec<&Requirement> {
        let applies = |of: &[Change], from: Risk| {
            risk >= from && (of.is_empty() || of.iter().any(|change| changes.contains(change)))
        };
        self.require
            .iter()
            .chain(self.stages.iter().take(stage + 1).flat_map(|stage| &stage.require))
            .filter(|requirement| applies(&requirement.changes, requirement.from))
            .collect()
    }

    /// The documents that a change of these kinds and this risk needs.
    pub fn documents(&self, changes: &BTreeSet<Change>, risk: Risk) -> impl Iterator<Item = &Document> {
        let changes = changes.clone();
        self.documents.iter().filter(move |document| {
            risk >= document.from
                && (document.changes.is_empty() || document.changes.iter().any(|change| changes.contains(change)))
        })
    }

    /// Who must agree to a release of this risk.
    pub fn approvals(&self, risk: Risk) -> Approvals {
        self.approvals.get(&risk).cloned().unwrap_or_default()
    }

    /// The requirement of this id, in the policy or one of its stages.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.all().map(|(_, requirement)| requirement).find(|requirement| requirement.id() == id)
    }

    /// Every requirement with its place in the file.
    fn all(&self) -> impl Iterator<Item = (String, &Requirement)> {
        let own = self.require.iter().enumerate().map(|(i, of)| (format!("/require/{i}"), of));
        let staged = self.stages.iter().enumerate().flat_map(|(s, stage)| {
            stage.require.iter().enumerate().map(move |(i, of)| (format!("/stages/{s}/require/{i}"), of))
        });
        own.chain(staged)
    }
}

impl Requirement {
    /// What it is called in verdicts and waivers: the suite, and the tier after `@`.
    pub fn id(&self) -> String {
        match &self.tier {
            Some(tier) => format!("{}@{tier}", self.suite),
            None => self.suite.clone(),
        }
    }

    /// Whether a run is one of this suite and tier, of all of its cases and repeats.
    pub fn is_for(&self, record: &RunRecord) -> bool {
        self.names(record) && record.narrowed.is_empty()
    }

    /// Whether a run is one of this suite and tier, or of a part of it.
    pub fn names(&self, record: &RunRecord) -> bool {
        record.suite == self.suite && record.tier == self.tier
    }

    /// The scorers that its rules ask about.
    pub fn scorers(&self) -> BTreeSet<&str> {
        let rules = self.rules.iter().map(|rule| rule.scorer.as_str());
        rules.chain(self.worst_slice.iter().map(|rule| rule.scorer.as_str())).collect()
    }

    /// The gate that a run is judged by at an attempt (from 1). A run that ended at an early look keeps the look's
    /// confidence where that is higher.
    pub fn gate(&self, policy: &Policy, record: &RunRecord, target: Option<&str>, attempt: u32) -> Gate {
        let shared = 1.0 - (1.0 - policy.confidence) / f64::from(self.attempts.max(1));
        let confidence = record.looks.last().map_or(shared, |look| shared.max(look.confidence));
        let more =
            self.on_inconclusive.unwrap_or(policy.on_inconclusive) == OnInconclusive::Extend && attempt < self.attempts;
        let mut rules = self.rules.clone();
        for rule in &mut rules {
            if let (None, Some(target)) = (&rule.target, target) {
                rule.target = Some(target.to_owned());
            }
            // While more cases may come, a guardrail that is not yet shown to hold is not broken.
            if more {
                rule.role = Role::Gate;
            }
        }
        if let Some(target) = target {
            rules.retain(|rule| rule.target.as_deref() == Some(target));
        }
        Gate { confidence, rules, critical: self.critical.clone(), ..Gate::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "policy: chat\nrequire:\n  - suite: chat\n    tier: full\n    rules: [{scorer: equals, min: 0.8}]\n";

    #[test]
    fn the_schema_takes_what_is_valid_and_refuses_unknown_keys() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let value = |text: &str| Source::parse(Path::new("p.policy.yaml"), text.to_owned()).unwrap().0;
        let faults: Vec<String> = validator.iter_errors(&value(GOOD)).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        for text in [GOOD.replace("require", "requires"), format!("{GOOD}    judge_grade: D\n")] {
            assert!(!validator.is_valid(&value(&text)), "{text}");
        }
    }

    #[test]
    fn the_kind_and_the_risk_decide_what_is_required() {
        let text = format!(
            "{GOOD}    for: [model]\n  - suite: safety\n    from: high\n    rules: [{{scorer: refusal, min: 0.9}}]\n\
             stages:\n  - name: canary\n    share: 0.1\n  - name: all\n    share: 1\n    require: [{{suite: live, rules: [{{scorer: e, min: 0}}]}}]\n"
        );
        let policy = Policy::from_text(&text, Path::new("p.policy.yaml")).unwrap();
        let ids = |changes: &[Change], risk, stage| -> Vec<String> {
            let changes = changes.iter().copied().collect();
            policy.required(&changes, risk, stage).iter().map(|of| of.id()).collect()
        };
        assert_eq!(ids(&[Change::Prompt], Risk::Low, 0), [""; 0]);
        assert_eq!(ids(&[Change::Prompt, Change::Model], Risk::Low, 0), ["chat@full"]);
        assert_eq!(ids(&[Change::Prompt], Risk::High, 1), ["safety", "live"]);
    }
}
