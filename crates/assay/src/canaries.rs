//! Frozen verdicts asked again: is a judge still what was calibrated?

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use assay_analysis::{Certificate, Standing, standing};
use assay_core::{Case, Digest, Money, Output, RunRecord, Score, ScoreKind, ScoreStatus, Silence};
use assay_engine::execute::now_us;
use assay_engine::gateway::{Gateway, TrialCaller};
use assay_report::plain;
use assay_scorers::{Declared, ScoreInput};
use assay_store::{Check, Outgoing, PlanFile, StoredCertificate};
use futures::{StreamExt, stream};
use serde_json::json;

use assay_home::{Failure, Home};

use crate::commands::say;

/// A frozen verdict with the answer that it is on.
pub struct Frozen {
    verdict: f64,
    case: Case,
    output: Output,
    epoch: u32,
}

/// What came of asking again.
pub struct Round {
    /// For each verdict that came, whether it is the same.
    pub same: Vec<bool>,
    /// Calls that say nothing of the judge: it did not answer, or a budget forbade them.
    pub failed: usize,
    /// What the first of these said.
    pub why: String,
    /// Everything that was said, for those who pay.
    pub scores: Vec<Score>,
}

impl Round {
    /// Whether so many calls failed that the rest tells nothing.
    pub fn is_void(&self) -> bool {
        self.same.is_empty() || self.failed * 10 > self.same.len() + self.failed
    }

    /// How many verdicts are not the same.
    pub fn differ(&self) -> usize {
        self.same.iter().filter(|same| !**same).count()
    }

    /// What it cost.
    pub fn cost(&self) -> Money {
        self.scores.iter().fold(Money::ZERO, |sum, score| sum + score.cost)
    }
}

/// The frozen verdicts of a certificate whose answers are still kept, with the runs that keep them.
pub async fn frozen(home: &Home, certificate: &Certificate) -> Result<(Vec<Frozen>, Vec<RunRecord>), Failure> {
    let mut runs: Vec<RunRecord> = Vec::new();
    for id in &certificate.runs {
        // A run may have been removed since.
        runs.extend(home.state.find_run(&id.to_string()).await.ok().map(|row| row.record));
    }
    let wanted: HashMap<Digest, &str> =
        certificate.canaries.iter().map(|canary| (canary.item, canary.case.as_str())).collect();
    let answers = home.answers_to(&runs, &wanted).await?;
    let mut frozen = Vec::new();
    for canary in &certificate.canaries {
        let Some((run, epoch, output)) = answers.get(&canary.item) else { continue };
        let Ok(plan) = PlanFile::open(&home.workspace, runs[*run].plan).await else { continue };
        let Some(at) = plan.case_by_id(&canary.case).await? else { continue };
        frozen.push(Frozen { verdict: canary.verdict, case: at.case, output: output.clone(), epoch: *epoch });
    }
    let kept: HashSet<usize> = answers.values().map(|(run, ..)| *run).collect();
    let mut at = 0..;
    runs.retain(|_| at.next().is_some_and(|at| kept.contains(&at)));
    Ok((frozen, runs))
}

/// Asks the judges of a run on their frozen verdicts, `most` of each, before anything else is spent; keeps what they said
/// as a check of their certificates, and says who has drifted. A judge that is not calibrated, whose verdicts are only
/// recorded, or that was asked for this run before is not asked.
pub async fn open_judges(
    home: &Home,
    run: &RunRecord,
    declared: &[Declared],
    gateway: &Gateway,
    most: u32,
    json: bool,
) -> Result<Vec<Score>, Failure> {
    let mut spent = Vec::new();
    #[allow(clippy::needless_range_loop, reason = "iterators of both are not seen to be `Send`")]
    for at in 0..declared.len().min(run.scorers.len()) {
        let (judge, record) = (&declared[at], &run.scorers[at]);
        if most == 0 || judge.scorer.asks().is_empty() {
            continue;
        }
        let Some(stored) = home.state.certificate::<Certificate>(record.fingerprint).await? else { continue };
        let before = home.state.checks(stored.id).await?;
        if stored.certificate.canaries.is_empty() || before.iter().any(|check| check.run == Some(run.id)) {
            continue;
        }
        let (mut frozen, _) = frozen(home, &stored.certificate).await?;
        frozen.truncate(most as usize);
        let round = ask(judge, gateway, &frozen, 1, run_width(frozen.len())).await;
        tell(home, run, &record.name, &stored, &round, json).await?;
        spent.extend(round.scores);
    }
    Ok(spent)
}

/// Keeps a check, and tells others when with it the judge has drifted; gives how the judge stood before and stands now.
pub async fn add_check(
    home: &Home,
    judge: &str,
    stored: &StoredCertificate<Certificate>,
    check: &Check,
) -> Result<(Standing, Standing), Failure> {
    let mut checks: Vec<Vec<bool>> = home.state.checks(stored.id).await?.into_iter().map(|check| check.same).collect();
    let before = standing(&stored.certificate, &checks, check.at_us);
    checks.push(check.same.clone());
    let now = standing(&stored.certificate, &checks, check.at_us);
    let alarm = (now.drifted && !before.drifted).then(|| Outgoing {
        kind: "judge.drifted",
        subject: format!("judge/{}", stored.certificate.fingerprint.short()),
        at_us: check.at_us,
        data: json!({"judge": judge, "run": check.run, "asked": now.checked.0, "differ": now.checked.1,
                     "grade": now.grade}),
    });
    home.state.add_check(stored.id, check, alarm.as_ref()).await?;
    Ok((before, now))
}

async fn tell(
    home: &Home,
    run: &RunRecord,
    name: &str,
    stored: &StoredCertificate<Certificate>,
    round: &Round,
    json: bool,
) -> Result<(), Failure> {
    let shown = plain(name, 80);
    if round.is_void() {
        let why = if round.why.is_empty() { "none of their answers is kept any more" } else { &round.why };
        if json {
            say(&json!({"event": "judge_canaries", "judge": name, "asked": 0, "why": why}).to_string());
        } else {
            eprintln!("warning: judge `{shown}` could not be asked on its frozen verdicts: {}", plain(why, 300));
        }
        return Ok(());
    }
    let check = Check { at_us: now_us(), run: Some(run.id), same: round.same.clone() };
    let (_, now) = add_check(home, name, stored, &check).await?;
    let (asked, differ) = (round.same.len(), round.differ());
    if json {
        say(
            &json!({"event": "judge_canaries", "judge": name, "asked": asked, "differ": differ, "drifted": now.drifted,
                    "grade": now.grade, "cost_usd": round.cost().dollars()})
            .to_string(),
        );
    } else if now.drifted {
        eprintln!(
            "warning: judge `{shown}` has drifted: {differ} of {asked} frozen verdicts differ now, {} of {} since it was \
             calibrated. Its grade is {}, and no figure of it is corrected: calibrate it again with fresh labels",
            now.checked.1, now.checked.0, now.grade
        );
    } else if differ > 0 {
        eprintln!("note: judge `{shown}`: {differ} of {asked} frozen verdicts differ, which is within its usual flips");
    }
    Ok(())
}

/// Calls in flight at once: the accounts limit them further.
fn run_width(questions: usize) -> usize {
    questions.clamp(1, 16)
}

/// Asks a judge on frozen verdicts, each `repeats` times as another generation. What the judge says that cannot be read, or
/// that is no verdict, is another verdict; a call that failed or was not made says nothing.
pub async fn ask(judge: &Declared, gateway: &Gateway, frozen: &[Frozen], repeats: u32, concurrency: usize) -> Round {
    let kind: ScoreKind = judge.record.score;
    let asked: Vec<(f64, Question<'_>)> = frozen
        .iter()
        .flat_map(|one| (0..repeats).map(move |repeat| (one.verdict, (&one.case, &one.output, one.epoch + repeat))))
        .collect();
    let questions: Vec<Question<'_>> = asked.iter().map(|(_, question)| *question).collect();
    let mut round = Round {
        same: Vec::new(),
        failed: 0,
        why: String::new(),
        scores: hear(judge, gateway, &questions, concurrency).await,
    };
    for ((verdict, _), score) in asked.iter().zip(&round.scores) {
        if is_answer(score) {
            round.same.push(score.value.is_some_and(|value| kind.same(value, *verdict)));
        } else {
            if round.failed == 0 {
                round.why = score.reason.clone().unwrap_or_default();
            }
            round.failed += 1;
        }
    }
    round
}

/// An answer to a case, and which generation of the verdict on it is asked for.
pub type Question<'a> = (&'a Case, &'a Output, u32);

/// What a judge says of answers, in their order.
pub async fn hear(judge: &Declared, gateway: &Gateway, questions: &[Question<'_>], concurrency: usize) -> Vec<Score> {
    let calls: Vec<_> = questions
        .iter()
        .map(|(case, output, epoch)| async move {
            let caller = TrialCaller { gateway, purse: None };
            let input = ScoreInput { epoch: *epoch, caller: Some(&caller), ..input(case, output) };
            judge.score(&input).await
        })
        .collect();
    stream::iter(calls).buffered(concurrency.clamp(1, 256)).collect().await
}

/// An answer as scorers see it, without what the call that gave it was like.
pub fn input<'a>(case: &'a Case, output: &'a Output) -> ScoreInput<'a> {
    ScoreInput { case, output, latency: Duration::ZERO, ttft: None, cost: None, epoch: 0, caller: None }
}

/// Whether the judge was asked and answered, whatever it said.
pub fn is_answer(score: &Score) -> bool {
    let reason = score.reason.as_deref().unwrap_or_default();
    score.status != ScoreStatus::Error && Silence::of(reason) != Silence::NotAsked
}
