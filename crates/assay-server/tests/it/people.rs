//! Letting people in, and what an admin may not do.

use assay_core::Digest;
use assay_server::access::Role;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::server::Server;

async fn value(response: Response) -> Value {
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_let_in_changed_and_shut_out() {
    let server = Server::start(true).await;
    let root = server.person("root", &[Role::Admin], None).await;
    let ask = |method: Method, path: &str, body: Value| server.ask(method, path).bearer_auth(&root).json(&body).send();
    let made =
        value(ask(Method::POST, "/api/v1/users", json!({"name": "ada", "roles": ["engineer"]})).await.unwrap()).await;
    let password = made["password"].as_str().unwrap().to_owned();
    assert_eq!((&made["user"]["name"], &made["user"]["roles"]), (&json!("ada"), &json!(["engineer"])));
    let again = ask(Method::POST, "/api/v1/users", json!({"name": "ada", "roles": ["viewer"]})).await.unwrap();
    assert_eq!(again.status(), 409);
    for (body, says) in [
        (json!({"name": "eve", "roles": []}), "role"),
        (json!({"name": " eve", "roles": ["viewer"]}), "name"),
        (json!({"name": "eve", "roles": ["viewer"], "password": "short"}), "12"),
        (json!({"name": "eve", "roles": ["king"]}), "king"),
    ] {
        let refused = ask(Method::POST, "/api/v1/users", body.clone()).await.unwrap();
        assert_eq!(refused.status(), 422, "{body}");
        let problem: Value = refused.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }

    let at = &server;
    let log_in = |password: String| async move {
        let body = json!({"name": "ada", "password": password});
        let begun = at.ask(Method::POST, "/api/v1/session").json(&body).send().await.unwrap();
        begun.headers().get(SET_COOKIE).map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned())
    };
    let runs = |cookie: &str| server.ask(Method::GET, "/api/v1/runs").header(COOKIE, cookie).send();
    let cookie = log_in(password.clone()).await.unwrap();
    assert_eq!(runs(&cookie).await.unwrap().status(), 200);
    // Another address ends nothing, other roles do.
    let changed = ask(Method::PATCH, "/api/v1/users/ada", json!({"email": "ada@example.org"})).await.unwrap();
    assert_eq!(value(changed).await["email"], "ada@example.org");
    assert_eq!(runs(&cookie).await.unwrap().status(), 200);
    let changed = value(ask(Method::PATCH, "/api/v1/users/ada", json!({"roles": ["viewer"]})).await.unwrap()).await;
    assert_eq!((&changed["roles"], &changed["email"]), (&json!(["viewer"]), &json!("ada@example.org")));
    assert_eq!(runs(&cookie).await.unwrap().status(), 401);
    // Another password ends sessions, and the old one.
    let cookie = log_in(password.clone()).await.unwrap();
    let reset = value(ask(Method::POST, "/api/v1/users/ada/password", json!({})).await.unwrap()).await;
    assert_eq!(runs(&cookie).await.unwrap().status(), 401);
    assert!(log_in(password).await.is_none());
    let cookie = log_in(reset["password"].as_str().unwrap().to_owned()).await.unwrap();
    // Shut out at once.
    let shut = value(ask(Method::PATCH, "/api/v1/users/ada", json!({"disabled": true})).await.unwrap()).await;
    assert_eq!(shut["disabled"], true);
    assert_eq!(runs(&cookie).await.unwrap().status(), 401);
    assert_eq!(ask(Method::PATCH, "/api/v1/users/none", json!({"disabled": true})).await.unwrap().status(), 404);

    // What was done is in the log, without a secret.
    let log = value(server.ask(Method::GET, "/api/v1/audit").bearer_auth(&root).send().await.unwrap()).await;
    let of = |action: &str| {
        let items = log["items"].as_array().unwrap();
        items.iter().find(|of| of["action"] == action && of["outcome"] == "done").cloned().unwrap()
    };
    assert_eq!((&of("user add")["object"]["user"], &of("user add")["by"]), (&json!("ada"), &json!("root")));
    assert_eq!(of("user password")["object"]["user"], "ada");
    assert!(!log.to_string().contains(reset["password"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_does_not_become_an_approver_nor_leave_nobody() {
    let server = Server::start(true).await;
    let root = server.person("root", &[Role::Admin], None).await;
    server.person("ben", &[Role::Approver, Role::Engineer], None).await;
    let patch = |who: &'static str, body: Value| {
        server.ask(Method::PATCH, &format!("/api/v1/users/{who}")).bearer_auth(&root).json(&body).send()
    };
    assert_eq!(patch("root", json!({"roles": ["admin", "approver"]})).await.unwrap().status(), 403);
    assert_eq!(patch("root", json!({"roles": ["viewer"]})).await.unwrap().status(), 409, "the last admin");
    assert_eq!(patch("root", json!({"disabled": true})).await.unwrap().status(), 409);
    assert_eq!(patch("root", json!({"roles": ["admin", "engineer"]})).await.unwrap().status(), 200);
    assert_eq!(patch("ben", json!({"roles": ["admin"], "disabled": true})).await.unwrap().status(), 200);
    assert_eq!(patch("root", json!({"disabled": true})).await.unwrap().status(), 409, "ben may not come in");
    assert_eq!(
        patch("ben", json!({"roles": ["approver", "engineer"], "disabled": false})).await.unwrap().status(),
        200
    );

    // A key of an approver would let somebody else decide.
    let key = |body: Value| server.ask(Method::POST, "/api/v1/keys").bearer_auth(&root).json(&body).send();
    let wanted = json!({"user": "ben", "name": "ci", "roles": ["approver"]});
    assert_eq!(key(wanted).await.unwrap().status(), 403);
    let made = value(key(json!({"user": "ben", "name": "ci"})).await.unwrap()).await;
    assert_eq!(made["item"]["roles"], json!(["engineer"]));
    assert_eq!(key(json!({"user": "ben", "name": "ci", "roles": ["admin"]})).await.unwrap().status(), 422);
    assert_eq!(key(json!({"user": "none", "name": "ci"})).await.unwrap().status(), 404);
    assert_eq!(key(json!({"user": "ben", "name": "ci", "days": 400})).await.unwrap().status(), 422);
    let bearer = made["key"].as_str().unwrap();
    let session = value(server.ask(Method::GET, "/api/v1/session").bearer_auth(bearer).send().await.unwrap()).await;
    assert_eq!(session["user"]["name"], "ben");
    let id = made["item"]["id"].as_str().unwrap();
    let revoke = || server.ask(Method::DELETE, &format!("/api/v1/keys/{id}")).bearer_auth(&root).send();
    assert_eq!(revoke().await.unwrap().status(), 204);
    assert_eq!(revoke().await.unwrap().status(), 404);
    assert_eq!(server.ask(Method::GET, "/api/v1/runs").bearer_auth(bearer).send().await.unwrap().status(), 401);

    // Two admins who demote each other: one of them stays.
    server.person("eve", &[Role::Admin], None).await;
    let (one, other) =
        tokio::join!(patch("root", json!({"roles": ["viewer"]})), patch("eve", json!({"roles": ["viewer"]})));
    let accounts = server.accounts().await;
    let admins = accounts.users().await.unwrap().into_iter().filter(|user| user.roles.contains("admin")).count();
    assert_eq!(admins, 1, "{} {}", one.unwrap().status(), other.unwrap().status());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_told_once_and_kept_nowhere() {
    let server = Server::start(true).await;
    let root = server.person("root", &[Role::Admin], None).await;
    let make = || {
        let request = server.ask(Method::POST, "/api/v1/keys").bearer_auth(&root).header("idempotency-key", "one");
        request.json(&json!({"user": "root", "name": "ci"})).send()
    };
    let first = make().await.unwrap();
    assert_eq!(first.headers()["cache-control"], "no-store");
    let made = value(first).await;
    assert_eq!(make().await.unwrap().status(), 409, "done once, and not told again");
    let keys = value(server.ask(Method::GET, "/api/v1/keys").bearer_auth(&root).send().await.unwrap()).await;
    assert_eq!(keys.as_array().unwrap().iter().filter(|key| key["name"] == "ci").count(), 1);
    let secret = made["key"].as_str().unwrap().rsplit('_').next().unwrap().to_owned();
    let password = "correct horse battery staple";
    let body = json!({"name": "ada", "roles": ["viewer"], "password": password});
    let add = server.ask(Method::POST, "/api/v1/users").bearer_auth(&root).header("idempotency-key", "two").json(&body);
    assert_eq!(value(add.send().await.unwrap()).await["password"], Value::Null);
    // What is kept of other requests: of a short password it could be guessed.
    let digest = Digest::of_bytes(&serde_json::to_vec(&body).unwrap()).to_string();
    let digest = Digest::of_json(&("/api/v1/users", Some(digest))).to_string();
    let mut read = 0;
    for entry in std::fs::read_dir(server.folder.path().join(".assay")).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            let bytes = String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into_owned();
            for hidden in [secret.as_str(), password, &digest] {
                assert!(!bytes.contains(hidden), "{}", entry.path().display());
            }
            read += 1;
        }
    }
    assert!(read > 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_server_has_no_accounts() {
    let server = Server::start(false).await;
    for path in ["/api/v1/users", "/api/v1/keys"] {
        let refused = server.get(path).send().await.unwrap();
        assert_eq!(refused.status(), 409, "{path}");
        let problem: Value = refused.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("local mode"), "{problem}");
    }
}
