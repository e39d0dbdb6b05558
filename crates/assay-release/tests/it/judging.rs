//! The rules of policies on scores.

use std::collections::BTreeMap;
use std::path::Path;

use assay_analysis::{BaselineScores, RunScores};
use assay_core::row::ScoreRow;
use assay_core::{Digest, RunId, RunRecord};
use assay_release::decide::holds_up;
use assay_release::verdict::{Evidence, judge};
use assay_release::{Finding, Policy, Verdict};
use assay_stats::VerdictKind::{Fail, Inconclusive, Pass};
use assay_stats::judges::Grade;
use serde_json::json;

fn record(suite: &str, judge: bool) -> RunRecord {
    let digest = Digest::of_bytes(b"");
    serde_json::from_value(json!({
        "id": uuid::Uuid::from_u128(1), "suite": suite, "suite_path": "assay.yaml", "suite_digest": digest, "suite_text": "",
        "datasets": [], "targets": [{"name": "bot", "kind": "echo", "fingerprint": digest, "config": {}}],
        "scorers": [{"name": "right", "kind": "equals", "fingerprint": digest, "score": "binary", "direction": "higher",
                     "threshold": 1.0, "weight": 1.0, "judge": judge}],
        "epochs": 1, "reducers": ["mean"], "slices": ["language"], "gate": {}, "budget": {}, "seed": 1, "cases": 1,
        "plan": digest, "assay_version": "0", "started_us": 0,
    }))
    .unwrap()
}

/// A run in which case `i` is right when `right(i)` says so; its language is the third of `i`.
fn run(suite: &str, cases: usize, right: impl Fn(usize) -> bool) -> RunScores {
    let mut scores = RunScores::new(record(suite, false));
    fill(&mut scores, cases, right);
    scores
}

fn fill(scores: &mut RunScores, cases: usize, right: impl Fn(usize) -> bool) {
    for i in 0..cases {
        let id = i.to_string();
        scores.push(&ScoreRow {
            target: "bot",
            scorer: "right",
            case_id: &id,
            case_digest: Digest::of_bytes(id.as_bytes()),
            cluster: None,
            weight: 1.0,
            critical: false,
            epoch: 0,
            value: Some(f64::from(u8::from(right(i)))),
            counts: &[],
            missing: None,
            generation: &id,
            metadata: vec![("language", ["de", "en", "fr"][i % 3])],
        });
    }
}

fn policy(text: &str) -> Policy {
    Policy::from_text(text, Path::new("p.policy.yaml")).unwrap()
}

fn one(
    policy: &Policy,
    scores: RunScores,
    baseline: Option<RunScores>,
    attempt: u32,
    grades: &[(&str, Grade)],
) -> Verdict {
    let baseline = baseline.map(|scores| (scores.record.id, BaselineScores { scores: Some(scores), target: None }));
    let grades = grades.iter().map(|(name, grade)| ((*name).to_owned(), *grade)).collect();
    let evidence = Evidence::new(policy, &policy.require[0], scores, None, baseline, attempt, grades);
    judge(policy, &[evidence]).remove(0)
}

fn held<'a>(policy: &Policy, verdict: &'a Verdict) -> Vec<&'a Finding> {
    verdict.findings.iter().filter(|finding| holds_up(policy, &policy.require[0], finding)).collect()
}

const LEVEL: &str = "policy: p\nrequire: [{suite: s, rules: [{scorer: right, min: 0.8}]}]\n";

#[test]
fn a_good_a_bad_and_an_undecided_run_get_their_verdicts() {
    let policy = policy(LEVEL);
    let of = |cases, wrong| one(&policy, run("s", cases, |i| i >= wrong), None, 1, &[]);
    assert_eq!(of(200, 10).kind, Pass);
    assert_eq!(of(200, 80).kind, Fail);
    let undecided = of(60, 12);
    assert_eq!(undecided.kind, Inconclusive);
    assert_eq!(undecided.findings[0].rule, "s#1");
    assert_eq!(held(&policy, &undecided).len(), 1);
    assert_eq!(undecided.as_stored().unwrap().as_stored().unwrap(), undecided.as_stored().unwrap());
}

#[test]
fn what_was_not_measured_holds_a_release_up_even_where_the_policy_only_warns() {
    let warn = policy(&format!("{LEVEL}on_inconclusive: warn\n"));
    assert!(held(&warn, &one(&warn, run("s", 60, |i| i >= 12), None, 1, &[])).is_empty());
    let missing = policy(&format!("{}on_inconclusive: warn\n", LEVEL.replace("right", "polite")));
    let verdict = one(&missing, run("s", 200, |_| true), None, 1, &[]);
    assert_eq!((verdict.kind, held(&missing, &verdict).len()), (Inconclusive, 1));
    assert!(verdict.findings[0].found.contains("no scorer `polite`"), "{verdict:?}");
    // Nothing to compare with is nothing measured.
    let compared = policy(&format!("{}on_inconclusive: warn\n", LEVEL.replace("min: 0.8", "margin: 0.02")));
    let verdict = one(&compared, run("s", 200, |_| true), None, 1, &[]);
    assert!(verdict.findings[0].unmeasured && held(&compared, &verdict).len() == 1, "{verdict:?}");
    // Nor is a baseline under another version of the scorer.
    let mut other = record("s", false);
    other.scorers[0].fingerprint = Digest::of_bytes(b"stricter");
    let mut before = RunScores::new(other);
    fill(&mut before, 200, |_| true);
    let verdict = one(&compared, run("s", 200, |_| true), Some(before), 1, &[]);
    assert!(verdict.findings[0].unmeasured && held(&compared, &verdict).len() == 1, "{verdict:?}");
    let verdict = one(&compared, run("s", 200, |_| true), Some(run("s", 200, |_| true)), 1, &[]);
    assert!(!verdict.findings[0].unmeasured, "{verdict:?}");
    // A judge below the grade that is asked for decides nothing either.
    let graded = policy(
        "policy: p\non_inconclusive: warn\nrequire: [{suite: s, judge_grade: A, rules: [{scorer: right, min: 0.8}]}]\n",
    );
    let mut scores = RunScores::new(record("s", true));
    fill(&mut scores, 200, |_| true);
    let verdict = one(&graded, scores, None, 1, &[("right", Grade::B)]);
    assert_eq!(held(&graded, &verdict).len(), 1, "{verdict:?}");
    assert!(verdict.findings[0].reasons[0].contains("grade B, the policy asks for A"), "{verdict:?}");
}

#[test]
fn attempts_share_the_error_out_and_one_too_many_decides_nothing() {
    let text = LEVEL.replace("rules", "on_inconclusive: extend, attempts: 2, rules");
    let policy = policy(&text);
    let of = |attempt| one(&policy, run("s", 200, |i| i >= 10), None, attempt, &[]);
    assert!((of(1).confidence - 0.975).abs() < 1e-12);
    assert_eq!((of(1).kind, of(2).kind), (Pass, Pass));
    let third = of(3);
    assert_eq!((third.kind, held(&policy, &third).len()), (Inconclusive, 1));
    // A guardrail that is not yet shown to hold is broken at the last attempt only.
    let text = text.replace("min: 0.8", "min: 0.8, role: guardrail");
    let policy = self::policy(&text);
    let of = |attempt| one(&policy, run("s", 60, |i| i >= 12), None, attempt, &[]).kind;
    assert_eq!((of(1), of(2)), (Inconclusive, Fail));
}

#[test]
fn a_loss_must_hold_once_all_suites_of_the_release_are_counted() {
    let text = "policy: p\nrequire:\n  - {suite: a, rules: [{scorer: right, margin: 0.02}]}\n  - {suite: b, rules: [{scorer: right, margin: 0.02}]}\n  - {suite: c, rules: [{scorer: right, margin: 0.02}]}\n";
    // The first suite lost 8 of 200 cases that were all right: z = (0.04 − 0.02)/√(0.02·0.98/200) = 2.02 against a loss of
    // 0.02, p = 0.022: below 0.025, not below 0.025/3.
    let suites = |policy: &Policy| -> Vec<Verdict> {
        let evidence = policy.require.iter().enumerate().map(|(at, requirement)| {
            let lost = if at == 0 { 8 } else { 0 };
            let candidate = run(&requirement.suite, 200, |i| i >= lost);
            let baseline = BaselineScores { scores: Some(run(&requirement.suite, 200, |_| true)), target: None };
            let id = RunId::from_uuid(uuid::Uuid::from_u128(2));
            Evidence::new(policy, requirement, candidate, None, Some((id, baseline)), 1, BTreeMap::new())
        });
        judge(policy, &evidence.collect::<Vec<_>>())
    };
    let kinds = |text: &str| suites(&policy(text)).iter().map(|verdict| verdict.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&format!("{text}multiplicity: {{gate: none}}\n"))[0], Fail);
    assert_eq!(kinds(text)[0], Inconclusive);
    // A guardrail is no part of the family, and makes none larger.
    let guarded = text.replace("suite: b, rules: [{", "suite: b, rules: [{role: guardrail, ");
    let guarded = guarded.replace("suite: c, rules: [{", "suite: c, rules: [{role: guardrail, ");
    assert_eq!(kinds(&guarded)[0], Fail);
}

#[test]
fn the_worst_slice_decides_with_intervals_that_hold_together() {
    let text = "policy: p\nrequire: [{suite: s, worst_slice: [{scorer: right, min: 0.7}]}]\n";
    let (together, alone) = (policy(text), policy(&format!("{text}multiplicity: {{slices: none}}\n")));
    // Of each language 100 cases; French is right in 60.
    let french = |i: usize| i % 3 != 2 || i / 3 >= 40;
    let verdict = |policy: &Policy, right: &dyn Fn(usize) -> bool| one(policy, run("s", 300, right), None, 1, &[]);
    let found = verdict(&together, &|_| true);
    assert_eq!(found.kind, Pass, "{found:?}");
    let found = verdict(&together, &french);
    assert_eq!(found.kind, Inconclusive, "{found:?}");
    assert!(found.findings[0].found.starts_with("language = fr"), "{found:?}");
    let (wide, narrow) = (found.findings[0].interval.unwrap(), verdict(&alone, &french).findings[0].interval.unwrap());
    // Wilson's 95% interval of 60 of 100 is 0.502 to 0.691 (Newcombe 1998): below 0.7, were the slice alone.
    assert!((narrow.lower - 0.502).abs() < 1e-3 && (narrow.upper - 0.691).abs() < 1e-3, "{narrow:?}");
    assert!(wide.lower < narrow.lower && wide.upper > narrow.upper);
    // Bonferroni's: z = 2.394 for 1 − 0.05/3.
    let (p, n, z) = (0.6, 100.0, 2.394_f64);
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * f64::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
    // Where a slice does not vary it is Bonferroni's; where all do, the data decide how much narrower.
    assert!((wide.lower - (centre - half)).abs() < 1e-4 && (wide.upper - (centre + half)).abs() < 1e-4, "{wide:?}");
    let varied = |i: usize| french(i) && (i % 3 == 2 || i / 3 >= 5);
    let found = verdict(&together, &varied).findings[0].interval.unwrap();
    assert!(found.lower >= wide.lower && found.lower < narrow.lower, "{found:?}");
    let bad = |i: usize| i % 3 != 2 || i / 3 >= 60;
    assert_eq!(verdict(&together, &bad).kind, Fail);
    // Slices of too few cases are one.
    let small = policy(&text.replace("min: 0.7", "min: 0.7, at_least: 101"));
    assert!(verdict(&small, &french).findings[0].found.starts_with("other"));
}

#[test]
fn critical_cases_count_where_only_the_worst_slice_is_asked_for() {
    let policy = policy(
        "policy: p\nrequire: [{suite: s, worst_slice: [{scorer: right, min: 0.5}], critical: {allowed_flake: 0}}]\n",
    );
    let of = |fails: bool| {
        let mut scores = run("s", 300, |_| true);
        scores.push(&ScoreRow {
            target: "bot",
            scorer: "right",
            case_id: "never",
            case_digest: Digest::of_bytes(b"never"),
            cluster: None,
            weight: 1.0,
            critical: true,
            epoch: 0,
            value: Some(f64::from(u8::from(!fails))),
            counts: &[],
            missing: None,
            generation: "never",
            metadata: vec![("language", "de")],
        });
        one(&policy, scores, None, 1, &[])
    };
    assert_eq!(of(false).kind, Pass);
    let failed = of(true);
    assert_eq!((failed.kind, failed.findings.len()), (Fail, 2), "{failed:?}");
    assert!(failed.findings[1].reasons[0].contains("never"), "{failed:?}");
}
