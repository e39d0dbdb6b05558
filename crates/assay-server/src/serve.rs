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
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use tracing::Instrument;

use crate::api::summaries;
use crate::app::{App, CHANGES, HEAVY, Mode};
use crate::endpoint::{Endpoint, Peer};
use crate::metrics::Labels;
use crate::{Problem, api, jobs, login, oidc, page, telemetry};

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
    /// A proxy is in front of it, which says where requests come from.
    pub proxied: bool,
    /// The binary, for runs that the server executes.
    pub binary: PathBuf,
    /// Who vouches for people, with accounts.
    pub oidc: Option<oidc::Options>,
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
    app: App,
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
    if options.oidc.is_some() && !options.team {
        return Err(usage("an identity provider vouches for people with accounts: `--team`".to_owned()));
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
        let own = SocketAddr::new(options.address, address.port()).to_string();
        let own = own.rsplit_once(':').map_or(own.as_str(), |(name, _)| name);
        for name in ["127.0.0.1", "localhost", "[::1]", own] {
            hosts.insert(format!("{name}:{}", address.port()));
            // Browsers leave the usual port out.
            if address.port() == 80 {
                hosts.insert(name.to_owned());
            }
        }
    }
    let app = App::open(home, mode, address.port(), hosts, options).await?;
    Ok(Listening { address, token, router: router(app.clone()), listener, app })
}

impl Listening {
    /// Answers requests until `end`, then lets those that go on come to theirs. Changes that have begun are awaited.
    ///
    /// # Errors
    /// The socket fails.
    pub async fn run(self, end: impl Future<Output = ()> + Send + 'static) -> Result<(), Failure> {
        let app = self.app;
        let jobs = tokio::spawn(jobs::work(app.clone()));
        let ahead = tokio::spawn(summaries::read_ahead(app.clone()));
        let (ending, mut ended) = (app.ending.clone(), app.ending.subscribe());
        let service = self.router.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(self.listener, service).with_graceful_shutdown(async move {
            end.await;
            ending.send_replace(true);
        });
        let answered = tokio::select! {
            done = server.into_future() => done,
            // Somebody may read an answer as slowly as they like.
            () = async {
                let _ = ended.wait_for(|ended| *ended).await;
                tokio::time::sleep(GRACE).await;
            } => Ok(()),
        };
        let _ = tokio::time::timeout(GRACE, app.changes.acquire_many(CHANGES)).await;
        let _ = tokio::time::timeout(GRACE, jobs).await;
        // What is being read is read to its end: readers of tables panic where the runtime goes away below them.
        let _ = tokio::time::timeout(GRACE, ahead).await;
        let _ = tokio::time::timeout(GRACE, app.heavy.acquire_many(HEAVY)).await;
        Ok(answered?)
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for endpoint in api::endpoints() {
        router = router.route(endpoint.path, route(endpoint));
    }
    router
        .fallback(other)
        .method_not_allowed_fallback(not_so)
        .layer(from_fn_with_state(app.clone(), around))
        .with_state(app)
}

fn route(endpoint: Endpoint) -> MethodRouter<App> {
    let filter = MethodFilter::try_from(endpoint.method.clone()).unwrap_or(MethodFilter::GET);
    let endpoint = Arc::new(endpoint);
    on(filter, move |State(app): State<App>, request: Request| {
        let endpoint = endpoint.clone();
        async move { endpoint.answer(app, request).await }
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

async fn not_so(request: Request) -> Problem {
    let (method, path) = (request.method(), request.uri().path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("`{path}` does not know {method}"))
}

/// Where a request came from: a proxy says so in the last address that it adds.
fn peer(app: &App, request: &Request) -> Option<IpAddr> {
    let direct = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if !app.proxied {
        return direct;
    }
    let said = request.headers().get_all("x-forwarded-for").into_iter().next_back();
    let last = said.and_then(|said| said.to_str().ok()).and_then(|said| said.rsplit(',').next());
    last.and_then(|last| last.trim().parse().ok()).or(direct)
}

/// A request is being answered while this lives, even if whoever asked leaves.
struct InFlight(App);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.metrics.in_flight.dec();
    }
}

/// Around every request: the host's name is checked, the answer gets its headers, and both are counted and logged.
async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    // Anybody may make methods up; what is counted must not grow by them.
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    if let Some(peer) = peer(&app, &request) {
        request.extensions_mut().insert(Peer(peer));
    }
    let route = request.extensions().get::<MatchedPath>().map_or("page", MatchedPath::as_str).to_owned();
    app.metrics.in_flight.inc();
    let in_flight = InFlight(app.clone());
    let span = tracing::info_span!(
        target: "assay::http", "request", otel.name = format!("{method} {route}"), otel.kind = "server",
        http.request.method = method, http.route = route, http.response.status_code = tracing::field::Empty,
    );
    telemetry::adopt(&span, request.headers());
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    // A page elsewhere can make a browser look a name up that leads here: such a name is not one of ours.
    let mut response = match app.hosts.is_empty() || app.hosts.contains(&host) {
        true => next.run(request).instrument(span.clone()).await,
        false => {
            Problem::new(StatusCode::MISDIRECTED_REQUEST, "this server does not answer to that name").into_response()
        }
    };
    drop(in_flight);
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
