//! Out and back: what other tools hold is what was rated here.

use assay_core::Money;
use assay_privacy::{Policy, Redactor};
use assay_review::Settings;
use assay_review::exchange::{Incoming, OnConflict, argilla, csv, label_studio};
use assay_review::outcome::Snapshot;
use assay_review::rubric::Span;
use serde_json::{Value, json};

use crate::support::{Folder, folder, items, project};

const FULL: &str = "
rubric: full
criteria:
  - {name: correct, kind: yes_no}
  - {name: tone, kind: choice, options: [formal, casual]}
  - {name: helpful, kind: ordinal, scale: {1: useless, 2: partly, 3: fully}}
  - {name: wrong, kind: spans, labels: [made up, stale]}
  - {name: remarks, kind: comment}
";

fn one(item: &str, rater: &str, criterion: &str, value: Value) -> Incoming {
    Incoming {
        item: item.into(),
        rater: rater.into(),
        criterion: criterion.into(),
        value,
        took_ms: Some(1_500),
        place: "ratings.csv:2".into(),
        turned: false,
    }
}

fn full(rater: &str) -> Vec<Incoming> {
    let span = Span { field: "output".into(), start: 3, end: 9, text: "answer".into(), label: Some("stale".into()) };
    (0..6)
        .flat_map(|i| {
            let item = format!("i{i}");
            [
                one(&item, rater, "correct", json!(i % 2 == 0)),
                one(&item, rater, "tone", json!("formal")),
                one(&item, rater, "helpful", json!(1 + i % 3)),
                one(&item, rater, "wrong", json!([span])),
                one(&item, rater, "remarks", json!("=1+1 | \u{1f600}")),
            ]
        })
        .collect()
}

/// A project whose answers begin with a character that JavaScript counts twice.
async fn rated(fill: bool) -> Folder {
    let folder = folder().await;
    let mut all = items(6);
    all.iter_mut().for_each(|item| item.content.output = json!("\u{1f600}: answer of 4 May"));
    project(&folder.review, FULL, Settings::default(), all).await;
    if fill {
        for rater in ["ann", "bob"] {
            folder.review.import("p", &full(rater), OnConflict::Refuse, Money::ZERO).await.unwrap();
        }
    }
    folder
}

fn standing(snapshot: &Snapshot) -> Vec<(String, String, String, String)> {
    let mut all: Vec<_> = snapshot
        .ratings
        .iter()
        .map(|one| (one.item.clone(), one.rater.clone(), one.criterion.clone(), one.value.to_string()))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn every_form_comes_back_as_it_left() {
    let from = rated(true).await;
    let snapshot = from.review.snapshot("p").await.unwrap();
    assert_eq!(snapshot.ratings.len(), 60);
    for form in ["csv", "label-studio", "argilla"] {
        let to = rated(false).await;
        let path = to.path.join(if form == "csv" { "out.csv" } else { "out.json" });
        let known = to.review.project("p").await.unwrap();
        let incoming = match form {
            "csv" => {
                csv::write(&snapshot, &mut std::fs::File::create(&path).unwrap()).unwrap();
                // No spreadsheet runs what a rater wrote.
                assert!(std::fs::read_to_string(&path).unwrap().contains("'=1+1"));
                csv::read(&path, &known.rubric).unwrap()
            }
            "label-studio" => {
                std::fs::write(&path, label_studio::tasks(&snapshot).to_string()).unwrap();
                label_studio::read(&path, &known, &snapshot.items).unwrap()
            }
            _ => {
                std::fs::write(&path, argilla::records(&snapshot).to_string()).unwrap();
                argilla::read(&path, &known, &snapshot.items, &snapshot.raters).unwrap()
            }
        };
        to.review.import("p", &incoming, OnConflict::Refuse, Money::ZERO).await.unwrap();
        assert_eq!(standing(&to.review.snapshot("p").await.unwrap()), standing(&snapshot), "{form}");
    }
    let configuration = label_studio::configuration(&snapshot.project.rubric);
    assert!(configuration.contains("<Choices name=\"tone\"") && configuration.contains("<Label value=\"made up\"/>"));
}

#[tokio::test]
async fn an_import_is_all_or_nothing_and_names_each_fault() {
    let folder = rated(false).await;
    let mut bad = full("ann");
    bad.push(one("nowhere", "ann", "correct", json!("yes")));
    bad.push(one("i1", "ann", "helpful", json!(3)));
    bad.push(one("i1", "ann", "helpful_", json!(3)));
    bad.push(one("i1", "ann", "tone", json!("rude")));
    let told = folder.review.import("p", &bad, OnConflict::Refuse, Money::ZERO).await.unwrap_err().to_string();
    for part in
        ["no item `nowhere`", "says 3 here", "no criterion `helpful_`", "`rude` is no option", "nothing was imported"]
    {
        assert!(told.contains(part), "{told}");
    }
    assert!(folder.review.history("p").await.unwrap().is_empty());
    assert!(folder.review.raters("p").await.unwrap().is_empty());
    // Twice the same is no conflict; another answer is kept out or takes the place, as asked.
    folder.review.import("p", &full("ann"), OnConflict::Refuse, Money::from_dollars(0.1)).await.unwrap();
    let again = folder.review.import("p", &full("ann"), OnConflict::Refuse, Money::from_dollars(0.1)).await.unwrap();
    assert_eq!((again.answers, again.same), (0, 30));
    let other = [one("i0", "ann", "helpful", json!(3))];
    assert!(folder.review.import("p", &other, OnConflict::Refuse, Money::ZERO).await.is_err());
    assert_eq!(folder.review.import("p", &other, OnConflict::Keep, Money::ZERO).await.unwrap().left_out, 1);
    assert_eq!(folder.review.import("p", &other, OnConflict::Replace, Money::ZERO).await.unwrap().replaced, 1);
    let made = folder.review.project("p").await.unwrap();
    // Six items of one rater, paid once.
    assert_eq!(folder.review.progress(&made).await.unwrap().spent, Money::from_dollars(0.6));
}

#[tokio::test]
async fn a_packet_holds_no_personal_data_and_no_id_from_here_and_comes_back() {
    let folder = folder().await;
    let mut all = items(8);
    all[0].content.output = json!("write to jane.doe@example.com");
    all[0].content.inputs = serde_json::Map::from_iter([("question".to_owned(), json!("<b>who?</b>"))]);
    project(&folder.review, crate::support::RUBRIC, Settings::default(), all).await;
    let out = folder.path.join("packet");
    let redactor = Redactor::new(&Policy::default(), None).unwrap();
    let manifest = folder.review.hand_off("p", &out, "acme", 2, &redactor).await.unwrap();
    assert_eq!((manifest.count, manifest.redacted.values().sum::<u64>()), (8, 1));
    assert!(folder.review.hand_off("p", &out, "acme", 2, &redactor).await.is_err(), "a folder is not overwritten");
    let items = std::fs::read_to_string(out.join("items.jsonl")).unwrap();
    assert!(!items.contains("jane") && !items.contains("\"i0\"") && !items.contains("\"c0\""), "{items}");
    let blank = std::fs::read_to_string(out.join("ratings.csv")).unwrap();
    assert_eq!(blank.lines().count(), 17);
    assert_eq!(blank.lines().next(), Some("item,rater,seconds,correct,helpful,remarks"));
    let filled: Vec<String> = blank
        .lines()
        .enumerate()
        .map(|(at, line)| match line.split_once(',') {
            Some((item, _)) if at > 0 => format!("{item},v{},12.5,yes,{},", at % 2, 1 + at % 3),
            _ => line.to_owned(),
        })
        .collect();
    std::fs::write(out.join("ratings.csv"), filled.join("\n")).unwrap();
    let incoming = folder.review.returned("p", &out).await.unwrap();
    let done = folder.review.import("p", &incoming, OnConflict::Refuse, Money::from_dollars(0.5)).await.unwrap();
    assert_eq!((done.answers, done.items, done.raters, done.incomplete), (32, 8, 2, 0));
    // A packet whose items were changed, or that is rated under another rubric, is refused.
    std::fs::write(out.join("items.jsonl"), items.replace("answer 3", "answer 4")).unwrap();
    assert!(folder.review.returned("p", &out).await.unwrap_err().to_string().contains("not what was handed off"));
    std::fs::write(out.join("items.jsonl"), items).unwrap();
    let text = crate::support::RUBRIC.replace("kind: yes_no", "kind: yes_no, question: Otherwise?");
    folder.review.change_rubric("p", &crate::support::rubric(&text), &text).await.unwrap();
    assert!(folder.review.returned("p", &out).await.unwrap_err().to_string().contains("other questions"));
}
