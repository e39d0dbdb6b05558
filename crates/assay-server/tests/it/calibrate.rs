//! Judges are calibrated over the API: all labels of a file or none, and the figures of the command.

use std::collections::BTreeMap;
use std::fs;

use assay_core::Drawn;
use assay_engine::looks::NoReferee;
use assay_engine::{Options, Prepared, Runner, Steering};
use assay_home::Home;
use assay_home::judged::{find, gather};
use assay_review::{Content, Item, Review, Rubric, Settings};
use assay_server::access::Role;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::server::Server;

const SUITE: &str = "suite: judged\ndatasets:\n  - path: cases.jsonl\n    fields: {id: id, input: [question]}\ntargets:\n  - {name: \
                     base, recorded: base}\n  - {name: cand, recorded: cand}\nscorers:\n  - {name: good, judge: {recorded: \
                     verdict}}\n";

/// Cases; to every fifth both targets say the same.
const CASES: usize = 40;

struct Desk {
    server: Server,
    home: Home,
    engineer: String,
}

impl Desk {
    /// A team's server over a run whose judge has passed two thirds of all answers.
    async fn start() -> Self {
        let server = Server::start(true).await;
        let folder = server.folder.path();
        let mut rows = String::new();
        for i in 0..CASES {
            let mut outputs = Map::new();
            for target in ["base", "cand"] {
                let text = if i % 5 == 0 { format!("answer {i}") } else { format!("answer {i} of {target}") };
                let verdict = if i % 3 == 0 { "fail" } else { "pass" };
                outputs.insert(target.into(), json!({"output": text, "metadata": {"verdict": verdict}}));
            }
            let row = json!({"id": format!("c{i:02}"), "question": format!("q{i}"), "outputs": outputs});
            rows.push_str(&format!("{row}\n"));
        }
        fs::write(folder.join("cases.jsonl"), rows).unwrap();
        fs::write(folder.join("assay.yaml"), SUITE).unwrap();
        let home = Home::open(Some(folder.join(".assay")), folder).await.unwrap();
        let prepared = Prepared::load(&folder.join("assay.yaml"), &Options::default()).unwrap();
        let runner = Runner::start(&home.workspace, &home.state, prepared).await.unwrap();
        runner.execute(Steering::default(), &NoReferee).await.unwrap();
        let engineer = server.person("lea", &[Role::Engineer], None).await;
        Self { server, home, engineer }
    }

    async fn by(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.server.ask(method, path).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
    }

    async fn calibrate(&self, body: Value) -> (u16, Value) {
        self.by(&self.engineer, Method::POST, "/api/v1/judges/good/calibrate", Some(body)).await
    }

    async fn stored(&self, criterion: &str) -> usize {
        self.home.state.labels(criterion).await.unwrap().len()
    }
}

/// Labels of the first cases, people passing what the judge passes but for every tenth case.
fn labels(cases: usize) -> String {
    let line = |i: usize, target: &str| {
        json!({"case": format!("c{i:02}"), "target": target, "label": i.is_multiple_of(3) == (i % 10 == 9), "rater": "ann",
               "drawn": "random"})
    };
    let each = (0..cases).flat_map(|i| ["base", "cand"].map(|target| format!("{}\n", line(i, target))));
    each.collect()
}

fn file(name: &str, text: impl Into<String>) -> Value {
    json!({"labels": {"name": name, "text": text.into()}})
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn refused(answer: &(u16, Value), words: &str) {
    let detail = answer.1["detail"].as_str().unwrap_or_default();
    assert!(answer.0 == 422 && detail.contains(words) && !detail.contains("`--"), "{words}: {answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_come_once_and_the_judge_is_what_the_command_says() {
    let desk = Desk::start().await;
    refused(&desk.calibrate(json!({})).await, "no labels for `good` yet: `labels` brings some");
    let (status, made) = desk.calibrate(file("../people/labels.jsonl", labels(30))).await;
    assert_eq!(status, 200, "{made}");
    // Every fifth case's answer is one of two targets: 24 cases with two answers each, 6 with one.
    assert_eq!(made["added"], json!({"new": 54, "same": 0, "replaced": 0}));
    assert_eq!(made["notes"], json!(["54 new labels"]));
    let judge = &made["judge"];
    assert_eq!(
        (&judge["item"]["labels"], &judge["needed"]["stored"], &judge["needed"]["answers"]),
        (&json!(54), &json!(54), &json!(54))
    );
    assert_eq!((&judge["certificate"]["judged"], &judge["item"]["criterion"]), (&json!(72), &json!("good")));
    assert!(judge["certificate"]["canaries"] == json!([]) && judge["frozen"].as_u64().unwrap() > 0, "{judge}");
    let shown = desk.by(&desk.engineer, Method::GET, "/api/v1/judges/good", None).await.1;
    assert_eq!((&shown["certificate"], &shown["item"]["grade"]), (&judge["certificate"], &judge["item"]["grade"]));
    // The same as CSV is nothing new; and so is nothing at all.
    let csv = labels(30).lines().fold("case,target,label,rater,drawn\n".to_owned(), |text, line| {
        let of: Value = serde_json::from_str(line).unwrap();
        let word = |key: &str| of[key].to_string().trim_matches('"').to_owned();
        text + &["case", "target", "label", "rater", "drawn"].map(word).join(",") + "\n"
    });
    let (_, again) = desk.calibrate(file("labels.csv", csv)).await;
    assert_eq!((&again["added"]["new"], &again["added"]["same"]), (&json!(0), &json!(54)), "{again}");
    let (_, nothing) = desk.calibrate(json!({})).await;
    assert!(nothing["notes"][0].as_str().unwrap().contains("the certificate that is known stays"), "{nothing}");
    assert_eq!(nothing["judge"]["item"]["calibrated_us"], made["judge"]["item"]["calibrated_us"]);
    // Somebody else's labels are labels of the same answers.
    let bob = labels(10).replace("ann", "bob");
    let (_, more) = desk.calibrate(with(file("bob.jsonl", bob), json!({"confidence": 0.9, "margin": 0.2}))).await;
    let needed = &more["judge"]["needed"];
    assert_eq!(
        (&needed["stored"], &needed["answers"], &more["judge"]["item"]["labels"]),
        (&json!(72), &json!(54), &json!(54))
    );
    assert_eq!(
        (&more["judge"]["certificate"]["confidence"], &more["judge"]["certificate"]["margin"]),
        (&json!(0.9), &json!(0.2))
    );
    let audited: Vec<String> = desk.server.audited().into_iter().filter(|of| of.contains("judge calibrate")).collect();
    assert!(audited.iter().all(|of| of.contains("\"judge\":\"good\"") && of.contains("\"by\":\"lea\"")), "{audited:?}");
    let ended = |how: &str| audited.iter().filter(|of| of.contains(&format!("\"outcome\":\"{how}\""))).count();
    assert_eq!((ended("began"), ended("done"), ended("failed")), (5, 4, 1), "{audited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_file_with_a_fault_no_label_is_stored() {
    let desk = Desk::start().await;
    let good = labels(10);
    let line = |label: Value| format!("{label}\n");
    let add = |label: Value| file("l.jsonl", good.clone() + &line(label));
    for (body, words) in [
        (file("a/l.jsonl", good.clone() + "{\n"), "1 lines of l.jsonl are no labels: nothing was stored: l.jsonl:21: "),
        (file("l.csv", "case,target,label\nc00,base,true\nc01,base\n"), "l.csv: CSV error: record 2 (line: 3"),
        (file("l.jsonl", ""), "l.jsonl: there are no labels in it"),
        (file("..", good.clone()), "a file's `name`"),
        (add(json!({"label": true})), "l.jsonl:21: a label needs an `item` or a `case`"),
        (
            add(json!({"case": "c20", "target": "base", "label": "maybe"})),
            "l.jsonl:21: the label `maybe` is neither a pass nor a fail: `positive`",
        ),
        (
            add(json!({"case": "c99", "target": "base", "label": true})),
            "l.jsonl:21: no run of this judge has a case `c99`",
        ),
        (
            add(json!({"case": "c21", "target": "new", "label": true})),
            "l.jsonl:21: `new` did not answer the case `c21`",
        ),
        (add(json!({"case": "c21", "label": true})), "l.jsonl:21: the case `c21` has 2 answers: name the `target`"),
        (
            add(json!({"case": "c01", "target": "base", "label": false, "rater": "ann"})),
            "l.jsonl:21: the label false contradicts true in line 3",
        ),
        (
            add(json!({"case": "c21", "target": "base", "label": true, "labelled": "2099-01-01"})),
            "l.jsonl:21: `labelled` is in the future",
        ),
        (
            file("l.jsonl", line(json!({"case": "c21", "target": "base", "label": true, "criterion": "other"}))),
            "`criterion` chooses one",
        ),
        (file("l.jsonl", "{\"case\":\"c01\",\"target\":\"base\",\"label\":null}\n"), "1 of 1 lines have no label yet"),
        (with(file("l.jsonl", good.clone()), json!({"confidence": 2})), "`confidence` lies between 0 and 1"),
        (with(file("l.jsonl", good.clone()), json!({"margin": -1})), "`margin` is a number"),
        (with(file("l.jsonl", good.clone()), json!({"scale": [5, 1]})), "`scale` is the least and the largest"),
        (with(file("l.jsonl", good.clone()), json!({"project": "p"})), "not from both"),
        (with(file("l.jsonl", good.clone()), json!({"colour": "red"})), "colour"),
    ] {
        refused(&desk.calibrate(body).await, words);
        assert_eq!(desk.stored("good").await, 0, "{words}");
    }
    let unknown = json!({"case": "c99", "target": "base", "label": true});
    let (status, made) = desk.calibrate(with(add(unknown), json!({"skip_unknown": true}))).await;
    assert_eq!((status, &made["added"]["new"]), (200, &json!(18)), "{made}");
    // Somebody who says something else now is not believed unless that is meant.
    let other = line(json!({"case": "c01", "target": "base", "label": false, "rater": "ann", "drawn": "random"}));
    let new = line(json!({"case": "c11", "target": "base", "label": true, "rater": "ann", "drawn": "random"}));
    let both = file("more.jsonl", new + &other);
    refused(
        &desk.calibrate(both.clone()).await,
        "more.jsonl:2: the label false was true before (l.jsonl:3): `replace` takes the new one",
    );
    assert_eq!(desk.stored("good").await, 18);
    let (_, made) = desk.calibrate(with(both, json!({"replace": true}))).await;
    assert_eq!(made["added"], json!({"new": 1, "same": 0, "replaced": 1}), "{made}");
    // Words of people's own; what they mean is remembered with the certificate.
    let named = line(json!({"case": "c12", "target": "base", "label": "good one", "rater": "ann"}));
    let (status, made) = desk.calibrate(with(file("n.jsonl", named), json!({"positive": ["good one", "true"]}))).await;
    assert_eq!((status, &made["added"]["new"]), (200, &json!(1)), "{made}");
    let plain = file("p.jsonl", line(json!({"case": "c13", "target": "base", "label": true, "rater": "ann"})));
    let (status, _) = desk.calibrate(plain).await;
    assert_eq!(status, 200, "the coding of the last certificate holds");
    assert_eq!(desk.stored("good").await, 21);

    assert_eq!(desk.by(&desk.engineer, Method::POST, "/api/v1/judges/none/calibrate", Some(json!({}))).await.0, 404);
    let viewer = desk.server.person("vic", &[Role::Viewer], None).await;
    let path = "/api/v1/judges/good/calibrate";
    assert_eq!(desk.by(&viewer, Method::POST, path, Some(file("l.jsonl", good))).await.0, 403);
    let failed = desk.server.audited().iter().filter(|of| of.contains("\"outcome\":\"failed\"")).count();
    assert!(failed >= 17, "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_raters_say_in_a_project_calibrates_a_judge() {
    const RUBRIC: &str = "rubric: answers\ncriteria:\n  - {name: correct, kind: yes_no}\n  - {name: helpful, kind: ordinal, scale: \
                          {1: useless, 2: partly, 3: fully}}\n  - {name: remarks, kind: comment}\n";
    let desk = Desk::start().await;
    let gathered = gather(&desk.home, find(&desk.home, "good").await.unwrap(), &[]).await.unwrap();
    let mut items: Vec<Item> = gathered
        .answers
        .iter()
        .map(|(item, answer)| Item {
            id: item.to_string(),
            case: Some(answer.case.clone()),
            target: answer.targets.first().cloned(),
            content: Content { output: json!(answer.case), ..Content::default() },
            metadata: BTreeMap::new(),
            chance: Some(0.5),
            wanted: 0,
            gold: None,
        })
        .collect();
    items.sort_by(|a, b| a.id.cmp(&b.id));
    items.truncate(20);
    let review = Review::open(&desk.home.workspace).await.unwrap();
    let settings = Settings {
        overlap: 1.0,
        least_overlap: 0,
        raters_each: 1,
        raters: 1,
        gold_share: 0.0,
        drawn: Drawn::Random,
        ..Settings::default()
    };
    let rubric = Rubric::from_text(RUBRIC, std::path::Path::new("r.rubric.yaml")).unwrap();
    review.create("p", &rubric, RUBRIC, settings, items).await.unwrap();
    refused(&desk.calibrate(json!({"project": "p", "question": "correct"})).await, "no label of `correct` yet");
    let rater = desk.server.person("ann", &[Role::Rater], None).await;
    let of = |path: &str| format!("/api/v1/review/projects/p/{path}");
    assert_eq!(desk.by(&rater, Method::POST, &of("join"), None).await.0, 200);
    for at in 0.. {
        let next = desk.by(&rater, Method::POST, &of("next"), None).await.1;
        if next["next"] == "done" {
            assert_eq!(at, 20);
            break;
        }
        let body =
            json!({"lease": next["task"]["lease"], "answers": {"correct": at % 4 != 0, "helpful": 2}, "ms": 900});
        let (status, rated) = desk.by(&rater, Method::POST, &of("ratings"), Some(body)).await;
        assert_eq!(status, 200, "{rated}");
    }
    refused(&desk.calibrate(json!({"project": "p"})).await, "several questions: name one of `correct`, `helpful`");
    refused(
        &desk.calibrate(json!({"project": "p", "question": "tone"})).await,
        "no question `tone` (it has: `correct`, `helpful`)",
    );
    assert_eq!(desk.calibrate(json!({"project": "none"})).await.0, 404);
    let (status, made) = desk.calibrate(json!({"project": "p", "question": "correct"})).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!((&made["added"]["new"], &made["judge"]["item"]["criterion"]), (&json!(20), &json!("correct")), "{made}");
    assert_eq!((&made["judge"]["item"]["labels"], desk.stored("correct").await), (&json!(20), 20));
    // Kept under another name where that is wanted.
    let (_, made) = desk.calibrate(json!({"project": "p", "question": "correct", "criterion": "good"})).await;
    assert_eq!((&made["judge"]["item"]["criterion"], desk.stored("good").await), (&json!("good"), 20), "{made}");
    assert!(desk.server.audited().iter().any(|of| of.contains("judge calibrate") && of.contains("\"project\":\"p\"")));
}
