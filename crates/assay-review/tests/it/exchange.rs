//! Out and back: what other tools hold is what was rated here.

use std::path::Path;
use std::process::Command;

use assay_core::{Money, Passage};
use assay_privacy::{Policy, Redactor};
use assay_review::Settings;
use assay_review::exchange::{Incoming, OnConflict, argilla, csv, label_studio};
use assay_review::outcome::{RightAnswers, Snapshot};
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
    folder.review.change_rubric("p", &crate::support::rubric(&text), &text, &RightAnswers::Hold).await.unwrap();
    assert!(folder.review.returned("p", &out).await.unwrap_err().to_string().contains("other questions"));
}

/// What a function of `labelling.py` says of a folder; `None`, with the reason, when no interpreter with the tools is named.
fn ask(function: &str, folder: &Path) -> Option<Value> {
    let Ok(python) = std::env::var("ASSAY_LABELLING_PYTHON") else {
        println!("skipped: ASSAY_LABELLING_PYTHON is not set (see tests/oracle/README.md)");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/labelling.py");
    let output = Command::new(python).arg(script).arg(function).arg(folder).output().expect("the interpreter starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{function} failed: {stdout}\n{stderr}");
    let last = stdout.lines().rfind(|line| !line.trim().is_empty()).expect("an answer");
    Some(serde_json::from_str(last).unwrap_or_else(|error| panic!("{function}: {error} in {last}")))
}

#[tokio::test]
async fn argilla_reads_records_and_settings_and_what_it_writes_is_read() {
    let from = rated(true).await;
    let snapshot = from.review.snapshot("p").await.unwrap();
    std::fs::write(from.path.join("records.json"), argilla::records(&snapshot).to_string()).unwrap();
    let settings = argilla::settings(&snapshot.project.rubric, 2);
    assert_eq!(settings["questions"][2]["settings"]["type"], "rating");
    std::fs::write(from.path.join("records.settings.json"), settings.to_string()).unwrap();
    let Some(said) = ask("argilla", &from.path) else { return };
    let questions = ["correct", "helpful", "remarks", "tone", "wrong"];
    assert_eq!(said, json!({"records": 6, "questions": questions, "faults": []}));
    let to = rated(false).await;
    let known = to.review.project("p").await.unwrap();
    let written = from.path.join("written.json");
    let incoming = argilla::read(&written, &known, &snapshot.items, &snapshot.raters).unwrap();
    to.review.import("p", &incoming, OnConflict::Refuse, Money::ZERO).await.unwrap();
    assert_eq!(standing(&to.review.snapshot("p").await.unwrap()), standing(&snapshot));
}

#[tokio::test]
async fn scales_that_argilla_cannot_rate_are_labels_there() {
    let text = "rubric: r\ncriteria:\n  - {name: mood, kind: ordinal, scale: {-1: bad, 0: so so, 1: good}}\n  - {name: odd, kind: spans}\n";
    let folder = folder().await;
    project(&folder.review, text, Settings::default(), items(2)).await;
    let span = Span { field: "output".into(), start: 0, end: 6, text: "answer".into(), label: None };
    let given = [one("i0", "ann", "mood", json!(-1)), one("i0", "ann", "odd", json!([span]))];
    folder.review.import("p", &given, OnConflict::Refuse, Money::ZERO).await.unwrap();
    let snapshot = folder.review.snapshot("p").await.unwrap();
    let (records, settings) = (argilla::records(&snapshot), argilla::settings(&snapshot.project.rubric, 1));
    assert_eq!(settings["questions"][0]["settings"]["options"][0], json!({"value": "-1", "text": "bad"}));
    let record = records.as_array().unwrap().iter().find(|record| record["id"] == "i0").unwrap();
    assert_eq!(record["responses"]["mood"][0]["value"], "-1");
    // A span has a label there, and loses it on the way back.
    assert_eq!(record["responses"]["odd"][0]["value"][0]["label"], "odd");
    let path = folder.path.join("records.json");
    std::fs::write(&path, records.to_string()).unwrap();
    let back = argilla::read(&path, &snapshot.project, &snapshot.items, &snapshot.raters).unwrap();
    let done = folder.review.import("p", &back, OnConflict::Refuse, Money::ZERO).await.unwrap();
    assert_eq!((done.same, done.answers), (2, 0));
}

#[tokio::test]
async fn a_span_may_be_called_what_its_criterion_is_called() {
    let text = "rubric: r\ncriteria:\n  - {name: wrong, kind: spans, labels: [wrong, stale]}\n";
    let folder = folder().await;
    project(&folder.review, text, Settings::default(), items(2)).await;
    let span = Span { field: "output".into(), start: 0, end: 6, text: "answer".into(), label: Some("wrong".into()) };
    let given = [one("i0", "ann", "wrong", json!([span]))];
    folder.review.import("p", &given, OnConflict::Refuse, Money::ZERO).await.unwrap();
    let snapshot = folder.review.snapshot("p").await.unwrap();
    let path = folder.path.join("out.json");
    std::fs::write(&path, argilla::records(&snapshot).to_string()).unwrap();
    let argilla = argilla::read(&path, &snapshot.project, &snapshot.items, &snapshot.raters).unwrap();
    std::fs::write(&path, label_studio::tasks(&snapshot).to_string()).unwrap();
    let label_studio = label_studio::read(&path, &snapshot.project, &snapshot.items).unwrap();
    for back in [argilla, label_studio] {
        let done = folder.review.import("p", &back, OnConflict::Refuse, Money::ZERO).await.unwrap();
        assert_eq!((done.same, done.answers), (1, 0));
    }
}

#[tokio::test]
async fn label_studio_takes_tasks_with_spans_in_passages_and_gives_them_back() {
    let make = || async {
        let folder = folder().await;
        let mut all = items(6);
        for item in &mut all {
            item.content.output = json!("\u{1f600}: answer of 4 May");
            let passages = [json!({"id": "d1", "text": "\u{1f600} first"}), json!({"id": "d2", "text": "second one"})];
            item.content.contexts = passages.iter().filter_map(Passage::from_value).collect();
        }
        project(&folder.review, FULL, Settings::default(), all).await;
        folder
    };
    let from = make().await;
    let field = |field: &str, start: usize, end: usize, text: &str| Span {
        field: field.into(),
        start,
        end,
        text: text.into(),
        label: Some("made up".into()),
    };
    let mut given: Vec<Incoming> = full("ann").into_iter().filter(|one| one.criterion != "wrong").collect();
    let spans =
        [field("contexts/0", 2, 7, "first"), field("contexts/1", 7, 10, "one"), field("output", 3, 9, "answer")];
    given.push(one("i2", "ann", "wrong", json!(spans)));
    from.review.import("p", &given, OnConflict::Refuse, Money::ZERO).await.unwrap();
    let snapshot = from.review.snapshot("p").await.unwrap();
    let tasks = from.path.join("tasks.json");
    std::fs::write(&tasks, label_studio::tasks(&snapshot).to_string()).unwrap();
    std::fs::write(from.path.join("tasks.xml"), label_studio::configuration(&snapshot.project.rubric)).unwrap();
    let to = make().await;
    let known = to.review.project("p").await.unwrap();
    let incoming = label_studio::read(&tasks, &known, &snapshot.items).unwrap();
    to.review.import("p", &incoming, OnConflict::Refuse, Money::ZERO).await.unwrap();
    let spanned = |all: Vec<(String, String, String, String)>| -> Vec<_> {
        // Whoever marked nothing has no region there.
        all.into_iter().filter(|one| one.3 != "[]").collect()
    };
    let back = spanned(standing(&to.review.snapshot("p").await.unwrap()));
    assert_eq!(back, spanned(standing(&snapshot)));
    let Some(said) = ask("label_studio", &from.path) else { return };
    assert_eq!((&said["tasks"], &said["faults"]), (&json!(6), &json!([])), "{said}");
    let converted = said["converted"].as_array().unwrap();
    let marked = converted.iter().find(|row| row["item"] == "i2").unwrap();
    assert_eq!((converted.len(), &marked["tone"]), (6, &json!("formal")), "{marked}");
    let texts: Vec<&Value> = marked["wrong"].as_array().unwrap().iter().map(|span| &span["text"]).collect();
    assert_eq!(texts.len(), 3, "{marked}");
}
