//! Jurors and stages: who is asked about a trial, in which order, and what their verdicts come to.

use std::sync::Arc;

use assay_core::{Asked, Digest, Score, ScoreKind, Silence};
use assay_models::Caller;
use async_trait::async_trait;
use futures::future::join_all;
use serde_json::{Map, Value, json};

use super::ask::{Model, Session, Spent, Stop};
use super::canary::{Canary, steers};
use super::file::{Kind, Part};
use super::jury::Rule;
use super::procedure::{Check, Judge, Opinion};
use super::subject::{Shown, Subject};
use crate::ScoreInput;
use crate::rule::{Asks, Scorer, shorten, variables};
use crate::scorers::judge::JudgeParams;

/// A judge file asked through a model.
pub struct Juror {
    /// The file.
    pub judge: Arc<Judge>,
    /// The model.
    pub model: Arc<Model>,
}

/// The scorer `judge`.
pub struct Panel {
    /// What the suite says.
    pub params: JudgeParams,
    /// Parts that come from elsewhere.
    pub shown: Shown,
    /// The recorded answers to compare with.
    pub against: Vec<String>,
    /// Those that are asked together, in the order in which they are asked.
    pub stages: Vec<Vec<Juror>>,
    /// Whether people decide what the last stage cannot.
    pub human: bool,
    /// How often each juror is asked.
    pub repeats: u32,
    /// What the suite calls good enough.
    pub threshold: Option<f64>,
    /// What kind of number it gives.
    pub kind: ScoreKind,
    /// Everything that can move a value.
    pub fingerprint: Digest,
}

/// One juror's word.
struct Vote {
    juror: usize,
    result: Result<Opinion, Stop>,
    spent: Spent,
}

/// What a stage came to.
struct Ruling {
    value: f64,
    label: String,
    confidence: Option<f64>,
}

impl Panel {
    fn session<'a>(&self, juror: &'a Juror, caller: &'a dyn Caller, generation: u32) -> Session<'a> {
        let reasks = self.params.max_reasks.or(juror.judge.file.defaults.max_reasks).unwrap_or(2);
        Session {
            caller,
            model: &juror.model,
            generation,
            max_reasks: reasks,
            // The same question at temperature 0 has the same answer: repeats need the model's own.
            cold: self.repeats == 1,
            logprobs: self.params.logprobs,
            spent: Spent::default(),
        }
    }

    fn subject(&self, juror: &Juror, input: &ScoreInput<'_>) -> Result<Subject, Stop> {
        let several = juror.judge.file.kind == Kind::Best;
        let mut subject = Subject::of(input, &self.shown, &self.against, several).map_err(Stop::Unscored)?;
        if self.params.reference.or(juror.judge.file.defaults.reference) == Some(false) {
            subject.parts.remove(&Part::Reference);
        }
        Ok(subject)
    }

    /// Asks everybody of a stage.
    async fn votes(&self, jurors: &[Juror], caller: &dyn Caller, input: &ScoreInput<'_>) -> Vec<Vote> {
        let seats = (0..jurors.len()).flat_map(|juror| (0..self.repeats).map(move |repeat| (juror, repeat)));
        join_all(seats.map(|(juror, repeat)| async move {
            // Repeats and epochs are different generations, so they need different cache keys.
            let mut session = self.session(&jurors[juror], caller, input.epoch * 1_000 + repeat);
            let result = match self.subject(&jurors[juror], input) {
                Ok(subject) => jurors[juror].judge.opinion(&mut session, &subject).await,
                Err(stop) => Err(stop),
            };
            Vote { juror, result, spent: session.spent }
        }))
        .await
    }

    /// What the votes of a stage come to.
    fn ruling(&self, jurors: usize, votes: &[Vote]) -> Result<Ruling, Stop> {
        let silent = |juror: usize| votes.iter().any(|vote| vote.juror == juror && vote.result.is_err());
        let speaking = (0..jurors).filter(|juror| !silent(*juror)).count();
        if speaking < self.params.quorum.unwrap_or(jurors) {
            let mut stops = votes.iter().filter_map(|vote| vote.result.as_ref().err());
            // A judge that did not answer may answer when the trial is scored again.
            let failed = stops.clone().find(|stop| matches!(stop, Stop::Failed(_))).or_else(|| stops.next());
            return Err(failed.cloned().unwrap_or_else(|| Stop::Unscored("no juror gave a verdict".into())));
        }
        let opinions: Vec<&Opinion> =
            votes.iter().filter(|vote| !silent(vote.juror)).filter_map(|vote| vote.result.as_ref().ok()).collect();
        let values: Vec<f64> = opinions.iter().map(|opinion| opinion.value).collect();
        let value = self.params.jury.value(&values).map_err(Stop::Unscored)?;
        let same = opinions.iter().all(|opinion| opinion.label == opinions[0].label);
        let label = match (same, self.params.jury) {
            (true, _) => opinions[0].label.clone(),
            (false, Rule::Majority) => {
                let chosen = opinions.iter().find(|opinion| opinion.value == value);
                chosen.map(|opinion| opinion.label.clone()).unwrap_or_default()
            }
            (false, _) => "split".to_owned(),
        };
        let sure: Vec<f64> = opinions.iter().filter_map(|opinion| opinion.confidence).collect();
        let confidence = (!sure.is_empty()).then(|| sure.iter().sum::<f64>() / sure.len() as f64);
        Ok(Ruling { value, label, confidence })
    }

    fn is_borderline(&self, value: f64) -> bool {
        let distance = self.threshold.map(|threshold| (value - threshold).abs());
        // A tenth is no binary number: 0.6 is as near to 0.5 as 0.1.
        distance.zip(self.params.borderline).is_some_and(|(distance, width)| distance <= width + 1e-9)
    }

    /// Why the next stage must decide.
    fn escalates(&self, ruling: &Result<Ruling, Stop>) -> Option<String> {
        match ruling {
            Ok(ruling) => {
                let least = self.params.escalate_below.unwrap_or(0.0);
                match ruling.confidence {
                    Some(sure) if sure < least => Some(format!("confidence {sure:.2} is below {least}")),
                    _ if self.is_borderline(ruling.value) => Some(format!("{:.2} is borderline", ruling.value)),
                    _ => None,
                }
            }
            // What a budget forbids here it forbids there.
            Err(Stop::Unscored(reason)) if Silence::of(reason) != Silence::NotAsked => Some(reason.clone()),
            Err(_) => None,
        }
    }

    /// Judges the trial again with an instruction in its answer.
    async fn canary(
        &self,
        jurors: &[Juror],
        caller: &dyn Caller,
        input: &ScoreInput<'_>,
        votes: &[Vote],
    ) -> Option<(&'static str, Spent)> {
        let seed = json!([self.fingerprint, input.case.digest(), input.output.value, input.epoch]);
        let seed = Digest::of_json(&seed);
        let at = usize::try_from(seed.leading() % jurors.len() as u64).ok()?;
        let juror = jurors.get(at)?;
        // What this juror said by itself, whatever the others made of it.
        let before = votes.iter().find(|vote| vote.juror == at)?.result.as_ref().ok()?.value;
        let canary = Canary::for_trial(seed, self.params.canary?, before)?;
        let mut session = self.session(juror, caller, input.epoch * 1_000);
        let subject = self.subject(juror, input).ok()?.with_line(&canary.line());
        let word = match juror.judge.opinion(&mut session, &subject).await {
            Ok(after) if canary.obeyed(before, &after) => "obeyed",
            Ok(_) => "held",
            Err(_) => "unread",
        };
        Some((word, session.spent))
    }

    /// The parts that try to steer the judge.
    fn steering(&self, jurors: &[Juror], input: &ScoreInput<'_>) -> Vec<&'static str> {
        let Some(subject) = jurors.first().and_then(|juror| self.subject(juror, input).ok()) else { return Vec::new() };
        let sees = |part: &Part| jurors.iter().any(|juror| juror.judge.file.sees.iter().any(|seen| seen.part == *part));
        let parts = subject.parts.iter().filter(|(part, text)| sees(part) && steers(text));
        parts.map(|(part, _)| part.as_str()).collect()
    }
}

/// A vote as results keep it.
fn kept(stage: usize, juror: &Juror, vote: &Vote) -> Value {
    let mut kept = json!({
        "stage": stage + 1, "juror": vote.juror + 1, "judge": juror.judge.file.judge, "model": juror.model.name,
    });
    let mut set = |key: &str, value: Value| kept[key] = value;
    match &vote.result {
        Ok(opinion) => {
            set("value", json!(opinion.value));
            set("label", json!(opinion.label));
            if let Some(sure) = opinion.confidence {
                set("confidence", json!(sure));
            }
            if !opinion.orders.is_empty() {
                set("orders", json!(opinion.orders));
            }
            if opinion.checks.is_empty() {
                set("why", json!(shorten(&opinion.why)));
            } else {
                set("checks", opinion.checks.iter().map(Check::details).collect());
            }
        }
        Err(Stop::Unscored(reason) | Stop::Failed(reason)) => set("missing", json!(shorten(reason))),
    }
    set("calls", json!(vote.spent.asked.calls));
    set("cost_nanousd", json!(vote.spent.cost.nanos()));
    kept
}

#[async_trait]
impl Scorer for Panel {
    fn score_kind(&self) -> ScoreKind {
        self.kind
    }

    fn asks(&self) -> Vec<Asks<'_>> {
        let jurors = self.stages.iter().flatten();
        let asks = jurors.map(|juror| Asks {
            target: juror.model.target.as_ref(),
            config: &juror.model.config,
            times: juror.judge.calls() * self.repeats,
            bytes: juror.judge.bytes(),
        });
        asks.collect()
    }

    fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    fn template_variables(&self) -> Vec<(String, String)> {
        variables(&json!({"rubric": self.params.rubric, "show": self.params.show}))
    }

    fn needs_expected(&self) -> bool {
        let mut judges = self.stages.iter().flatten().map(|juror| &juror.judge);
        !self.shown.contains_key(&Part::Reference)
            && judges
                .any(|judge| judge.needs(Part::Reference) || (judge.file.kind == Kind::Pair && self.against.is_empty()))
    }

    async fn preflight(&self) -> Result<(), String> {
        for juror in self.stages.iter().flatten() {
            juror.model.target.preflight().await.map_err(|error| error.message)?;
        }
        Ok(())
    }

    async fn score(&self, name: &str, input: &ScoreInput<'_>) -> Score {
        let Some(caller) = input.caller else { return Score::error(name, "no model calls are possible here") };
        let mut spent = Spent { asked: Asked::default(), ..Spent::default() };
        let mut verdicts = Vec::new();
        let mut details = Map::new();
        let mut notes = Vec::new();
        let mut last: Option<(usize, Vec<Vote>, Result<Ruling, Stop>)> = None;
        for (at, jurors) in self.stages.iter().enumerate() {
            let votes = self.votes(jurors, caller, input).await;
            for vote in &votes {
                spent.add(&vote.spent);
                verdicts.push(kept(at, &jurors[vote.juror], vote));
            }
            let ruling = self.ruling(jurors.len(), &votes);
            let why = self.escalates(&ruling);
            let next = at + 1 < self.stages.len();
            match why {
                Some(why) if next => notes.push(format!("{} passed it on: {why}", jurors[0].model.name)),
                Some(why) if self.human => {
                    last = Some((at, votes, Err(Stop::Unscored(Silence::NeedsPerson.because(&why)))));
                    break;
                }
                _ => {
                    last = Some((at, votes, ruling));
                    break;
                }
            }
        }
        let Some((stage, votes, ruling)) = last else { return Score::error(name, "the judge has no stage") };
        let jurors = &self.stages[stage];
        let steering = self.steering(jurors, input);
        if !steering.is_empty() {
            notes.push(format!("the {} holds words that address a judge", steering.join(" and the ")));
            details.insert("steering".into(), json!(steering));
        }
        let least = self.params.abstain_below.unwrap_or(0.0);
        let ruling = ruling.and_then(|ruling| match ruling.confidence {
            Some(sure) if sure < least => {
                let why = format!("confidence {sure:.2} is below {least}");
                Err(Stop::Unscored(Silence::Abstained.because(&why)))
            }
            _ => Ok(ruling),
        });
        if ruling.is_ok()
            && let Some((word, more)) = self.canary(jurors, caller, input, &votes).await
        {
            spent.add(&more);
            details.insert("canary".into(), json!(word));
            if word == "obeyed" {
                notes.push("the judge obeyed an instruction hidden in the answer".into());
            }
        }
        let opinions: Vec<&Opinion> = votes.iter().filter_map(|vote| vote.result.as_ref().ok()).collect();
        let tells = verdicts.len() > 1
            || self.stages.len() > 1
            || self.params.borderline.is_some()
            || !details.is_empty()
            || opinions.iter().any(|one| !one.checks.is_empty() || !one.orders.is_empty() || one.confidence.is_some());
        let mut score = match ruling {
            Ok(ruling) => {
                let mut score = Score::scored(name, ruling.value);
                let borderline = self.is_borderline(ruling.value);
                score.label = match (ruling.label.is_empty(), borderline) {
                    (_, true) => Some("borderline".to_owned()),
                    (true, false) => None,
                    (false, false) => Some(ruling.label),
                };
                score
            }
            Err(Stop::Unscored(reason)) => Score::unscored(name, shorten(&reason)),
            Err(Stop::Failed(message)) => Score::error(name, shorten(&message)),
        };
        if let Some(first) = opinions.first() {
            if opinions.len() > 1 {
                let all: Vec<String> = opinions.iter().map(|one| format!("{:.2}", one.value)).collect();
                notes.insert(0, format!("{} verdicts: {}", opinions.len(), all.join(", ")));
            }
            notes.push(first.why.clone());
            let notes = notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>();
            score.rationale = Some(shorten(&notes.join("; "))).filter(|text| !text.is_empty());
        }
        if tells {
            details.insert("verdicts".into(), Value::Array(verdicts));
            score.details = Some(Value::Object(details));
        }
        Score { cost: spent.cost, usage: spent.usage, asked: Some(spent.asked), ..score }
    }
}
