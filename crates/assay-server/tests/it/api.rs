//! What every endpoint has in common.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use serde_json::Value;

use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_sent_again() {
    let server = Server::start(false).await;
    let first = server.get("/api/v1/suites").send().await.unwrap();
    let tag = first.headers()[ETAG].clone();
    let again = server.get("/api/v1/suites").header(IF_NONE_MATCH, tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert!(again.bytes().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_are_told_what_is_wrong() {
    let server = Server::start(false).await;
    for (path, status, says) in [
        ("/api/v1/runs?colour=red", 422, "colour"),
        ("/api/v1/runs?cursor=nonsense", 422, "cursor"),
        ("/api/v1/runs?label=nonsense", 422, "KEY=VALUE"),
        ("/api/v1/runs/none", 404, "none"),
        ("/api/v1/runs/none/trials?min=1", 404, "none"),
        ("/api/v1/compare?candidate=latest&baseline=latest", 404, "no runs yet"),
        ("/api/v1/nothing", 404, "openapi.json"),
        ("/api/v1/releases/7", 404, "no release"),
    ] {
        let response = server.get(path).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json", "{path}");
        let problem: Value = response.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(says), "{path}: {problem}");
    }
    let bearer = format!("Bearer {}", server.token.as_deref().unwrap());
    let post = |body: &'static str| {
        server
            .ask(Method::POST, "/api/v1/query")
            .header("authorization", &bearer)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
    };
    for (body, says) in [
        ("{", "body"),
        (r#"{"sql": "SELECT 1", "more": 1}"#, "more"),
        (r#"{"sql": "DROP TABLE trials"}"#, ""),
        (r#"{"sql": "SELECT * FROM nothing"}"#, "nothing"),
    ] {
        let response = post(body).send().await.unwrap();
        assert_eq!(response.status(), 422, "{body}");
        let problem: Value = response.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    let asked: Value = post(r#"{"sql": "SELECT 1 AS one, 'x' AS word"}"#).send().await.unwrap().json().await.unwrap();
    assert_eq!(asked["rows"], serde_json::json!([[1, "x"]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_carry_the_headers_that_keep_a_browser_safe() {
    let server = Server::start(false).await;
    for path in ["/", "/api/v1/session", "/healthz"] {
        let response = server.ask(Method::GET, path).send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
    }
    let metrics = server.ask(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("assay_http_requests_total") && metrics.trim_end().ends_with("# EOF"), "{metrics}");
}
