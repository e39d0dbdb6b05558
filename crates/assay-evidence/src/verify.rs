//! Verification of a pack: from the signature over the rows back to the verdict, with nothing but the file and the key.

use std::collections::{HashMap, HashSet};

use assay_core::{Digest, RunRecord};
use serde_json::Value;

use crate::EvidenceError;
use crate::keys::PublicKey;
use crate::pack::{
    self, BASELINE, BASELINE_JUDGES, BASELINE_SCORES, CASES, CONTENT, JUDGES, Opened, RUN, SCORES, TRIALS,
};
use crate::rows::{CaseLine, ContentLine, Lines, ScoreLine, TrialLine};
use crate::statement::{RunFacts, Statement};

/// How far a number that is computed again may be from the one that was signed, relative to it: the last digits of
/// logarithms and exponentials differ between machines.
const TOLERANCE: f64 = 1e-9;

/// What was verified.
#[derive(Debug)]
pub struct Verified {
    /// The statement.
    pub statement: Statement,
    /// Trials.
    pub trials: u64,
    /// Scores that the verdict was computed from anew.
    pub scores: u64,
    /// Pieces of content that fit their commitments; `None` when the content was removed.
    pub content: Option<u64>,
}

/// Verifies a pack.
///
/// # Errors
/// Everything that does not fit, each in words.
pub fn verify(file: &[u8], keys: &[PublicKey]) -> Result<Verified, EvidenceError> {
    let opened = Opened::new(file, keys)?;
    let predicate = &opened.statement.predicate;
    let mut faults = Vec::new();
    let record = opened.record(RUN)?;
    check_record(&record, &predicate.run, "run", &mut faults);
    if opened.statement.subject != predicate.run.subjects() {
        faults.push("the subjects of the statement are not the targets of the run".into());
    }
    let baseline = match &predicate.baseline {
        Some(facts) if facts.run.id != predicate.run.id => {
            let record = opened.record(BASELINE)?;
            check_record(&record, &facts.run, "baseline", &mut faults);
            let lines = opened.lines(BASELINE_SCORES)?;
            Some(pack::scores_of(&record, &lines, &opened.judges(BASELINE_JUDGES)?, BASELINE_SCORES)?)
        }
        _ => None,
    };
    let trials = opened.lines(TRIALS)?;
    let scores = opened.lines(SCORES)?;
    let cases = opened.lines(CASES)?;
    let commitments = check_rows(&record, &trials, &scores, &mut faults)?;
    check_cases(&cases, &trials, &mut faults)?;
    if pack::versions(&record, &cases)? != predicate.versions {
        faults.push("the versions of the datasets do not follow from the cases as was signed".into());
    }

    let own = pack::scores_of(&record, &scores, &opened.judges(JUDGES)?, SCORES)?;
    let target = predicate.baseline.as_ref().and_then(|facts| facts.target.as_deref());
    let compared = predicate.baseline.as_ref().map(|_| (baseline.as_ref().unwrap_or(&own), target));
    let gate = pack::gate(&own, compared);
    let verdict = gate.verdict.map(|verdict| verdict.as_str().to_owned());
    if verdict != predicate.verdict {
        let word = |verdict: &Option<String>| verdict.clone().unwrap_or_else(|| "none".into());
        faults.push(format!(
            "the verdict `{}` does not follow from the scores: they give `{}`",
            word(&predicate.verdict),
            word(&verdict)
        ));
    }
    differences("gate", &predicate.gate, &serde_json::to_value(&gate).unwrap_or_default(), &mut faults);

    let content = match opened.has(CONTENT) {
        true => Some(check_content(&opened.lines(CONTENT)?, &commitments, &mut faults)?),
        false => None,
    };
    if !faults.is_empty() {
        return Err(EvidenceError::Mismatch(faults));
    }
    let (trials, scores) = (trials.tree.size(), scores.tree.size());
    Ok(Verified { statement: opened.statement, trials, scores, content })
}

fn check_record(record: &RunRecord, signed: &RunFacts, what: &str, faults: &mut Vec<String>) {
    let found = serde_json::to_value(RunFacts::of(record)).unwrap_or_default();
    differences(what, &serde_json::to_value(signed).unwrap_or_default(), &found, faults);
    if Digest::of_bytes(record.suite_text.as_bytes()) != record.suite_digest {
        faults.push(format!("the text of the suite of the {what} does not have the digest that is named for it"));
    }
}

/// What may be opened: the commitment of each piece of content, by case.
type Commitments = HashSet<(String, &'static str, Digest)>;

/// Checks that each planned trial is there once, and each of its scores.
fn check_rows(
    record: &RunRecord,
    trials: &Lines,
    scores: &Lines,
    faults: &mut Vec<String>,
) -> Result<Commitments, EvidenceError> {
    let mut commitments = Commitments::new();
    let mut by_number = HashMap::new();
    let mut places = HashSet::new();
    for line in trials.rows::<TrialLine>(TRIALS) {
        let trial = line?;
        commitments.insert((trial.case.clone(), "inputs", trial.inputs));
        commitments.insert((trial.case.clone(), "output", trial.output));
        let known = record.targets.iter().any(|target| target.name == trial.target);
        if !known || trial.epoch >= record.epochs {
            faults.push(format!("trial {} is none that the run planned", trial.number));
        }
        if !places.insert((trial.digest, trial.target.clone(), trial.epoch)) {
            faults.push(format!("trial {} is of a case, target and epoch that another is of", trial.number));
        }
        if by_number.insert(trial.number, (trial.digest, trial.target, trial.epoch)).is_some() {
            faults.push(format!("trial {} is there twice", trial.number));
        }
    }
    // A run that a look has ended plans what that look saw.
    if trials.tree.size() != record.planned() {
        faults.push(format!("the run has {} trials, the pack {}", record.planned(), trials.tree.size()));
    }
    let mut scored = HashSet::new();
    for line in scores.rows::<ScoreLine>(SCORES) {
        let score = line?;
        let Some(scorer) = record.scorers.iter().position(|scorer| scorer.name == score.scorer) else {
            faults.push("a score is of a scorer that the run does not have".into());
            continue;
        };
        match by_number.get(&score.number) {
            Some((digest, target, epoch))
                if *digest == score.digest && *target == score.target && *epoch == score.epoch => {}
            _ => faults.push(format!("a score of trial {} is of no trial of the pack", score.number)),
        }
        if !scored.insert((score.number, scorer)) {
            faults.push(format!("trial {} has two scores of `{}`", score.number, score.scorer));
        }
        commitments.insert((score.case, "said", score.said));
    }
    let expected = trials.tree.size() * record.scorers.len() as u64;
    if scores.tree.size() != expected {
        faults.push(format!("{expected} scores belong to the trials, the pack has {}", scores.tree.size()));
    }
    Ok(commitments)
}

/// Checks that every trial is of a case of the datasets.
fn check_cases(cases: &Lines, trials: &Lines, faults: &mut Vec<String>) -> Result<(), EvidenceError> {
    let mut known = HashSet::new();
    for line in cases.rows::<CaseLine>(CASES) {
        known.insert(line?.digest);
    }
    let mut strangers = 0u64;
    for line in trials.rows::<TrialLine>(TRIALS) {
        strangers += u64::from(!known.contains(&line?.digest));
    }
    if strangers > 0 {
        faults.push(format!("{strangers} trials are of cases that the datasets do not have"));
    }
    Ok(())
}

fn check_content(content: &Lines, commitments: &Commitments, faults: &mut Vec<String>) -> Result<u64, EvidenceError> {
    let mut pieces = 0;
    for line in content.rows::<ContentLine>(CONTENT) {
        let line = line?;
        let of = ["inputs", "output", "said"].into_iter().find(|known| *known == line.of);
        let commitment = line.commitment();
        if of.is_none_or(|of| !commitments.contains(&(line.case.clone(), of, commitment))) {
            faults.push(format!("the content of case `{}` is not the one that was committed to", line.case));
        }
        pieces += 1;
    }
    Ok(pieces)
}

/// Says where two values differ: what was signed, and what follows.
fn differences(at: &str, signed: &Value, found: &Value, faults: &mut Vec<String>) {
    match (signed, found) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let null = Value::Null;
                differences(&format!("{at}.{key}"), a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null), faults);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().for_each(|(i, (a, b))| differences(&format!("{at}[{i}]"), a, b, faults));
        }
        (Value::Number(a), Value::Number(b)) if a != b => {
            let (x, y) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            let close = !a.is_u64() && !a.is_i64() && (x - y).abs() <= TOLERANCE * x.abs().max(1e-3);
            if !close {
                faults.push(format!("{at}: {a} was signed, {b} follows from what is in the pack"));
            }
        }
        (a, b) if a != b => faults.push(format!("{at}: {a} was signed, {b} follows from what is in the pack")),
        _ => {}
    }
}
