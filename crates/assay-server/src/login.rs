//! Who asks: tokens, passwords, sessions, keys. And requests that are done once however often they are sent.

use std::str::FromStr;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use assay_core::Digest;
use assay_engine::execute::now_us;
use assay_store::{Accounts, Key, User};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;

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

/// Who sends a request.
///
/// # Errors
/// 401 when nobody is logged in, 403 when they may not, or when another site sent the request; 429.
pub async fn authenticate(app: &App, headers: &HeaderMap, method: &Method, access: Access) -> Result<Who, Problem> {
    let found = identify(app, headers, method).await?;
    let who = match found {
        Some(who) => who,
        None if access == Access::Public => Who { name: String::new(), email: None, roles: Vec::new() },
        None => {
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "log in first, or send `Authorization: Bearer KEY`"));
        }
    };
    if !access.allows(&who.roles) {
        let needs =
            Role::ALL.iter().filter(|role| access.allows(&[**role])).map(|role| format!("{role:?}").to_lowercase());
        return Err(Problem::forbidden(format!(
            "this needs one of the roles {}: an admin can give it",
            needs.collect::<Vec<_>>().join(", ")
        )));
    }
    if app.requests.check_key(&who.name).is_err() {
        return Err(too_often(1));
    }
    Ok(who)
}

/// 429.
pub fn too_often(seconds: u64) -> Problem {
    let mut problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests: wait and try again");
    problem.retry_after = Some(seconds);
    problem
}

async fn identify(app: &App, headers: &HeaderMap, method: &Method) -> Result<Option<Who>, Problem> {
    if let Some(bearer) = bearer(headers) {
        return match &app.mode {
            Mode::Local { token, name } if digest(bearer) == *token => Ok(Some(local(name))),
            Mode::Team if bearer.starts_with(KEY) => by_key(app, bearer).await,
            _ => Ok(None),
        };
    }
    let Some(session) = cookie(headers, &app.cookie) else { return Ok(None) };
    let who = match &app.mode {
        Mode::Local { token, name } => (digest(session) == *token).then(|| local(name)),
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

/// The session cookie, set or taken away. It is no more than the browser's: no script reads it, no other site sends it.
pub fn set_cookie(app: &App, headers: &HeaderMap, value: Option<&str>) -> HeaderValue {
    let secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let text = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Strict{}{}",
        app.cookie,
        value.unwrap_or_default(),
        if secure { "; Secure" } else { "" },
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

/// Whether a password is right. Takes as long for somebody who is not there.
pub async fn verified(password: String, kept: Option<String>) -> bool {
    /// Of no password that anybody knows.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$JHmYzxJmGk8OdhJXmnTPUMzTm8wyPqHbzhfFzLJpHuU";
    let known = kept.is_some();
    let matches = tokio::task::spawn_blocking(move || {
        let kept = kept.unwrap_or_else(|| NOBODY.to_owned());
        PasswordHash::new(&kept).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    });
    matches.await.unwrap_or(false) && known
}

/// Requests that carry an `Idempotency-Key`.
pub struct Requests(Accounts);

/// What is known of a request.
pub enum Repeated {
    /// It was done: this was the answer.
    Answered(Response),
    /// It is the first of its key.
    New(Place),
}

/// Where the answer to a request is kept.
pub struct Place {
    user: String,
    key: String,
}

/// The largest answer that is kept, in bytes.
const MOST_KEPT: usize = 4 << 20;

impl Requests {
    /// Over the accounts' database.
    pub fn new(accounts: Accounts) -> Self {
        Self(accounts)
    }

    /// Whether somebody has sent this before.
    ///
    /// # Errors
    /// 422 when the key was used for something else, 409 while the first is still being done.
    pub async fn repeated(
        &self,
        who: &Who,
        key: &HeaderValue,
        uri: &Uri,
        body: Option<Digest>,
    ) -> Result<Repeated, Problem> {
        let key = key.to_str().ok().filter(|key| (1..=200).contains(&key.len()));
        let Some(key) = key else { return Err(Problem::usage("`Idempotency-Key` is 1 to 200 printable characters")) };
        let request = Digest::of_json(&(uri.to_string(), body.map(|body| body.to_string())));
        match self.0.begin_request(&who.name, key, request, now_us()).await? {
            None => Ok(Repeated::New(Place { user: who.name.clone(), key: key.to_owned() })),
            Some(kept) if kept.request != request.to_string() => {
                Err(Problem::usage("this `Idempotency-Key` was used for another request"))
            }
            Some(kept) => match kept.answer {
                Some((status, content, body)) => {
                    let mut response = Response::new(Body::from(body));
                    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                    if let Ok(content) = HeaderValue::from_str(&content)
                        && !content.is_empty()
                    {
                        response.headers_mut().insert(header::CONTENT_TYPE, content);
                    }
                    Ok(Repeated::Answered(response))
                }
                None => Err(Problem::conflict("the first request with this `Idempotency-Key` is still being done")),
            },
        }
    }

    /// Keeps an answer.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep(&self, place: Place, response: Response) -> Result<Response, Problem> {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, MOST_KEPT).await.map_err(Problem::internal)?;
        let content = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        self.0.end_request(&place.user, &place.key, (parts.status.as_u16(), content, &bytes)).await?;
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }

    /// Forgets a request that failed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forget(&self, place: Place) -> Result<(), Problem> {
        Ok(self.0.forget_request(&place.user, &place.key).await?)
    }
}

/// How long a failed login waits: guessing is slow, typing is not.
pub const WRONG: Duration = Duration::from_millis(200);
