//! `assay release evaluate`: the policy read off the candidate's runs.

use assay_analysis::gate::together;
use assay_release::decide::holds_up;
use assay_release::policy::digest;
use assay_release::record::Event;
use assay_release::{Policy, Verdict};
use assay_stats::VerdictKind;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::show::verdict_lines;
use super::{Act, who};
use crate::exit;
use assay_home::desk::{Desk, pick, verdicts};
use assay_home::usage;

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
        let (number, mut release) = desk.find(&self.act.release).await?;
        let (policy, text) = desk.policy_of(&release)?;
        let by = who(self.act.by.as_deref())?;
        let stage = release.next_stage();
        let required = policy.required(&release.opened.changes, release.opened.risk, stage);
        if required.is_empty() {
            eprintln!("the policy requires nothing of a change of this kind and risk");
            return Ok(exit::NOTHING);
        }
        let mut named = Vec::new();
        for word in &self.runs {
            let (row, _) = desk.home.find(word).await?;
            if let Some(left_out) = row.record.narrowed.first()
                && required.iter().any(|requirement| requirement.names(&row.record))
            {
                let run = row.record.id.short();
                return Err(usage(format!(
                    "run {run} is of a part only ({left_out}): it does not stand for the whole"
                )));
            }
            if !required.iter().any(|requirement| requirement.is_for(&row.record)) {
                let (run, tier) = (row.record.id.short(), row.record.tier.as_deref().unwrap_or("none"));
                return Err(usage(format!(
                    "run {run} is of the suite `{}`, tier {tier}: the policy does not require it",
                    row.record.suite
                )));
            }
            named.push(row);
        }
        let mut picked = Vec::new();
        for requirement in required {
            picked.push((requirement, pick(desk.home, &release, requirement, &named).await?));
        }
        let verdicts = verdicts(desk.home, &desk.releases, &policy, &release, picked).await?;
        desk.releases.keep_policy(&text).await?;
        let event = Event::Evaluated { policy: digest(&text), stage, verdicts: verdicts.clone() };
        desk.append(number, &mut release, &by, event).await?;
        let (kind, code) = outcome(&policy, &verdicts);
        if self.act.json {
            say(&serde_json::to_string_pretty(&json!({
                "release": number, "policy": digest(&text), "stage": stage, "verdict": kind, "verdicts": verdicts,
            }))?);
        } else {
            verdicts.iter().for_each(|verdict| say(&verdict_lines(&policy, verdict)));
            say(&match kind {
                VerdictKind::Pass => format!("release {number}: pass"),
                VerdictKind::Fail => format!("release {number}: fail"),
                VerdictKind::Inconclusive if code == exit::PASS => {
                    format!("release {number}: inconclusive, and the policy lets it go on")
                }
                VerdictKind::Inconclusive => format!("release {number}: inconclusive: the evidence cannot decide"),
            });
        }
        eprintln!("assay-verdict: {}", json!({"release": number, "verdict": kind, "exit": code}));
        Ok(code)
    }
}

/// All verdicts together, and the exit code.
fn outcome(policy: &Policy, verdicts: &[Verdict]) -> (VerdictKind, u8) {
    let kind = together(verdicts.iter().map(|verdict| verdict.kind)).unwrap_or(VerdictKind::Inconclusive);
    let held = verdicts.iter().any(|verdict| {
        let Some(requirement) = policy.requirement(&verdict.requirement) else { return true };
        verdict.findings.iter().any(|finding| holds_up(policy, requirement, finding))
    });
    let code = match kind {
        VerdictKind::Pass => exit::PASS,
        VerdictKind::Fail => exit::FAIL,
        VerdictKind::Inconclusive if held => exit::INCONCLUSIVE,
        VerdictKind::Inconclusive => exit::PASS,
    };
    (kind, code)
}
