//! How often the policies that come with Assay stop a change that is as good as before (false alarm), and let one go that is
//! just too bad (false pass): simulated runs, judged as `assay release evaluate` judges them.
//!
//! `cargo run --release -p assay-release --example policies -- [--trials N] [--cases N] [--policy NAME]`

use std::collections::BTreeMap;
use std::path::Path;

use assay_analysis::{BaselineScores, RunScores};
use assay_core::row::ScoreRow;
use assay_core::{Digest, RunId, RunRecord};
use assay_release::verdict::{Evidence, judge};
use assay_release::{Policy, Requirement, builtin};
use assay_stats::VerdictKind;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// How far above its limits an unchanged system is: a limit that 300 cases can hold lies about two intervals' halves below
/// what a system reaches. Guardrails are near 1: there it reaches 99.5%.
const ROOM: f64 = 0.1;
/// The same for the limit of the worst slice, a quarter of the cases here.
const SLICE_ROOM: f64 = 0.25;
/// The highest level of a system.
const BEST: f64 = 0.995;
/// The share of cases whose outcome differs between two runs of the same system.
const FLIPS: f64 = 0.06;

#[derive(Clone, Copy, PartialEq)]
enum World {
    /// Nothing changed.
    Same,
    /// The requirement's first no-regression rule is broken by exactly its margin.
    AtMargin,
    /// Every level is exactly at its limit.
    AtLevel,
}

fn main() -> Result<(), String> {
    let (mut trials, mut cases, mut only) = (200u32, 300usize, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        if argument == "--policy" {
            only = Some(value);
            continue;
        }
        let number = value.parse().map_err(|_| format!("{argument} {value}: give a number"))?;
        match argument.as_str() {
            "--trials" => trials = number,
            "--cases" => cases = number as usize,
            other => return Err(format!("{other}: there are --trials, --cases and --policy")),
        }
    }
    println!("{trials} trials of {cases} cases per suite; shares of releases\n");
    println!(
        "| policy | suites | same: pass | same: undecided | same: fail | at the margin: pass | at the limit: pass |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (policy, text) in builtin::all().map_err(|error| error.to_string())? {
        if only.as_ref().is_some_and(|only| *only != policy.policy) {
            continue;
        }
        // Corpus metrics and quantiles need other numbers than a case's value.
        let mut policy = Policy::from_text(text, Path::new("policy")).map_err(|_| policy.policy.clone())?;
        for requirement in &mut policy.require {
            requirement.rules.retain(|rule| rule.metric.is_none() && rule.quantile.is_none() && rule.max.is_none());
            requirement.worst_slice.retain(|rule| rule.max.is_none());
            requirement.judge_grade = None;
        }
        policy.require.retain(|requirement| !requirement.rules.is_empty() || !requirement.worst_slice.is_empty());
        let judged = |world: World| -> Vec<VerdictKind> {
            (0..trials).map(|trial| release(&policy, world, cases, u64::from(trial))).collect()
        };
        let rate = |kinds: &[VerdictKind], kind: VerdictKind| {
            kinds.iter().filter(|found| **found == kind).count() as f64 / f64::from(trials)
        };
        let same = judged(World::Same);
        // Nothing can be broken by exactly what no rule that is left asks for.
        let asked = |is: fn(&assay_core::GateRule) -> bool| policy.require.iter().any(|of| of.rules.iter().any(is));
        let passes = |world: World, asked: bool| match asked {
            true => format!("{:.3}", rate(&judged(world), VerdictKind::Pass)),
            false => "–".to_owned(),
        };
        println!(
            "| {} | {} | {:.3} | {:.3} | {:.3} | {} | {} |",
            policy.policy,
            policy.require.len(),
            rate(&same, VerdictKind::Pass),
            rate(&same, VerdictKind::Inconclusive),
            rate(&same, VerdictKind::Fail),
            passes(World::AtMargin, asked(|rule| rule.margin.is_some_and(|margin| margin > 0.0))),
            passes(World::AtLevel, asked(|rule| rule.min.is_some())),
        );
    }
    Ok(())
}

/// One release: a candidate and a baseline run for each requirement. What is broken is broken in the first requirement that
/// can be, so that a false pass is that of one rule.
fn release(policy: &Policy, world: World, cases: usize, seed: u64) -> VerdictKind {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let margin = |requirement: &Requirement| requirement.rules.iter().find_map(|rule| rule.margin.filter(|m| *m > 0.0));
    let broken = policy.require.iter().position(|requirement| match world {
        World::Same => false,
        World::AtMargin => margin(requirement).is_some(),
        World::AtLevel => requirement.rules.iter().any(|rule| rule.min.is_some()),
    });
    let evidence = policy.require.iter().enumerate().map(|(at, requirement)| {
        let scorers: Vec<&str> = {
            let mut names: Vec<&str> = requirement.rules.iter().map(|rule| rule.scorer.as_str()).collect();
            names.extend(requirement.worst_slice.iter().map(|rule| rule.scorer.as_str()));
            names.sort_unstable();
            names.dedup();
            names
        };
        let broken = broken == Some(at);
        let mut runs = [0u128, 1].map(|id| RunScores::new(record(&requirement.suite, &scorers, id)));
        for scorer in &scorers {
            let limits = requirement.rules.iter().filter(|rule| rule.scorer == *scorer);
            let limit = limits.clone().filter_map(|rule| rule.min).fold(0.6, f64::max);
            let slices = requirement.worst_slice.iter().filter(|rule| rule.scorer == *scorer);
            let reached = slices.filter_map(|rule| rule.min).map(|min| min + SLICE_ROOM).fold(limit + ROOM, f64::max);
            let level = if broken && world == World::AtLevel { limit } else { reached.min(BEST) };
            let loss = limits.clone().find_map(|rule| rule.margin).filter(|_| broken && world == World::AtMargin);
            let loss = loss.unwrap_or(0.0);
            // Half of the flips go each way, and the loss comes on top.
            let flips = FLIPS.min(1.0 - level);
            for case in 0..cases {
                let before = random.random::<f64>() < level;
                let turn = random.random::<f64>();
                let after = match before {
                    true => turn >= (0.5 * flips + loss) / level,
                    false => turn < 0.5 * flips / (1.0 - level),
                };
                push(&mut runs[0], scorer, case, after);
                push(&mut runs[1], scorer, case, before);
            }
        }
        let [candidate, baseline] = runs;
        let baseline = BaselineScores { scores: Some(baseline), target: None };
        let id = RunId::from_uuid(uuid::Uuid::from_u128(1));
        Evidence::new(policy, requirement, candidate, None, Some((id, baseline)), requirement.attempts, BTreeMap::new())
    });
    let verdicts = judge(policy, &evidence.collect::<Vec<_>>());
    assay_analysis::gate::together(verdicts.iter().map(|verdict| verdict.kind)).unwrap_or(VerdictKind::Inconclusive)
}

fn push(scores: &mut RunScores, scorer: &str, case: usize, right: bool) {
    let id = case.to_string();
    scores.push(&ScoreRow {
        target: "system",
        scorer,
        case_id: &id,
        case_digest: Digest::of_bytes(id.as_bytes()),
        cluster: None,
        weight: 1.0,
        critical: false,
        epoch: 0,
        value: Some(f64::from(u8::from(right))),
        counts: &[],
        missing: None,
        generation: &id,
        metadata: vec![("slice", ["a", "b", "c", "d"][case % 4])],
    });
}

fn record(suite: &str, scorers: &[&str], id: u128) -> RunRecord {
    let digest = Digest::of_bytes(b"");
    let scorers: Vec<_> = scorers
        .iter()
        .map(|name| {
            json!({"name": name, "kind": "equals", "fingerprint": digest, "score": "binary", "direction": "higher",
                   "threshold": 1.0, "weight": 1.0})
        })
        .collect();
    let value = json!({
        "id": uuid::Uuid::from_u128(id), "suite": suite, "suite_path": "", "suite_digest": digest, "suite_text": "",
        "datasets": [], "targets": [{"name": "system", "kind": "echo", "fingerprint": digest, "config": {}}],
        "scorers": scorers, "epochs": 1, "reducers": ["mean"], "slices": ["slice"], "gate": {}, "budget": {}, "seed": 1,
        "cases": 1, "plan": digest, "assay_version": "0", "started_us": 0,
    });
    serde_json::from_value(value).expect("a record as the state keeps it")
}
