//! What is asked of the server by many and often: figures that are kept, questions in SQL that stay within bounds.

use reqwest::Method;
use serde_json::json;

use crate::serve::{Serving, two_targets};
use crate::support::{Answer, Folder, Server, served};

#[test]
fn what_is_shown_of_a_run_follows_when_it_ends_anew() {
    let model = Server::start(|question, times| match (question, times) {
        ("q1" | "q2", 1) => Answer::Status(400, "{\"error\": {\"message\": \"bad request\"}}"),
        _ => Answer::Text("ok"),
    });
    let folder = Folder::new();
    served(&folder, &model, 4, "");
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let server = Serving::start(&folder);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scored = || {
        let summary = runtime.block_on(server.get("api/v1/runs/latest/summary"));
        let row = &summary["summary"]["rows"][0];
        (row["scored"].as_u64().unwrap(), row["trial_errors"].as_u64().unwrap())
    };
    let trend = || runtime.block_on(server.get("api/v1/overview"))["suites"][0]["rows"][0]["scored"].clone();
    assert_eq!((scored(), scored(), trend()), ((2, 2), (2, 2), json!(2)));
    assert_eq!(folder.assay(&["resume", "--retry-errors", "--quiet"]).code, 0);
    assert_eq!((scored(), trend()), ((4, 0), json!(4)), "what was executed once more counts");
    let path = "api/v1/runs/latest/summary?target=bogus";
    let status = runtime.block_on(server.ask(Method::GET, path).send()).unwrap().status();
    assert_eq!(status, 404, "no other target is shown in its place");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_reads_no_run_twice_not_even_after_a_restart() {
    let folder = Folder::new();
    two_targets(&folder);
    assert_eq!(folder.assay(&["run", "assay.yaml", "--quiet"]).code, 0);
    let server = Serving::start(&folder);
    let first = server.get("api/v1/overview").await;
    let suite = &first["suites"][0];
    assert_eq!((suite["trend"].as_array().unwrap().len(), &suite["reading"]), (2, &json!(0)), "{suite}");
    assert_eq!(suite["trend"][1]["values"].as_array().unwrap().len(), 2, "{suite}");
    assert_eq!(suite["moved"].as_array().unwrap().len(), 2, "{suite}");
    drop(server);
    // Whoever reads scores now finds none.
    let lake = folder.path().join(".assay/lake");
    std::fs::rename(&lake, folder.path().join("lake")).unwrap();
    let server = Serving::start(&folder);
    assert_eq!(server.get("api/v1/overview").await["suites"], first["suites"]);
}
