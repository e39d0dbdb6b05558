//! Judges: what each may be used for, what that rests on, and what it lacks. Nothing here asks a model.

use std::collections::{BTreeMap, BTreeSet};

use assay_analysis::{Certificate, Standing};
use assay_core::score::ScorerRecord;
use assay_core::{Digest, RunId, RunRecord};
use assay_home::probes::{Probed, Probing};
use assay_stats::judges::Grade;
use assay_store::{Check, StoredCertificate};
use assay_suite::Source;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Problem;
use crate::access::Access;
use crate::app::App;
use crate::body::Data;
use crate::endpoint::{Call, Endpoint, get};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get(
            "/api/v1/judges",
            Access::Read,
            "judges",
            "Judges of runs, calibrated or not, and what each may be used for",
            judges,
        ),
        get(
            "/api/v1/judges/{judge}",
            Access::Read,
            "judge",
            "A judge: its certificate, checks over time, the labels it lacks",
            judge,
        ),
        get(
            "/api/v1/judges/{judge}/probes",
            Access::Read,
            "judgeProbes",
            "What moves a judge beside the quality of an answer, from stored verdicts and labels",
            probes,
        ),
    ]
}

/// Runs that are looked at for judges, newest first.
const RUNS: u32 = 1_000;
/// The least digits of a fingerprint that name a judge.
const LEAST_DIGITS: usize = 8;

/// A judge in a list. Another model, prompt, scale or parser is another judge.
#[derive(Clone, Serialize, JsonSchema)]
pub struct JudgeItem {
    /// Its fingerprint.
    id: Digest,
    /// Its name in the newest suite that has it, which is the scorer's.
    judge: String,
    /// The models that it asks, as the suite names them; empty when the run does not say.
    models: Vec<String>,
    /// The suite of the newest run with it; none when no run has it any more.
    suite: Option<String>,
    /// The newest run with it.
    run: Option<RunId>,
    /// When that began.
    run_us: Option<i64>,
    /// Whether the newest run with a judge of this name has this one.
    current: bool,
    /// What it may be used for now; `U` when it is not calibrated.
    grade: Grade,
    /// What that means, in words.
    allows: String,
    /// What the grade rests on and what the next one needs; none without a certificate.
    standing: Option<Standing>,
    /// The question that its labels answer.
    criterion: Option<String>,
    /// When the certificate was made.
    calibrated_us: Option<i64>,
    /// When its oldest label reaches its term.
    expires_us: Option<i64>,
    /// Judged answers with labels drawn by chance, each once, whichever targets gave it.
    labels: u64,
    /// Judged answers with labels chosen by hand.
    by_hand: u64,
    /// How often its frozen verdicts were asked again.
    checks: u64,
    /// When that was last.
    checked_us: Option<i64>,
    /// Whether the frozen verdicts say that it is not what was calibrated.
    drifted: bool,
}

/// A judge with what is stored of it.
struct Known {
    item: JudgeItem,
    scorer: Option<ScorerRecord>,
    stored: Option<StoredCertificate<Certificate>>,
    checks: Vec<Check>,
}

/// Every judge that a run has or that has a certificate; those of the newest runs first.
async fn known(app: &App) -> Result<Vec<Known>, Problem> {
    let home = app.home();
    let mut certificates: BTreeMap<Digest, StoredCertificate<Certificate>> = home
        .state
        .certificates()
        .await?
        .into_iter()
        .map(|of: StoredCertificate<Certificate>| (of.certificate.fingerprint, of))
        .collect();
    let rows = home.state.runs(None, None, RUNS).await?;
    let mut found: Vec<(ScorerRecord, &RunRecord)> = Vec::new();
    for row in &rows {
        for scorer in row.record.scorers.iter().filter(|scorer| scorer.judge) {
            if !found.iter().any(|(known, _)| known.fingerprint == scorer.fingerprint) {
                found.push((scorer.clone(), &row.record));
            }
        }
    }
    let mut all: Vec<Known> = Vec::new();
    for (scorer, run) in found {
        let stored = certificates.remove(&scorer.fingerprint);
        let current = !all.iter().any(|of| of.item.judge == scorer.name);
        let item = JudgeItem {
            models: models(run, &scorer.name),
            suite: Some(run.suite.clone()),
            run: Some(run.id),
            run_us: Some(run.started_us),
            current,
            ..JudgeItem::uncalibrated(scorer.fingerprint, scorer.name.clone())
        };
        all.push(Known::new(app, item, Some(scorer), stored).await?);
    }
    // Runs may have been removed since.
    for (fingerprint, stored) in certificates {
        let item = JudgeItem::uncalibrated(fingerprint, stored.certificate.judge.clone());
        all.push(Known::new(app, item, None, Some(stored)).await?);
    }
    Ok(all)
}

impl JudgeItem {
    fn uncalibrated(id: Digest, judge: String) -> Self {
        Self {
            id,
            judge,
            models: Vec::new(),
            suite: None,
            run: None,
            run_us: None,
            current: false,
            grade: Grade::U,
            allows: Grade::U.allows().to_owned(),
            standing: None,
            criterion: None,
            calibrated_us: None,
            expires_us: None,
            labels: 0,
            by_hand: 0,
            checks: 0,
            checked_us: None,
            drifted: false,
        }
    }
}

impl Known {
    async fn new(
        app: &App,
        mut item: JudgeItem,
        scorer: Option<ScorerRecord>,
        stored: Option<StoredCertificate<Certificate>>,
    ) -> Result<Self, Problem> {
        let mut checks = Vec::new();
        if let Some(of) = &stored {
            let standing;
            (standing, checks) = app.home().standing(of).await?;
            let certificate = &of.certificate;
            item.grade = standing.grade;
            item.allows = standing.grade.allows().to_owned();
            item.drifted = standing.drifted;
            item.standing = Some(standing);
            item.criterion = Some(certificate.criterion.clone());
            item.calibrated_us = Some(certificate.made_us);
            item.expires_us = Some(certificate.expires_us);
            item.labels = certificate.labels as u64;
            item.by_hand = certificate.by_hand as u64;
            item.checks = checks.len() as u64;
            item.checked_us = checks.last().map(|check| check.at_us);
        }
        Ok(Self { item, scorer, stored, checks })
    }
}

/// The models that a judge asks, from the suite as the run keeps it: `model`, `models` or `cascade` of its declaration.
fn models(run: &RunRecord, name: &str) -> Vec<String> {
    let Ok((suite, _)) = Source::parse(std::path::Path::new(&run.suite_path), run.suite_text.clone()) else {
        return Vec::new();
    };
    let declared = suite.get("scorers").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    for entry in declared {
        let named = entry.get("name").and_then(Value::as_str);
        let own = |(key, _): &(&String, &Value)| named.map_or(key.as_str() == name, |named| named == name);
        let mut found = Vec::new();
        for params in entry.iter().filter(own).filter_map(|(_, value)| value.as_object()) {
            found.extend(params.get("model").and_then(model));
            for key in ["models", "cascade"] {
                found.extend(params.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(model));
            }
        }
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// A model's name: a word, or a provider with its model. Whatever else its declaration holds is not told.
fn model(declared: &Value) -> Option<String> {
    if let Some(name) = declared.as_str() {
        return Some(name.to_owned());
    }
    let declared = declared.as_object()?;
    if let Some(name) = declared.get("name").and_then(Value::as_str) {
        return Some(name.to_owned());
    }
    let (provider, value) = declared.iter().next()?;
    let name = value.as_str().or_else(|| value.get("model").and_then(Value::as_str));
    Some(name.map_or_else(|| provider.clone(), |name| format!("{provider}: {name}")))
}

async fn judges(call: Call) -> Result<Data<Vec<JudgeItem>>, Problem> {
    Ok(Data(known(&call.app).await?.into_iter().map(|known| known.item).collect()))
}

/// Finds a judge by its name, where the newest of that name is meant, or by its fingerprint.
fn find<'k>(all: &'k [Known], word: &str) -> Result<&'k Known, Problem> {
    let prefix = word.len() >= LEAST_DIGITS && word.chars().all(|c| c.is_ascii_hexdigit());
    let by_name = || all.iter().find(|of| of.item.judge == word);
    let by_print = || all.iter().find(|of| prefix && of.item.id.to_string().starts_with(&word.to_lowercase()));
    by_name().or_else(by_print).ok_or_else(|| {
        let names: BTreeSet<&str> = all.iter().map(|of| of.item.judge.as_str()).collect();
        Problem::not_found(match names.is_empty() {
            true => "no run has a judge yet".to_owned(),
            false => {
                format!("there is no such judge (there are: {})", names.into_iter().collect::<Vec<_>>().join(", "))
            }
        })
    })
}

/// A check of a judge's frozen verdicts.
#[derive(Serialize, JsonSchema)]
pub struct CheckPoint {
    /// When.
    at_us: i64,
    /// The run that it was made for.
    run: Option<RunId>,
    /// Verdicts asked again.
    asked: u64,
    /// Those that were not the same.
    differ: u64,
}

/// The labels that a judge lacks.
#[derive(Serialize, JsonSchema)]
pub struct LabelsNeeded {
    /// Labels that are stored for its criterion, each rater's own: several of one answer where several people rated it.
    stored: u64,
    /// Answers that carry them. The same answer to a case counts once, whichever targets gave it. Those that its runs have
    /// are `labels`, `by_hand` and `split` of its certificate.
    answers: u64,
    /// How many more to draw: what the counts of the next grade lack, else as many as are worth drawing at once.
    more: u64,
    /// The command that draws them.
    command: String,
    /// Everything that the next grade needs, in words.
    missing: Vec<String>,
}

/// Another judge of the same name.
#[derive(Serialize, JsonSchema)]
pub struct OtherJudge {
    id: Digest,
    grade: Grade,
    calibrated_us: Option<i64>,
    run_us: Option<i64>,
}

/// A judge.
#[derive(Serialize, JsonSchema)]
pub struct JudgeView {
    /// As in lists.
    item: JudgeItem,
    /// How far it may be trusted and what that rests on, without the cases whose verdicts are frozen; none when it is not
    /// calibrated. Confusion, agreement, bias and calibration are its figures.
    certificate: Option<Certificate>,
    /// How many verdicts are frozen.
    frozen: u64,
    /// Its checks, oldest first.
    checks: Vec<CheckPoint>,
    /// The labels that it lacks.
    needed: LabelsNeeded,
    /// Judges of the same name with another model, prompt, scale or parser.
    others: Vec<OtherJudge>,
}

async fn judge(call: Call) -> Result<Data<JudgeView>, Problem> {
    Ok(Data(view(&call.app, call.part("judge")).await?))
}

/// A judge by its name or fingerprint, of which runs hold verdicts.
///
/// # Errors
/// 404 when there is none, or no run has it any more.
pub async fn scorer(app: &App, word: &str) -> Result<ScorerRecord, Problem> {
    let all = known(app).await?;
    let scorer = find(&all, word)?.scorer.clone();
    scorer.ok_or_else(|| Problem::not_found("no run has verdicts of this judge any more"))
}

/// A judge as it is now.
///
/// # Errors
/// 404 when there is none.
pub async fn view(app: &App, word: &str) -> Result<JudgeView, Problem> {
    let all = known(app).await?;
    let known = find(&all, word)?;
    let item = known.item.clone();
    let mut certificate = known.stored.as_ref().map(|of| of.certificate.clone());
    let criterion = item.criterion.clone().unwrap_or_else(|| item.judge.clone());
    let labels = app.home().state.labels(&criterion).await?;
    let needed = LabelsNeeded {
        stored: labels.len() as u64,
        answers: labels.iter().map(|label| label.item).collect::<BTreeSet<_>>().len() as u64,
        more: certificate.as_ref().map_or(Certificate::FIRST_LABELS, Certificate::labels_to_go),
        command: format!("assay judge calibrate {} --next next.jsonl", item.judge),
        missing: item.standing.as_ref().map_or_else(|| vec!["a calibration".to_owned()], |of| of.missing.clone()),
    };
    // The cases of a sealed part are not told by their frozen verdicts.
    let frozen = certificate.as_mut().map_or(0, |certificate| std::mem::take(&mut certificate.canaries).len() as u64);
    let others = all.iter().filter(|of| of.item.judge == item.judge && of.item.id != item.id);
    Ok(JudgeView {
        frozen,
        checks: known
            .checks
            .iter()
            .map(|check| CheckPoint {
                at_us: check.at_us,
                run: check.run,
                asked: check.same.len() as u64,
                differ: check.same.iter().filter(|same| !**same).count() as u64,
            })
            .collect(),
        needed,
        others: others
            .map(|of| OtherJudge {
                id: of.item.id,
                grade: of.item.grade,
                calibrated_us: of.item.calibrated_us,
                run_us: of.item.run_us,
            })
            .collect(),
        certificate,
        item,
    })
}

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbesQuery {
    /// Targets of the judge's own family: those whose names hold this word.
    family: Option<String>,
    /// Only slices of these metadata keys, with commas between them; all declared keys by default.
    slice: Option<String>,
    /// Confidence of the intervals; 0.95 by default.
    confidence: Option<f64>,
}

async fn probes(call: Call<ProbesQuery>) -> Result<Data<Probed>, Problem> {
    let scorer = scorer(&call.app, call.part("judge")).await?;
    let usual = Probing::default();
    let probing = Probing {
        family: call.query.family.clone(),
        slice: call.query.slice.as_deref().map_or_else(Vec::new, |keys| keys.split(',').map(str::to_owned).collect()),
        confidence: call.query.confidence.unwrap_or(usual.confidence),
        ..usual
    };
    let _place = call.app.heavy.acquire().await.map_err(Problem::internal)?;
    Ok(Data(probing.of(call.app.home(), scorer).await?))
}
