//! The rules of a suite read off the intervals.

use assay_core::gate::Role;
use assay_core::{Direction, GateRule, Reducer};
use assay_stats::judges::Grade;
use assay_stats::multiplicity::holm;
use assay_stats::verdict::critical_failures;
use assay_stats::{Estimate, Interval, Verdict, VerdictKind, Wording, level, level_verdict, no_regression};
use serde::Serialize;

use crate::compare::{comparable, guards, measure, pair, worst_case};
use crate::corpus;
use crate::judged;
use crate::scores::{Arm, Fill, RunScores, kind_of};
use crate::summary::named;

/// The least cases with labels of both answers that decide a criterion.
const LEAST_LABELS: usize = 20;

/// What the gate says, and every criterion behind it.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct GateReport {
    /// The verdict; absent when the suite has no rules.
    pub verdict: Option<VerdictKind>,
    /// The confidence of the intervals.
    pub confidence: f64,
    /// Each criterion.
    pub criteria: Vec<Criterion>,
}

/// One requirement with its verdict.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Criterion {
    /// What is required, in words.
    pub name: String,
    /// The target.
    pub target: String,
    /// The scorer.
    pub scorer: String,
    /// What it is for.
    pub role: Role,
    /// What was found, in words.
    pub found: String,
    /// The estimate.
    pub value: Option<f64>,
    /// The interval that decides.
    pub interval: Option<Interval>,
    /// Cases behind it.
    pub n: usize,
    /// Nothing was measured that could decide: there is no baseline, or the two runs do not measure the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unmeasured: bool,
    /// The verdict.
    pub verdict: Verdict,
}

/// Evaluates the gate of a run. `baseline` finds the arm that a target is compared with.
pub fn evaluate<'a>(scores: &'a RunScores, baseline: &dyn Fn(&str) -> Option<Arm<'a>>) -> GateReport {
    evaluate_all(&[(scores, baseline)], true).remove(0)
}

/// A run whose gate is evaluated, and what finds the arm that a target is compared with.
pub type Evaluated<'a, 'b> = (&'a RunScores, &'b dyn Fn(&str) -> Option<Arm<'a>>);

/// Evaluates the gates of several runs that are decided on together, one report for each. With `holm` a loss is shown only
/// when it also holds at Holm's level over the no-regression rules of all runs. Guardrails are no part of that family:
/// they must be shown to hold, whatever else is tested.
pub fn evaluate_all(runs: &[Evaluated<'_, '_>], holm: bool) -> Vec<GateReport> {
    let mut parts: Vec<Part> = runs.iter().map(|(scores, baseline)| part(scores, *baseline)).collect();
    if holm {
        temper(&mut parts);
    }
    runs.iter().zip(parts).map(|((scores, _), part)| conclude(scores, part.criteria)).collect()
}

/// The criteria of one run before they are looked at together.
struct Part {
    criteria: Vec<Criterion>,
    /// One-sided p-values of no-regression criteria, for Holm.
    harms: Vec<(usize, f64)>,
    confidence: f64,
}

fn part<'a>(scores: &'a RunScores, baseline: &dyn Fn(&str) -> Option<Arm<'a>>) -> Part {
    let gate = &scores.record.gate;
    let (mut criteria, mut harms) = (Vec::new(), Vec::new());
    for rule in &gate.rules {
        for target in 0..scores.record.targets.len() {
            let arm = Arm { scores, target };
            if rule.target.as_deref().is_some_and(|name| name != arm.name()) {
                continue;
            }
            let Some(scorer) = scores.record.scorers.iter().position(|scorer| scorer.name == rule.scorer) else {
                continue;
            };
            if rule.min.is_some() || rule.max.is_some() {
                criteria.push(level_criterion(arm, scorer, rule));
            }
            if let Some(margin) = rule.margin {
                let (criterion, harm) = regression_criterion(arm, scorer, rule, margin, baseline(arm.name()));
                if let Some(harm) = harm.filter(|_| rule.role == Role::Gate) {
                    harms.push((criteria.len(), harm));
                }
                criteria.push(criterion);
            }
        }
    }
    Part { criteria, harms, confidence: gate.confidence }
}

fn conclude(scores: &RunScores, mut criteria: Vec<Criterion>) -> GateReport {
    criteria.extend(critical(scores, &|name| scores.record.gate.rules.iter().any(|rule| rule.scorer == name)));
    for criterion in &mut criteria {
        if criterion.role == Role::Guardrail && criterion.verdict.kind == VerdictKind::Inconclusive {
            criterion.verdict.kind = VerdictKind::Fail;
            criterion.verdict.reasons.push("a guardrail must be shown to hold".into());
        }
    }
    let verdict = together(criteria.iter().map(|criterion| criterion.verdict.kind));
    GateReport { verdict, confidence: scores.record.gate.confidence, criteria }
}

/// The verdict of a conjunction: all must pass, one that fails decides. `None` of nothing.
pub fn together(kinds: impl IntoIterator<Item = VerdictKind>) -> Option<VerdictKind> {
    kinds.into_iter().fold(None, |all, kind| match (all, kind) {
        (Some(VerdictKind::Fail), _) | (_, VerdictKind::Fail) => Some(VerdictKind::Fail),
        (Some(VerdictKind::Inconclusive), _) | (_, VerdictKind::Inconclusive) => Some(VerdictKind::Inconclusive),
        (None | Some(VerdictKind::Pass), VerdictKind::Pass) => Some(VerdictKind::Pass),
    })
}

fn reducer_of(scores: &RunScores, rule: &GateRule) -> Reducer {
    rule.reducer.or_else(|| scores.record.reducers.first().copied()).unwrap_or_default()
}

/// What a rule is about, in words.
fn scope(rule: &GateRule) -> String {
    let mut words = named(&rule.scorer, rule.metric);
    if let Some(q) = rule.quantile {
        words.push_str(&format!(" p{}", (q * 100.0 * 1e6).round() / 1e6));
    }
    if let Some(reducer) = rule.reducer {
        words.push_str(&format!(" {reducer}"));
    }
    if let Some(slice) = &rule.slice {
        words.push_str(&format!(" where {slice}"));
    }
    words
}

fn level_criterion(arm: Arm<'_>, scorer: usize, rule: &GateRule) -> Criterion {
    let scores = arm.scores;
    let confidence = scores.record.gate.confidence;
    let reducer = reducer_of(scores, rule);
    let kind = kind_of(&scores.record.scorers[scorer], reducer, rule.quantile);
    let cases: Option<Vec<usize>> = rule.slice.as_ref().map(|slice| scores.cases_of(slice));
    let of = |fill: Fill| match rule.metric {
        Some(metric) => corpus::level(arm, scorer, metric, cases.as_deref(), confidence),
        None => level(&arm.items(scorer, reducer, fill, cases.as_deref()), kind, confidence),
    };
    let estimate = of(Fill::Available);
    let missing = arm.counts(scorer).1 > 0;
    // What a missing score would add to a corpus metric is not known.
    let bounded = kind.range().is_some() && rule.metric.is_none();
    let worst = (missing && bounded).then(|| of(Fill::Worst).interval).flatten();
    let mut verdict = level_verdict(&estimate, rule.min, rule.max, worst, confidence);
    if missing && !bounded && verdict.kind == VerdictKind::Pass {
        let (scored, missing) = arm.counts(scorer);
        if missing as f64 > 0.02 * (scored + missing) as f64 {
            verdict.kind = VerdictKind::Inconclusive;
            verdict.reasons.push(format!("{missing} of {} trials have no score", scored + missing));
        }
    }
    let mut estimate = estimate;
    if scores.record.scorers[scorer].judge {
        let corrected = match (rule.metric, rule.quantile) {
            (None, None) => judged::level_of(arm, scorer, reducer, cases.as_deref(), confidence),
            _ => None,
        };
        let mut reasons = judged::lacking(arm, scorer);
        if judged::grade_of(arm, scorer) == Grade::A {
            reasons = vec!["a judge decides through paired differences only: give the rule a `margin`".to_owned()];
        }
        match corrected {
            Some(Ok(found)) => {
                reasons.push(format!("the level is corrected by {} labels", found.labels));
                estimate = found.found;
            }
            Some(Err(why)) => reasons.push(format!("not corrected: {why}")),
            None => {}
        }
        verdict = advisory(reasons);
    }
    let mut name = scope(rule);
    if let Some(min) = rule.min {
        name.push_str(&format!(" ≥ {min}"));
    }
    if let Some(max) = rule.max {
        name.push_str(&format!(" ≤ {max}"));
    }
    criterion(name, arm, rule, &estimate, estimate.interval, verdict)
}

/// What a judge that may not decide leaves open.
fn advisory(reasons: Vec<String>) -> Verdict {
    Verdict { kind: VerdictKind::Inconclusive, wording: None, reasons, needed_n: None, mde: None }
}

/// A confidence in percent, with as many digits as tell it from 100.
pub fn percent(confidence: f64) -> String {
    let percent = confidence * 100.0;
    if (percent - percent.round()).abs() < 1e-6 {
        return format!("{percent:.0}");
    }
    // Two digits of what is missing from 100 %.
    let digits = (-(100.0 - percent).log10()).ceil().clamp(0.0, 9.0) as usize + 1;
    format!("{percent:.digits$}")
}

fn criterion(
    name: String,
    arm: Arm<'_>,
    rule: &GateRule,
    estimate: &Estimate,
    interval: Option<Interval>,
    verdict: Verdict,
) -> Criterion {
    let confidence = percent(arm.scores.record.gate.confidence);
    let found = match (estimate.value, interval) {
        (Some(value), Some(i)) => {
            format!("{value:.4} ({confidence}% CI {:.4} to {:.4}, n = {})", i.lower, i.upper, estimate.n)
        }
        (Some(value), None) => format!("{value:.4} (no interval, n = {})", estimate.n),
        _ => "no data".to_owned(),
    };
    Criterion {
        name,
        target: arm.name().to_owned(),
        scorer: rule.scorer.clone(),
        role: rule.role,
        found,
        value: estimate.value,
        interval,
        n: estimate.n,
        unmeasured: false,
        verdict,
    }
}

fn regression_criterion<'a>(
    arm: Arm<'a>,
    scorer: usize,
    rule: &GateRule,
    margin: f64,
    baseline: Option<Arm<'a>>,
) -> (Criterion, Option<f64>) {
    let scores = arm.scores;
    let record = &scores.record.scorers[scorer];
    let name = format!("{} not worse than the baseline by more than {margin}", scope(rule));
    let undecided = |reason: String| {
        let verdict = Verdict {
            kind: VerdictKind::Inconclusive,
            wording: None,
            reasons: vec![reason],
            needed_n: None,
            mde: None,
        };
        let empty = level(&[], assay_stats::Kind::Unbounded, 0.95);
        let made = criterion(name.clone(), arm, rule, &empty, None, verdict);
        (Criterion { unmeasured: true, ..made }, None)
    };
    let Some(baseline) = baseline else {
        return undecided("there is no baseline: `assay baseline set main RUN` names one".into());
    };
    let (both, refused) = comparable(arm, baseline);
    let Some(scorers) = both.into_iter().find(|(c, _)| *c == scorer) else {
        let reason = refused.into_iter().find(|(name, _)| *name == rule.scorer).map(|(_, reason)| reason);
        return undecided(reason.unwrap_or_else(|| "the scorer cannot be compared".into()));
    };
    let reducer = reducer_of(scores, rule);
    let kind = kind_of(record, reducer, rule.quantile);
    let some = rule.slice.as_ref().map(|slice| scores.cases_of(slice));
    let (confidence, seed) = (scores.record.gate.confidence, scores.record.seed);
    let mut guards = guards(arm, baseline, scorers);
    let (direction, difference) = match rule.metric {
        // What a missing score would add to a corpus metric is not known: it has no worst case.
        Some(metric) => {
            (metric.direction(), corpus::difference(arm, baseline, scorers, metric, some.as_deref(), confidence))
        }
        None => {
            guards.worst_case_lower = worst_case(arm, baseline, scorers, reducer, confidence, seed);
            let matched = pair(arm, baseline, scorers, reducer, (Fill::Available, Fill::Available), some.as_deref());
            (record.direction, measure(&matched, kind, record.direction, confidence, seed))
        }
    };
    let (verdict, difference) = match record.judge {
        false => (no_regression(&difference, margin, &guards, confidence), difference),
        true => judged_regression(arm, baseline, scorers, rule, margin, (guards, difference)),
    };
    // A judge's own word makes no criterion fail, and so tempers none.
    let harm = difference.p_worse(margin).filter(|_| !record.judge || verdict.kind != VerdictKind::Inconclusive);
    let mut made = criterion(name, arm, rule, &difference.estimate, difference.gate_interval, verdict);
    made.found = format!(
        "{} better, {} worse, {} same; difference {}{}",
        difference.better,
        difference.worse,
        difference.same,
        made.found,
        if direction == Direction::Lower { ", positive is better" } else { "" }
    );
    (made, harm)
}

/// A judge's difference as far as its grade and the labels go: the verdict, and what is shown.
fn judged_regression(
    arm: Arm<'_>,
    baseline: Arm<'_>,
    scorers: (usize, usize),
    rule: &GateRule,
    margin: f64,
    (mut guards, raw): (assay_stats::Guards, assay_stats::Difference),
) -> (Verdict, assay_stats::Difference) {
    let scores = arm.scores;
    let (confidence, reducer) = (scores.record.gate.confidence, reducer_of(scores, rule));
    let some = rule.slice.as_ref().map(|slice| scores.cases_of(slice));
    let of = |fills| match (rule.metric, rule.quantile) {
        (None, None) => judged::difference_of(arm, baseline, scorers, reducer, fills, some.as_deref(), confidence),
        _ => None,
    };
    let found = match of((Fill::Available, Fill::Available)) {
        Some(Ok(found)) => found,
        not => {
            let mut reasons = judged::lacking(arm, scorers.0);
            if judged::grade_of(arm, scorers.0) == Grade::A {
                reasons = vec![format!("advisory: labels of both answers to {LEAST_LABELS} cases or more are needed")];
            }
            reasons.extend(not.and_then(Result::err).map(|why| format!("not corrected: {why}")));
            return (advisory(reasons), raw);
        }
    };
    let needed = found.labels_needed(judged::gap(&found.found.estimate, margin), confidence);
    let labels = format!(
        "{} cases carry labels of both answers{}",
        found.labels,
        match needed {
            Some(needed) if needed > found.labels as u64 => format!("; about {needed} would settle it"),
            Some(_) => String::new(),
            None => "; no number of labels would settle it, more judged cases are needed".to_owned(),
        }
    );
    if judged::grade_of(arm, scorers.0) < Grade::A {
        let mut reasons = judged::lacking(arm, scorers.0);
        reasons.push(labels);
        return (advisory(reasons), found.found);
    }
    if let Some(why) = judged::short_of(arm, scorers.0, scores.record.declared_confidence(), margin) {
        return (advisory(vec![format!("advisory: {why}"), labels]), found.found);
    }
    if guards.worst_case_lower.is_some() {
        // Verdicts that are missing, at their worst, corrected like the others.
        let worst = of((Fill::Worst, Fill::Best)).and_then(Result::ok).and_then(|c| c.found.gate_interval);
        guards.worst_case_lower = Some(worst.map_or(f64::NAN, |interval| interval.lower));
    }
    let mut verdict = no_regression(&found.found, margin, &guards, confidence);
    verdict.needed_n = None;
    if found.labels < LEAST_LABELS && verdict.kind != VerdictKind::Inconclusive {
        verdict.kind = VerdictKind::Inconclusive;
        verdict.reasons.push(format!("{LEAST_LABELS} are needed at least"));
    }
    verdict.reasons.push(labels);
    (verdict, found.found)
}

/// With several no-regression criteria a failure must also hold at Holm's level: one of many will look worse by
/// chance.
fn temper(parts: &mut [Part]) {
    let harms: Vec<(usize, usize, f64)> = parts
        .iter()
        .enumerate()
        .flat_map(|(part, of)| of.harms.iter().map(move |(at, harm)| (part, *at, *harm)))
        .collect();
    let adjusted = holm(&harms.iter().map(|(.., p)| *p).collect::<Vec<_>>());
    for ((part, at, _), adjusted) in harms.into_iter().zip(adjusted) {
        let level = (1.0 - parts[part].confidence) / 2.0;
        let verdict = &mut parts[part].criteria[at].verdict;
        if verdict.kind == VerdictKind::Fail && adjusted > level {
            verdict.kind = VerdictKind::Inconclusive;
            verdict.wording = Some(Wording::LikelyWorse);
            verdict.reasons.push("a loss is likely, but not shown once all criteria are counted".into());
        }
    }
}

/// Cases marked critical, under every scorer that is asked about and has a threshold. Of a sealed part it is told how many
/// failed, not which.
pub fn critical(scores: &RunScores, asked: &dyn Fn(&str) -> bool) -> Vec<Criterion> {
    let gate = &scores.record.gate;
    let critical: Vec<usize> = scores.cases.critical().collect();
    let mut criteria = Vec::new();
    if critical.is_empty() {
        return criteria;
    }
    let allowed = critical_failures(scores.record.epochs, gate.critical.allowed_flake, critical.len());
    for target in 0..scores.record.targets.len() {
        let arm = Arm { scores, target };
        for (scorer, record) in scores.record.scorers.iter().enumerate() {
            if !asked(&record.name) || record.threshold.is_none() {
                continue;
            }
            let failed: Vec<&str> = critical
                .iter()
                .filter(|case| arm.failures(**case, scorer).is_some_and(|(failures, _)| failures >= allowed))
                .map(|case| scores.cases.id(*case))
                .collect();
            let n = critical.len();
            if record.judge {
                let why =
                    "advisory: a judge's word on a single case decides nothing; people must look at critical cases";
                criteria.push(Criterion {
                    name: format!("{}: critical cases", record.name),
                    target: arm.name().to_owned(),
                    scorer: record.name.clone(),
                    role: Role::Gate,
                    found: format!("{} of {n} critical cases failed", failed.len()),
                    value: Some(failed.len() as f64),
                    interval: None,
                    n,
                    unmeasured: false,
                    verdict: advisory(vec![why.to_owned()]),
                });
                continue;
            }
            let kind = if failed.is_empty() { VerdictKind::Pass } else { VerdictKind::Fail };
            let reasons = match (failed.is_empty(), scores.record.sealed()) {
                (true, _) => Vec::new(),
                (false, Some(_)) => vec!["which of them failed is not told: they are of a sealed part".to_owned()],
                (false, None) => {
                    vec![format!("failed: {}", failed.iter().take(10).copied().collect::<Vec<_>>().join(", "))]
                }
            };
            criteria.push(Criterion {
                name: format!(
                    "{}: no critical case fails {allowed} of {} times or more",
                    record.name, scores.record.epochs
                ),
                target: arm.name().to_owned(),
                scorer: record.name.clone(),
                role: Role::Gate,
                found: format!("{} of {n} critical cases failed", failed.len()),
                value: Some(failed.len() as f64),
                interval: None,
                n,
                unmeasured: false,
                verdict: Verdict { kind, wording: None, reasons, needed_n: None, mde: None },
            });
        }
    }
    criteria
}
