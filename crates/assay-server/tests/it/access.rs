//! Who gets in, and who may do what.

use assay_server::access::{Access, Role};
use assay_server::api;
use assay_server::endpoint::Effect;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE, ORIGIN, SET_COOKIE};

use crate::server::Server;

fn address(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "none" } else { part }).collect::<Vec<_>>().join("/")
}

/// Every endpoint with everybody: those who may are never turned away, the others always are.
#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_do_what_their_role_allows_and_nothing_else() {
    let server = Server::start(true).await;
    let mut keys = vec![(Vec::new(), None)];
    for role in Role::ALL {
        keys.push((vec![role], Some(server.person(&format!("{role:?}"), &[role], None).await)));
    }
    for endpoint in api::endpoints() {
        for (roles, key) in &keys {
            let mut request = server.ask(endpoint.method.clone(), &address(endpoint.path));
            if let Some(key) = key {
                request = request.header(AUTHORIZATION, format!("Bearer {key}"));
            }
            let status = request.send().await.unwrap().status().as_u16();
            let case = format!("{} {} by {roles:?}: {status}", endpoint.method, endpoint.path);
            // Logging in with nothing is refused by itself.
            if endpoint.id == "beginSession" {
                continue;
            }
            match (endpoint.access.allows(roles), key) {
                (true, _) => assert!(status != 401 && status != 403, "{case}"),
                (false, None) => assert_eq!(status, 401, "{case}"),
                (false, Some(_)) => assert_eq!(status, 403, "{case}"),
            }
            assert!(status < 500, "{case}");
        }
    }
}

/// What each endpoint needs is chosen by somebody: a new one, or another need, is seen here.
#[test]
fn the_needs_of_endpoints_are_known() {
    let table = api::endpoints()
        .iter()
        .map(|of| {
            format!(
                "{:<6} {:<44} {:?}{}",
                of.method,
                of.path,
                of.access,
                match of.effect {
                    Effect::Records(name) => format!(", recorded as `{name}`"),
                    Effect::Looks | Effect::Amends => String::new(),
                }
            )
        })
        .collect::<Vec<_>>()
        .join("\n");
    insta::assert_snapshot!(table);
}

#[test]
fn what_changes_something_is_never_public_and_is_recorded() {
    for endpoint in api::endpoints() {
        if matches!(endpoint.effect, Effect::Records(_)) {
            assert!(!matches!(endpoint.access, Access::Public | Access::Anyone | Access::Read), "{}", endpoint.id);
        } else {
            let looks = endpoint.method == Method::GET
                || ["query", "verifyEvidence", "beginSession", "endSession", "answerTraining"].contains(&endpoint.id);
            // What a rater does in a sitting stands in the history of ratings; the sitting is in the log.
            let in_history = ["nextReviewTask", "rate", "undoRating", "noteReviewTask", "keepDraft"];
            let of_rater = endpoint.access == Access::Rate && in_history.contains(&endpoint.id);
            // A push is in the log from its beginning to its end.
            let of_push = endpoint.access == Access::Work && ["pushCases", "pushRows"].contains(&endpoint.id);
            assert!(looks || of_rater || of_push, "{} changes something and is not recorded", endpoint.id);
        }
    }
}

#[test]
fn an_admin_lets_people_in_and_decides_on_no_release() {
    assert!(Access::Administer.allows(&[Role::Admin]));
    assert!(!Access::Decide.allows(&[Role::Admin]) && !Access::Work.allows(&[Role::Admin]));
    assert!(!Access::Read.allows(&[Role::Rater]), "raters see no target and no score");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_server_opens_to_its_token_and_answers_to_its_own_names() {
    let server = Server::start(false).await;
    let status = |response: reqwest::Response| response.status().as_u16();
    assert_eq!(status(server.ask(Method::GET, "/api/v1/runs").send().await.unwrap()), 401);
    assert_eq!(status(server.get("/api/v1/runs").send().await.unwrap()), 200);
    let wrong = server.ask(Method::GET, "/api/v1/runs").header(AUTHORIZATION, "Bearer wrong");
    assert_eq!(status(wrong.send().await.unwrap()), 401);
    // A name that somebody else's server of names leads here.
    assert_eq!(status(server.as_host("evil.example", "/api/v1/runs").await), 421);
    let port = server.address.port();
    assert_eq!(status(server.as_host(&format!("localhost:{port}"), "/api/v1/runs").await), 200);
    assert_eq!(status(server.as_host("localhost", "/api/v1/runs").await), 421, "another port is another server");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_cannot_use_a_browsers_session() {
    let server = Server::start(false).await;
    let token = server.token.clone().unwrap();
    let begun = server.ask(Method::POST, "/api/v1/session").json(&serde_json::json!({"token": token}));
    let begun = begun.send().await.unwrap();
    assert_eq!(begun.status(), 200);
    let cookie = begun.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let order = || {
        server
            .ask(Method::POST, "/api/v1/runs/none/orders")
            .header(COOKIE, pair)
            .json(&serde_json::json!({"order": "pause"}))
    };
    let from = |site: &str| order().header(ORIGIN, site.to_owned());
    assert_eq!(from("https://evil.example").send().await.unwrap().status(), 403);
    assert_eq!(order().header("sec-fetch-site", "cross-site").send().await.unwrap().status(), 403);
    let own = format!("http://{}", server.address);
    assert_eq!(from(&own).send().await.unwrap().status(), 404, "there is no such run");
    assert_eq!(server.ask(Method::GET, "/api/v1/runs").header(COOKIE, pair).send().await.unwrap().status(), 200);
    assert_eq!(
        server
            .ask(Method::POST, "/api/v1/session")
            .json(&serde_json::json!({"token": "x"}))
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_log_in_by_password_and_are_out_when_disabled() {
    let server = Server::start(true).await;
    server.person("ada", &[Role::Viewer], Some("correct horse battery")).await;
    let log_in = |name: &str, password: &str| {
        server.ask(Method::POST, "/api/v1/session").json(&serde_json::json!({"name": name, "password": password}))
    };
    assert_eq!(log_in("ada", "wrong horse battery").send().await.unwrap().status(), 401);
    assert_eq!(log_in("nobody", "correct horse battery").send().await.unwrap().status(), 401);
    let begun = log_in("ada", "correct horse battery").send().await.unwrap();
    assert_eq!(begun.status(), 200);
    let cookie = begun.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let runs = || server.ask(Method::GET, "/api/v1/runs").header(COOKIE, &cookie);
    assert_eq!(runs().send().await.unwrap().status(), 200);
    let accounts = server.accounts().await;
    let user = accounts.user("ada").await.unwrap().unwrap();
    accounts.put_user(&assay_store::User { disabled: true, ..user }).await.unwrap();
    assert_eq!(runs().send().await.unwrap().status(), 401);
    // Ten at once, then one in six seconds: a slow machine gets through a few more.
    let mut often = log_in("eve", "guess").send().await.unwrap();
    for _ in 0..60 {
        if often.status() == 429 {
            break;
        }
        often = log_in("eve", "guess").send().await.unwrap();
    }
    assert_eq!(often.status(), 429);
    assert!(often.headers().contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_never_more_than_its_user() {
    let server = Server::start(true).await;
    let key = server.person("ci", &[Role::Engineer], None).await;
    let order = || {
        let body = serde_json::json!({"order": "pause"});
        server.ask(Method::POST, "/api/v1/runs/none/orders").header(AUTHORIZATION, format!("Bearer {key}")).json(&body)
    };
    assert_eq!(order().send().await.unwrap().status(), 404);
    let accounts = server.accounts().await;
    let user = accounts.user("ci").await.unwrap().unwrap();
    let fewer = assay_store::User { roles: ["viewer".to_owned()].into(), ..user };
    accounts.put_user(&fewer).await.unwrap();
    assert!([401, 403].contains(&order().send().await.unwrap().status().as_u16()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_strangers_shuts_nobody_out_and_leaves_no_trace_in_memory() {
    let server = Server::start(true).await;
    let key = server.person("ci", &[Role::Viewer], None).await;
    let strange = async || server.ask(Method::GET, "/api/v1/runs").send().await.unwrap().status().as_u16();
    let all = futures::future::join_all((0..600).map(|_| strange())).await;
    assert!(all.contains(&429) && all.iter().all(|status| [401, 429].contains(status)), "{all:?}");
    let known = server.ask(Method::GET, "/api/v1/runs").header(AUTHORIZATION, format!("Bearer {key}"));
    assert_eq!(known.send().await.unwrap().status(), 200);
    assert_eq!(server.ask(Method::GET, "/healthz").send().await.unwrap().status(), 200);
    let made_up = Method::from_bytes(b"MADEUP").unwrap();
    let refused = server.ask(made_up, "/api/v1/runs").send().await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["content-type"]),
        (405, &"application/problem+json".parse().unwrap())
    );
    let counts = server.ask(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    assert!(!counts.contains("MADEUP") && counts.contains("method=\"other\""), "{counts}");
    let flying = counts.lines().find(|line| line.starts_with("assay_http_requests_in_flight")).unwrap();
    assert!(flying.ends_with(" 1"), "only this request itself: {flying}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_holds_no_token_and_is_out_when_it_logs_out() {
    let server = Server::start(false).await;
    let token = server.token.clone().unwrap();
    let begun = server.ask(Method::POST, "/api/v1/session").json(&serde_json::json!({"token": token}));
    let cookie = begun.send().await.unwrap().headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(!cookie.contains(&token), "other servers on this machine are sent it");
    let pair = cookie.split(';').next().unwrap();
    let runs = async || server.ask(Method::GET, "/api/v1/runs").header(COOKIE, pair).send().await.unwrap().status();
    assert_eq!(runs().await, 200);
    let out = server.ask(Method::DELETE, "/api/v1/session").header(COOKIE, pair).send().await.unwrap();
    assert_eq!(out.status(), 204);
    assert_eq!(runs().await, 401);
}
