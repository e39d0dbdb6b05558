//! Human review over HTTP: raters, their leases, and those who lead.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assay_review::{Content, Item, Review, Rubric, Settings};
use assay_server::access::Role;
use assay_store::Workspace;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::Server;

const RUBRIC: &str = "
rubric: answers
description: SECRET-PURPOSE
instructions: Read first.
criteria:
  - {name: correct, kind: yes_no}
  - {name: helpful, kind: ordinal, scale: {1: useless, 2: partly, 3: fully}}
  - {name: remarks, kind: comment}
  - {name: wrong, kind: spans}
";

const PAIRS: &str = "
rubric: pairs
criteria:
  - {name: better, kind: pairwise}
  - {name: marks, kind: spans}
";

const WITH_QUIZ: &str = "
rubric: answers
criteria:
  - {name: correct, kind: yes_no}
examples:
  - {inputs: {q: e}, output: shown, answers: {correct: true}, why: SHOWN-REASON}
training:
  - {inputs: {q: t}, output: exercise, answers: {correct: false}, why: SECRET-REASON}
quiz:
  attempts: 2
  items:
    - {inputs: {q: one}, output: first, answers: {correct: true}, why: SECRET-QUIZ}
    - {inputs: {q: two}, output: second, answers: {correct: false}}
";

/// One rater rates all by default.
fn settings(raters: u64) -> Settings {
    Settings {
        overlap: 1.0,
        least_overlap: 0,
        raters_each: raters,
        raters,
        gold_share: 0.0,
        source: vec!["SECRET-SOURCE".into()],
        ..Settings::default()
    }
}

fn items(n: usize) -> Vec<Item> {
    (0..n)
        .map(|i| Item {
            id: format!("SECRET-ITEM-{i}"),
            case: Some(format!("SECRET-CASE-{i}")),
            target: Some("SECRET-TARGET".into()),
            content: Content {
                inputs: json!({"question": format!("q{i}")}).as_object().unwrap().clone(),
                output: json!(format!("answer {i}")),
                expected: Some(json!("SECRET-EXPECTED")),
                ..Content::default()
            },
            metadata: [("SECRET-KEY".to_owned(), "SECRET-VALUE".to_owned())].into(),
            chance: Some(0.5),
            wanted: 0,
            gold: None,
        })
        .collect()
}

/// A team's server with a project `p`, and keys for ada and bob, who rate, and lea, who leads.
struct Program {
    server: Server,
    review: Review,
    keys: BTreeMap<&'static str, String>,
}

impl Program {
    async fn start(rubric: &str, settings: Settings, items: Vec<Item>) -> Self {
        let server = Server::start(true).await;
        let workspace = Workspace::open(server.folder.path().join(".assay")).unwrap();
        let review = Review::open(&workspace).await.unwrap();
        let parsed = Rubric::from_text(rubric, Path::new("test.rubric.yaml")).unwrap();
        review.create("p", &parsed, rubric, settings, items).await.unwrap();
        let mut keys = BTreeMap::new();
        for (name, role) in [("ada", Role::Rater), ("bob", Role::Rater), ("lea", Role::Engineer)] {
            keys.insert(name, server.person(name, &[role], None).await);
        }
        Self { server, review, keys }
    }

    async fn ask(&self, who: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let path = format!("/api/v1/review/projects/p{path}");
        let mut request = self.server.ask(method, &path).bearer_auth(&self.keys[who]);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn post(&self, who: &str, path: &str, body: Value) -> (u16, Value) {
        self.ask(who, Method::POST, path, Some(body)).await
    }

    async fn get(&self, who: &str, path: &str) -> Value {
        let (status, answer) = self.ask(who, Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn join(&self, who: &str) -> Value {
        let (status, sitting) = self.ask(who, Method::POST, "/join", None).await;
        assert_eq!(status, 200, "{sitting}");
        sitting
    }

    async fn next(&self, who: &str) -> Value {
        let (status, next) = self.ask(who, Method::POST, "/next", None).await;
        assert_eq!(status, 200, "{next}");
        next
    }

    async fn task(&self, who: &str) -> Value {
        let next = self.next(who).await;
        assert_eq!(next["next"], "item", "{next}");
        next["task"].clone()
    }

    async fn rate(&self, who: &str, task: &Value, answers: Value) -> (u16, Value) {
        self.post(who, "/ratings", json!({"lease": task["lease"], "answers": answers, "ms": 1_500})).await
    }
}

fn says(answer: &(u16, Value), status: u16, words: &str) {
    assert!(answer.0 == status && answer.1["detail"].as_str().unwrap_or_default().contains(words), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_raters_at_once_lose_and_double_no_rating() {
    const ITEMS: usize = 25;
    let program = Program::start(RUBRIC, settings(2), items(ITEMS)).await;
    let work = async |who: &'static str, helpful: i64| {
        program.join(who).await;
        for done in 0.. {
            let next = program.next(who).await;
            if next["next"] == "done" {
                return done;
            }
            let task = &next["task"];
            assert_eq!((&task["number"], &task["of"]), (&json!(done + 1), &json!(ITEMS)), "{task}");
            let answers = json!({"correct": true, "helpful": helpful});
            // A page that hears nothing sends again, while the first may still be on its way.
            let (first, second) =
                tokio::join!(program.rate(who, task, answers.clone()), program.rate(who, task, answers.clone()));
            assert_eq!((first.0, second.0), (200, 200), "{first:?} {second:?}");
            assert_eq!(first.1["paid_nanousd"], second.1["paid_nanousd"]);
        }
        unreachable!()
    };
    assert_eq!(tokio::join!(work("ada", 1), work("bob", 3)), (ITEMS, ITEMS));
    let history = program.review.history("p").await.unwrap();
    assert_eq!(history.len(), 2 * 2 * ITEMS, "each answer is written down once");
    let distinct: BTreeSet<_> = history.iter().map(|of| (&of.item, &of.rater, &of.criterion)).collect();
    assert_eq!(distinct.len(), history.len());
    for rating in history.iter().filter(|rating| rating.criterion == "helpful") {
        assert_eq!(rating.value, json!(if rating.rater == "ada" { 1 } else { 3 }));
    }
    let view = program.get("lea", "").await;
    assert_eq!((&view["item"]["accepted"], &view["item"]["complete"]), (&json!(2 * ITEMS), &json!(ITEMS)));
    // Both sittings are in the audit log, by their names, and no rating is.
    let text = program.server.audited();
    for who in ["ada", "bob"] {
        let own = text.iter().filter(|entry| entry.contains("review rate") && entry.contains(who)).count();
        assert_eq!(own, 2, "one that it began, one that it is done: {text:?}");
    }
    assert_eq!(text.len(), 4, "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_once_and_only_from_who_has_the_item() {
    let program = Program::start(RUBRIC, settings(2), items(3)).await;
    says(&program.ask("ada", Method::POST, "/next", None).await, 409, "join");
    program.join("ada").await;
    program.join("bob").await;
    let task = program.task("ada").await;
    assert_eq!(program.task("ada").await["lease"], task["lease"], "asked again, it is the same item");
    let answers = json!({"correct": true, "helpful": 2, "remarks": "fine"});
    says(&program.rate("bob", &task, answers.clone()).await, 409, "ask for the next one");
    says(&program.post("bob", "/notes", json!({"lease": task["lease"], "kind": "skip"})).await, 409, "next one");
    let (status, _) =
        program.ask("bob", Method::PUT, &format!("/drafts/{}", task["lease"].as_str().unwrap()), Some(json!({}))).await;
    assert_eq!(status, 409);
    says(&program.rate("ada", &task, json!({"correct": true})).await, 422, "`helpful` is not answered");
    says(&program.rate("ada", &task, json!({"correct": true, "helpful": 7})).await, 422, "");
    says(&program.rate("ada", &task, json!({"correct": true, "helpful": 2, "colour": 1})).await, 422, "colour");
    let out = json!([{"field": "output", "start": 0, "end": 6, "text": "answre"}]);
    says(&program.rate("ada", &task, json!({"correct": true, "helpful": 2, "wrong": out})).await, 422, "span");
    assert!(program.review.history("p").await.unwrap().is_empty());
    let first = program.rate("ada", &task, answers.clone()).await;
    assert_eq!(first.0, 200, "{first:?}");
    let again = program.rate("ada", &task, answers.clone()).await;
    assert_eq!((again.0, &again.1["place"]), (200, &first.1["place"]), "the same answer to the same request");
    assert_eq!(again.1["next"]["task"]["lease"], first.1["next"]["task"]["lease"], "and the same next item");
    assert_eq!(program.task("ada").await["lease"], first.1["next"]["task"]["lease"]);
    says(&program.rate("ada", &task, json!({"correct": false, "helpful": 2})).await, 409, "otherwise already");
    assert_eq!(program.review.history("p").await.unwrap().len(), 3);
    says(&program.rate("ada", &json!({"lease": "nothing"}), answers).await, 409, "next one");
    // Flagged after the answer; skipped, the next one goes to somebody else.
    let flag = json!({"lease": task["lease"], "kind": "flag", "text": "odd"});
    assert_eq!(program.post("ada", "/notes", flag).await.0, 204);
    let second = program.task("ada").await;
    let skip = json!({"lease": second["lease"], "kind": "skip", "text": "not my field"});
    assert_eq!(program.post("ada", "/notes", skip.clone()).await.0, 204);
    says(&program.post("ada", "/notes", skip).await, 409, "skipped");
    assert_ne!(program.task("ada").await["content"], second["content"]);
    let notes = program.review.notes("p").await.unwrap();
    assert_eq!(notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), ["odd", "not my field"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_gives_the_item_back_with_what_was_said() {
    let program = Program::start(RUBRIC, settings(1), items(3)).await;
    program.join("ada").await;
    says(&program.ask("ada", Method::POST, "/undo", None).await, 409, "nothing to take back");
    let task = program.task("ada").await;
    let draft = json!({"helpful": 3, "remarks": "half a sen"});
    let path = format!("/drafts/{}", task["lease"].as_str().unwrap());
    assert_eq!(program.ask("ada", Method::PUT, &path, Some(draft.clone())).await.0, 204);
    assert_eq!(program.task("ada").await["draft"], draft, "a page that was closed goes on");
    let long = json!({"remarks": "x".repeat(300_000)});
    says(&program.ask("ada", Method::PUT, &path, Some(long)).await, 422, "at most");
    let span = json!([{"field": "output", "start": 0, "end": 6, "text": "answer"}]);
    let answers = json!({"correct": false, "helpful": 1, "wrong": span});
    assert_eq!(program.rate("ada", &task, answers.clone()).await.0, 200);
    let other = program.task("ada").await;
    assert_eq!((&other["number"], &other["draft"]), (&json!(2), &json!({})));
    let (status, again) = program.ask("ada", Method::POST, "/undo", None).await;
    assert_eq!(status, 200, "{again}");
    assert_eq!((&again["content"], &again["number"], &again["draft"]), (&task["content"], &json!(1), &answers));
    // What was sent before the undo comes too late, and so do answers to what was on the screen.
    says(&program.rate("ada", &task, answers.clone()).await, 409, "next one");
    says(&program.rate("ada", &other, answers.clone()).await, 409, "next one");
    assert_eq!(program.task("ada").await["lease"], again["lease"]);
    let changed = json!({"correct": true, "helpful": 1});
    assert_eq!(program.rate("ada", &again, changed).await.0, 200);
    let standing = program.review.ratings("p").await.unwrap();
    let of = |name: &str| standing.iter().find(|of| of.criterion == name).map(|of| of.value.clone());
    assert_eq!((of("correct"), of("helpful"), of("wrong")), (Some(json!(true)), Some(json!(1)), None));
    let history = program.review.history("p").await.unwrap();
    assert_eq!(history.iter().filter(|of| of.value.is_null()).count(), 3, "the history keeps what was taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn raters_are_blind_and_leads_are_not() {
    let mut all = items(12);
    for item in &mut all[..4] {
        item.chance = None;
        item.gold = Some(serde_json::from_value(json!({"correct": true, "helpful": 3})).unwrap());
    }
    let gold = Settings { gold_share: 0.25, ..settings(1) };
    let program = Program::start(RUBRIC, gold, all).await;
    let mut told = vec![program.join("ada").await, program.get("ada", "").await];
    let list = program.server.ask(Method::GET, "/api/v1/review/projects").bearer_auth(&program.keys["ada"]);
    told.push(list.send().await.unwrap().json().await.unwrap());
    let mut ofs = BTreeSet::new();
    loop {
        let next = program.next("ada").await;
        told.push(next.clone());
        if next["next"] == "done" {
            break;
        }
        ofs.insert(next["task"]["of"].as_u64().unwrap());
        let rated = program.rate("ada", &next["task"], json!({"correct": true, "helpful": 3})).await;
        assert_eq!(rated.0, 200, "{rated:?}");
        told.push(rated.1);
    }
    let done = program.review.done("p").await.unwrap();
    let items = program.review.items("p").await.unwrap();
    let gold = |id: &str| items.iter().any(|item| item.id == id && item.gold.is_some());
    assert!(done.iter().any(|of| gold(&of.item)), "there was gold among them");
    assert_eq!(ofs.len(), 1, "gold does not show in how many are to go: {ofs:?}");
    for answer in &told {
        let text = answer.to_string();
        assert!(!text.contains("SECRET"), "{text}");
    }
    assert!(told.iter().all(|answer| answer["lead"].is_null()));
    for (method, path) in [
        (Method::GET, "/report"),
        (Method::GET, "/disputes"),
        (Method::GET, "/items/SECRET-ITEM-0"),
        (Method::POST, "/adjudications"),
        (Method::POST, "/raters/ada/reinstate"),
    ] {
        assert_eq!(program.ask("ada", method, path, Some(json!({}))).await.0, 403, "{path}");
    }
    for path in ["/api/v1/runs", "/api/v1/judges"] {
        let asked = program.server.ask(Method::GET, path).bearer_auth(&program.keys["ada"]).send().await.unwrap();
        assert_eq!(asked.status(), 403, "{path}");
    }
    // The lead sees where items are from and how right raters are on gold, and does not rate.
    let view = program.get("lea", "").await;
    assert_eq!(view["lead"]["project"]["settings"]["source"], json!(["SECRET-SOURCE"]));
    assert_eq!((&view["lead"]["raters"][0]["rater"]["name"], &view["item"]["mine"]), (&json!("ada"), &Value::Null));
    let report = program.get("lea", "/report?confidence=0.9").await;
    assert_eq!(report["raters"][0]["gold"]["misses"], 0, "{report}");
    assert!(report["raters"][0]["gold"]["hits"].as_u64() > Some(0), "{report}");
    says(&program.ask("lea", Method::GET, "/report?confidence=2", None).await, 422, "level");
    let found = program.get("lea", "/items/SECRET-ITEM-5").await;
    assert_eq!((&found["item"]["target"], found["history"].as_array().unwrap().len()), (&json!("SECRET-TARGET"), 2));
    assert_eq!(program.ask("lea", Method::POST, "/next", None).await.0, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_never_knows_which_answer_of_a_pair_is_which() {
    let pairs: Vec<Item> = items(16)
        .into_iter()
        .map(|mut item| {
            item.content.output = json!("the good one");
            item.content.other = Some(json!("the bad one"));
            item
        })
        .collect();
    let program = Program::start(PAIRS, settings(1), pairs).await;
    program.join("ada").await;
    let mut shown_first = BTreeSet::new();
    loop {
        let next = program.next("ada").await;
        if next["next"] == "done" {
            break;
        }
        let (task, content) = (&next["task"], &next["task"]["content"]);
        assert!(!task.to_string().contains("swap"), "{task}");
        let good_first = content["output"] == "the good one";
        shown_first.insert(good_first);
        let field = if good_first { "output" } else { "output_2" };
        let marks = json!([{"field": field, "start": 4, "end": 8, "text": "good"}]);
        let better = if good_first { "a" } else { "b" };
        let rated = program.rate("ada", task, json!({"better": better, "marks": marks})).await;
        assert_eq!(rated.0, 200, "{rated:?}");
        // Taken back and sent again, it still means what is shown.
        if next["task"]["number"] == 3 {
            let (_, again) = program.ask("ada", Method::POST, "/undo", None).await;
            assert_eq!((&again["content"], &again["draft"]["better"]), (content, &json!(better)));
            assert_eq!(program.rate("ada", &again, again["draft"].clone()).await.0, 200);
        }
    }
    assert_eq!(shown_first.len(), 2, "both orders were shown");
    let ratings = program.review.ratings("p").await.unwrap();
    assert_eq!(ratings.len(), 32);
    for rating in ratings {
        match rating.criterion.as_str() {
            "better" => assert_eq!(rating.value, json!("a"), "the stored first answer is the good one"),
            _ => assert_eq!(rating.value[0]["field"], "output"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_rates_before_the_quiz() {
    let program = Program::start(WITH_QUIZ, settings(2), items(2)).await;
    let sitting = program.join("ada").await;
    assert_eq!((&sitting["state"], &sitting["quiz"]["attempts_left"]), (&json!("new"), &json!(2)));
    let text = sitting.to_string();
    assert!(text.contains("SHOWN-REASON") && !text.contains("SECRET"), "{text}");
    assert!(sitting["quiz"]["items"][0].get("answers").is_none(), "{sitting}");
    let (status, corrected) = program.post("ada", "/training", json!({"item": 0, "answers": {"correct": true}})).await;
    assert_eq!((status, &corrected["right"], &corrected["why"]), (200, &json!(false), &json!("SECRET-REASON")));
    says(&program.post("ada", "/training", json!({"item": 9, "answers": {}})).await, 404, "1 items");
    assert_eq!(program.next("ada").await, json!({"next": "quiz"}));
    says(&program.post("ada", "/quiz", json!({"answers": [{"correct": true}]})).await, 422, "2 items");
    let wrong = json!({"answers": [{"correct": false}, {"correct": true}]});
    let right = json!({"answers": [{"correct": true}, {"correct": false}]});
    let (_, result) = program.post("ada", "/quiz", wrong.clone()).await;
    assert_eq!(result, json!({"right": 0, "of": 2, "passed": false, "attempts_left": 1}));
    assert_eq!(program.next("ada").await, json!({"next": "quiz"}));
    assert_eq!(program.post("ada", "/quiz", right.clone()).await.1["passed"], true);
    assert_eq!(program.next("ada").await["next"], "item");
    says(&program.post("ada", "/quiz", right.clone()).await, 409, "need not");
    assert_eq!(program.join("ada").await["quiz"], Value::Null);
    // Twice wrong, and the lead lets them try again.
    program.join("bob").await;
    program.post("bob", "/quiz", wrong.clone()).await;
    program.post("bob", "/quiz", wrong).await;
    assert_eq!(program.next("bob").await["next"], "stopped");
    says(&program.post("bob", "/quiz", right.clone()).await, 409, "may not");
    let (status, rater) = program.post("lea", "/raters/bob/reinstate", json!({"reason": "talked it over"})).await;
    assert_eq!((status, &rater["state"]), (200, &json!("new")));
    assert_eq!(program.post("bob", "/quiz", right).await.1["passed"], true);
    assert_eq!(program.next("bob").await["next"], "item");
    let (status, _) = program.post("lea", "/raters/bob/suspend", json!({"reason": "guesses"})).await;
    assert_eq!((status, &program.next("bob").await["why"]), (200, &json!("guesses")));
    says(&program.post("lea", "/raters/eve/suspend", json!({"reason": "x"})).await, 404, "no rater");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_settles_what_raters_do_not_agree_on() {
    let program = Program::start(RUBRIC, settings(2), items(2)).await;
    for (who, helpful) in [("ada", 1), ("bob", 3)] {
        program.join(who).await;
        for _ in 0..2 {
            let task = program.task(who).await;
            assert_eq!(program.rate(who, &task, json!({"correct": true, "helpful": helpful})).await.0, 200);
        }
    }
    let first = program.get("lea", "/disputes?limit=1").await;
    let cursor = first["next"].as_str().unwrap();
    let second = program.get("lea", &format!("/disputes?limit=1&cursor={cursor}")).await;
    assert_eq!(second["next"], Value::Null);
    let open = &first["items"][0];
    assert_eq!((&open["dispute"]["criterion"], &open["dispute"]["apart"]), (&json!("helpful"), &json!(2.0)));
    assert_eq!(open["dispute"]["ratings"].as_array().unwrap().len(), 2);
    assert_eq!(open["question"]["answers"][2], json!({"value": 3, "words": "fully"}));
    assert!(!open["content"].to_string().contains("SECRET"), "who settles is blind too: {open}");
    let settle = |value: Value| json!({"item": open["dispute"]["item"], "criterion": "helpful", "value": value, "reason": "read it"});
    says(&program.post("lea", "/adjudications", settle(json!(9))).await, 422, "");
    says(
        &program
            .post("lea", "/adjudications", json!({"item": "none", "criterion": "helpful", "value": 1, "reason": ""}))
            .await,
        404,
        "no item",
    );
    let mut by_another = settle(json!(2));
    by_another["by"] = json!("ada");
    says(&program.post("lea", "/adjudications", by_another).await, 422, "by");
    let (status, settled) = program.post("lea", "/adjudications", settle(json!(2))).await;
    assert_eq!(
        (status, &settled["by"], &settled["value"], &settled["why"]),
        (200, &json!("lea"), &json!(2), &json!("read it"))
    );
    assert_eq!(program.get("lea", "/disputes").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(program.get("lea", "/disputes?settled=true").await["items"].as_array().unwrap().len(), 2);
    assert_eq!(program.get("lea", "/report").await["settled"], 1);
    let text = program.server.audited();
    assert!(text.iter().any(|entry| entry.contains("review adjudicate") && entry.contains("lea")), "{text:?}");
}
