//! The server from its start to its end.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_evidence::keys::Signer;
use assay_home::{Failure, Home, usage};
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use tracing::Instrument;

use crate::app::{App, Mode};
use crate::endpoint::Endpoint;
use crate::metrics::Labels;
use crate::{Problem, api, login, page, telemetry};

/// How a server is started.
pub struct Options {
    /// Where it listens.
    pub address: IpAddr,
    /// On which port; 0 for any that is free.
    pub port: u16,
    /// People have accounts.
    pub team: bool,
    /// Further names that the server answers to, with ports where they are not the usual ones.
    pub hosts: Vec<String>,
    /// The binary, for runs that the server executes.
    pub binary: PathBuf,
    /// What signs evidence.
    pub signer: Option<Arc<dyn Signer>>,
}

/// A server that listens.
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    /// The token that opens it, in local mode.
    pub token: Option<String>,
    router: Router,
    listener: tokio::net::TcpListener,
}

/// How long requests may go on when the server is asked to end.
const GRACE: Duration = Duration::from_secs(20);

/// Opens the workspace and listens.
///
/// # Errors
/// The workspace cannot be opened, the port is taken, or the address would let strangers in.
pub async fn serve(home: Home, options: Options) -> Result<Listening, Failure> {
    if !options.team && !options.address.is_loopback() {
        return Err(usage(format!(
            "without accounts the server listens on this machine only: `--team` for {}",
            options.address
        )));
    }
    let listener = tokio::net::TcpListener::bind((options.address, options.port))
        .await
        .map_err(|error| usage(format!("cannot listen on {}:{}: {error}", options.address, options.port)))?;
    let address = listener.local_addr()?;
    let (mode, token) = match options.team {
        true => (Mode::Team, None),
        false => {
            let token = login::secret();
            let name = assay_home::person();
            (Mode::Local { token: login::digest(&token), name }, Some(token))
        }
    };
    let mut hosts: BTreeSet<String> = options.hosts.iter().cloned().collect();
    if !options.team {
        hosts.extend(["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{}", address.port())));
    }
    let app = App::open(home, mode, address.port(), hosts, options).await?;
    Ok(Listening { address, token, router: router(app), listener })
}

impl Listening {
    /// Answers requests until `end`, then lets those that go on come to theirs.
    ///
    /// # Errors
    /// The socket fails.
    pub async fn run(self, end: impl Future<Output = ()> + Send + 'static) -> Result<(), Failure> {
        let (ended, end_seen) = tokio::sync::oneshot::channel::<()>();
        let server = axum::serve(self.listener, self.router).with_graceful_shutdown(async move {
            end.await;
            let _ = ended.send(());
        });
        tokio::select! {
            done = server.into_future() => Ok(done?),
            // Streams of events have no end of their own.
            () = async {
                let _ = end_seen.await;
                tokio::time::sleep(GRACE).await;
            } => Ok(()),
        }
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for endpoint in api::endpoints() {
        router = router.route(endpoint.path, route(endpoint));
    }
    router.fallback(other).layer(from_fn_with_state(app.clone(), around)).with_state(app)
}

fn route(endpoint: Endpoint) -> MethodRouter<App> {
    let filter = MethodFilter::try_from(endpoint.method).unwrap_or(MethodFilter::GET);
    let handler = endpoint.handler;
    on(filter, move |State(app): State<App>, request: Request| {
        let handler = handler.clone();
        async move { handler(app, request).await }
    })
}

/// What is no endpoint is the page; what looks like one is an error.
async fn other(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        return Problem::not_found(format!("there is no `{path}`: /api/v1/openapi.json lists what there is"))
            .into_response();
    }
    if request.method() != axum::http::Method::GET && request.method() != axum::http::Method::HEAD {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "the page is only looked at").into_response();
    }
    let (parts, _) = request.into_parts();
    page::page(parts.uri, parts.headers).await
}

/// Around every request: the host's name is checked, the answer gets its headers, and both are counted and logged.
async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("page", MatchedPath::as_str).to_owned();
    app.metrics.in_flight.inc();
    let span = tracing::info_span!(
        target: "assay::http", "request", otel.name = format!("{method} {route}"), otel.kind = "server",
        http.request.method = method, http.route = route, http.response.status_code = tracing::field::Empty,
    );
    telemetry::adopt(&span, request.headers());
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    // A page elsewhere can make a browser look a name up that leads here: such a name is not one of ours.
    let mut response = match app.hosts.is_empty() || app.hosts.contains(host) {
        true => next.run(request).instrument(span.clone()).await,
        false => {
            Problem::new(StatusCode::MISDIRECTED_REQUEST, "this server does not answer to that name").into_response()
        }
    };
    app.metrics.in_flight.dec();
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, page::CONTENT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache, private"));
    let (status, took) = (response.status().as_u16(), began.elapsed());
    span.record("http.response.status_code", status);
    app.metrics.count(&Labels { method: method.clone(), route: route.clone(), status }, took);
    tracing::info!(target: "assay::http", method, route, status, ms = took.as_secs_f64() * 1e3);
    response
}
