//! The rules of a policy read off stored scores.

use std::collections::{BTreeMap, BTreeSet};

use assay_analysis::gate::{Criterion, GateReport, critical, together};
use assay_analysis::worst::worst_slice;
use assay_analysis::{Arm, BaselineScores, RunScores, evaluate_all};
use assay_core::gate::Role;
use assay_core::{Digest, RunId, RunRecord};
use assay_stats::judges::Grade;
use assay_stats::{Interval, VerdictKind};
use serde::{Deserialize, Serialize};

use crate::policy::{GateFamily, OnInconclusive, SliceFamily};
use crate::{Policy, Requirement};

/// What the evidence says about one requirement of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The requirement, as [`Requirement::id`] names it.
    pub requirement: String,
    /// All rules together.
    pub kind: VerdictKind,
    /// The run that was judged; absent when there is none.
    pub run: Option<RunId>,
    /// When that run began, in microseconds since the Unix epoch.
    pub started_us: i64,
    /// What it measured, and with what.
    pub measured: Option<Measured>,
    /// The run it was compared with.
    pub baseline: Option<RunId>,
    /// Which run of this candidate it is, from 1.
    pub attempt: u32,
    /// The confidence of its intervals, after allowing for attempts and early looks.
    pub confidence: f64,
    /// Each rule.
    pub findings: Vec<Finding>,
}

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The name that a waiver takes: the requirement and a number, such as `chat@full#2`.
    pub rule: String,
    /// What is required, in words.
    pub name: String,
    /// The target.
    pub target: String,
    /// The scorer.
    pub scorer: String,
    /// What the rule is for.
    pub role: Role,
    /// What the evidence says.
    pub kind: VerdictKind,
    /// Nothing was measured that could decide: this blocks whatever the policy says about inconclusive rules.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unmeasured: bool,
    /// What was found, in words.
    pub found: String,
    /// The estimate.
    pub value: Option<f64>,
    /// The interval that decides.
    pub interval: Option<Interval>,
    /// Cases behind it.
    pub n: usize,
    /// Why it is not a plain pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Cases that would settle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_n: Option<u64>,
}

/// What a run measured, and with what: where one of these moves, its verdict says nothing any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Dataset versions by name.
    pub datasets: BTreeMap<String, Digest>,
    /// Fingerprints of targets by name.
    pub targets: BTreeMap<String, Digest>,
    /// Fingerprints of scorers by name.
    pub scorers: BTreeMap<String, Digest>,
    /// Whether answers were recorded: then the datasets are part of what the candidate is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recorded: bool,
}

impl Measured {
    /// Of a run, or of one of its targets.
    pub fn of(record: &RunRecord, target: Option<&str>) -> Self {
        Self {
            datasets: record.datasets.iter().map(|of| (of.name.clone(), of.version)).collect(),
            targets: record
                .targets
                .iter()
                .filter(|of| target.is_none_or(|target| of.name == target))
                .map(|of| (of.name.clone(), of.fingerprint))
                .collect(),
            scorers: record.scorers.iter().map(|of| (of.name.clone(), of.fingerprint)).collect(),
            recorded: record.targets.iter().any(|of| of.kind == "recorded"),
        }
    }

    /// Whether the same candidate was measured, on whatever data.
    pub fn same_candidate(&self, other: &Self) -> bool {
        self.targets == other.targets && (!self.recorded || self.datasets == other.datasets)
    }

    /// Whether the same candidate was measured with the same of these scorers, on whatever data: a look more at it.
    pub fn same_look(&self, other: &Self, scorers: &BTreeSet<&str>) -> bool {
        self.same_candidate(other) && scorers.iter().all(|name| self.scorers.get(*name) == other.scorers.get(*name))
    }

    /// What is not what it was, in words. What is new beside it does not matter.
    pub fn moved(&self, now: &Self) -> Vec<String> {
        let parts = [
            ("dataset", &self.datasets, &now.datasets),
            ("target", &self.targets, &now.targets),
            ("scorer", &self.scorers, &now.scorers),
        ];
        let mut moved = Vec::new();
        for (what, then, now) in parts {
            for (name, digest) in then {
                match now.get(name) {
                    Some(now) if now == digest => {}
                    Some(now) => {
                        moved.push(format!("{what} `{name}` was {}, now it is {}", digest.short(), now.short()));
                    }
                    None => moved.push(format!("{what} `{name}` is gone")),
                }
            }
        }
        moved
    }
}

impl Verdict {
    /// As it comes back from a log: numbers that are read from JSON may differ in their last bit from those written.
    ///
    /// # Errors
    /// A number that JSON cannot hold.
    pub fn as_stored(&self) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&serde_json::to_string(self)?)
    }

    /// A verdict without a run.
    pub fn without_run(requirement: &Requirement, why: String) -> Self {
        let name = format!("a complete run of `{}`", requirement.id());
        let finding = Finding { rule: requirement.id(), name, ..unmeasured("", Role::Gate, why) };
        Self {
            requirement: requirement.id(),
            kind: VerdictKind::Inconclusive,
            run: None,
            started_us: 0,
            measured: None,
            baseline: None,
            attempt: 1,
            confidence: 0.0,
            findings: vec![finding],
        }
    }
}

/// A run to judge a requirement by. [`Evidence::new`] puts the policy's gate in place of the suite's.
pub struct Evidence<'a> {
    requirement: &'a Requirement,
    scores: RunScores,
    target: Option<String>,
    baseline: Option<(RunId, BaselineScores)>,
    attempt: u32,
    grades: BTreeMap<String, Grade>,
}

impl<'a> Evidence<'a> {
    /// A run's scores, or those of one of its targets, for a requirement. `attempt` counts this candidate's runs from 1;
    /// `grades` are those of the run's judges by scorer, U for one that is not named.
    pub fn new(
        policy: &Policy,
        requirement: &'a Requirement,
        mut scores: RunScores,
        target: Option<String>,
        baseline: Option<(RunId, BaselineScores)>,
        attempt: u32,
        grades: BTreeMap<String, Grade>,
    ) -> Self {
        scores.record.gate = requirement.gate(policy, &scores.record, target.as_deref(), attempt);
        Self { requirement, scores, target, baseline, attempt, grades }
    }
}

/// The verdicts of a policy on runs that are decided on together, in their order.
pub fn judge(policy: &Policy, evidence: &[Evidence<'_>]) -> Vec<Verdict> {
    let finders: Vec<_> =
        evidence.iter().map(|one| move |name: &str| one.baseline.as_ref()?.1.arm(&one.scores, name)).collect();
    let runs: Vec<_> =
        evidence.iter().zip(&finders).map(|(one, find)| (&one.scores, find as &dyn Fn(&str) -> _)).collect();
    let reports = evaluate_all(&runs, policy.multiplicity.gate == GateFamily::Holm);
    evidence.iter().zip(reports).map(|(one, report)| verdict(policy, one, report)).collect()
}

fn verdict(policy: &Policy, one: &Evidence<'_>, report: GateReport) -> Verdict {
    let (requirement, record) = (one.requirement, &one.scores.record);
    let mut findings: Vec<Finding> =
        report.criteria.into_iter().filter(|of| one.about(&of.target)).map(finding).collect();
    findings.extend(worst_slices(policy, one));
    // The rules' own scorers are in the report.
    let only_slices = |name: &str| {
        requirement.worst_slice.iter().any(|rule| rule.scorer == name)
            && !record.gate.rules.iter().any(|rule| rule.scorer == name)
    };
    findings.extend(critical(&one.scores, &only_slices).into_iter().filter(|of| one.about(&of.target)).map(finding));
    // A rule that nothing in the run answers must not go missing without a word.
    for rule in &requirement.rules {
        let target = rule.target.as_deref();
        let known = record.targets.iter().any(|of| target.is_none_or(|target| of.name == target));
        if record.scorer(&rule.scorer).is_none() {
            findings.push(unmeasured(&rule.scorer, rule.role, format!("the run has no scorer `{}`", rule.scorer)));
        } else if let Some(target) = target.filter(|_| !known) {
            findings.push(unmeasured(&rule.scorer, rule.role, format!("the run has no target `{target}`")));
        } else if let Some((target, asked)) =
            target.zip(one.target.as_deref()).filter(|(target, asked)| target != asked)
        {
            let why = format!("the rule is about the target `{target}`, the release is about `{asked}`");
            findings.push(unmeasured(&rule.scorer, rule.role, why));
        }
    }
    if let Some(needed) = requirement.judge_grade {
        for finding in &mut findings {
            let grade = one.grades.get(&finding.scorer).copied().unwrap_or(Grade::U);
            if record.scorer(&finding.scorer).is_some_and(|scorer| scorer.judge) && grade < needed {
                finding.kind = VerdictKind::Inconclusive;
                finding.unmeasured = true;
                finding.reasons = vec![format!("the judge has grade {grade:?}, the policy asks for {needed:?}")];
            }
        }
    }
    if one.attempt > requirement.attempts {
        let why = format!(
            "run {} of this candidate, the policy allows {}: what an earlier run says stands (`--run` names it; one that was \
             stopped goes on by `assay resume`)",
            one.attempt, requirement.attempts
        );
        findings
            .push(Finding { name: "no more runs than the policy allows".into(), ..unmeasured("", Role::Gate, why) });
    }
    let id = requirement.id();
    for (at, finding) in findings.iter_mut().enumerate() {
        finding.rule = format!("{id}#{}", at + 1);
    }
    Verdict {
        requirement: id,
        kind: together(findings.iter().map(|finding| finding.kind)).unwrap_or(VerdictKind::Inconclusive),
        run: Some(record.id),
        started_us: record.started_us,
        measured: Some(Measured::of(record, one.target.as_deref())),
        baseline: one.baseline.as_ref().map(|(run, _)| *run),
        attempt: one.attempt,
        confidence: record.gate.confidence,
        findings,
    }
}

impl Evidence<'_> {
    fn about(&self, target: &str) -> bool {
        self.target.as_deref().is_none_or(|asked| asked == target)
    }
}

/// Numbers that JSON cannot hold are left to the words.
fn finite(interval: Option<Interval>) -> Option<Interval> {
    interval.filter(|interval| interval.lower.is_finite() && interval.upper.is_finite())
}

fn finding(criterion: Criterion) -> Finding {
    Finding {
        rule: String::new(),
        name: criterion.name,
        target: criterion.target,
        scorer: criterion.scorer,
        role: criterion.role,
        kind: criterion.verdict.kind,
        unmeasured: criterion.unmeasured,
        found: criterion.found,
        value: criterion.value.filter(|value| value.is_finite()),
        interval: finite(criterion.interval),
        n: criterion.n,
        reasons: criterion.verdict.reasons,
        needed_n: criterion.verdict.needed_n,
    }
}

fn unmeasured(scorer: &str, role: Role, why: String) -> Finding {
    Finding {
        rule: String::new(),
        name: format!("{scorer} is measured"),
        target: String::new(),
        scorer: scorer.to_owned(),
        role,
        kind: VerdictKind::Inconclusive,
        unmeasured: true,
        found: why,
        value: None,
        interval: None,
        n: 0,
        reasons: Vec::new(),
        needed_n: None,
    }
}

fn worst_slices(policy: &Policy, one: &Evidence<'_>) -> Vec<Finding> {
    let (requirement, record) = (one.requirement, &one.scores.record);
    let mut findings = Vec::new();
    for rule in &requirement.worst_slice {
        let Some(scorer) = record.scorers.iter().position(|scorer| scorer.name == rule.scorer) else {
            findings.push(unmeasured(&rule.scorer, rule.role, format!("the run has no scorer `{}`", rule.scorer)));
            continue;
        };
        let mut name = format!("{} in the worst slice", rule.scorer);
        rule.min.iter().for_each(|min| name.push_str(&format!(" ≥ {min}")));
        rule.max.iter().for_each(|max| name.push_str(&format!(" ≤ {max}")));
        for target in (0..record.targets.len()).filter(|at| one.about(&record.targets[*at].name)) {
            let arm = Arm { scores: &one.scores, target };
            let limits = (rule.min, rule.max);
            let together = policy.multiplicity.slices == SliceFamily::MaxT;
            let Some(worst) = worst_slice(arm, scorer, limits, rule.at_least as usize, together) else {
                let why = "the run's suite declares no slices".to_owned();
                findings.push(Finding { name: name.clone(), ..unmeasured(&rule.scorer, rule.role, why) });
                continue;
            };
            let interval = finite(worst.estimate.interval);
            let shown = match (worst.estimate.value, interval) {
                (Some(value), Some(i)) => {
                    format!("{value:.4} ({:.4} to {:.4}, n = {})", i.lower, i.upper, worst.estimate.n)
                }
                (Some(value), None) => format!("{value:.4} (no interval, n = {})", worst.estimate.n),
                _ => "no data".to_owned(),
            };
            let mut found = Finding {
                name: name.clone(),
                target: arm.name().to_owned(),
                kind: worst.verdict.kind,
                unmeasured: false,
                found: format!("{}: {shown}, of {} slices together", worst.slice, worst.slices),
                value: worst.estimate.value.filter(|value| value.is_finite()),
                interval,
                n: worst.estimate.n,
                reasons: worst.verdict.reasons,
                needed_n: worst.verdict.needed_n,
                ..unmeasured(&rule.scorer, rule.role, String::new())
            };
            if record.scorers[scorer].judge {
                found.kind = VerdictKind::Inconclusive;
                found.reasons = vec!["advisory: a judge decides no level of a slice".into()];
            }
            let more = requirement.on_inconclusive.unwrap_or(policy.on_inconclusive) == OnInconclusive::Extend
                && one.attempt < requirement.attempts;
            if found.role == Role::Guardrail && found.kind == VerdictKind::Inconclusive && !more {
                found.kind = VerdictKind::Fail;
                found.reasons.push("a guardrail must be shown to hold".into());
            }
            findings.push(found);
        }
    }
    findings
}
