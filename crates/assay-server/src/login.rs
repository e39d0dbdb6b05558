//! Who asks: tokens, passwords, sessions, keys.

use std::str::FromStr;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use assay_core::Digest;
use assay_engine::execute::now_us;
use assay_store::{Key, User};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use data_encoding::BASE64URL_NOPAD;
use governor::DefaultKeyedRateLimiter;

use crate::Problem;
use crate::access::{Access, Role};
use crate::app::{App, Mode, Who};

/// A secret of 256 random bits, as text.
pub fn secret() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>())
}

/// A name of 12 characters that nothing else has.
pub fn id() -> String {
    data_encoding::HEXLOWER.encode(&rand::random::<[u8; 6]>())
}

/// What is kept of a secret. It is random and long: a slow hash would only make every request slow.
pub fn digest(secret: &str) -> Digest {
    Digest::of_bytes(secret.as_bytes())
}

/// How keys begin, so that scanners for secrets find them.
pub const KEY: &str = "assay_key_";

/// Who sends a request to a route.
///
/// # Errors
/// 401 when nobody is logged in, 403 when they may not, or when another site sent the request; 429.
pub async fn authenticate(
    app: &App,
    headers: &HeaderMap,
    (method, route): (&Method, &str),
    access: Access,
    peer: &str,
) -> Result<Who, Problem> {
    let Some(who) = identify(app, headers, method).await? else {
        // Strangers are told apart by where they are. Who watches the server's health is never turned away.
        if route.starts_with("/api/") {
            limited(&app.strangers, peer, 1)?;
        }
        return match access {
            Access::Public => Ok(Who { name: String::new(), email: None, roles: Vec::new() }),
            _ => Err(Problem::new(StatusCode::UNAUTHORIZED, "log in first, or send `Authorization: Bearer KEY`")),
        };
    };
    limited(&app.requests, &who.name, 1)?;
    if !access.allows(&who.roles) {
        let needs =
            Role::ALL.iter().filter(|role| access.allows(&[**role])).map(|role| format!("{role:?}").to_lowercase());
        return Err(Problem::forbidden(format!(
            "this needs one of the roles {}: an admin can give it",
            needs.collect::<Vec<_>>().join(", ")
        )));
    }
    Ok(who)
}

/// How many names and addresses are remembered before those that were quiet lately are forgotten.
const MOST_KNOWN: usize = 10_000;

/// Whether somebody may go on.
///
/// # Errors
/// 429 with the seconds after which they may.
pub fn limited(limiter: &DefaultKeyedRateLimiter<String>, who: &str, seconds: u64) -> Result<(), Problem> {
    if limiter.len() > MOST_KNOWN {
        limiter.retain_recent();
    }
    limiter.check_key(&who.to_owned()).map_err(|_| too_often(seconds))
}

/// 429.
pub fn too_often(seconds: u64) -> Problem {
    let mut problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests: wait and try again");
    problem.retry_after = Some(seconds);
    problem
}

/// Who a request says it comes from, if that is true.
///
/// # Errors
/// 403 when another site sent a request that changes something.
pub async fn identify(app: &App, headers: &HeaderMap, method: &Method) -> Result<Option<Who>, Problem> {
    if let Some(bearer) = bearer(headers) {
        return match &app.mode {
            Mode::Local { token, name } if digest(bearer) == *token => Ok(Some(local(name))),
            Mode::Team if bearer.starts_with(KEY) => by_key(app, bearer).await,
            _ => Ok(None),
        };
    }
    let Some(session) = cookie(headers, &cookie_name(app, headers)) else { return Ok(None) };
    let who = match &app.mode {
        Mode::Local { name, .. } => app.opened(session).then(|| local(name)),
        Mode::Team => app.accounts.session(digest(session), now_us()).await?.map(|user| who(&user, None)),
    };
    // A cookie comes along with whatever a browser is made to send.
    if who.is_some() && !method.is_safe() && !from_here(headers) {
        return Err(Problem::forbidden("the request comes from another site"));
    }
    Ok(who)
}

fn local(name: &str) -> Who {
    Who { name: name.to_owned(), email: None, roles: Role::ALL.to_vec() }
}

/// Roles as the accounts keep them.
pub fn roles(words: &std::collections::BTreeSet<String>) -> Vec<Role> {
    words.iter().filter_map(|word| serde_json::from_value(serde_json::Value::String(word.clone())).ok()).collect()
}

/// The word of a role.
pub fn word(role: Role) -> String {
    serde_json::to_value(role).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn who(user: &User, key: Option<&Key>) -> Who {
    let mut may = roles(&user.roles);
    if let Some(key) = key {
        let of = roles(&key.roles);
        may.retain(|role| of.contains(role));
    }
    Who { name: user.name.clone(), email: user.email.clone(), roles: may }
}

async fn by_key(app: &App, bearer: &str) -> Result<Option<Who>, Problem> {
    let Some((id, secret)) = bearer.strip_prefix(KEY).and_then(|rest| rest.split_once('_')) else { return Ok(None) };
    let now = now_us();
    let Some((key, user)) = app.accounts.key(id, now).await? else { return Ok(None) };
    if key.secret != digest(secret).to_string() {
        return Ok(None);
    }
    app.accounts.used_key(&key, now).await?;
    Ok(Some(who(&user, Some(&key))))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// A cookie's value.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(of, _)| *of == name)
        .map(|(_, value)| value)
}

/// Whether a browser sends a request from this server's own page.
fn from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let host = text("host");
    match text("origin") {
        Some(origin) => {
            Uri::from_str(origin).ok().and_then(|uri| uri.authority().map(ToString::to_string)).as_deref() == host
        }
        None => true,
    }
}

/// The session cookie's name. Behind TLS it begins so that no other host of the domain can set it.
pub fn cookie_name(app: &App, headers: &HeaderMap) -> String {
    let prefix = if is_secure(headers) { "__Host-" } else { "" };
    format!("{prefix}{}", app.cookie)
}

/// Whether the browser talks to us by TLS, which a proxy ends.
fn is_secure(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https")
}

/// The session cookie, set or taken away. It is no more than the browser's: no script reads it, no other site sends it.
pub fn set_cookie(app: &App, headers: &HeaderMap, value: Option<&str>) -> HeaderValue {
    let text = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Strict{}{}",
        cookie_name(app, headers),
        value.unwrap_or_default(),
        if is_secure(headers) { "; Secure" } else { "" },
        if value.is_none() { "; Max-Age=0" } else { "" },
    );
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// A password as it is kept: argon2id, 19 MiB, two passes (OWASP's minimum).
///
/// # Errors
/// The system gives no random bytes.
pub async fn hashed(password: String) -> Result<String, Problem> {
    tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(Problem::internal)
    })
    .await
    .map_err(Problem::internal)?
}

/// How long a login waits for its turn.
const TURN: Duration = Duration::from_secs(3);

/// Whether a password is right. Takes as long for somebody who is not there. Each takes 19 MiB and a processor for a while:
/// few are looked at at once.
///
/// # Errors
/// 429 when too many wait.
pub async fn verified(app: &App, password: String, kept: Option<String>) -> Result<bool, Problem> {
    /// Of no password that anybody knows.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$JHmYzxJmGk8OdhJXmnTPUMzTm8wyPqHbzhfFzLJpHuU";
    let turn = tokio::time::timeout(TURN, app.passwords.clone().acquire_owned()).await;
    let turn = turn.map_err(|_| too_often(5))?.map_err(Problem::internal)?;
    let known = kept.is_some();
    let matches = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let kept = kept.unwrap_or_else(|| NOBODY.to_owned());
        PasswordHash::new(&kept).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    });
    Ok(matches.await.unwrap_or(false) && known)
}

/// How long a failed login waits: guessing is slow, typing is not.
pub const WRONG: Duration = Duration::from_millis(200);
