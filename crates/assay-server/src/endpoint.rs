//! One endpoint: its route, what it needs of its caller, its types, and the function that answers.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use assay_core::Digest;
use assay_home::audit::{self, Action};
use assay_home::exit;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use crate::access::Access;
use crate::app::{App, Who};
use crate::body::{Answer, Input};
use crate::openapi::{self, Types};
use crate::repeats::Repeated;
use crate::{Problem, login};

/// A request on its way to the function that answers it.
pub struct Call<Q = Nothing, B = ()> {
    /// The server.
    pub app: App,
    /// Who asks.
    pub who: Who,
    /// The parts of the path, by name.
    pub path: BTreeMap<String, String>,
    /// The query.
    pub query: Q,
    /// The body.
    pub body: B,
    /// What was asked: the path and query as they came.
    pub asked: String,
    /// The address that the request came from.
    pub peer: String,
    /// The headers.
    pub headers: HeaderMap,
}

/// The address that a request came from, as far as it can be known.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

impl<Q, B> Call<Q, B> {
    /// A part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }
}

impl Call {
    /// The same with what was read of the query and the body.
    fn with<Q, B>(self, query: Q, body: B) -> Call<Q, B> {
        let Self { app, who, path, asked, peer, headers, .. } = self;
        Call { app, who, path, query, body, asked, peer, headers }
    }
}

/// An endpoint without a query.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What an endpoint does to the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Looks,
    /// It changes what keeps a history of its own.
    Amends,
    /// It changes something, and stands in the audit log by this name.
    Records(&'static str),
}

/// An endpoint.
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for its parts.
    pub path: &'static str,
    /// What it needs of its caller.
    pub access: Access,
    /// Its name in clients.
    pub id: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What it does to the workspace.
    pub effect: Effect,
    /// The content types of streams and files that it answers with, beside JSON or alone.
    pub files: &'static [&'static str],
    /// What the document says of its types.
    pub(crate) types: Types,
    secret: bool,
    function: Box<Reader>,
}

impl Endpoint {
    /// Says what is answered by a function that makes the response itself.
    #[must_use]
    pub fn answering<T: Answer>(mut self) -> Self {
        self.types = self.types.answering::<T>();
        self
    }

    /// Says as which content types a stream or file is answered.
    #[must_use]
    pub const fn files(mut self, files: &'static [&'static str]) -> Self {
        self.files = files;
        self
    }
}

/// A future with its type forgotten.
type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

/// What a function answered, as a response; a fault of the response does not undo what was done.
type Answered = Boxed<Result<Response, Problem>>;

/// A function with its types forgotten: reads the query and the body, and says what answers them.
type Reader = dyn Fn(Request) -> Boxed<Read> + Send + Sync;

/// A request that was read.
struct Read {
    /// The digest of its body.
    digest: Option<Digest>,
    /// Begins to answer.
    answer: Box<dyn FnOnce(Call) -> Answered + Send>,
}

/// What a query can be read from.
pub trait Asked: DeserializeOwned + JsonSchema + Send + 'static {}

impl<Q: DeserializeOwned + JsonSchema + Send + 'static> Asked for Q {}

/// What answers a call: an async function of it.
pub trait Function<Q, B, T>: Clone + Send + Sync + 'static {
    /// Begins to answer.
    fn answer(&self, call: Call<Q, B>) -> Boxed<T>;
}

impl<Q, B, T, F, Fut> Function<Q, B, T> for F
where
    F: Fn(Call<Q, B>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Problem>> + Send + 'static,
{
    fn answer(&self, call: Call<Q, B>) -> Boxed<T> {
        Box::pin(self(call))
    }
}

fn endpoint<Q: Asked, B: Input, T: Answer>(
    (method, path, access, id): (Method, &'static str, Access, &'static str),
    effect: Effect,
    summary: &'static str,
    function: impl Function<Q, B, T>,
) -> Endpoint {
    let read = move |request: Request| -> Boxed<Read> {
        let function = function.clone();
        Box::pin(async move {
            let query = match Query::<Q>::try_from_uri(request.uri()) {
                Ok(Query(query)) => query,
                Err(error) => return Err(Problem::usage(error.body_text())),
            };
            let (body, digest) = B::read(request).await?;
            let answer = move |call: Call| -> Answered {
                Box::pin(async move { Ok(function.answer(call.with(query, body)).await?.respond()) })
            };
            Ok(Read { digest, answer: Box::new(answer) })
        })
    };
    Endpoint {
        method,
        path,
        access,
        id,
        summary,
        effect,
        files: &[],
        types: Types::of::<Q, B, T>(),
        secret: T::SECRET,
        function: Box::new(read),
    }
}

/// An endpoint that only looks.
pub fn get<Q: Asked, T: Answer>(
    path: &'static str,
    access: Access,
    id: &'static str,
    summary: &'static str,
    function: impl Function<Q, (), T>,
) -> Endpoint {
    endpoint((Method::GET, path, access, id), Effect::Looks, summary, function)
}

/// An endpoint that is asked with a body, and changes nothing in the workspace.
pub fn ask<Q: Asked, B: Input, T: Answer>(
    path: &'static str,
    access: Access,
    id: &'static str,
    summary: &'static str,
    function: impl Function<Q, B, T>,
) -> Endpoint {
    endpoint((Method::POST, path, access, id), Effect::Looks, summary, function)
}

/// An endpoint that changes something: it is in the audit log by its `records`, or nothing is done.
pub fn change<Q: Asked, B: Input, T: Answer>(
    method: Method,
    path: &'static str,
    access: Access,
    (id, records): (&'static str, &'static str),
    summary: &'static str,
    function: impl Function<Q, B, T>,
) -> Endpoint {
    endpoint((method, path, access, id), Effect::Records(records), summary, function)
}

/// An endpoint that changes what keeps a history of its own, where every change stands with its name and time: the audit
/// log has the sitting that such changes belong to, not each of them.
pub fn amend<Q: Asked, B: Input, T: Answer>(
    method: Method,
    path: &'static str,
    access: Access,
    id: &'static str,
    summary: &'static str,
    function: impl Function<Q, B, T>,
) -> Endpoint {
    endpoint((method, path, access, id), Effect::Amends, summary, function)
}

impl Endpoint {
    /// The answer to a request.
    pub async fn answer(&self, app: App, request: Request) -> Response {
        self.respond(app, request).await.unwrap_or_else(IntoResponse::into_response)
    }

    async fn respond(&self, app: App, request: Request) -> Result<Response, Problem> {
        let (mut parts, body) = request.into_parts();
        let peer = parts.extensions.get::<Peer>().map_or_else(String::new, |peer| peer.0.to_string());
        let who = login::authenticate(&app, &parts.headers, (&parts.method, self.path), self.access, &peer).await?;
        let path = match Path::<BTreeMap<String, String>>::from_request_parts(&mut parts, &()).await {
            Ok(Path(path)) => path,
            Err(error) => return Err(Problem::usage(error.body_text())),
        };
        let (method, uri, headers) = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
        let read = (self.function)(Request::from_parts(parts, body)).await?;
        let repeats = method == Method::POST && matches!(self.effect, Effect::Records(_));
        let repeated = match (repeats, headers.get("idempotency-key")) {
            // The body of a request for a secret may hold one: not even its digest is kept.
            (true, Some(key)) => {
                Some(app.repeats.repeated(&who, key, &uri, read.digest.filter(|_| !self.secret)).await?)
            }
            _ => None,
        };
        let kept = match repeated {
            Some(Repeated::Answered(response)) => return Ok(response),
            Some(Repeated::New(place)) => Some(place),
            None => None,
        };
        let action = match self.effect {
            Effect::Records(name) => {
                let on = openapi::parts(self.path).filter_map(|part| Some((part, path.get(part)?)));
                let action = on.fold(Action::new(name), |action, (part, value)| action.on(part, value));
                Some(Action { dataset: path.get("dataset").cloned(), ..action.by_user(&who.name) })
            }
            Effect::Looks | Effect::Amends => None,
        };
        let asked = uri.to_string();
        let query = Nothing {};
        let call = Call { app: app.clone(), who, path, query, body: (), asked, peer, headers: headers.clone() };
        let answer = (read.answer)(call);
        if self.effect == Effect::Looks {
            let response = answer.await??;
            return if method == Method::GET { tagged(response, &headers).await } else { Ok(response) };
        }
        // A change that has begun comes to its end, and its answer is kept, even if whoever asked has gone meanwhile.
        let going = app.changes.clone().acquire_owned().await.map_err(Problem::internal)?;
        let secret = self.secret;
        let change = async move {
            let _going = going;
            let answered = match action {
                Some(action) => recorded(&app, action, answer).await,
                None => answer.await,
            };
            match (answered.flatten(), kept) {
                (response, None) => response,
                (Ok(response), Some(place)) if secret => {
                    let told = Problem::conflict("this was done: its answer held a secret, which is told once");
                    app.repeats.keep(place, told.into_response()).await?;
                    Ok(response)
                }
                (Ok(response), Some(place)) => app.repeats.keep(place, response).await,
                (Err(problem), Some(place)) => {
                    app.repeats.forget(place).await?;
                    Err(problem)
                }
            }
        };
        tokio::spawn(change.in_current_span()).await.map_err(Problem::internal)?
    }
}

/// Runs what changes something inside the audit log.
async fn recorded(app: &App, action: Action, answer: Answered) -> Result<Result<Response, Problem>, Problem> {
    let mut answered = None;
    let root = app.home().workspace.root().to_owned();
    let written = audit::recorded(Some(action), Some(root), async {
        match answer.await {
            Ok(value) => {
                answered = Some(value);
                Ok(exit::PASS)
            }
            Err(problem) => Err(problem.into()),
        }
    })
    .await;
    match (written, answered) {
        (Ok(exit::PASS), Some(value)) => Ok(value),
        (Err(error), _) => Err(error.into()),
        (Ok(_), Some(_)) => Err(Problem::internal("this was done, but not recorded: the audit log cannot be written")),
        (Ok(_), None) => Err(Problem::internal("an answer was lost")),
    }
}

/// With an entity tag, and without a body for those who have it.
async fn tagged(response: Response, asked: &HeaderMap) -> Result<Response, Problem> {
    let json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !json || response.status() != StatusCode::OK {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    // Made from bytes at hand: there is nothing to wait for.
    let bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(Problem::internal)?;
    let tag = format!("W/\"{}\"", Digest::of_bytes(&bytes).short());
    let has = asked
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    if has {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        return Ok(Response::from_parts(parts, Body::empty()));
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}
