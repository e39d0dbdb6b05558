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
//! the answer, or from the case (also a template); `pass` names the words that mean a pass, `scale` the range of numbers. `by`
//! says which judge gave them; without it every version of the data is another judge, whose calibration is its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use assay_core::problem::{self, did_you_mean};
use assay_core::{Problem, ScoreKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::judges::ask::Model;
use crate::judges::file::{Criterion, JudgeFile, Kind, Loaded, Part, Policy, Sum, criteria_problems};
use crate::judges::jury::Rule;
use crate::judges::panel::{Juror, Panel};
use crate::judges::procedure::Judge;
use crate::judges::verdict::{Scale, Shape};
use crate::judges::{VERSION, builtin, builtins};
use crate::param::Param;
use crate::registry::ScorerContext;
use crate::rule::{Scorer, fingerprint};

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
    /// the answer or the case has. With it only `pass`, `scale` and `by` may stand.
    #[serde(default, skip_serializing)]
    pub recorded: Option<String>,
    /// The words of recorded verdicts that mean a pass; others mean a fail.
    #[serde(default, skip_serializing)]
    pub pass: Option<Vec<String>>,
    /// Which judge gave the recorded verdicts: its model, prompt and version, in any words. Without it the judge of one
    /// dataset version is another one than that of the next.
    #[serde(default, skip_serializing)]
    pub by: Option<String>,
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
    let shown =
        |judge: &Arc<Judge>| judge.file.sees.iter().any(|s| matches!(s.part, Part::Answer | Part::Conversation));
    if params.canary.is_some() && !judges.iter().any(shown) {
        let problem = Problem::new("/canary", "a canary is put into the answer, which this judge does not see");
        return Err(vec![problem.help("leave out `canary`")]);
    }
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
    Ok(Box::new(Panel { shown, against, stages, human, repeats, threshold, kind, fingerprint, params }))
}

/// The file of a judge that asks one model with one file, as it is and as the suite asks with it.
///
/// # Errors
/// It is another kind of judge, or what is wrong with it.
pub(crate) fn single(
    params: &Value,
    context: &ScorerContext,
) -> Result<(Loaded, JudgeFile, JudgeParams), Vec<Problem>> {
    let wrong = |message: &str| vec![Problem::new("", message)];
    if params.get("recorded").is_some() {
        return Err(wrong("its verdicts are recorded: there is no prompt to change"));
    }
    let params: JudgeParams =
        problem::read(&crate::rule::long_form(params, MAIN), "").map_err(|problem| vec![problem])?;
    if params.models.is_some() || params.cascade.is_some() || matches!(params.judges, Some(OneOrMore::More(_))) {
        return Err(wrong("it is a jury or a cascade: tune each of its judges by itself"));
    }
    let criteria = criteria(&params, context)?;
    let Some(loaded) = files(&params, context)?.pop() else { return Err(wrong("no judge is named")) };
    let asked = tailored(&loaded, &params, criteria.as_deref(), false)?.file;
    Ok((loaded, asked, params))
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
        if let Some(known) = context.judges.get(name).or_else(|| builtin(name)) {
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
    if params.by.is_some() {
        say("/by", "`by` is for verdicts that were `recorded`");
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
