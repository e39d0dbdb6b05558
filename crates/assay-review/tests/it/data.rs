//! Real ratings taken over: the report's figures are those of the reference packages (GOLDENS.json, made with
//! `krippendorff`).

use std::path::PathBuf;

use assay_core::Money;
use assay_review::exchange::{Incoming, OnConflict};
use assay_review::outcome::Snapshot;
use assay_review::outcome::{Aggregate, outcomes};
use assay_review::report::{Options, Report, report};
use assay_review::{Content, Item, Settings, both};
use serde_json::{Value, json};

use crate::support::{folder, items, rubric, shared};

fn lines(name: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(shared(name)?).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn goldens(name: &str) -> Value {
    let path: PathBuf = shared("GOLDENS.json").unwrap();
    serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap()[name].clone()
}

fn rating(item: &str, rater: &str, criterion: &str, value: &Value) -> Incoming {
    Incoming {
        item: item.to_owned(),
        rater: rater.to_owned(),
        criterion: criterion.to_owned(),
        value: value.clone(),
        took_ms: None,
        place: "ratings".into(),
        turned: false,
    }
}

/// Makes a project of as many items and takes the ratings over.
async fn taken(text: &str, ids: &[String], ratings: &[Incoming], conflict: OnConflict) -> (Report, Snapshot, u64) {
    let folder = folder().await;
    let stored: Vec<Item> =
        ids.iter().zip(items(ids.len())).map(|(id, item)| Item { id: id.clone(), ..item }).collect();
    folder.review.create("p", &rubric(text), text, Settings::default(), stored).await.unwrap();
    let done = folder.review.import("p", ratings, conflict, Money::ZERO).await.unwrap();
    let snapshot = folder.review.snapshot("p").await.unwrap();
    (report(&snapshot, &Options::default(), &[]), snapshot, done.left_out)
}

fn alpha(report: &Report, criterion: &str) -> f64 {
    report.criteria.iter().find(|one| one.name == criterion).unwrap().alpha.unwrap().value
}

#[track_caller]
fn near(ours: f64, theirs: &Value) {
    // The golden values have six decimals.
    assert!((ours - theirs.as_f64().unwrap()).abs() < 1e-6, "{ours} {theirs}");
}

fn scales(names: &[&str], steps: &str, extra: &str) -> String {
    let criteria: String =
        names.iter().map(|name| format!("  - {{name: {name}, kind: ordinal, scale: {{{steps}}}{extra}}}\n")).collect();
    format!("rubric: real\ncriteria:\n{criteria}")
}

const FIVE: &str = "1: a, 2: b, 3: c, 4: d, 5: e";

#[tokio::test]
async fn hanna() {
    let Some(rows) = lines("hanna_raters/ratings.jsonl") else { return };
    let names = ["RE", "CH", "EM", "SU", "EG", "CX"];
    let ids: Vec<String> = (0..rows.len()).map(|i| format!("story{i}")).collect();
    let mut ratings = Vec::new();
    for (id, row) in ids.iter().zip(&rows) {
        for name in names {
            for (rater, value) in row["human"][name].as_array().unwrap().iter().enumerate() {
                ratings.push(rating(id, &format!("r{rater}"), name, value));
            }
        }
    }
    let goldens = goldens("hanna_raters");
    for (extra, key) in [("", "alpha_ordinal"), (", level: interval", "alpha_interval")] {
        let (report, ..) = taken(&scales(&names, FIVE, extra), &ids, &ratings, OnConflict::Refuse).await;
        for name in names {
            near(alpha(&report, name), &goldens[name][key]);
            let one = report.criteria.iter().find(|one| one.name == name).unwrap();
            assert_eq!((one.paired, one.raters, one.decision.as_str()), (506, 3, "revise the rubric"));
            let alpha = one.alpha.unwrap();
            assert!(alpha.lower.unwrap() < alpha.value && alpha.value < alpha.upper.unwrap());
        }
    }
}

#[tokio::test]
async fn summeval_experts() {
    let Some(rows) = lines("summeval/ratings.jsonl") else { return };
    let names = ["coherence", "consistency", "fluency", "relevance"];
    let ids: Vec<String> = (0..rows.len()).map(|i| format!("summary{i}")).collect();
    let mut ratings = Vec::new();
    for (id, row) in ids.iter().zip(&rows) {
        for (rater, given) in row["experts"].as_array().unwrap().iter().enumerate() {
            ratings.extend(names.iter().map(|name| rating(id, &format!("e{rater}"), name, &given[*name])));
        }
    }
    let goldens = goldens("summeval");
    let (report, ..) = taken(&scales(&names, FIVE, ""), &ids, &ratings, OnConflict::Refuse).await;
    for name in names {
        near(alpha(&report, name), &goldens[name]["experts_alpha_ordinal"]);
    }
    let decision = |name: &str| report.criteria.iter().find(|one| one.name == name).unwrap().decision.clone();
    // α .82 with its interval below .80 may be averaged, .60 may not.
    assert_eq!(decision("consistency"), "usable for averages over 3 or more raters");
    assert!(decision("coherence").starts_with("revise the rubric"));
}

#[tokio::test]
async fn convabuse_with_repeats_and_gaps() {
    let Some(rows) = lines("convabuse_raters/ratings.jsonl") else { return };
    let mut ids: Vec<String> = rows.iter().map(|row| row["item"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids.dedup();
    let ratings: Vec<Incoming> = rows
        .iter()
        .map(|row| {
            rating(row["item"].as_str().unwrap(), row["annotator"].as_str().unwrap(), "severity", &row["severity"])
        })
        .collect();
    let goldens = goldens("convabuse_raters");
    let steps = "-3: worst, -2: strong, -1: mild, 0: unclear, 1: fine";
    for (extra, key) in [("", "alpha_ordinal"), (", level: interval", "alpha_interval")] {
        let text = scales(&["severity"], steps, extra);
        // The rule of the golden value: the first rating of an annotator for an item.
        let (report, _, left_out) = taken(&text, &ids, &ratings, OnConflict::Keep).await;
        near(alpha(&report, "severity"), &goldens[key]);
        assert_eq!(ids.len() as u64, goldens["items"].as_u64().unwrap());
        assert_eq!(report.criteria[0].raters as u64, goldens["raters"].as_u64().unwrap());
        assert!(left_out > 0);
    }
    let folder = folder().await;
    let text = scales(&["severity"], steps, "");
    let stored = ids.iter().zip(items(ids.len())).map(|(id, item)| Item { id: id.clone(), ..item }).collect();
    folder.review.create("p", &rubric(&text), &text, Settings::default(), stored).await.unwrap();
    let refused = folder.review.import("p", &ratings, OnConflict::Refuse, Money::ZERO).await.unwrap_err().to_string();
    assert!(refused.contains("nothing was imported") && refused.contains("more"), "{refused}");
}

#[tokio::test]
async fn hatecheck_with_half_of_the_raters_missing() {
    let Some(rows) = lines("hatecheck_raters/annotations.jsonl") else { return };
    let ids: Vec<String> = rows.iter().map(|row| row["case_id"].as_str().unwrap().to_owned()).collect();
    let mut ratings = Vec::new();
    for (id, row) in ids.iter().zip(&rows) {
        for (rater, value) in row["raters"].as_array().unwrap().iter().enumerate() {
            if !value.is_null() {
                ratings.push(rating(id, &format!("r{rater}"), "label", value));
            }
        }
    }
    let text = "rubric: real\ncriteria:\n  - {name: label, kind: choice, options: [hateful, non-hateful]}\n";
    let (report, snapshot, _) = taken(text, &ids, &ratings, OnConflict::Refuse).await;
    let goldens = goldens("hatecheck_raters");
    near(alpha(&report, "label"), &goldens["krippendorff_nominal"]);
    assert_eq!(report.criteria[0].decision, "usable for gold");
    let given = |answer: &str| report.criteria[0].specific.iter().find(|one| one.answer == answer).unwrap().ratings;
    assert_eq!(json!({"hateful": given("hateful"), "non-hateful": given("non-hateful")}), goldens["labels"]);
    let found = outcomes(&snapshot, Aggregate::Majority);
    let right = found.iter().filter(|one| {
        let row = rows.iter().find(|row| row["case_id"] == json!(one.item)).unwrap();
        one.value.as_ref() == Some(&row["label_gold"])
    });
    assert_eq!(json!(right.count()), goldens["majority_equals_gold"]["k"]);
}

#[tokio::test]
async fn textbook_matrices() {
    let Some(rows) = lines("irr_canonical/matrices.jsonl") else { return };
    for row in rows.iter().filter(|row| row["raters"].is_array()) {
        let units = usize::try_from(row["units"].as_u64().unwrap()).unwrap();
        let ids: Vec<String> = (0..units).map(|i| format!("u{i}")).collect();
        let mut ratings = Vec::new();
        for (rater, values) in row["raters"].as_array().unwrap().iter().enumerate() {
            for (id, value) in ids.iter().zip(values.as_array().unwrap()).filter(|(_, value)| !value.is_null()) {
                ratings.push(rating(id, &format!("r{rater}"), "x", value));
            }
        }
        let choice = "rubric: real\ncriteria:\n  - {name: x, kind: choice, options: ['1', '2', '3', '4', '5']}\n";
        for (text, level) in [
            (choice.to_owned(), "nominal"),
            (scales(&["x"], FIVE, ""), "ordinal"),
            (scales(&["x"], FIVE, ", level: interval"), "interval"),
        ] {
            let (report, ..) = taken(&text, &ids, &ratings, OnConflict::Refuse).await;
            near(alpha(&report, "x"), &row["alpha"][level]);
            assert_eq!(report.criteria[0].level.as_deref(), Some(level));
        }
    }
}

/// Five models in pairs that three people compared. At the maximum of the likelihood each model's expected points are those
/// that it got, and the expected ties those that there were: that is all that the maximum is.
#[tokio::test]
async fn pandalm_models_ranked_by_people() {
    let Some(rows) = lines("pandalm_votes/pairs.jsonl") else { return };
    let folder = folder().await;
    let text = "rubric: real\ncriteria:\n  - {name: better, kind: pairwise}\n";
    let (mut stored, mut ratings) = (Vec::new(), Vec::new());
    for (row, item) in rows.iter().zip(items(rows.len())) {
        let (first, second) = row["cmp_key"].as_str().unwrap().split_once('_').unwrap();
        let id = row["idx"].to_string();
        for rater in ["annotator1", "annotator2", "annotator3"] {
            let vote = ["tie", "a", "b"][usize::try_from(row[rater].as_u64().unwrap()).unwrap()];
            ratings.push(rating(&id, rater, "better", &json!(vote)));
        }
        let content = Content { other: Some(row["response2"].clone()), ..item.content };
        stored.push(Item { id, case: None, target: Some(both(first, second)), content, ..item });
    }
    folder.review.create("p", &rubric(text), text, Settings::default(), stored).await.unwrap();
    folder.review.import("p", &ratings, OnConflict::Refuse, Money::ZERO).await.unwrap();
    let found = report(&folder.review.snapshot("p").await.unwrap(), &Options::default(), &[]);
    // The same α as without a project.
    near(
        alpha(&found, "better"),
        &json!(
            assay_stats::agreement::krippendorff(
                &rows
                    .iter()
                    .map(|row| (1..4)
                        .map(|at| {
                            row[format!("annotator{at}")].as_u64().map(|vote| [0.0, 1.0, -1.0][vote as usize])
                        })
                        .collect())
                    .collect::<Vec<Vec<Option<f64>>>>(),
                assay_stats::agreement::Level::Ordinal,
            )
            .unwrap()
        ),
    );
    let ranking = found.criteria[0].ranking.as_ref().unwrap();
    assert_eq!((ranking.comparisons, ranking.cases, ranking.targets.len()), (1_665, 555, 5));
    let tie = ranking.tie.unwrap();
    let strength = |name: &str| {
        let one = ranking.targets.iter().find(|one| one.target == name).unwrap();
        10f64.powf((one.elo.value - 1_000.0) / 400.0)
    };
    let mut points: std::collections::BTreeMap<&str, (f64, f64)> = Default::default();
    let (mut ties, mut expected_ties) = (0.0, 0.0);
    for row in &rows {
        let (first, second) = row["cmp_key"].as_str().unwrap().split_once('_').unwrap();
        let (a, b) = (strength(first), strength(second));
        let all = a + b + tie * (a * b).sqrt();
        let draw = tie * (a * b).sqrt() / all;
        for rater in ["annotator1", "annotator2", "annotator3"] {
            let got = [0.5, 1.0, 0.0][row[rater].as_u64().unwrap() as usize];
            for (name, got, expected) in [(first, got, a / all + draw / 2.0), (second, 1.0 - got, b / all + draw / 2.0)]
            {
                let of = points.entry(name).or_default();
                *of = (of.0 + got, of.1 + expected);
            }
            ties += f64::from(u8::from(got == 0.5));
            expected_ties += draw;
        }
    }
    for (name, (got, expected)) in points {
        assert!((got - expected).abs() < 1e-4, "{name}: {got} and {expected}");
        let one = ranking.targets.iter().find(|one| one.target == name).unwrap();
        assert_eq!(one.won as f64 + 0.5 * one.tied as f64, got);
        assert!(one.elo.lower.unwrap() < one.elo.value && one.elo.value < one.elo.upper.unwrap());
    }
    assert!((ties - expected_ties).abs() < 1e-4, "{ties} and {expected_ties}");
    assert!(ranking.targets.is_sorted_by(|a, b| a.elo.value >= b.elo.value));
}
