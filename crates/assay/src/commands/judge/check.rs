//! `assay judge check`: is a judge still what was calibrated?

use std::sync::Arc;

use assay_analysis::Certificate;
use assay_core::run::{Budget as Limits, Totals};
use assay_core::{Digest, RunId, RunRecord};
use assay_engine::budget::Budget;
use assay_engine::execute::now_us;
use assay_engine::gateway::Gateway;
use assay_scorers::Declared;
use assay_store::Check as Checked;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use crate::canaries;
use crate::exit;
use assay_home::Home;
use assay_home::judged::{declared, find};
use assay_home::usage;

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
        let certificate = &stored.certificate;
        if certificate.canaries.is_empty() {
            return Err(usage(format!(
                "no verdicts are frozen: `assay judge calibrate {} --canaries 50` does that",
                scorer.name
            )));
        }
        let (frozen, runs) = crate::canaries::frozen(home, certificate).await?;
        if frozen.is_empty() {
            return Err(usage(
                "none of the answers behind the frozen verdicts is kept any more: calibrate again".into(),
            ));
        }
        let (scorers, place, limits) = self.judge(home, &runs, certificate.fingerprint)?;
        // The month's limits are those of all that is spent in the workspace: a check has a part in them as a run has.
        let budget = Budget::new(&limits, &Totals::default())
            .in_month(limits.per_month, &home.state, RunId::from_uuid(uuid::Uuid::now_v7()))
            .await?;
        let budget = Arc::new(budget);
        let gateway = Gateway::new(self.concurrency.max(1), budget.clone(), None);
        let round = canaries::ask(&scorers[place], &gateway, &frozen, self.repeats, self.concurrency).await;
        // What was set aside and not spent goes back, also when nothing is recorded.
        let closed = budget.close().await;
        if round.is_void() {
            return Err(format!(
                "{} of {} calls failed, the first: {}. Nothing is recorded",
                round.failed,
                round.scores.len(),
                round.why
            )
            .into());
        }
        let check = Checked { at_us: now_us(), run: None, same: round.same.clone() };
        let (before, now) = crate::canaries::add_check(home, &scorer.name, &stored, &check).await?;
        closed?;
        let (cost, differ, failed) = (round.cost(), round.differ(), round.failed);
        if self.json {
            say(&json!({"judge": scorer.name, "asked": check.same.len(), "differ": differ, "failed": failed,
                        "cost_usd": cost.dollars(), "standing": now})
            .to_string());
        } else {
            say(&format!(
                "{}: {differ} of {} verdicts differ from the frozen ones{}; cost {cost}",
                assay_report::plain(&scorer.name, 80),
                check.same.len(),
                if failed == 0 { String::new() } else { format!(", {failed} calls failed") },
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

    /// The judge as the newest suite declares it that still has it, and what its calls may cost.
    fn judge(
        &self,
        home: &Home,
        runs: &[RunRecord],
        fingerprint: Digest,
    ) -> Result<(Arc<Vec<Declared>>, usize, Limits), Failure> {
        for record in runs.iter().rev() {
            if let Some((prepared, place)) = declared(home, record, fingerprint, self.offline)? {
                let usd = self.max_cost.or(record.budget.usd);
                return Ok((prepared.scorers.clone(), place, Limits { usd, ..record.budget.clone() }));
            }
        }
        Err(usage(
            "the judge is not what it was when it was calibrated: its model, prompt or parser changed. It is another judge, to \
             be calibrated anew"
                .into(),
        ))
    }
}
