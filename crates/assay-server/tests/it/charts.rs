//! Saved charts and dashboards.

use assay_server::access::Role;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::server::Server;

async fn said(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_is_saved_changed_by_whoever_saw_the_newest_and_taken_off_dashboards() {
    let server = Server::start(true).await;
    let ada = server.person("ada", &[Role::Engineer], None).await;
    let ben = server.person("ben", &[Role::Engineer], None).await;
    let ask = |method: Method, path: &str| server.ask(method, path).bearer_auth(&ada);
    let chart =
        json!({"name": " cost by day ", "sql": "SELECT 1 AS day, 2 AS cost", "kind": "line", "x": "day", "y": "cost"});
    let (status, made) = said(ask(Method::POST, "/api/v1/charts").json(&chart)).await;
    assert_eq!(
        (status, &made["name"], &made["by"], &made["version"]),
        (200, &json!("cost by day"), &json!("ada"), &json!(1))
    );
    let path = format!("/api/v1/charts/{}", made["id"].as_str().unwrap());
    let with = |version: i64, name: &str| {
        let mut body = chart.clone();
        (body["version"], body["name"]) = (json!(version), json!(name));
        body
    };
    // Ben saw the first version and changes it; what ada writes over the first version is not taken.
    let (status, changed) = said(server.ask(Method::PUT, &path).bearer_auth(&ben).json(&with(1, "cost"))).await;
    assert_eq!((status, &changed["version"], &changed["by"]), (200, &json!(2), &json!("ben")));
    assert_eq!(said(ask(Method::PUT, &path).json(&with(1, "mine"))).await.0, 409);
    assert_eq!(said(ask(Method::GET, &path)).await.1["name"], "cost");
    assert_eq!(said(ask(Method::PUT, &path).json(&chart)).await.0, 422, "the version is missing");
    assert_eq!(said(ask(Method::PUT, "/api/v1/charts/none").json(&with(1, "x"))).await.0, 404);
    for (key, value, says) in [
        ("sql", json!(" "), "sql"),
        ("sql", json!("x".repeat(20_001)), "20000"),
        ("name", json!("n".repeat(201)), "200"),
        ("kind", json!("pie"), "pie"),
        ("y", Value::Null, "`y`"),
    ] {
        let mut body = chart.clone();
        body[key] = value;
        let (status, problem) = said(ask(Method::POST, "/api/v1/charts").json(&body)).await;
        assert!(status == 422 && problem["detail"].as_str().unwrap().contains(says), "{status} {problem}");
    }

    let (_, other) = said(ask(Method::POST, "/api/v1/charts").json(&with(1, "another"))).await;
    let ids = json!([other["id"], made["id"]]);
    let (status, board) =
        said(ask(Method::POST, "/api/v1/dashboards").json(&json!({"name": "week", "charts": ids}))).await;
    assert_eq!((status, &board["charts"]), (200, &ids));
    let unknown = json!({"name": "week", "charts": ["none"]});
    assert_eq!(said(ask(Method::POST, "/api/v1/dashboards").json(&unknown)).await.0, 422);
    let board = format!("/api/v1/dashboards/{}", board["id"].as_str().unwrap());
    let view = said(ask(Method::GET, &board)).await.1;
    assert_eq!((&view["charts"][0]["name"], &view["charts"][1]["name"]), (&json!("another"), &json!("cost")));
    assert_eq!(said(ask(Method::DELETE, &format!("{path}?version=1"))).await.0, 409);
    assert_eq!(said(ask(Method::DELETE, &path)).await.0, 204);
    let view = said(ask(Method::GET, &board)).await.1;
    assert_eq!((&view["dashboard"]["charts"], &view["dashboard"]["version"]), (&json!([other["id"]]), &json!(2)));
    let stale = json!({"name": "week", "charts": [], "version": 1});
    assert_eq!(said(ask(Method::PUT, &board).json(&stale)).await.0, 409);
    assert_eq!(said(ask(Method::GET, "/api/v1/charts")).await.1.as_array().unwrap().len(), 1);
    assert_eq!(said(ask(Method::DELETE, &board)).await.0, 204);
    assert_eq!(said(ask(Method::GET, "/api/v1/dashboards")).await.1, json!([]));
}
