//! Logging in and out.

use assay_engine::execute::now_us;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Access, Role};
use crate::app::{App, Mode, Who};
use crate::endpoint::{Answer, Call, Data, Endpoint, Nothing, Raw, ask, get};
use crate::{Problem, login};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    let mut end = ask("/api/v1/session", Access::Public, "endSession", "Log out", end);
    end.method = Method::DELETE;
    vec![
        get("/api/v1/session", Access::Public, "session", "Who is logged in", session),
        ask(
            "/api/v1/session",
            Access::Public,
            "beginSession",
            "Log in by the local token, or by name and password",
            begin,
        ),
        end,
    ]
}

/// Who is logged in, and where.
#[derive(Serialize, JsonSchema)]
pub struct Session {
    /// `local` for one person on this machine, `team` with accounts.
    mode: &'static str,
    /// Assay's version.
    version: &'static str,
    /// The project's folder.
    project: String,
    /// Somebody, when they are logged in.
    user: Option<Person>,
    /// Whether an identity provider can vouch for people.
    oidc: bool,
}

/// Somebody.
#[derive(Serialize, JsonSchema)]
pub struct Person {
    /// The name that actions are recorded under.
    name: String,
    /// An address.
    email: Option<String>,
    /// What they are.
    roles: Vec<Role>,
}

/// How somebody says who they are: a token, or a name and a password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The token that the server printed, in local mode.
    token: Option<String>,
    /// A name.
    name: Option<String>,
    /// The password.
    password: Option<String>,
}

/// The longest name, in characters.
const LONGEST: usize = 200;
/// Names whose attempts are remembered before those that have not tried lately are forgotten.
const MOST_NAMES: usize = 10_000;

fn of(app: &App, who: Option<Who>) -> Session {
    let project = app.home().workspace.project();
    Session {
        mode: match app.mode {
            Mode::Local { .. } => "local",
            Mode::Team => "team",
        },
        version: env!("CARGO_PKG_VERSION"),
        project: project.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        user: who.map(|who| Person { name: who.name, email: who.email, roles: who.roles }),
        oidc: false,
    }
}

async fn session(call: Call) -> Result<Data<Session>, Problem> {
    let who = Some(call.who).filter(|who| !who.roles.is_empty());
    Ok(Data(of(&call.app, who)))
}

async fn begin(call: Call<Nothing, Data<Credentials>>) -> Result<Raw, Problem> {
    let (app, said) = (&call.app, call.body.0);
    let (who, secret) = match (&app.mode, said) {
        (Mode::Local { token, name }, Credentials { token: Some(said), .. }) => {
            if login::digest(&said) != *token {
                return Err(wrong().await);
            }
            (Who { name: name.clone(), email: None, roles: Role::ALL.to_vec() }, said)
        }
        (Mode::Team, Credentials { name: Some(name), password: Some(password), .. }) => {
            if name.chars().count() > LONGEST {
                return Err(wrong().await);
            }
            // Names that nobody has come from those who guess: they are not kept for ever.
            if app.logins.len() > MOST_NAMES {
                app.logins.retain_recent();
            }
            if app.logins.check_key(&name).is_err() {
                return Err(login::too_often(60));
            }
            let user = app.accounts.user(&name).await?.filter(|user| !user.disabled);
            let kept = user.as_ref().and_then(|user| user.password.clone());
            let right = login::verified(password, kept).await;
            let Some(user) = user.filter(|_| right) else { return Err(wrong().await) };
            let secret = login::secret();
            app.accounts.begin_session(login::digest(&secret), &user.name, now_us()).await?;
            (Who { name: user.name, email: user.email, roles: login::roles(&user.roles) }, secret)
        }
        (Mode::Local { .. }, _) => {
            return Err(Problem::usage("send {\"token\": …}: the server printed it when it started"));
        }
        (Mode::Team, _) => return Err(Problem::usage("send {\"name\": …, \"password\": …}")),
    };
    let mut response = Data(of(app, Some(who))).respond()?;
    response.headers_mut().insert(header::SET_COOKIE, login::set_cookie(app, &call.headers, Some(&secret)));
    Ok(Raw(response))
}

async fn wrong() -> Problem {
    tokio::time::sleep(login::WRONG).await;
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "that is not right; in local mode the server printed the address with its token",
    )
}

async fn end(call: Call<Nothing, ()>) -> Result<Raw, Problem> {
    let app = &call.app;
    if let (Mode::Team, Some(secret)) = (&app.mode, login::cookie(&call.headers, &app.cookie)) {
        app.accounts.end_session(login::digest(secret)).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, login::set_cookie(app, &call.headers, None));
    Ok(Raw(response))
}
