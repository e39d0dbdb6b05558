//! A pack of made-up trials.

use std::collections::{BTreeMap, HashMap};

use assay_core::gate::Role;
use assay_core::row::ScoreRow;
use assay_core::run::{DatasetRecord, TargetRecord};
use assay_core::score::ScorerRecord;
use assay_core::{Digest, Direction, Gate, GateRule, Reducer, RunId, RunRecord, ScoreKind};
use assay_evidence::pack::{Baseline, Parts};
use assay_evidence::rows::{CaseLine, ContentLine, Lines, Salts, ScoreLine, TrialLine, commit};

const SUITE: &str = "suite: sample\n";

fn digest_of(case: u64) -> Digest {
    Digest::of_bytes(&case.to_be_bytes())
}

fn rule(scorer: &str, min: Option<f64>, margin: Option<f64>) -> GateRule {
    GateRule {
        scorer: scorer.into(),
        reducer: None,
        target: None,
        slice: None,
        quantile: None,
        metric: None,
        min,
        max: None,
        margin,
        role: Role::Gate,
    }
}

/// A run over `n` cases under two scorers.
pub fn record(n: u64, id: u128) -> RunRecord {
    let mut version = Digest::stream();
    let mut digests: Vec<Digest> = (0..n).map(digest_of).collect();
    digests.sort_unstable();
    digests.iter().for_each(|digest| version.update(digest.as_bytes()));
    let scorer = |name: &str, score| ScorerRecord {
        name: name.into(),
        kind: name.into(),
        fingerprint: Digest::of_bytes(name.as_bytes()),
        score,
        direction: Direction::Higher,
        threshold: None,
        metrics: Vec::new(),
        weight: 1.0,
        judge: false,
    };
    let rules = vec![rule("equals", Some(0.5), None), rule("length", None, Some(0.2))];
    let gate = Gate { rules, ..Gate::default() };
    RunRecord {
        id: RunId::from_uuid(uuid::Uuid::from_u128(id)),
        suite: "sample".into(),
        suite_path: "assay.yaml".into(),
        suite_digest: Digest::of_bytes(SUITE.as_bytes()),
        suite_text: SUITE.into(),
        tier: None,
        datasets: vec![DatasetRecord {
            name: "cases".into(),
            source: "cases.jsonl".into(),
            version: version.finish(),
            cases: n,
            sealed: None,
        }],
        targets: vec![TargetRecord {
            name: "app".into(),
            kind: "mock".into(),
            fingerprint: Digest::of_bytes(b"app"),
            config: serde_json::json!({"model": "m"}),
        }],
        scorers: vec![scorer("equals", ScoreKind::Binary), scorer("length", ScoreKind::Bounded { lo: 0.0, hi: 1.0 })],
        epochs: 1,
        reducers: vec![Reducer::Mean],
        slices: Vec::new(),
        gate,
        budget: assay_core::run::Budget::default(),
        seed: 7,
        cases: n,
        plan: Digest::of_bytes(b"plan"),
        assay_version: "0.1.0".into(),
        git: Some("0123abcd".into()),
        narrowed: Vec::new(),
        started_us: 1_790_000_000_000_000,
        labels: BTreeMap::new(),
        answers_of: None,
        looks: Vec::new(),
    }
}

struct Rows {
    cases: Lines,
    trials: Lines,
    scores: Lines,
    content: Lines,
}

fn rows(record: &RunRecord, shift: u64) -> Rows {
    let salts = Salts::new([shift as u8; 32]);
    let (mut cases, mut trials, mut scores, mut content) =
        (Lines::default(), Lines::default(), Lines::default(), Lines::default());
    let mut clusters = HashMap::new();
    for i in 0..record.cases {
        let digest = digest_of(i);
        let case = format!("c{i}");
        let mut piece = |of: &str, part: &[u8], text: String| {
            let salt = salts.of(&[of.as_bytes(), &i.to_be_bytes(), part]);
            let commitment = commit(&salt, text.as_bytes());
            content.push(&ContentLine { case: case.clone(), of: of.into(), salt, text }).unwrap();
            commitment
        };
        cases.push(&CaseLine { dataset: 0, digest, whole: digest }).unwrap();
        let inputs = piece("inputs", b"", format!("{{\"question\":\"what is {i}?\"}}"));
        let output = piece("output", b"", format!("{{\"output\":\"it is {i}\"}}"));
        trials
            .push(&TrialLine {
                number: i,
                case: case.clone(),
                digest,
                target: "app".into(),
                epoch: 0,
                status: "ok".into(),
                error: None,
                started_us: 1_790_000_000_000_000 + i as i64,
                latency_us: 1_000,
                cached: false,
                input_tokens: Some(10),
                output_tokens: Some(3),
                cost_nanousd: 25,
                version: Some("m-1".into()),
                inputs,
                output,
            })
            .unwrap();
        for (scorer, value) in [
            ("equals", f64::from(u8::from(!(i + shift).is_multiple_of(5)))),
            ("length", ((i * 37 + shift) % 100) as f64 / 100.0),
        ] {
            let said = piece("said", scorer.as_bytes(), "{}".into());
            let cluster = format!("user {}", i / 2);
            let row = ScoreRow {
                target: "app",
                scorer,
                case_id: &case,
                case_digest: digest,
                cluster: Some(&cluster),
                weight: 1.0,
                critical: false,
                epoch: 0,
                value: Some(value),
                counts: &[],
                missing: None,
                generation: "g",
                metadata: vec![("language", "de")],
            };
            scores.push(&ScoreLine::of(&row, i, said, &mut clusters, &[])).unwrap();
        }
    }
    Rows { cases, trials, scores, content }
}

/// Everything of a pack over `n` cases.
pub fn parts(n: u64) -> Parts {
    let (record, before) = (record(n, 2), record(n, 1));
    let rows_now = rows(&record, 1);
    let scores = rows(&before, 2).scores;
    Parts {
        record,
        cases: rows_now.cases,
        trials: rows_now.trials,
        scores: rows_now.scores,
        judges: Vec::new(),
        baseline: Some(Baseline { record: before, target: None, scores: Some(scores), judges: Vec::new() }),
        content: Some(rows_now.content),
        left_out: 0,
        report: "<!doctype html><title>sample</title>".into(),
        built_at: "2026-11-29T12:00:00Z".into(),
        assay_version: "0.1.0".into(),
    }
}
