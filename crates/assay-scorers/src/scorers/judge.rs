//! `judge`: a model judges the answer, as a judge file says.
//!
//! `use` names a built-in judge (`assay judge list`) or a file of your own (`./mine.judge.yaml`); without it `rubric`
//! says what counts, and the verdict is pass or fail, or `scale: {min: 1, max: 5}`. `model` is a chat target
//! (`{openai: MODEL}`); `models` makes a jury, `cascade` asks the next model only where the one before is unsure. What is
//! judged is fenced and marked as data. A reply that cannot be read is asked for again (`max_reasks`, 2 by default);
//! after that the trial is unscored, never failed. A judge is advisory: it cannot pass or fail a gate until it is
//! calibrated against people. `docs/judges.md` says more.
//!
//! Verdicts that were recorded before need no model: `judge: {recorded: FIELD}` reads them from what the target kept with
//! the answer, or from the case (also a template); `pass` names the words that mean a pass, `scale` the range of numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use assay_core::problem::{self, did_you_mean};
use assay_core::{Asked, Digest, Problem, Score, ScoreKind};
use async_trait::async_trait;
use futures::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ScoreInput;
use crate::judges::ask::{Model, Session, Spent, Stop};
use crate::judges::canary::{Canary, steers};
use crate::judges::file::{Criterion, JudgeFile, Kind, Loaded, Part, Policy, Sum, criteria_problems};
use crate::judges::jury::Rule;
use crate::judges::procedure::{Judge, Opinion};
use crate::judges::subject::{Shown, Subject};
use crate::judges::verdict::{Scale, Shape};
use crate::judges::{VERSION, builtin, builtins};
use crate::param::Param;
use crate::registry::ScorerContext;
use crate::rule::{Asks, Scorer, fingerprint, shorten, variables};

/// The parameter that the short form sets.
pub const MAIN: &str = "use";

/// Parameters of `judge`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeParams {
    /// A built-in judge or a file, relative to the suite; a list makes a jury of prompts.
    #[serde(default, rename = "use")]
    pub judges: Option<OneOrMore>,
    /// Verdicts that were recorded before, instead of a model: a template, or the name of a field that the target kept with
    /// the answer or the case has. With it only `pass` and `scale` may stand.
    #[serde(default, skip_serializing)]
    pub recorded: Option<String>,
    /// The words of recorded verdicts that mean a pass; others mean a fail.
    #[serde(default, skip_serializing)]
    pub pass: Option<Vec<String>>,
    /// The model: a chat target such as `{openai: MODEL}`.
    #[serde(default)]
    pub model: Option<Value>,
    /// A jury of models.
    #[serde(default)]
    pub models: Option<Vec<Value>>,
    /// Models from the cheapest on: the next is asked where the one before is unsure. `human` at the end leaves the rest
    /// to people.
    #[serde(default)]
    pub cascade: Option<Vec<Value>>,
    /// What counts, a template over the trial.
    #[serde(default)]
    pub rubric: Option<String>,
    /// A whole-number scale instead of pass or fail.
    #[serde(default)]
    pub scale: Option<Scale>,
    /// Criteria, each with `id`, `text` and perhaps `weight` and `check`.
    #[serde(default)]
    pub criteria: Option<Vec<Criterion>>,
    /// A policy file, relative to the suite: each of its clauses becomes a criterion.
    #[serde(default)]
    pub policy: Option<String>,
    /// Show the expected output to the judge.
    #[serde(default)]
    pub reference: Option<bool>,
    /// Where parts of the trial come from instead of their usual place: `{question: "{{ q }}"}`.
    #[serde(default)]
    pub show: BTreeMap<Part, Param>,
    /// The recorded answers to compare with, by name.
    #[serde(default)]
    pub against: Option<OneOrMore>,
    /// Ask this many times.
    #[serde(default)]
    pub repeats: Option<u32>,
    /// Ask again this often when a reply cannot be read.
    #[serde(default)]
    pub max_reasks: Option<u32>,
    /// How verdicts become one value: `mean`, `median` or `majority`.
    #[serde(default)]
    pub jury: Rule,
    /// The fewest jurors that must give a verdict; all by default.
    #[serde(default)]
    pub quorum: Option<usize>,
    /// Take the expected value over the judge's own probabilities, where the provider gives them.
    #[serde(default)]
    pub logprobs: bool,
    /// Leave trials unscored of which the judge is less sure than this.
    #[serde(default)]
    pub abstain_below: Option<f64>,
    /// In a cascade, ask the next model when this one is less sure than this.
    #[serde(default)]
    pub escalate_below: Option<f64>,
    /// Values this near to the threshold are labelled `borderline`, and go on in a cascade.
    #[serde(default)]
    pub borderline: Option<f64>,
    /// The share of trials that are judged again with an instruction hidden in the answer, to see whether the judge obeys.
    #[serde(default)]
    pub canary: Option<f64>,
}

/// A text or several.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl OneOrMore {
    fn list(&self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one.clone()],
            Self::More(more) => more.clone(),
        }
    }
}

/// A judge file asked through a model.
struct Juror {
    judge: Arc<Judge>,
    model: Arc<Model>,
}

struct JudgeScorer {
    params: JudgeParams,
    shown: Shown,
    against: Vec<String>,
    /// Those that are asked together, in the order in which they are asked.
    stages: Vec<Vec<Juror>>,
    /// Whether people decide what the last stage cannot.
    human: bool,
    repeats: u32,
    threshold: Option<f64>,
    kind: ScoreKind,
    fingerprint: Digest,
}

/// Builds the scorer.
///
/// # Errors
/// Everything that is wrong with its parameters and files.
pub fn build(params: &Value, context: &ScorerContext) -> Result<Box<dyn Scorer>, Vec<Problem>> {
    if params.get("recorded").is_some() {
        return super::judge_recorded::build(params);
    }
    let params = crate::rule::long_form(params, MAIN);
    let params: JudgeParams = problem::read(&params, "").map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let criteria = criteria(&params, context).unwrap_or_else(|found| {
        problems.extend(found);
        None
    });
    let (stages, human) = models(&params, context).unwrap_or_else(|found| {
        problems.extend(found);
        (Vec::new(), false)
    });
    let files = files(&params, context).unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let sure = params.abstain_below.is_some() || params.escalate_below.is_some();
    let mut judges = Vec::new();
    for (i, loaded) in files.iter().enumerate() {
        match tailored(loaded, &params, criteria.as_deref(), sure) {
            Ok(judge) => judges.push(Arc::new(judge)),
            Err(found) if i == 0 => problems.extend(found),
            Err(_) => {}
        }
    }
    let repeats = params.repeats.or_else(|| files.first()?.file.defaults.repeats).unwrap_or(1);
    problems.extend(faults(&params, repeats));
    if !problems.is_empty() {
        return Err(problems);
    }
    let stages = seated(stages, &judges)?;
    let single = repeats == 1 && stages.iter().all(|stage| stage.len() == 1);
    let binary = judges.iter().all(|judge| is_binary(&judge.file)) && !params.logprobs;
    let kind = match binary && (single || params.jury == Rule::Majority) {
        true => ScoreKind::Binary,
        false => ScoreKind::Bounded { lo: 0.0, hi: 1.0 },
    };
    if params.borderline.is_some() && context.threshold.is_none() {
        let problem = Problem::new("/borderline", "`borderline` is measured from a threshold, and there is none");
        return Err(vec![problem.help("set `threshold` beside `judge`")]);
    }
    if params.borderline.is_some() && kind == ScoreKind::Binary {
        let problem = Problem::new("/borderline", "a verdict of pass or fail is never near its threshold");
        return Err(vec![problem.help("use `repeats`, a `scale` or `logprobs`")]);
    }
    let seats = stages.iter().enumerate().flat_map(|(stage, jurors)| jurors.iter().map(move |juror| (stage, juror)));
    let asked: Vec<Value> = seats
        .map(|(stage, juror)| {
            json!({"stage": stage, "judge": juror.judge.digest, "model": juror.model.target.traits().fingerprint})
        })
        .collect();
    // Files and models count by what they are, not by what they are called here.
    let mut rest = json!(params);
    for key in ["use", "model", "models", "cascade", "policy", "criteria"] {
        rest.as_object_mut().map(|rest| rest.shift_remove(key));
    }
    let threshold = context.threshold.filter(|_| params.borderline.is_some());
    let print = json!({"params": rest, "asked": asked, "criteria": criteria, "human": human, "threshold": threshold});
    let shown = params.show.clone();
    let against = params.against.as_ref().map(OneOrMore::list).unwrap_or_default();
    let fingerprint = fingerprint("judge", VERSION, &print);
    Ok(Box::new(JudgeScorer { shown, against, stages, human, repeats, threshold, kind, fingerprint, params }))
}

/// The criteria of the suite or of its policy file.
fn criteria(params: &JudgeParams, context: &ScorerContext) -> Result<Option<Vec<Criterion>>, Vec<Problem>> {
    match (&params.criteria, &params.policy) {
        (Some(_), Some(_)) => Err(vec![Problem::new("/policy", "`criteria` and `policy` exclude each other")]),
        (Some(criteria), None) => {
            let mut found = criteria_problems(criteria, "/criteria");
            if criteria.is_empty() {
                found.push(Problem::new("/criteria", "there is no criterion"));
            }
            if found.is_empty() { Ok(Some(criteria.clone())) } else { Err(found) }
        }
        (None, Some(name)) => {
            let (text, path) = file_text(name, "/policy", context)?;
            let policy = Policy::from_text(&text, &path).map_err(|found| located(&found, "/policy"))?;
            Ok(Some(policy.clauses))
        }
        (None, None) => Ok(None),
    }
}

fn file_text(name: &str, at: &str, context: &ScorerContext) -> Result<(String, std::path::PathBuf), Vec<Problem>> {
    let path = context.targets.base_dir.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((text, path)),
        Err(error) => Err(vec![Problem::new(at, format!("`{name}` cannot be read: {error}"))]),
    }
}

/// Problems of another file, each with its own line and column.
fn located(found: &assay_suite::Diagnostics, at: &str) -> Vec<Problem> {
    let located = found.located().into_iter();
    let problem = |one: assay_suite::diagnostics::Located| {
        let mut problem = Problem::new(at, format!("{}:{}:{}: {}", one.file, one.line, one.column, one.message));
        problem.help = one.help;
        problem
    };
    located.map(problem).collect()
}

/// The judges that are asked.
fn files(params: &JudgeParams, context: &ScorerContext) -> Result<Vec<Loaded>, Vec<Problem>> {
    let default = match (&params.policy, &params.criteria, &params.scale, &params.rubric) {
        (Some(_), ..) => "policy",
        (_, Some(_), ..) => "criteria",
        (.., Some(_), Some(_)) => "ordinal",
        (.., Some(_)) => "rubric",
        _ => {
            let list = builtins().iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            let problem = Problem::new("", "the judge does not say what it judges by: `use` or `rubric` is missing");
            match &params.judges {
                None => return Err(vec![problem.help(format!("built-in judges: {list}"))]),
                Some(_) => "",
            }
        }
    };
    let names = params.judges.as_ref().map_or_else(|| vec![default.to_owned()], OneOrMore::list);
    if names.is_empty() {
        return Err(vec![Problem::new("/use", "no judge is named")]);
    }
    let several = matches!(params.judges, Some(OneOrMore::More(_)));
    let mut found = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let at = if several { format!("/use/{i}") } else { "/use".to_owned() };
        if let Some(known) = builtin(name) {
            found.push(known.clone());
        } else if name.contains(['/', '\\']) || name.ends_with(".yaml") || name.ends_with(".yml") {
            let (text, path) = file_text(name, &at, context)?;
            found.push(JudgeFile::from_text(&text, &path).map_err(|found| located(&found, &at))?);
        } else {
            let problem = Problem::new(at, format!("there is no built-in judge `{name}`"));
            return Err(vec![match did_you_mean(name, builtins().iter().map(|(name, _)| *name)) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("`assay judge list` lists them; a file of your own begins with `./`"),
            }]);
        }
    }
    Ok(found)
}

/// A judge with what the suite says instead of its file.
fn tailored(
    loaded: &Loaded,
    params: &JudgeParams,
    criteria: Option<&[Criterion]>,
    sure: bool,
) -> Result<Judge, Vec<Problem>> {
    let mut loaded = loaded.clone();
    let file = &mut loaded.file;
    if let Some(scale) = &params.scale {
        if file.kind.compares() || matches!(file.verdict, Shape::Choices(_)) {
            return Err(vec![Problem::new("/scale", format!("`{}` has verdicts of its own", file.judge))]);
        }
        let shape = Shape::Scale(scale.clone());
        let found = shape.problems("");
        if !found.is_empty() {
            return Err(found);
        }
        file.verdict = shape;
    }
    if let Some(criteria) = criteria {
        if file.kind != Kind::Criteria {
            let at = if params.policy.is_some() { "/policy" } else { "/criteria" };
            return Err(vec![Problem::new(at, format!("`{}` does not judge by criteria", file.judge))]);
        }
        file.criteria = criteria.to_vec();
    }
    if file.kind == Kind::Criteria && file.criteria.is_empty() {
        let problem = Problem::new("", format!("`{}` needs `criteria` or a `policy`", file.judge));
        return Err(vec![problem]);
    }
    // A reference that was asked for must be there; one that was not is not shown.
    match params.reference.or(file.defaults.reference) {
        Some(true) => match file.sees.iter_mut().find(|seen| seen.part == Part::Reference) {
            Some(seen) => seen.optional = false,
            None => {
                let message = format!("`{}` does not look at a reference", file.judge);
                return Err(vec![Problem::new("/reference", message)]);
            }
        },
        Some(false) => {
            // Its place in the prompt stays and is empty.
            for seen in file.sees.iter_mut().filter(|seen| seen.part == Part::Reference) {
                seen.optional = true;
            }
        }
        None => {}
    }
    let judge = Judge::new(&loaded, params.rubric.as_deref(), sure).map_err(|problem| vec![problem])?;
    if judge.shows_rubric() && params.rubric.is_none() && loaded.file.defaults.rubric.is_none() {
        return Err(vec![Problem::new("", format!("`{}` needs a `rubric`", loaded.file.judge))]);
    }
    if params.rubric.is_some() && !judge.shows_rubric() {
        let problem = Problem::new("/rubric", format!("`{}` has no place for a rubric", loaded.file.judge));
        return Err(vec![problem.help(format!("copy it with `assay judge copy {}` and change it", loaded.file.judge))]);
    }
    Ok(judge)
}

type Stages = Vec<Vec<Arc<Model>>>;

/// The models by stage, and whether people come last.
fn models(params: &JudgeParams, context: &ScorerContext) -> Result<(Stages, bool), Vec<Problem>> {
    let build = |entry: &Value, at: &str| {
        Model::build(entry, &context.targets)
            .map(Arc::new)
            .map_err(|found| found.into_iter().map(|problem| problem.under(at)).collect::<Vec<_>>())
    };
    match (&params.model, &params.models, &params.cascade) {
        (Some(entry), None, None) => Ok((vec![vec![build(entry, "/model")?]], false)),
        (None, Some(entries), None) => {
            let jury = entries.iter().enumerate().map(|(i, entry)| build(entry, &format!("/models/{i}")));
            let jury: Vec<_> = jury.collect::<Result<_, _>>()?;
            if jury.len() < 2 {
                return Err(vec![Problem::new("/models", "a jury has two members or more; one model is `model`")]);
            }
            Ok((vec![jury], false))
        }
        (None, None, Some(entries)) => {
            let human = entries.last().is_some_and(|last| last == "human");
            let entries = &entries[..entries.len() - usize::from(human)];
            let stage = |(i, entry): (usize, &Value)| Ok(vec![build(entry, &format!("/cascade/{i}"))?]);
            let stages: Vec<_> = entries.iter().enumerate().map(stage).collect::<Result<_, Vec<Problem>>>()?;
            if stages.len() + usize::from(human) < 2 || stages.is_empty() {
                let message = "a cascade is a model and then another one or `human`";
                return Err(vec![Problem::new("/cascade", message)]);
            }
            if params.escalate_below.is_none() && params.borderline.is_none() {
                let problem = Problem::new("/cascade", "the cascade does not say when the next model is asked");
                return Err(vec![problem.help("set `escalate_below` or `borderline`")]);
            }
            Ok((stages, human))
        }
        (None, None, None) => {
            Err(vec![Problem::new("", "`model` is missing").help("such as `model: {openai: gpt-4o-mini}`")])
        }
        _ => Err(vec![Problem::new("", "`model`, `models` and `cascade` exclude each other")]),
    }
}

/// Who asks with which file: one file for all models, one model for all files, or one for one.
fn seated(stages: Stages, judges: &[Arc<Judge>]) -> Result<Vec<Vec<Juror>>, Vec<Problem>> {
    let juror = |judge: &Arc<Judge>, model: &Arc<Model>| Juror { judge: Arc::clone(judge), model: Arc::clone(model) };
    let mut seated = Vec::new();
    for models in &stages {
        seated.push(match (models.as_slice(), judges) {
            (models, [judge]) => models.iter().map(|model| juror(judge, model)).collect(),
            ([model], judges) => judges.iter().map(|judge| juror(judge, model)).collect(),
            (models, judges) if models.len() == judges.len() => {
                judges.iter().zip(models).map(|(judge, model)| juror(judge, model)).collect()
            }
            (models, judges) => {
                let message = format!("{} judges and {} models cannot be paired", judges.len(), models.len());
                return Err(vec![Problem::new("/use", message).help("name one of either, or as many of both")]);
            }
        });
    }
    Ok(seated)
}

/// What is wrong with the numbers.
fn faults(params: &JudgeParams, repeats: u32) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut say = |at: &str, message: &str| found.push(Problem::new(at, message));
    if !(1..=25).contains(&repeats) {
        say("/repeats", "`repeats` must be from 1 to 25");
    }
    if params.max_reasks.is_some_and(|times| times > 10) {
        say("/max_reasks", "`max_reasks` must be at most 10");
    }
    for (at, share) in [
        ("/abstain_below", params.abstain_below),
        ("/escalate_below", params.escalate_below),
        ("/borderline", params.borderline),
        ("/canary", params.canary),
    ] {
        if share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            say(at, "a number from 0 to 1 is expected");
        }
    }
    if params.pass.is_some() {
        say("/pass", "`pass` is for verdicts that were `recorded`");
    }
    if params.escalate_below.is_some() && params.cascade.is_none() {
        say("/escalate_below", "`escalate_below` is for a `cascade`");
    }
    let jurors =
        params.models.as_ref().map_or(0, Vec::len).max(params.judges.as_ref().map_or(0, |all| all.list().len()));
    if params.quorum.is_some_and(|quorum| quorum == 0 || quorum > jurors.max(1)) {
        say("/quorum", "`quorum` must be from 1 to the number of jurors");
    }
    found
}

/// Whether one opinion is worth 0 or 1.
fn is_binary(file: &JudgeFile) -> bool {
    match file.kind {
        Kind::Whole => file.verdict.is_binary(),
        kind => kind.has_items() && file.score == Sum::All,
    }
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

impl JudgeScorer {
    fn session<'a>(&self, juror: &'a Juror, caller: &'a dyn assay_models::Caller, generation: u32) -> Session<'a> {
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
    async fn votes(&self, jurors: &[Juror], caller: &dyn assay_models::Caller, input: &ScoreInput<'_>) -> Vec<Vote> {
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
            Err(Stop::Unscored(reason)) if !reason.starts_with("not judged") => Some(reason.clone()),
            Err(_) => None,
        }
    }

    /// Judges the trial again with an instruction in its answer.
    async fn canary(
        &self,
        jurors: &[Juror],
        caller: &dyn assay_models::Caller,
        input: &ScoreInput<'_>,
        before: f64,
    ) -> Option<(&'static str, Spent)> {
        let seed = json!([self.fingerprint, input.case.digest(), input.output.value, input.epoch]);
        let seed = Digest::of_json(&seed);
        let canary = Canary::for_trial(seed, self.params.canary?, before)?;
        let juror = jurors.get(usize::try_from(seed.leading() % jurors.len() as u64).ok()?)?;
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
                set("checks", opinion.checks.iter().map(crate::judges::procedure::Check::details).collect());
            }
        }
        Err(Stop::Unscored(reason) | Stop::Failed(reason)) => set("missing", json!(shorten(reason))),
    }
    set("calls", json!(vote.spent.asked.calls));
    set("cost_nanousd", json!(vote.spent.cost.nanos()));
    kept
}

#[async_trait]
impl Scorer for JudgeScorer {
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
                    last = Some((at, votes, Err(Stop::Unscored(format!("needs a person: {why}")))));
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
                Err(Stop::Unscored(format!("abstained: confidence {sure:.2} is below {least}")))
            }
            _ => Ok(ruling),
        });
        if let Ok(ruling) = &ruling
            && let Some((word, more)) = self.canary(jurors, caller, input, ruling.value).await
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
