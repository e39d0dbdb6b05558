//! Runs of other tools: what they recorded becomes a sealed run, which is compared, queried and scored again like any
//! other.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use assay_core::run::{RunStatus, TargetRecord, Totals};
use assay_core::score::ScorerRecord;
use assay_core::{
    Digest, Direction, ErrorKind, Gate, Money, Outcome, Reducer, RunId, RunRecord, Score, ScoreKind, Trial, TrialKey,
};
use assay_datasets::tools::Answer;
use assay_datasets::{DatasetDecl, Library};
use assay_lake::{Lake, Segment};
use assay_store::{CaseAt, PlanFile, State, Workspace};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::EngineError;
use crate::execute::{now_us, tidy};
use crate::freeze::{self, Taken};

/// Trials that are put together at once.
const GROUP: usize = 500;
/// Trials of a segment of the lake.
const SEGMENT: u64 = 10_000;
/// Bytes of a segment in memory.
const SEGMENT_BYTES: usize = 32 << 20;
/// The most targets, and the most scorers, that one import may hold.
const MOST_NAMES: usize = 1_000;
/// The most epochs of one import.
const MOST_EPOCHS: u32 = 10_000;

/// Answers on their way into a run, kept in a scratch file: memory does not grow with their number.
pub struct Answers {
    spool: BufWriter<std::fs::File>,
    cases: u64,
    targets: Vec<String>,
    scorers: BTreeMap<String, Values>,
    epochs: u32,
    count: u64,
}

/// What the values of a scorer look like.
#[derive(Clone, Copy, Default)]
struct Values {
    fractions: bool,
    beyond: bool,
}

#[derive(Serialize, Deserialize)]
struct Spooled {
    case: String,
    target: usize,
    epoch: u32,
    outcome: Outcome,
    started_us: Option<i64>,
    latency_us: Option<u64>,
    cost: Money,
    scores: Vec<Score>,
}

fn scratch(error: std::io::Error) -> EngineError {
    EngineError::Internal(format!("the folder for temporary files: {error}"))
}

impl Answers {
    /// No answers yet.
    ///
    /// # Errors
    /// No room for temporary files.
    pub fn new() -> Result<Self, EngineError> {
        let spool = BufWriter::with_capacity(1 << 16, tempfile::tempfile().map_err(scratch)?);
        Ok(Self { spool, cases: 0, targets: Vec::new(), scorers: BTreeMap::new(), epochs: 1, count: 0 })
    }

    /// Number of answers.
    pub const fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Counts a case, for the bound on planned trials.
    pub const fn count_case(&mut self) {
        self.cases += 1;
    }

    /// Whether the answers fill their plan of cases, targets and epochs at least thinly: one that does not was made to
    /// take time and room.
    ///
    /// # Errors
    /// They leave nearly every trial without one.
    pub fn check(&self, path: &str) -> Result<(), EngineError> {
        let planned = u128::from(self.cases) * self.targets.len() as u128 * u128::from(self.epochs);
        if planned <= 256 * u128::from(self.count) + 1_000_000 {
            return Ok(());
        }
        Err(EngineError::Usage(format!(
            "{path}: {} answers to {} cases of {} targets in {} epochs leave nearly every trial without one",
            self.count,
            self.cases,
            self.targets.len(),
            self.epochs
        )))
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// No room for temporary files, more than a thousand targets or scorers, or an epoch beyond ten thousand.
    pub fn add(&mut self, answer: Answer) -> Result<(), EngineError> {
        if answer.epoch >= MOST_EPOCHS {
            return Err(EngineError::Usage(format!(
                "case `{}` has an answer in epoch {}: an import holds at most {MOST_EPOCHS} epochs",
                answer.case_id, answer.epoch
            )));
        }
        let target = match self.targets.iter().position(|name| *name == answer.target) {
            Some(at) => at,
            None => {
                self.targets.push(answer.target);
                self.targets.len() - 1
            }
        };
        for score in &answer.scores {
            let values = self.scorers.entry(score.scorer.clone()).or_default();
            if let Some(value) = score.value {
                values.fractions |= value != 0.0 && value != 1.0;
                values.beyond |= !(0.0..=1.0).contains(&value);
            }
        }
        if self.targets.len() > MOST_NAMES || self.scorers.len() > MOST_NAMES {
            return Err(EngineError::Usage(
                "one import holds at most a thousand targets and a thousand scorers".into(),
            ));
        }
        self.epochs = self.epochs.max(answer.epoch.saturating_add(1));
        self.count += 1;
        let spooled = Spooled {
            case: answer.case_id,
            target,
            epoch: answer.epoch,
            outcome: answer.outcome,
            started_us: answer.started_us,
            latency_us: answer.latency_us,
            cost: answer.cost,
            scores: answer.scores,
        };
        serde_json::to_writer(&mut self.spool, &spooled).map_err(|error| scratch(error.into()))?;
        self.spool.write_all(b"\n").map_err(scratch)
    }
}

/// What a run of another tool is called.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The stored version that holds its cases, such as `qa@1`.
    pub dataset: String,
    /// The name of the suite it becomes a run of.
    pub suite: String,
    /// The file or folder.
    pub path: String,
    /// Whether it is there no longer: its path is a name then.
    pub scratch: bool,
    /// The tool with its version.
    pub tool: String,
}

/// Makes a sealed run of answers; gives it with its totals and the number of answers that it does not hold, because their
/// cases are revoked, expired or sealed. A case that a target has no answer for in some epoch is a failed trial.
///
/// # Errors
/// Answers that would make far more trials than they fill, or a workspace that cannot be written.
pub async fn record(
    workspace: &Workspace,
    state: &State,
    lake: &Lake,
    library: &Library,
    origin: Origin,
    answers: Answers,
) -> Result<(RunRecord, Totals, u64), EngineError> {
    answers.check(&origin.path)?;
    let declared = DatasetDecl { dataset: Some(origin.dataset.clone()), ..DatasetDecl::default() };
    let name = origin.dataset.split('@').next().unwrap_or_default().to_owned();
    let (plan, datasets) =
        freeze::freeze(workspace, state, Path::new(""), &[(name, declared)], Some(library), Taken::default()).await?;
    let fingerprint = |part: &str, name: &str| Digest::of_json(&json!(["imported", part, origin.tool, name]));
    let targets = answers.targets.iter().map(|name| TargetRecord {
        name: name.clone(),
        kind: "imported".into(),
        fingerprint: fingerprint("target", name),
        config: json!({"imported": {"tool": origin.tool, "path": origin.path}}),
    });
    let scorers = answers.scorers.iter().map(|(name, values)| ScorerRecord {
        name: name.clone(),
        kind: "imported".into(),
        fingerprint: fingerprint("scorer", name),
        score: match values {
            Values { beyond: true, .. } => ScoreKind::Unbounded,
            Values { fractions: true, .. } => ScoreKind::Bounded { lo: 0.0, hi: 1.0 },
            _ => ScoreKind::Binary,
        },
        direction: Direction::Higher,
        threshold: None,
        metrics: Vec::new(),
        weight: 1.0,
        judge: false,
    });
    let text = format!(
        "# Made by importing {} of {}: another run of it needs a suite.\nsuite: {}\n",
        json!(origin.path),
        origin.tool,
        json!(origin.suite)
    );
    let record = RunRecord {
        id: RunId::from_uuid(uuid::Uuid::now_v7()),
        suite: origin.suite.clone(),
        suite_path: match origin.scratch {
            true => origin.path.clone(),
            false => workspace.recorded(Path::new(&origin.path)),
        },
        suite_digest: Digest::of_bytes(text.as_bytes()),
        suite_text: text,
        tier: None,
        datasets,
        targets: targets.collect(),
        scorers: scorers.collect(),
        epochs: answers.epochs,
        reducers: vec![Reducer::Mean],
        slices: Vec::new(),
        gate: Gate::default(),
        budget: assay_core::run::Budget::default(),
        seed: 0,
        cases: plan.cases,
        plan: plan.digest,
        assay_version: env!("CARGO_PKG_VERSION").to_owned(),
        git: None,
        narrowed: Vec::new(),
        started_us: now_us(),
        labels: BTreeMap::from([("imported".to_owned(), origin.tool.clone())]),
        answers_of: None,
        looks: Vec::new(),
    };
    let mut filling = Filling::new(record, plan, lake.clone());
    let mut file = answers.spool.into_inner().map_err(|error| scratch(error.into_error()))?;
    file.seek(SeekFrom::Start(0)).map_err(scratch)?;
    let mut group = Vec::with_capacity(GROUP);
    for line in BufReader::with_capacity(1 << 16, file).lines() {
        group.push(serde_json::from_str(&line.map_err(scratch)?).map_err(|error| scratch(error.into()))?);
        if group.len() >= GROUP {
            filling.take(std::mem::take(&mut group)).await?;
        }
    }
    filling.take(group).await?;
    let left_out = filling.left_out;
    let (record, totals) = filling.finish().await?;
    state.insert_run(&record).await?;
    state.update_run(record.id, RunStatus::Sealed, &totals, Some(now_us())).await?;
    tidy(lake, &record).await;
    Ok((record, totals, left_out))
}

/// A run that is being filled.
struct Filling {
    record: Arc<RunRecord>,
    plan: PlanFile,
    lake: Lake,
    segment: Segment,
    totals: Totals,
    /// One bit for each planned trial.
    seen: Vec<u64>,
    /// Answers to cases that may not be used, and second answers to one trial.
    left_out: u64,
}

impl Filling {
    fn new(record: RunRecord, plan: PlanFile, lake: Lake) -> Self {
        let planned = usize::try_from(record.planned()).unwrap_or(usize::MAX);
        let record = Arc::new(record);
        let segment = Segment::new(record.clone(), 1);
        Self {
            record,
            plan,
            lake,
            segment,
            totals: Totals::default(),
            seen: vec![0; planned.div_ceil(64)],
            left_out: 0,
        }
    }

    async fn take(&mut self, group: Vec<Spooled>) -> Result<(), EngineError> {
        let ids: Vec<&str> = group.iter().map(|answer| answer.case.as_str()).collect();
        let cases = self.plan.with_ids(0, &ids).await?;
        let mut trials = Vec::with_capacity(group.len());
        for answer in group {
            // Nothing may fail from here on: what is sealed stays in the lake.
            let Some(at) = cases.get(&answer.case) else {
                self.left_out += 1;
                continue;
            };
            let key = TrialKey { case: at.position, target: answer.target as u32, epoch: answer.epoch };
            if !self.mark(key) {
                self.left_out += 1;
                continue;
            }
            let trial = self.trial(key, at);
            let mut scores = answer.scores;
            if answer.outcome.output().is_some() {
                // Shown beside the number, like every score that is missing.
                for scorer in &self.record.scorers {
                    if !scores.iter().any(|score| score.scorer == scorer.name) {
                        scores.push(Score::unscored(&scorer.name, "the import has no score for this trial"));
                    }
                }
            }
            trials.push(Trial {
                outcome: answer.outcome,
                started_us: answer.started_us.unwrap_or(self.record.started_us),
                latency_us: answer.latency_us.unwrap_or(0),
                cost: answer.cost,
                scores,
                ..trial
            });
        }
        self.put(trials).await
    }

    /// Marks a trial as there; false when it was.
    fn mark(&mut self, key: TrialKey) -> bool {
        let number = key.number(self.record.targets.len() as u32, self.record.epochs);
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        let fresh = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        fresh
    }

    fn trial(&self, key: TrialKey, at: &CaseAt) -> Trial {
        Trial {
            key,
            case_id: at.case.id.clone(),
            case_digest: at.digest,
            cluster: at.case.cluster.clone(),
            weight: at.case.weight,
            critical: at.case.critical,
            metadata: assay_datasets::metadata_texts(&at.case),
            target: self.record.targets[key.target as usize].name.clone(),
            outcome: Outcome::Error {
                kind: ErrorKind::Missing,
                message: "the import has no answer for this trial".into(),
            },
            generation: Digest::of_json(&json!([self.record.id, key.case, key.target, key.epoch])),
            started_us: self.record.started_us,
            latency_us: 0,
            ttft_us: None,
            attempts: 0,
            cached: false,
            cost: Money::ZERO,
            scores: Vec::new(),
        }
    }

    async fn put(&mut self, trials: Vec<Trial>) -> Result<(), EngineError> {
        if trials.is_empty() {
            return Ok(());
        }
        trials.iter().for_each(|trial| self.totals.add(trial));
        self.segment.push(&trials)?;
        if self.segment.trials() >= SEGMENT || self.segment.bytes() >= SEGMENT_BYTES {
            let next = Segment::new(self.record.clone(), self.segment.number() + 1);
            self.lake.seal(std::mem::replace(&mut self.segment, next)).await?;
        }
        Ok(())
    }

    /// Writes down what is missing, and seals the rest.
    async fn finish(mut self) -> Result<(RunRecord, Totals), EngineError> {
        let (targets, epochs) = (self.record.targets.len() as u32, self.record.epochs);
        let mut missing = Vec::new();
        for number in 0..self.record.planned() {
            if self.seen[(number / 64) as usize] & 1 << (number % 64) == 0 {
                missing.push(TrialKey::from_number(number, targets, epochs));
            }
            if missing.len() >= GROUP {
                self.put_missing(std::mem::take(&mut missing)).await?;
            }
        }
        self.put_missing(missing).await?;
        if self.segment.trials() > 0 {
            self.lake.seal(self.segment).await?;
        }
        Ok(((*self.record).clone(), self.totals))
    }

    async fn put_missing(&mut self, keys: Vec<TrialKey>) -> Result<(), EngineError> {
        let mut positions: Vec<u64> = keys.iter().map(|key| key.case).collect();
        positions.dedup();
        let cases = self.plan.cases_at(&positions).await?;
        let trials = keys.iter().filter_map(|key| {
            let at = cases.iter().find(|at| at.position == key.case)?;
            Some(self.trial(*key, at))
        });
        let trials: Vec<Trial> = trials.collect();
        self.put(trials).await
    }
}
