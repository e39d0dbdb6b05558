//! One endpoint: its route, what it needs of its caller, its types, and the function that answers.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{Seek, Write};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use assay_core::Digest;
use assay_home::audit::{self, Action};
use assay_home::{exit, waiting};
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use crate::access::Access;
use crate::app::{App, Who};
use crate::repeats::Repeated;
use crate::{Problem, login, openapi};

/// The largest body of a request with JSON, in bytes.
const MOST_JSON: usize = 4 << 20;

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

/// An endpoint without a query.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What a function answers with.
pub trait Answer: Send + 'static {
    /// Whether it holds a secret: such an answer is sent once and kept nowhere.
    const SECRET: bool = false;
    /// The status, the content type and the schema of what is answered.
    fn describe(schemas: &mut SchemaGenerator) -> Described;
    /// The answer itself.
    fn respond(self) -> Result<Response, Problem>;
}

/// What the OpenAPI document says of a body.
pub struct Described {
    /// The HTTP status.
    pub status: StatusCode,
    /// The content type, if there is a body.
    pub content: Option<&'static str>,
    /// Its schema.
    pub schema: Option<Schema>,
}

/// JSON.
pub struct Data<T>(pub T);

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Data<T> {
    fn describe(schemas: &mut SchemaGenerator) -> Described {
        let schema = Some(schemas.subschema_for::<T>());
        Described { status: StatusCode::OK, content: Some("application/json"), schema }
    }

    fn respond(self) -> Result<Response, Problem> {
        let body = serde_json::to_vec(&self.0)?;
        Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
    }
}

/// JSON that holds a secret, told once.
pub struct Once<T>(pub T);

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Once<T> {
    const SECRET: bool = true;

    fn describe(schemas: &mut SchemaGenerator) -> Described {
        Data::<T>::describe(schemas)
    }

    fn respond(self) -> Result<Response, Problem> {
        let mut response = Data(self.0).respond()?;
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

/// An answer with headers of its own, such as a cookie.
pub struct With<T>(pub T, pub HeaderMap);

impl<T: Answer> Answer for With<T> {
    const SECRET: bool = T::SECRET;

    fn describe(schemas: &mut SchemaGenerator) -> Described {
        T::describe(schemas)
    }

    fn respond(self) -> Result<Response, Problem> {
        let mut response = self.0.respond()?;
        response.headers_mut().extend(self.1);
        Ok(response)
    }
}

/// JSON of something that goes on: 202.
pub struct Begun<T>(pub T);

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Begun<T> {
    fn describe(schemas: &mut SchemaGenerator) -> Described {
        Described { status: StatusCode::ACCEPTED, ..Data::<T>::describe(schemas) }
    }

    fn respond(self) -> Result<Response, Problem> {
        let mut response = Data(self.0).respond()?;
        *response.status_mut() = StatusCode::ACCEPTED;
        Ok(response)
    }
}

/// Nothing but that it was done: 204.
pub struct Done;

impl Answer for Done {
    fn describe(_: &mut SchemaGenerator) -> Described {
        Described { status: StatusCode::NO_CONTENT, content: None, schema: None }
    }

    fn respond(self) -> Result<Response, Problem> {
        Ok(StatusCode::NO_CONTENT.into_response())
    }
}

/// A response that the function makes itself: streams, files, redirections.
pub struct Raw(pub Response);

impl Answer for Raw {
    fn describe(_: &mut SchemaGenerator) -> Described {
        Described { status: StatusCode::OK, content: Some("application/octet-stream"), schema: None }
    }

    fn respond(self) -> Result<Response, Problem> {
        Ok(self.0)
    }
}

/// What a function takes as a body.
pub trait Input: Sized + Send + 'static {
    /// The content type and schema of the body, if there is one.
    fn describe(schemas: &mut SchemaGenerator) -> Option<(&'static str, Option<Schema>)>;
    /// Reads it, with the digest of its bytes for those who repeat themselves.
    fn read(request: Request) -> impl Future<Output = Result<(Self, Option<Digest>), Problem>> + Send;
}

impl Input for () {
    fn describe(_: &mut SchemaGenerator) -> Option<(&'static str, Option<Schema>)> {
        None
    }

    async fn read(_: Request) -> Result<(Self, Option<Digest>), Problem> {
        Ok(((), None))
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for Data<T> {
    fn describe(schemas: &mut SchemaGenerator) -> Option<(&'static str, Option<Schema>)> {
        Some(("application/json", Some(schemas.subschema_for::<T>())))
    }

    async fn read(request: Request) -> Result<(Self, Option<Digest>), Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        if kind.split(';').next().map(str::trim) != Some("application/json") {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send `Content-Type: application/json`"));
        }
        let bytes = axum::body::to_bytes(request.into_body(), MOST_JSON).await.map_err(|_| {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {MOST_JSON} bytes"))
        })?;
        let value = serde_json::from_slice(&bytes).map_err(|error| Problem::usage(format!("the body: {error}")))?;
        Ok((Self(value), Some(Digest::of_bytes(&bytes))))
    }
}

/// A body as it comes: a file.
pub struct File(pub Body);

impl File {
    /// The body in a scratch file, read from its beginning: memory holds a part of it at a time.
    ///
    /// # Errors
    /// 413 when it has more than `most` bytes, with what to do `instead`; it breaks off; there is no room.
    pub async fn spooled(self, most: u64, instead: &str) -> Result<std::fs::File, Problem> {
        self.written(tempfile::tempfile().map_err(Problem::internal)?, most, instead).await
    }

    /// As [`File::spooled`], in a file at hand.
    ///
    /// # Errors
    /// As [`File::spooled`].
    pub async fn written(self, mut file: std::fs::File, most: u64, instead: &str) -> Result<std::fs::File, Problem> {
        let (mut parts, mut left) = (self.0.into_data_stream(), most);
        while let Some(part) = parts.next().await {
            let part = part.map_err(|error| Problem::usage(format!("the body broke off: {error}")))?;
            left = left.checked_sub(part.len() as u64).ok_or_else(|| {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("more than {most} bytes{instead}"))
            })?;
            waiting(|| file.write_all(&part)).map_err(Problem::internal)?;
        }
        file.rewind().map_err(Problem::internal)?;
        Ok(file)
    }
}

impl Input for File {
    fn describe(_: &mut SchemaGenerator) -> Option<(&'static str, Option<Schema>)> {
        Some(("application/octet-stream", None))
    }

    async fn read(request: Request) -> Result<(Self, Option<Digest>), Problem> {
        Ok((Self(request.into_body()), None))
    }
}

type Handler = dyn Fn(App, Request) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync;

/// What the OpenAPI document says of an endpoint's types.
pub struct Types {
    /// The query's schema.
    pub query: Schema,
    /// The body.
    pub body: Option<(&'static str, Option<Schema>)>,
    /// The answer.
    pub answer: Described,
}

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
    pub(crate) types: fn(&mut SchemaGenerator, &mut SchemaGenerator) -> Types,
    /// What the document says of the answer where the function makes the response itself.
    pub(crate) answers: Option<fn(&mut SchemaGenerator) -> Described>,
    /// The content types of streams and files that it answers with, beside JSON or alone.
    pub(crate) files: &'static [&'static str],
    pub(crate) handler: Arc<Handler>,
}

impl Endpoint {
    /// Says what is answered by a function that makes the response itself.
    #[must_use]
    pub fn answering<T: Answer>(mut self) -> Self {
        self.answers = Some(T::describe);
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
type Answered<T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

/// What a query can be read from.
pub trait Asked: DeserializeOwned + JsonSchema + Send + 'static {}

impl<Q: DeserializeOwned + JsonSchema + Send + 'static> Asked for Q {}

/// What answers a call: an async function of it.
pub trait Function<Q, B, T>: Clone + Send + Sync + 'static {
    /// Begins to answer.
    fn answer(&self, call: Call<Q, B>) -> Answered<T>;
}

impl<Q, B, T, F, Fut> Function<Q, B, T> for F
where
    F: Fn(Call<Q, B>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Problem>> + Send + 'static,
{
    fn answer(&self, call: Call<Q, B>) -> Answered<T> {
        Box::pin(self(call))
    }
}

fn endpoint<Q: Asked, B: Input, T: Answer>(
    (method, path, access, id): (Method, &'static str, Access, &'static str),
    effect: Effect,
    summary: &'static str,
    function: impl Function<Q, B, T>,
) -> Endpoint {
    let handler = move |app: App, request: Request| {
        let function = function.clone();
        let made: Pin<Box<dyn Future<Output = Response> + Send>> = Box::pin(async move {
            match respond(app, (path, access, effect), request, function).await {
                Ok(response) => response,
                Err(problem) => problem.into_response(),
            }
        });
        made
    };
    Endpoint {
        method,
        path,
        access,
        id,
        summary,
        effect,
        types: |asked, answered| Types {
            query: Q::json_schema(asked),
            body: B::describe(asked),
            answer: T::describe(answered),
        },
        answers: None,
        files: &[],
        handler: Arc::new(handler),
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

async fn respond<Q: Asked, B: Input, T: Answer>(
    app: App,
    (route, access, effect): (&'static str, Access, Effect),
    request: Request,
    function: impl Function<Q, B, T>,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().map_or_else(String::new, |peer| peer.0.to_string());
    let who = login::authenticate(&app, &parts.headers, (&parts.method, route), access, &peer).await?;
    let path = match Path::<BTreeMap<String, String>>::from_request_parts(&mut parts, &()).await {
        Ok(Path(path)) => path,
        Err(error) => return Err(Problem::usage(error.body_text())),
    };
    let query = match Query::<Q>::try_from_uri(&parts.uri) {
        Ok(Query(query)) => query,
        Err(error) => return Err(Problem::usage(error.body_text())),
    };
    let (method, uri, headers) = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
    let (body, digest) = B::read(Request::from_parts(parts, body)).await?;
    let repeats = method == Method::POST && matches!(effect, Effect::Records(_));
    let repeated = match (repeats, headers.get("idempotency-key")) {
        // The body of a request for a secret may hold one: not even its digest is kept.
        (true, Some(key)) => Some(app.repeats.repeated(&who, key, &uri, digest.filter(|_| !T::SECRET)).await?),
        _ => None,
    };
    let kept = match repeated {
        Some(Repeated::Answered(response)) => return Ok(response),
        Some(Repeated::New(place)) => Some(place),
        None => None,
    };
    let action = match effect {
        Effect::Records(name) => {
            let on = openapi::parts(route).filter_map(|part| Some((part, path.get(part)?)));
            let action = on.fold(Action::new(name), |action, (part, value)| action.on(part, value)).by_user(&who.name);
            Some(Action { dataset: path.get("dataset").cloned(), ..action })
        }
        Effect::Looks | Effect::Amends => None,
    };
    let call =
        Call { app: app.clone(), who, path, query, body, asked: uri.to_string(), peer, headers: headers.clone() };
    let answer = function.answer(call);
    if effect == Effect::Looks {
        let response = answer.await?.respond()?;
        return if method == Method::GET { tagged(response, &headers).await } else { Ok(response) };
    }
    // A change that has begun comes to its end, and its answer is kept, even if whoever asked has gone meanwhile.
    let going = app.changes.clone().acquire_owned().await.map_err(Problem::internal)?;
    let change = async move {
        let _going = going;
        let answered = match action {
            Some(action) => recorded(&app, action, answer).await,
            None => answer.await,
        };
        match (answered.and_then(Answer::respond), kept) {
            (response, None) => response,
            (Ok(response), Some(place)) if T::SECRET => {
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

/// Runs what changes something inside the audit log.
async fn recorded<T>(app: &App, action: Action, answer: Answered<T>) -> Result<T, Problem> {
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
