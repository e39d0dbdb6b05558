//! Datasets over the API say what the library says, and keep sealed what it keeps sealed.

use std::collections::BTreeSet;

use assay_core::Case;
use assay_datasets::check::{self, Check};
use assay_datasets::coverage::{self, Taxonomy};
use assay_datasets::diff::diff;
use assay_datasets::library::{Event, How, Lineage};
use assay_datasets::quarantine::Quarantine;
use assay_datasets::split::SplitPlan;
use assay_datasets::{Library, add};
use assay_server::access::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::Server;

fn library(server: &Server) -> Library {
    Library::new(server.folder.path().join(".assay/datasets"))
}

fn case(i: usize) -> Case {
    let intent = ["refund", "delivery", "other"][i % 3];
    let mut case = Case { id: format!("case-{i:04}"), weight: 1.0, ..Case::default() };
    case.inputs.insert("question".into(), json!(format!("where is parcel number {i:04} of {} today", i * i)));
    case.expected = Some(json!(format!("answer {i}")));
    case.metadata.insert("intent".into(), json!(intent));
    case
}

fn lineage() -> Lineage {
    Lineage {
        how: How::Added,
        parents: Vec::new(),
        sources: Vec::new(),
        tool: add::tool(),
        parameters: Value::Null,
        note: None,
    }
}

fn put(library: &Library, name: &str, cases: &[Case]) {
    let held = library.hold().unwrap();
    let mut writer = library.write(&held).unwrap();
    cases.iter().for_each(|case| writer.add(case, None).unwrap());
    let (manifest, _) = writer.finish().unwrap();
    library.add(&held, name, "setup", &manifest, lineage()).unwrap().unwrap();
}

/// Two versions: three cases go, five change, two come, one gets another name.
fn two_versions(library: &Library) {
    let first: Vec<Case> = (0..700).map(case).collect();
    put(library, "qa", &first);
    let mut second = first[3..].to_vec();
    second.iter_mut().take(5).for_each(|case| case.expected = Some(json!("another")));
    second[600].id = "renamed".into();
    second.extend([case(900), case(901)]);
    put(library, "qa", &second);
}

async fn json_of(response: reqwest::Response) -> Value {
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

async fn get(server: &Server, path: &str) -> Value {
    json_of(server.get(path).send().await.unwrap()).await
}

async fn pages(server: &Server, path: &str) -> Vec<Value> {
    let (mut items, mut next) = (Vec::new(), String::new());
    loop {
        let mut page = get(server, &format!("{path}{next}")).await;
        items.append(page["items"].as_array_mut().unwrap());
        let Some(cursor) = page["next"].as_str() else { return items };
        next = format!("&cursor={cursor}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_differences_coverage_and_findings_are_those_of_the_library() {
    let server = Server::start(false).await;
    let library = library(&server);
    two_versions(&library);
    put(&library, "second", &[case(1)]);
    let dataset = library.dataset("qa").unwrap();
    let newest = dataset.version(None).unwrap().clone();

    let all = pages(&server, "/api/v1/datasets?limit=1").await;
    let names: Vec<&str> = all.iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["qa", "second"]);
    assert_eq!((&all[0]["version"], &all[0]["cases"], &all[0]["versions"]), (&json!(2), &json!(699), &json!(2)));
    assert_eq!(all[0]["digest"], json!(newest.version));

    let mut changes = Vec::new();
    let counts = diff(&library, dataset.versions[0].version, newest.version, &mut |change| {
        changes.push(json!(change));
        Ok(())
    });
    assert_eq!(pages(&server, "/api/v1/datasets/qa/diff?limit=3").await, changes);
    assert_eq!(changes.len(), 3 + 5 + 2 + 1);
    let told = get(&server, "/api/v1/datasets/qa/diff?from=1&to=2").await;
    assert_eq!((&told["counts"], &told["from"], &told["to"]), (&json!(counts.unwrap()), &json!(1), &json!(2)));

    let cells = coverage::of_version(&library, &dataset, &newest, Vec::new(), Taxonomy::default()).unwrap();
    let told = get(&server, "/api/v1/datasets/qa/coverage?by=intent").await;
    let told: Vec<Value> = told["cells"].as_array().unwrap().iter().map(|of| of["cell"].clone()).collect();
    assert_eq!(told, cells.iter().map(|cell| json!(cell)).collect::<Vec<_>>());

    let found = check::findings(&library, &dataset, &newest, &Check::default()).unwrap();
    let told = get(&server, "/api/v1/datasets/qa/check").await;
    let mut found: Vec<Value> = found.iter().map(|finding| json!(finding)).collect();
    found.sort_by_key(|finding| ["error", "warning", "note"].iter().position(|word| finding["severity"] == *word));
    assert_eq!(told["findings"], json!(found));

    let ids: Vec<Value> = pages(&server, "/api/v1/datasets/qa/versions/1/cases?limit=200").await;
    let told: Vec<Case> = ids.iter().map(|of| serde_json::from_value(of["case"].clone()).unwrap()).collect();
    assert_eq!(told, (0..700).map(case).collect::<Vec<_>>());
    let found = pages(&server, "/api/v1/datasets/qa/versions/2/cases?search=NUMBER+0690&limit=5").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["case"]["id"], "case-0690");

    for (path, status) in [
        ("/api/v1/datasets/none", 404),
        ("/api/v1/datasets/..%2f..%2fetc", 422),
        ("/api/v1/datasets/qa?version=9", 404),
        ("/api/v1/datasets/qa/versions/9/cases", 404),
        ("/api/v1/datasets/qa/coverage?by=nothing", 422),
        ("/api/v1/datasets/qa/diff?to=1", 422),
        ("/api/v1/datasets/qa/check?threshold=7", 422),
        ("/api/v1/datasets/qa/versions/1/cases?part=test", 422),
    ] {
        assert_eq!(server.get(path).send().await.unwrap().status(), status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_cases_are_shown_nowhere() {
    let server = Server::start(false).await;
    let library = library(&server);
    two_versions(&library);
    let plan = SplitPlan::parse("dev=0.5,holdout=0.5", &["holdout".into()], 3, None, "salt".into()).unwrap();
    let events = vec![
        Event::Split(plan.clone()),
        Event::Revoked { case: (0..).map(case).find(|case| plan.is_sealed(case)).unwrap().id, reason: "wrong".into() },
    ];
    library.append(&library.hold().unwrap(), "qa", "setup", events).unwrap();
    let all: Vec<Case> = (0..700).chain([900, 901]).map(case).collect();
    let (sealed, open): (Vec<&Case>, Vec<&Case>) = all.iter().partition(|case| plan.is_sealed(case));
    assert!(sealed.len() > 200 && open.len() > 200);

    let mut said = String::new();
    for path in [
        "/api/v1/datasets",
        "/api/v1/datasets/qa",
        "/api/v1/datasets/qa?version=1",
        "/api/v1/datasets/qa/diff?from=1&to=2&limit=200",
        "/api/v1/datasets/qa/coverage?by=intent",
        "/api/v1/datasets/qa/check",
        "/api/v1/datasets/qa/quarantine",
    ] {
        said.push_str(&get(&server, path).await.to_string());
    }
    let cases = pages(&server, "/api/v1/datasets/qa/versions/1/cases?limit=200").await;
    let ids: BTreeSet<&str> = cases.iter().map(|of| of["case"]["id"].as_str().unwrap()).collect();
    let expected: BTreeSet<&str> =
        all[..700].iter().filter(|case| !plan.is_sealed(case)).map(|case| case.id.as_str()).collect();
    assert_eq!(ids, expected);
    let one = sealed[0].id.as_str();
    assert!(pages(&server, &format!("/api/v1/datasets/qa/versions/1/cases?search={one}")).await.is_empty());
    let part = server.get("/api/v1/datasets/qa/versions/1/cases?part=holdout").send().await.unwrap();
    assert_eq!(part.status(), 403);
    for case in sealed {
        let text = case.inputs["question"].as_str().unwrap();
        assert!(!said.contains(&format!("\"{}\"", case.id)) && !said.contains(text), "{}", case.id);
    }
    let view = get(&server, "/api/v1/datasets/qa").await;
    let holdout = &view["item"]["parts"][1];
    assert_eq!((&holdout["sealed"], &holdout["budget"], &holdout["locked"]), (&json!(true), &json!(3), &json!(false)));
    let counted: u64 =
        view["item"]["parts"].as_array().unwrap().iter().map(|part| part["cases"].as_u64().unwrap()).sum();
    assert_eq!(counted, 699);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_is_changed_in_the_name_of_who_is_logged_in() {
    let server = Server::start(true).await;
    let library = library(&server);
    put(&library, "qa", &(0..10).map(case).collect::<Vec<_>>());
    {
        let held = library.hold().unwrap();
        let mut quarantine = Quarantine::open(&library, &held, &library.dataset("qa").unwrap()).unwrap();
        [case(50), case(51), case(52)].iter().for_each(|case| quarantine.add(case).unwrap());
        quarantine.finish(&library, &held, "setup", lineage()).unwrap();
    }
    let ada = server.person("ada", &[Role::Engineer], None).await;
    let ask = |method: Method, path: &str| server.ask(method, path).bearer_auth(&ada);
    let waiting = json_of(ask(Method::GET, "/api/v1/datasets/qa/quarantine").send().await.unwrap()).await;
    assert_eq!((&waiting["waiting"], waiting["items"].as_array().unwrap().len()), (&json!(3), 3));
    let accept = |body: Value| ask(Method::POST, "/api/v1/datasets/qa/quarantine/accept").json(&body).send();
    assert_eq!(accept(json!({})).await.unwrap().status(), 422);
    assert_eq!(accept(json!({"ids": ["case-0051"], "all": true})).await.unwrap().status(), 422);
    assert_eq!(accept(json!({"ids": ["nothing"]})).await.unwrap().status(), 422);
    let made = json_of(accept(json!({"ids": ["case-0051"], "note": "seen in March"})).await.unwrap()).await;
    assert_eq!((&made["accepted"], &made["version"], &made["cases"]), (&json!(1), &json!(2), &json!(11)));
    let waiting = json_of(ask(Method::GET, "/api/v1/datasets/qa/quarantine").send().await.unwrap()).await;
    assert_eq!(waiting["waiting"], 2);
    let list = json_of(ask(Method::GET, "/api/v1/datasets").send().await.unwrap()).await;
    assert_eq!((&list["items"][0]["name"], &list["items"][0]["quarantine"]), (&json!("qa"), &json!(2)));
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "what waits is no dataset of its own");

    let tag =
        |version: &str| ask(Method::PUT, "/api/v1/datasets/qa/tags/approved").json(&json!({"version": version})).send();
    assert_eq!(tag("9").await.unwrap().status(), 422);
    assert_eq!(tag("2").await.unwrap().status(), 204);
    let bad = ask(Method::PUT, "/api/v1/datasets/qa/tags/v2").json(&json!({"version": "2"})).send().await.unwrap();
    assert_eq!(bad.status(), 422, "a tag must not look like a number");
    let view = json_of(ask(Method::GET, "/api/v1/datasets/qa").send().await.unwrap()).await;
    assert_eq!((&view["versions"][0]["by"], &view["versions"][0]["note"]), (&json!("ada"), &json!("seen in March")));
    assert_eq!((&view["log"][0]["event"], &view["log"][0]["by"]), (&json!("tagged"), &json!("ada")));
    assert_eq!(view["item"]["tags"], json!({"approved": 2}));
    let dots: BTreeSet<&str> =
        view["lineage"]["nodes"].as_array().unwrap().iter().map(|dot| dot["label"].as_str().unwrap()).collect();
    assert_eq!(dots, ["qa.quarantine@1", "qa@1", "qa@2"].into());
    assert_eq!(view["lineage"]["edges"].as_array().unwrap().len(), 2);
    assert_eq!(ask(Method::DELETE, "/api/v1/datasets/qa/tags/approved").send().await.unwrap().status(), 204);
    assert_eq!(ask(Method::DELETE, "/api/v1/datasets/qa/tags/approved").send().await.unwrap().status(), 404);

    // The audit log has who, and the log of the dataset before and after.
    let auditor = server.person("eve", &[Role::Auditor], None).await;
    let log =
        server.ask(Method::GET, "/api/v1/audit?search=dataset+accept").bearer_auth(&auditor).send().await.unwrap();
    let log = json_of(log).await;
    let done = log["items"].as_array().unwrap().iter().find(|of| of["outcome"] == "done").unwrap();
    assert_eq!((&done["by"], &done["object"]["dataset"]), (&json!("ada"), &json!("qa")));
    assert!(done["digests"]["before"].is_string() && done["digests"]["after"] != done["digests"]["before"]);
}
