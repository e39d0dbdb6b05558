//! `assay release evaluate`: the policy read off the candidate's runs.

use assay_release::policy::digest;
use assay_stats::VerdictKind;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::show::verdict_lines;
use super::{Act, who};
use crate::exit;
use assay_home::desk::{Desk, Evaluated};

/// Reads the policy off the newest complete run of each suite that it requires.
#[derive(Args)]
pub struct Evaluate {
    #[command(flatten)]
    pub(super) act: Act,
    /// Judge this run instead of the newest one of its suite and tier.
    #[arg(long = "run", value_name = "RUN")]
    runs: Vec<String>,
}

impl Evaluate {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let mut at = desk.at_work(&self.act.release, None).await?;
        let by = who(self.act.by.as_deref())?;
        let stage = at.release.next_stage();
        let Some(Evaluated { verdicts, kind, goes_on }) = desk.evaluate(&mut at, &self.runs, &by).await? else {
            eprintln!("the policy requires nothing of a change of this kind and risk");
            return Ok(exit::NOTHING);
        };
        let number = at.number;
        let code = match kind {
            VerdictKind::Fail => exit::FAIL,
            VerdictKind::Inconclusive if !goes_on => exit::INCONCLUSIVE,
            VerdictKind::Pass | VerdictKind::Inconclusive => exit::PASS,
        };
        if self.act.json {
            say(&serde_json::to_string_pretty(&json!({
                "release": number, "policy": digest(&at.text), "stage": stage, "verdict": kind, "verdicts": verdicts,
            }))?);
        } else {
            verdicts.iter().for_each(|verdict| say(&verdict_lines(&at.policy, verdict)));
            say(&match kind {
                VerdictKind::Pass => format!("release {number}: pass"),
                VerdictKind::Fail => format!("release {number}: fail"),
                VerdictKind::Inconclusive if goes_on => {
                    format!("release {number}: inconclusive, and the policy lets it go on")
                }
                VerdictKind::Inconclusive => format!("release {number}: inconclusive: the evidence cannot decide"),
            });
        }
        eprintln!("assay-verdict: {}", json!({"release": number, "verdict": kind, "exit": code}));
        Ok(code)
    }
}
