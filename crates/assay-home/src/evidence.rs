//! From the workspace to the rows of a pack.

use std::collections::{HashMap, HashSet};

use assay_analysis::{compare, summarize};
use assay_core::permutation::Permutation;
use assay_core::{Digest, RunId, RunRecord, RunStatus};
use assay_evidence::disclose::Disclosure;
use assay_evidence::judges::{self, JudgeFacts};
use assay_evidence::keys::{PublicKey, Signer};
use assay_evidence::pack::{self, Baseline, Parts};
use assay_evidence::rows::{CaseLine, ContentLine, Lines, Salts, ScoreLine, TrialLine, commit, slice_keys};
use assay_evidence::{EvidenceError, verify};
use assay_report::Report;
use assay_store::{PlanFile, RunRow};
use serde_json::{Map, Value, json};

use crate::{Against, Failure, Home, usage};

/// Cases that are read from the plan at once.
const CHUNK: u64 = 1_000;

/// Where a row of the lake belongs: case, target, repeat.
type Place = (Digest, String, u32);

/// What is written while rows are gathered.
struct Gathering<'a> {
    record: &'a RunRecord,
    salts: Salts,
    left_out: &'a HashSet<Digest>,
    /// Cases of a sealed part go by their digest.
    hide_ids: bool,
    content: Option<Lines>,
}

impl Gathering<'_> {
    fn id(&self, id: &str, digest: &Digest) -> String {
        if self.hide_ids { digest.short() } else { id.to_owned() }
    }

    /// Commits to content, and keeps it when it is wanted.
    fn commit(&mut self, case: &str, of: &str, parts: &[&[u8]], value: &Value) -> Result<Digest, EvidenceError> {
        let salt = self.salts.of(&[&[of.as_bytes()][..], parts].concat());
        let text = value.to_string();
        let commitment = commit(&salt, text.as_bytes());
        if let Some(content) = &mut self.content {
            content.push(&ContentLine { case: case.to_owned(), of: of.to_owned(), salt, text })?;
        }
        Ok(commitment)
    }
}

fn text(row: &Map<String, Value>, key: &str) -> Option<String> {
    row.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn number(row: &Map<String, Value>, key: &str) -> Option<i64> {
    row.get(key).and_then(Value::as_i64)
}

/// The columns that are content, as far as they are there.
fn only(row: &Map<String, Value>, keys: &[&str]) -> Value {
    keys.iter()
        .filter_map(|key| {
            row.get(*key).filter(|value| !value.is_null()).map(|value| ((*key).to_owned(), value.clone()))
        })
        .collect::<Map<_, _>>()
        .into()
}

/// A pack that was built.
pub struct Packed {
    /// The pack.
    pub bytes: Vec<u8>,
    /// Its run.
    pub run: RunId,
    /// Trials in it.
    pub trials: u64,
    /// The sealed part whose cases go by digest, without what they hold.
    pub sealed: Option<String>,
}

/// What is found in a pack, or in a disclosed part of one, as programs read it: whether it is `verified`, what it says,
/// or every `fault`.
///
/// # Errors
/// A key or a file that cannot be read at all.
pub fn verified(bytes: &[u8], keys: &[PublicKey]) -> Result<Value, EvidenceError> {
    let found = match Disclosure::is(bytes) {
        true => Disclosure::verify(bytes, keys).map(
            |part| json!({"verified": true, "trials": part.trials, "scores": part.scores, "content": part.content}),
        ),
        false => verify(bytes, keys).map(|pack| {
            let predicate = &pack.statement.predicate;
            json!({"verified": true, "verdict": predicate.verdict, "run": predicate.run, "trials": pack.trials,
                   "scores": pack.scores, "content": pack.content, "built_at": predicate.built_at})
        }),
    };
    match found {
        Err(error @ (EvidenceError::Key(_) | EvidenceError::Io { .. })) => Err(error),
        Err(error) => Ok(json!({"verified": false, "faults": error.to_string().lines().collect::<Vec<_>>()})),
        Ok(found) => Ok(found),
    }
}

impl Home {
    /// Bundles a complete run and signs it. What cannot be verified does not come out.
    ///
    /// # Errors
    /// The run is not complete, is told by a ladder alone, or is named with a target; signing fails.
    pub async fn pack(
        &self,
        (row, target): (RunRow, Option<String>),
        against: &Against,
        content: bool,
        signer: &dyn Signer,
    ) -> Result<Packed, Failure> {
        let (run, sealed) = (row.record.id, row.record.sealed().map(|dataset| dataset.name.clone()));
        if row.status != RunStatus::Sealed {
            let id = run.short();
            return Err(usage(format!("run {id} is not complete: go on with `assay resume {id}`")));
        }
        if let Some(target) = target {
            return Err(usage(format!("a pack is of a whole run, not of its target `{target}` alone")));
        }
        let parts = self.gather(row, against, content && sealed.is_none()).await?;
        let bytes = parts.build(signer)?;
        verify(&bytes, &[signer.public()])?;
        Ok(Packed { bytes, run, trials: parts.trials.tree.size(), sealed })
    }

    /// Everything that goes into the pack of a run.
    async fn gather(&self, row: RunRow, against: &Against, content: bool) -> Result<Parts, Failure> {
        let record = row.record.clone();
        if let Some(ladder) = crate::ladder::of(&self.library(), &record)? {
            return Err(ladder.refused(&record));
        }
        let left_out = self.beyond(&record).await?;
        let mut gathering = Gathering {
            record: &record,
            salts: Salts::new(rand::random()),
            left_out: &left_out,
            hide_ids: record.sealed().is_some(),
            content: content.then(Lines::default),
        };
        let (cases, inputs) = self.cases_of(&mut gathering).await?;
        let (trials, places) = self.trials_of(&mut gathering, &inputs).await?;
        let scores = self.scores_of(&mut gathering, &places).await?;
        let judges = self.judges_of(&record, &scores, pack::SCORES).await?;
        let counted = trials.tree.size();
        let all = row.totals.finished();
        let content = gathering.content;
        let baseline = match self.baseline_run(&record, against).await? {
            None => None,
            Some((found, target)) => Some(match found.record.id == record.id {
                true => Baseline { record: record.clone(), target, scores: None, judges: Vec::new() },
                false => {
                    let other = found.record;
                    if let Some(ladder) = crate::ladder::of(&self.library(), &other)? {
                        return Err(ladder.refused(&other));
                    }
                    let mut gathering = Gathering {
                        record: &other,
                        salts: Salts::new(rand::random()),
                        left_out: &left_out,
                        hide_ids: record.sealed().is_some() || other.sealed().is_some(),
                        content: None,
                    };
                    let places = self.places_of(&gathering).await?;
                    let lines = self.scores_of(&mut gathering, &places).await?;
                    let judges = self.judges_of(&other, &lines, pack::BASELINE_SCORES).await?;
                    Baseline { record: other, target, scores: Some(lines), judges }
                }
            }),
        };
        let mut parts = Parts {
            record,
            cases,
            trials,
            scores,
            judges,
            baseline,
            content,
            left_out: all.saturating_sub(counted),
            report: String::new(),
            built_at: chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            assay_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        parts.report = report(&parts, row)?;
        Ok(parts)
    }

    /// What is known of a run's judges, by the places that targets and cases have in the rows.
    async fn judges_of(&self, record: &RunRecord, lines: &Lines, what: &str) -> Result<Vec<JudgeFacts>, Failure> {
        let mut scores = pack::scores_of(record, lines, &[], what)?;
        self.attach_labels(&mut scores).await?;
        Ok(judges::of(&scores))
    }

    /// The cases of the plan in their order, and the commitment to each that is used.
    async fn cases_of(&self, gathering: &mut Gathering<'_>) -> Result<(Lines, HashMap<Digest, Digest>), Failure> {
        let record = gathering.record;
        let plan = PlanFile::open(&self.workspace, record.plan).await?;
        // A run with a limit works through the beginning of its order.
        let order = Permutation::new(plan.cases, record.seed);
        let used: HashSet<u64> = (0..record.cases.min(plan.cases)).map(|index| order.at(index)).collect();
        let (mut lines, mut inputs) = (Lines::default(), HashMap::new());
        for start in (0..plan.cases).step_by(CHUNK as usize) {
            let positions: Vec<u64> = (start..(start + CHUNK).min(plan.cases)).collect();
            for mut at in plan.cases_at(&positions).await? {
                if used.contains(&at.position) && !gathering.left_out.contains(&at.digest) {
                    let id = gathering.id(&at.case.id, &at.digest);
                    let value = serde_json::to_value(&at.case)?;
                    inputs.insert(at.digest, gathering.commit(&id, "inputs", &[at.digest.as_bytes()], &value)?);
                }
                // With several datasets the plan puts the dataset's name before the id, which its version does not know.
                if let (true, Some(dataset)) = (record.datasets.len() > 1, record.datasets.get(at.dataset as usize))
                    && let Some(own) = at.case.id.strip_prefix(&format!("{}/", dataset.name))
                {
                    at.case.id = own.to_owned();
                }
                let whole = at.case.whole_digest(at.case.digest());
                lines.push(&CaseLine { dataset: at.dataset, digest: at.digest, whole })?;
            }
        }
        Ok((lines, inputs))
    }

    async fn trials_of(
        &self,
        gathering: &mut Gathering<'_>,
        inputs: &HashMap<Digest, Digest>,
    ) -> Result<(Lines, HashMap<Place, u64>), Failure> {
        let sql = format!(
            "SELECT number, case_id, case_digest, target, epoch, status, error_kind, CAST(started_at AS BIGINT) AS started, \
             latency_us, cached, input_tokens, output_tokens, cost_nanousd, version, error_message, output, output_json, \
             contexts_json, tool_calls_json, details_json FROM trials WHERE run_id = '{}' ORDER BY number",
            gathering.record.id
        );
        let mut batches = self.lake.query(&sql, None).await?;
        let (mut lines, mut places) = (Lines::default(), HashMap::new());
        while let Some(batch) = batches.next().await? {
            for row in assay_lake::export::json_rows(&batch)? {
                let digest: Digest = text(&row, "case_digest").unwrap_or_default().parse()?;
                if gathering.left_out.contains(&digest) {
                    continue;
                }
                let target = text(&row, "target").unwrap_or_default();
                let epoch = u32::try_from(number(&row, "epoch").unwrap_or_default())?;
                let trial = number(&row, "number").unwrap_or_default().unsigned_abs();
                let case = gathering.id(&text(&row, "case_id").unwrap_or_default(), &digest);
                let wrote = only(
                    &row,
                    &["output", "output_json", "contexts_json", "tool_calls_json", "details_json", "error_message"],
                );
                let output = gathering.commit(&case, "output", &[&trial.to_be_bytes()], &wrote)?;
                let Some(inputs) = inputs.get(&digest) else {
                    return Err(format!("the frozen list of cases has no case of trial {trial}").into());
                };
                lines.push(&TrialLine {
                    number: trial,
                    case,
                    digest,
                    target: target.clone(),
                    epoch,
                    status: text(&row, "status").unwrap_or_default(),
                    error: text(&row, "error_kind"),
                    started_us: number(&row, "started").unwrap_or_default(),
                    latency_us: number(&row, "latency_us").unwrap_or_default(),
                    cached: row.get("cached").and_then(Value::as_bool).unwrap_or_default(),
                    input_tokens: number(&row, "input_tokens"),
                    output_tokens: number(&row, "output_tokens"),
                    cost_nanousd: number(&row, "cost_nanousd").unwrap_or_default(),
                    version: text(&row, "version"),
                    inputs: *inputs,
                    output,
                })?;
                places.insert((digest, target, epoch), trial);
            }
        }
        Ok((lines, places))
    }

    /// The numbers of a run's trials.
    async fn places_of(&self, gathering: &Gathering<'_>) -> Result<HashMap<Place, u64>, Failure> {
        let sql =
            format!("SELECT number, case_digest, target, epoch FROM trials WHERE run_id = '{}'", gathering.record.id);
        let mut batches = self.lake.query(&sql, None).await?;
        let mut places = HashMap::new();
        while let Some(batch) = batches.next().await? {
            for row in assay_lake::export::json_rows(&batch)? {
                let digest: Digest = text(&row, "case_digest").unwrap_or_default().parse()?;
                let epoch = u32::try_from(number(&row, "epoch").unwrap_or_default())?;
                let trial = number(&row, "number").unwrap_or_default().unsigned_abs();
                places.insert((digest, text(&row, "target").unwrap_or_default(), epoch), trial);
            }
        }
        Ok(places)
    }

    async fn scores_of(&self, gathering: &mut Gathering<'_>, places: &HashMap<Place, u64>) -> Result<Lines, Failure> {
        let record = gathering.record;
        let keys = slice_keys(record);
        let position = |name: &str| record.scorers.iter().position(|scorer| scorer.name == name);
        let none = Digest::of_bytes(b"");
        let (mut rows, mut clusters) = (Vec::new(), HashMap::new());
        self.lake
            .for_each_score(record, |row| {
                if gathering.left_out.contains(&row.case_digest) {
                    return;
                }
                let place = (row.case_digest, row.target.to_owned(), row.epoch);
                if let (Some(trial), Some(scorer)) = (places.get(&place), position(row.scorer)) {
                    let mut line = ScoreLine::of(&row, *trial, none, &mut clusters, &keys);
                    line.case = gathering.id(row.case_id, &row.case_digest);
                    rows.push((*trial, scorer, line));
                }
            })
            .await?;
        rows.sort_unstable_by_key(|(trial, scorer, _)| (*trial, *scorer));
        let sql = format!(
            "SELECT number, scorer, label, reason, rationale FROM scores WHERE run_id = '{}' ORDER BY number",
            record.id
        );
        let mut said = HashMap::new();
        let mut batches = self.lake.query(&sql, None).await?;
        while let Some(batch) = batches.next().await? {
            for row in assay_lake::export::json_rows(&batch)? {
                let trial = number(&row, "number").unwrap_or_default().unsigned_abs();
                if let Some(scorer) = text(&row, "scorer").and_then(|name| position(&name)) {
                    said.insert((trial, scorer), only(&row, &["label", "reason", "rationale"]));
                }
            }
        }
        let mut lines = Lines::default();
        for (trial, scorer, mut line) in rows {
            let wrote = said.remove(&(trial, scorer)).unwrap_or_else(|| json!({}));
            let parts: [&[u8]; 2] = [&trial.to_be_bytes(), line.scorer.as_bytes()];
            line.said = gathering.commit(&line.case, "said", &parts, &wrote)?;
            lines.push(&line)?;
        }
        Ok(lines)
    }
}

/// The report for people, computed from the rows of the pack. It shows no case's content.
fn report(parts: &Parts, row: RunRow) -> Result<String, Failure> {
    let confidence = parts.record.gate.confidence;
    let scores = pack::scores_of(&parts.record, &parts.scores, &parts.judges, pack::SCORES)?;
    let other = match &parts.baseline {
        Some(Baseline { record, scores: Some(lines), judges, .. }) => {
            Some(pack::scores_of(record, lines, judges, pack::BASELINE_SCORES)?)
        }
        _ => None,
    };
    let compared = parts.baseline.as_ref().map(|base| (other.as_ref().unwrap_or(&scores), base.target.as_deref()));
    let gate = pack::gate(&scores, compared);
    let comparison = compared.and_then(|(base, target)| {
        let arm = scores.arm(None)?;
        let base = base.arm(target).or_else(|| base.arm(Some(arm.name())))?;
        Some(compare(arm, base, confidence))
    });
    let summary = summarize(&scores, confidence);
    let report = Report {
        run: row.record,
        status: row.status,
        totals: row.totals,
        summary,
        comparison,
        gate,
        failing: Vec::new(),
    };
    Ok(assay_report::html::render(&report)?)
}
