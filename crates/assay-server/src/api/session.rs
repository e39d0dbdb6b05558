//! Logging in and out.

use assay_engine::execute::now_us;
use assay_report::plain;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Access, Role};
use crate::app::{App, Mode, Who};
use crate::body::{Answer, Data, Done, With};
use crate::endpoint::{Call, Endpoint, Nothing, ask, get};
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
        get("/api/v1/session/oidc", Access::Public, "beginOidc", "Log in at the identity provider", begin_oidc)
            .answering::<Sent>(),
        get(
            "/api/v1/session/oidc/callback",
            Access::Public,
            "endOidc",
            "Come back from the identity provider",
            end_oidc,
        )
        .answering::<Sent>(),
    ]
}

/// Sent elsewhere: 302.
pub(crate) struct Sent;

impl Answer for Sent {
    fn respond(self) -> Result<Response, Problem> {
        Ok(StatusCode::FOUND.into_response())
    }
}

async fn begin_oidc(call: Call) -> Result<With<Sent>, Problem> {
    match &call.app.oidc {
        Some(provider) => Ok(With(Sent, provider.begin(&call.app).await?)),
        None => Err(Problem::not_found("this server has no identity provider")),
    }
}

/// What the provider sends back.
#[derive(Deserialize, JsonSchema)]
pub struct Back {
    /// What an identity token is given for.
    code: Option<String>,
    /// What the login was begun with.
    state: Option<String>,
    /// Why the provider does not vouch.
    error: Option<String>,
}

async fn end_oidc(call: Call<Back>) -> Result<With<Sent>, Problem> {
    let app = &call.app;
    let Some(provider) = &app.oidc else { return Err(Problem::not_found("this server has no identity provider")) };
    let found = match (&call.query.code, &call.query.state) {
        (Some(code), Some(state)) => provider.finish(app, &call.headers, code, state).await,
        _ => {
            let why = call.query.error.as_deref().unwrap_or("it sent no code");
            Err(Problem::forbidden(format!("the identity provider does not vouch for you: {}", plain(why, 100))))
        }
    };
    let mut headers = HeaderMap::new();
    headers.append(header::SET_COOKIE, provider.cookie(app, "", 0)?);
    let to = match found {
        Ok(user) => {
            let secret = login::secret();
            app.accounts.begin_session(login::digest(&secret), &user.name, now_us()).await?;
            headers.append(header::SET_COOKIE, login::set_cookie(app, &call.headers, Some(&secret)));
            "/".to_owned()
        }
        // The page shows it: people came here by following a link.
        Err(problem) => format!("/#problem={}", data_encoding::BASE64URL_NOPAD.encode(problem.detail.as_bytes())),
    };
    headers.insert(header::LOCATION, HeaderValue::from_str(&to).map_err(Problem::internal)?);
    Ok(With(Sent, headers))
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
        oidc: app.oidc.is_some(),
    }
}

async fn session(call: Call) -> Result<Data<Session>, Problem> {
    let who = Some(call.who).filter(|who| !who.roles.is_empty());
    Ok(Data(of(&call.app, who)))
}

async fn begin(call: Call<Nothing, Data<Credentials>>) -> Result<With<Data<Session>>, Problem> {
    let (app, said) = (&call.app, call.body.0);
    let (who, secret) = match (&app.mode, said) {
        (Mode::Local { token, name }, Credentials { token: Some(said), .. }) => {
            if login::digest(&said) != *token {
                return Err(wrong().await);
            }
            // The token itself stays out of the cookie, which every server on this machine is sent.
            let secret = login::secret();
            app.open_browser(&secret);
            (Who { name: name.clone(), email: None, roles: Role::ALL.to_vec() }, secret)
        }
        (Mode::Team, Credentials { name: Some(name), password: Some(password), .. }) => {
            if name.chars().count() > LONGEST {
                return Err(wrong().await);
            }
            login::limited(&app.logins, &format!("{} {name}", call.peer), 60)?;
            let user = app.accounts.user(&name).await?.filter(|user| !user.disabled);
            let kept = user.as_ref().and_then(|user| user.password.clone());
            let right = login::verified(app, password, kept).await?;
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
    let headers = HeaderMap::from_iter([(header::SET_COOKIE, login::set_cookie(app, &call.headers, Some(&secret)))]);
    Ok(With(Data(of(app, Some(who))), headers))
}

async fn wrong() -> Problem {
    tokio::time::sleep(login::WRONG).await;
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "that is not right; in local mode the server printed the address with its token",
    )
}

async fn end(call: Call<Nothing, ()>) -> Result<With<Done>, Problem> {
    let app = &call.app;
    match (&app.mode, login::cookie(&call.headers, &login::cookie_name(app, &call.headers))) {
        (Mode::Team, Some(secret)) => app.accounts.end_session(login::digest(secret)).await?,
        (Mode::Local { .. }, Some(secret)) => app.close_browser(secret),
        (_, None) => {}
    }
    let headers = HeaderMap::from_iter([(header::SET_COOKIE, login::set_cookie(app, &call.headers, None))]);
    Ok(With(Done, headers))
}
