//! A run: one execution of a suite, and everything needed to repeat it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::score::{ScorerRecord, is_default};
use crate::{Digest, Gate, Money, Reducer, SliceDecl};

/// A run's identity: a UUID of version 7, so that ids sort by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Uuid);

impl RunId {
    /// From a UUID made elsewhere (this crate has no clock).
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The last 8 hexadecimal digits: random ones, short enough to type. Commands accept any unique ending.
    pub fn short(self) -> String {
        let text = self.0.simple().to_string();
        text[text.len() - 8..].to_owned()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({})", self.0)
    }
}

impl FromStr for RunId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl schemars::JsonSchema for RunId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RunId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "uuid"})
    }
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Being executed, or its process died: `assay resume` goes on with it.
    Running,
    /// Stopped on request; what was finished is sealed and `assay resume` goes on with it.
    Interrupted,
    /// Every planned trial has an outcome; nothing changes any more.
    Sealed,
}

impl RunStatus {
    /// The word stored in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Sealed => "sealed",
        }
    }
}

impl FromStr for RunStatus {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "running" => Ok(Self::Running),
            "interrupted" => Ok(Self::Interrupted),
            "sealed" => Ok(Self::Sealed),
            other => Err(format!("`{other}` is not a run status")),
        }
    }
}

/// A dataset as a run used it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatasetRecord {
    /// Its name in the suite.
    pub name: String,
    /// The file, the directory or the stored dataset it was read from, as written in the suite.
    pub source: String,
    /// The dataset version: the digest over the sorted digests of its whole cases.
    pub version: Digest,
    /// Number of cases used.
    pub cases: u64,
    /// The sealed part it is, whose cases are not to be listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

/// A target as a run used it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TargetRecord {
    /// Its name in the suite.
    pub name: String,
    /// The kind, such as `openai` or `command`.
    pub kind: String,
    /// Model id, prompt digest, parameters, tools: everything that identifies it, without secrets.
    pub fingerprint: Digest,
    /// The configuration as written, secrets excluded.
    pub config: Value,
}

/// Hard limits on what a run, each of its trials and all runs of a month may spend.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Dollars, targets and judges together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Tokens read and written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Calls to targets and judges, retries included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Minutes of wall time, counted from the start of the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
    /// What one trial may spend, its judges included.
    #[serde(default, skip_serializing_if = "is_default")]
    pub per_trial: Caps,
    /// What all runs of the workspace may spend together in a calendar month (UTC); wall time is that of all runs added up.
    #[serde(default, skip_serializing_if = "is_default")]
    pub per_month: Caps,
}

impl Budget {
    /// The limits on the run itself.
    pub const fn run(&self) -> Caps {
        Caps { usd: self.usd, tokens: self.tokens, calls: self.calls, minutes: self.minutes }
    }
}

/// Limits on what something may spend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Tokens read and written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Calls, retries included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Minutes of wall time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
}

/// Everything fixed when a run starts. Its digest is the run's fingerprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RunRecord {
    /// The run.
    pub id: RunId,
    /// The suite's name.
    pub suite: String,
    /// Where the suite file was: from the project's folder on where it is inside, whole elsewhere.
    pub suite_path: String,
    /// Digest of the suite file's bytes.
    pub suite_digest: Digest,
    /// The suite file's text, so that `assay resume` needs no file.
    pub suite_text: String,
    /// The tier that was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The dataset versions.
    pub datasets: Vec<DatasetRecord>,
    /// The targets.
    pub targets: Vec<TargetRecord>,
    /// The scorers.
    pub scorers: Vec<ScorerRecord>,
    /// Repeats of each case.
    pub epochs: u32,
    /// Reducers over epochs, the first one leading.
    pub reducers: Vec<Reducer>,
    /// Declared slices.
    pub slices: Vec<SliceDecl>,
    /// The gate.
    pub gate: Gate,
    /// The budget.
    pub budget: Budget,
    /// Seed of the order of cases.
    pub seed: u64,
    /// Cases of all datasets together.
    pub cases: u64,
    /// Digest of the frozen list of cases the run works through.
    pub plan: Digest,
    /// Version of Assay.
    pub assay_version: String,
    /// Git commit of the suite's directory, with `-dirty` when files differ from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<String>,
    /// What the command line left out of the suite or its tier, such as `--limit 20`: the run is not one of the whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub narrowed: Vec<String>,
    /// When the run was started, in microseconds since the Unix epoch, UTC.
    pub started_us: i64,
    /// Labels that somebody gave it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The earlier run whose answers are taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers_of: Option<AnswersOf>,
    /// The looks that a group-sequential gate took, the deciding one last. `cases` and `gate.confidence` are those of
    /// the last one, so that every interval shown allows for the looks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<LookTaken>,
}

/// An earlier run whose answers a run takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnswersOf {
    /// The earlier run.
    pub run: RunId,
    /// Every answer is taken from it and no target is called; otherwise targets answer what it has no answer for.
    pub only: bool,
}

/// A look of a group-sequential gate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LookTaken {
    /// Cases that were finished.
    pub cases: u64,
    /// Cases of the last look.
    pub of: u64,
    /// Two-sided confidence of the intervals at this look.
    pub confidence: f64,
    /// Whether the gate was decided, so that the run ended here.
    pub decided: bool,
    /// The gate's own confidence, which all looks together keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<f64>,
}

impl RunRecord {
    /// The confidence that the suite's gate asks for, whatever a look at the run has made of it.
    pub fn declared_confidence(&self) -> f64 {
        self.looks.last().and_then(|look| look.gate).unwrap_or(self.gate.confidence)
    }

    /// Number of trials planned.
    pub fn planned(&self) -> u64 {
        self.cases * self.targets.len() as u64 * u64::from(self.epochs)
    }

    /// The digest of everything that can move a result: suite, datasets, targets, scorers, seeds, version, commit.
    pub fn fingerprint(&self) -> Digest {
        Digest::of_json(&serde_json::json!({
            "suite": self.suite_digest,
            "datasets": self.datasets.iter().map(|d| d.version).collect::<Vec<_>>(),
            "targets": self.targets.iter().map(|t| t.fingerprint).collect::<Vec<_>>(),
            "scorers": self.scorers.iter().map(|s| s.fingerprint).collect::<Vec<_>>(),
            "epochs": self.epochs,
            "seed": self.seed.to_string(),
            "assay": self.assay_version,
            "git": self.git,
        }))
    }

    /// The first dataset that is a sealed part: its cases are not to be listed without a recorded reason.
    pub fn sealed(&self) -> Option<&DatasetRecord> {
        self.datasets.iter().find(|dataset| dataset.sealed.is_some())
    }

    /// The scorer of a name.
    pub fn scorer(&self, name: &str) -> Option<&ScorerRecord> {
        self.scorers.iter().find(|scorer| scorer.name == name)
    }
}

/// What makes calls in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SpenderRole")]
pub enum Role {
    /// A target.
    Target,
    /// A judge.
    Judge,
}

impl Role {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Judge => "judge",
        }
    }
}

/// What one target or judge used in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Spend {
    /// Target or judge.
    pub role: Role,
    /// Its name in the suite.
    pub name: String,
    /// Trials it worked for.
    pub trials: u64,
    /// Those of them that needed no call: answered from the cache, or by an earlier run.
    pub cached: u64,
    /// Calls made, retries included.
    pub calls: u64,
    /// Tokens read by these calls.
    pub input_tokens: u64,
    /// Tokens written by them.
    pub output_tokens: u64,
    /// What they cost.
    pub cost: Money,
    /// Time its answers took, in microseconds, those from the cache left out.
    pub busy_us: u64,
}

/// Totals of a run, kept while it goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Totals {
    /// Trials with an answer.
    pub ok: u64,
    /// Trials that failed.
    pub errors: u64,
    /// Trials refused by a budget.
    pub refused: u64,
    /// Trials cancelled.
    pub cancelled: u64,
    /// Trials answered from the cache.
    pub cached: u64,
    /// Calls made to targets and judges, retries included.
    pub calls: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Cost of targets.
    pub target_cost: Money,
    /// Cost of judges.
    pub judge_cost: Money,
    /// Scores without a value because the scorer could not say.
    pub unscored: u64,
    /// Scores without a value because the scorer failed.
    pub score_errors: u64,
    /// What each target and judge used.
    #[serde(default)]
    pub spends: Vec<Spend>,
}

impl Totals {
    /// Trials with any outcome.
    pub const fn finished(&self) -> u64 {
        self.ok + self.errors + self.refused + self.cancelled
    }

    /// What everything cost.
    pub fn cost(&self) -> Money {
        self.target_cost + self.judge_cost
    }

    /// Adds a finished trial.
    pub fn add(&mut self, trial: &crate::Trial) {
        use crate::{Outcome, ScoreStatus};
        let mut usage = crate::Usage::default();
        match &trial.outcome {
            Outcome::Ok { output } => {
                self.ok += 1;
                if !trial.cached {
                    usage = output.usage;
                }
            }
            Outcome::Error { .. } => self.errors += 1,
            Outcome::RefusedByBudget { .. } => self.refused += 1,
            Outcome::Cancelled => self.cancelled += 1,
        }
        self.cached += u64::from(trial.cached);
        self.target_cost += trial.cost;
        let busy_us = if trial.cached { 0 } else { trial.latency_us };
        self.spend(Role::Target, &trial.target, (1, trial.cached), trial.attempts, &usage, trial.cost, busy_us);
        for score in &trial.scores {
            self.add_judging(score, 1);
            match score.status {
                ScoreStatus::Scored => {}
                ScoreStatus::Unscored => self.unscored += 1,
                ScoreStatus::Error => self.score_errors += 1,
            }
        }
    }

    /// Adds what a judgement cost and used; `trials` is 0 for one that is of no trial of the run.
    pub fn add_judging(&mut self, score: &crate::Score, trials: u64) {
        self.judge_cost += score.cost;
        if let Some(asked) = &score.asked {
            let worked = (trials, asked.calls == 0);
            self.spend(Role::Judge, &score.scorer, worked, asked.calls, &score.usage, score.cost, asked.busy_us);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "private: one trial's share, part by part")]
    fn spend(
        &mut self,
        role: Role,
        name: &str,
        (trials, cached): (u64, bool),
        calls: u32,
        usage: &crate::Usage,
        cost: Money,
        busy_us: u64,
    ) {
        let (input, output) = (usage.input_tokens.unwrap_or(0), usage.output_tokens.unwrap_or(0));
        self.calls += u64::from(calls);
        self.input_tokens += input;
        self.output_tokens += output;
        let at = self.spends.iter().position(|spend| spend.role == role && spend.name == name).unwrap_or_else(|| {
            self.spends.push(Spend {
                role,
                name: name.to_owned(),
                trials: 0,
                cached: 0,
                calls: 0,
                input_tokens: 0,
                output_tokens: 0,
                cost: Money::ZERO,
                busy_us: 0,
            });
            self.spends.len() - 1
        });
        let spend = &mut self.spends[at];
        spend.trials += trials;
        spend.cached += if cached { trials } else { 0 };
        spend.calls += u64::from(calls);
        spend.input_tokens += input;
        spend.output_tokens += output;
        spend.cost += cost;
        spend.busy_us += busy_us;
    }
}
