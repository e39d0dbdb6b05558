//! `assay judge check`: is a judge still what was calibrated?

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use assay_analysis::{Certificate, standing};
use assay_core::run::Totals;
use assay_core::{Digest, Output, RunRecord, ScoreStatus};
use assay_engine::budget::Budget;
use assay_engine::execute::now_us;
use assay_engine::gateway::{Gateway, TrialCaller};
use assay_engine::{Options, Prepared};
use assay_scorers::{Declared, ScoreInput};
use assay_store::{Check as Checked, PlanFile};
use clap::Args;
use futures::{StreamExt, stream};
use serde_json::json;

use super::super::run::usage;
use super::super::{Failure, say};
use crate::exit;
use crate::judged::find;
use crate::load::Home;

/// The judge is asked again on every frozen verdict, without the cache, within the suite's budget. How many are not the same
/// feeds a CUSUM chart over all checks, which gives a false alarm in 100 checks; an alarm drops the grade to C.
#[derive(Args)]
pub struct Check {
    /// The judge: a scorer's name, or the beginning of its fingerprint.
    pub(super) judge: String,
    /// Ask each this many times.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    repeats: u32,
    /// Calls in flight at once.
    #[arg(short = 'j', long, default_value_t = 8)]
    concurrency: usize,
    /// Refuse every connection that is not to this machine.
    #[arg(long, env = "ASSAY_OFFLINE")]
    offline: bool,
    /// Dollars that may be spent, instead of the suite's budget.
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub async fn run(self, home: &Home) -> Result<u8, Failure> {
        let scorer = find(home, &self.judge).await?;
        let Some(stored) = home.state.certificate::<Certificate>(scorer.fingerprint).await? else {
            return Err(usage(format!(
                "`{0}` is not calibrated: `assay judge calibrate {0} --labels FILE`",
                scorer.name
            )));
        };
        let certificate = stored.certificate;
        if certificate.canaries.is_empty() {
            return Err(usage(format!(
                "no verdicts are frozen: `assay judge calibrate {} --canaries 50` does that",
                scorer.name
            )));
        }
        let mut runs: Vec<RunRecord> = Vec::new();
        for id in &certificate.runs {
            runs.push(home.state.find_run(&id.to_string()).await?.record);
        }
        let wanted: HashSet<Digest> = certificate.canaries.iter().map(|canary| canary.item).collect();
        let answers = home.answers_to(&runs, &wanted).await?;
        let judges = self.judges(home, &runs, &answers, certificate.fingerprint).await?;
        let mut asked = Vec::new();
        for canary in &certificate.canaries {
            let Some((run, epoch, output)) = answers.get(&canary.item) else { continue };
            let plan = PlanFile::open(&home.workspace, runs[*run].plan).await?;
            let Some(at) = plan.case_by_id(&canary.case).await? else { continue };
            for repeat in 0..self.repeats {
                asked.push((canary, &judges[run], at.case.clone(), output, *epoch + repeat));
            }
        }
        if asked.is_empty() {
            return Err(usage(
                "none of the answers behind the frozen verdicts is kept any more: calibrate again".into(),
            ));
        }
        let verdicts: Vec<Verdict> = stream::iter(asked)
            .map(|(canary, judge, case, output, epoch)| async move {
                let caller = TrialCaller { gateway: &judge.gateway, purse: None };
                let input = ScoreInput {
                    case: &case,
                    output,
                    latency: Duration::ZERO,
                    ttft: None,
                    cost: None,
                    epoch,
                    caller: Some(&caller),
                };
                let score = judge.declared().score(&input).await;
                let lost = match score.status {
                    ScoreStatus::Scored => None,
                    _ => Some(score.reason.clone().unwrap_or_default()),
                };
                Verdict {
                    same: score.value == Some(canary.verdict),
                    unread: score.status == ScoreStatus::Unscored,
                    lost,
                    cost: score.cost,
                }
            })
            .buffered(self.concurrency.clamp(1, 256))
            .collect()
            .await;
        // A call that failed says nothing of the judge; a verdict that cannot be read is another verdict.
        let failed: Vec<&Verdict> =
            verdicts.iter().filter(|verdict| verdict.lost.is_some() && !verdict.unread).collect();
        if failed.len() * 10 > verdicts.len() {
            let why = failed.first().and_then(|verdict| verdict.lost.clone()).unwrap_or_default();
            return Err(format!(
                "{} of {} calls failed, the first: {why}. Nothing is recorded",
                failed.len(),
                verdicts.len()
            )
            .into());
        }
        let same: Vec<bool> =
            verdicts.iter().filter(|verdict| verdict.lost.is_none() || verdict.unread).map(|v| v.same).collect();
        let check = Checked { at_us: now_us(), run: None, same };
        home.state.add_check(stored.id, &check).await?;
        let cost: assay_core::Money = verdicts.iter().fold(assay_core::Money::ZERO, |sum, verdict| sum + verdict.cost);
        let all: Vec<Vec<bool>> = home.state.checks(stored.id).await?.into_iter().map(|check| check.same).collect();
        let before = standing(&certificate, &all[..all.len() - 1], now_us());
        let now = standing(&certificate, &all, now_us());
        let differ = check.same.iter().filter(|same| !**same).count();
        if self.json {
            say(&json!({"judge": scorer.name, "asked": check.same.len(), "differ": differ, "failed": failed.len(),
                        "cost_usd": cost.dollars(), "standing": now})
            .to_string());
        } else {
            say(&format!(
                "{}: {differ} of {} verdicts differ from the frozen ones{}; cost {cost}",
                assay_report::plain(&scorer.name, 80),
                check.same.len(),
                if failed.is_empty() { String::new() } else { format!(", {} calls failed", failed.len()) },
            ));
            for why in &now.dropped {
                say(&format!("dropped: {why}"));
            }
            let moved = if before.grade == now.grade { String::new() } else { format!(" (it was {})", before.grade) };
            say(&format!("grade {}{moved}, {}", now.grade, now.grade.allows()));
            now.missing.iter().filter(|what| !now.dropped.contains(what)).for_each(|what| {
                say(&format!("for the next grade: {what}"));
            });
        }
        Ok(if now.dropped.is_empty() { exit::PASS } else { exit::FAIL })
    }

    /// The judge as each run's suite declares it, with what makes its calls.
    async fn judges(
        &self,
        home: &Home,
        runs: &[RunRecord],
        answers: &HashMap<Digest, (usize, u32, Output)>,
        fingerprint: Digest,
    ) -> Result<HashMap<usize, Asked>, Failure> {
        let mut judges = HashMap::new();
        for (at, record) in runs.iter().enumerate() {
            if !answers.values().any(|(run, ..)| *run == at) {
                continue;
            }
            let options = Options {
                tier: record.tier.clone(),
                epochs: Some(record.epochs),
                offline: self.offline,
                library: Some(home.library()),
                ..Options::default()
            };
            let prepared =
                Prepared::from_text(&record.suite_text, &home.workspace.find_recorded(&record.suite_path), &options)?;
            let Some(place) = prepared.scorers.iter().position(|d| d.record.fingerprint == fingerprint) else {
                return Err(usage(format!(
                    "the judge is not what it was in run {}: its model, prompt or parser changed. It is another judge, to be \
                     calibrated anew",
                    record.id.short()
                )));
            };
            let mut limits = record.budget.clone();
            if let Some(usd) = self.max_cost {
                limits.usd = Some(usd);
            }
            let budget = Arc::new(Budget::new(&limits, &Totals::default()));
            let gateway = Gateway::new(self.concurrency.max(1), budget, None);
            judges.insert(at, Asked { scorers: prepared.scorers.clone(), place, gateway });
        }
        Ok(judges)
    }
}

/// A judge with what makes its calls.
struct Asked {
    scorers: Arc<Vec<Declared>>,
    place: usize,
    gateway: Gateway,
}

impl Asked {
    fn declared(&self) -> &Declared {
        &self.scorers[self.place]
    }
}

struct Verdict {
    same: bool,
    unread: bool,
    lost: Option<String>,
    cost: assay_core::Money,
}
