//! The one HTTP client: no socket leaves this machine when offline, bodies are bounded, failures are classified.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use assay_core::{Digest, ErrorKind, Problem};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Client, Method, RequestBuilder, Response, Url};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::io::AsyncReadExt;

use crate::rates::SeenRates;
use crate::registry::expand_environment;
use crate::target::{BuildContext, CallError};

/// The largest answer that is read.
pub(crate) const LARGEST_BODY: usize = 32 << 20;

/// One server with its headers.
#[derive(Clone)]
pub struct Endpoint {
    url: Url,
    headers: HeaderMap,
    offline: bool,
    timeout: Duration,
    rates: SeenRates,
    /// The path is a secret too.
    secret_path: bool,
}

/// The client of servers elsewhere, or of this machine's without TLS. The latter needs no certificates, which take longer
/// to read than all else before a first call, and no proxy could reach such a server.
fn client(plain: bool) -> Result<&'static Client, CallError> {
    static CLIENTS: [OnceLock<Result<Client, String>>; 2] = [OnceLock::new(), OnceLock::new()];
    CLIENTS[usize::from(plain)]
        .get_or_init(|| {
            let builder = Client::builder()
                .user_agent(concat!("assay/", env!("CARGO_PKG_VERSION")))
                // A redirect could carry the key to another host.
                .redirect(reqwest::redirect::Policy::none())
                .pool_max_idle_per_host(1024)
                .tcp_nodelay(true)
                .connect_timeout(Duration::from_secs(15));
            let builder = if plain { builder.tls_certs_only([]).no_proxy() } else { builder };
            builder.build().map_err(|error| error.to_string())
        })
        .as_ref()
        .map_err(|error| CallError::new(ErrorKind::Connection, error.clone()))
}

/// Whether a URL's host is this machine, by its literal name.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Endpoint {
    /// An endpoint from a URL and headers as written in a suite.
    ///
    /// # Errors
    /// A URL that is none, or a header that cannot be sent.
    pub fn new(
        url: &str,
        headers: &BTreeMap<String, String>,
        timeout: Duration,
        context: &BuildContext,
    ) -> Result<Self, Problem> {
        let parsed = expand_environment(url)
            .map_err(|name| Problem::new("/url", format!("the environment variable `{name}` is not set")))
            .and_then(|url| Url::parse(&url).map_err(|error| Problem::new("/url", format!("`{url}`: {error}"))))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(Problem::new("/url", format!("`{}` is not an HTTP URL", parsed.scheme())));
        }
        let host = parsed.host_str().unwrap_or_default();
        if let Some(problem) = context.refused(host, "/url").filter(|_| !is_loopback(&parsed)) {
            return Err(problem);
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let at = format!("/headers/{}", assay_core::problem::pointer_step(name));
            let value = expand_environment(value)
                .map_err(|name| Problem::new(at.clone(), format!("the environment variable `{name}` is not set")))?;
            let header =
                HeaderName::try_from(name.as_str()).map_err(|_| Problem::new(at.clone(), "not a header name"))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| Problem::new(at, "not a header value"))?;
            value.set_sensitive(true);
            map.insert(header, value);
        }
        Ok(Self { headers: map, ..Self::at(parsed, context.offline, timeout) })
    }

    /// An endpoint at a URL, as it is.
    pub fn at(url: Url, offline: bool, timeout: Duration) -> Self {
        Self { url, headers: HeaderMap::new(), offline, timeout, rates: SeenRates::default(), secret_path: false }
    }

    /// Keeps the path out of messages: whoever knows it may post there.
    #[must_use]
    pub fn with_secret_path(mut self) -> Self {
        self.secret_path = true;
        self
    }

    /// Adds a header that carries a secret.
    pub fn secret(&mut self, name: &'static str, value: &str) {
        if let Ok(mut value) = HeaderValue::try_from(value) {
            value.set_sensitive(true);
            self.headers.insert(HeaderName::from_static(name), value);
        }
    }

    fn plain(&self) -> bool {
        self.url.scheme() == "http" && is_loopback(&self.url)
    }

    /// Reads what a call needs beside the call itself, aside: the certificates that the system trusts.
    pub fn warm_up(&self) {
        let plain = self.plain();
        std::thread::spawn(move || drop(client(plain)));
    }

    /// The URL without query and credentials, for messages.
    pub fn shown(&self) -> String {
        let mut url = self.url.clone();
        if self.secret_path {
            url.set_path("");
        }
        url.set_query(None);
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.to_string()
    }

    /// Calls with the same host and credentials share limits.
    pub fn account(&self, kind: &str) -> String {
        let mut secrets: Vec<String> =
            self.headers.iter().map(|(n, v)| format!("{n}={}", Digest::of_bytes(v.as_bytes()).short())).collect();
        secrets.sort();
        let digest = Digest::of_json(&secrets).short();
        format!("{kind} {} {digest}", self.url.host_str().unwrap_or_default())
    }

    /// What the server said about its limits.
    pub fn rates(&self) -> &SeenRates {
        &self.rates
    }

    /// Whether the server is this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Sends one request; an HTTP error status is a classified failure.
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn send(&self, method: Method, body: Option<&Value>) -> Result<Response, CallError> {
        let request = self.request(method)?;
        self.answered(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Sends bytes with these headers besides, and reads bytes; an HTTP error status is a classified failure.
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn exchange(
        &self,
        method: Method,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Vec<u8>, CallError> {
        let mut request = self.request(method)?.body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.answered(request).await?;
        self.body(response).await
    }

    fn request(&self, method: Method) -> Result<RequestBuilder, CallError> {
        if self.offline && !is_loopback(&self.url) {
            let message = format!("--offline forbids a call to {}", self.shown());
            return Err(CallError::new(ErrorKind::Offline, message));
        }
        Ok(client(self.plain())?.request(method, self.url.clone()).headers(self.headers.clone()).timeout(self.timeout))
    }

    async fn answered(&self, request: RequestBuilder) -> Result<Response, CallError> {
        let response = request.send().await.map_err(|error| self.failure(&error))?;
        self.rates.read(response.headers());
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.rejected(response).await)
    }

    /// Posts a file between two texts, piece by piece, and reads JSON.
    ///
    /// # Errors
    /// A file that cannot be read; see [`ErrorKind`].
    pub(crate) async fn upload(
        &self,
        before: String,
        file: &Path,
        after: String,
        content_type: &str,
    ) -> Result<Value, CallError> {
        let unreadable =
            |error: std::io::Error| CallError::new(ErrorKind::Process, format!("{}: {error}", file.display()));
        let opened = tokio::fs::File::open(file).await.map_err(unreadable)?;
        let length = opened.metadata().await.map_err(unreadable)?.len() + (before.len() + after.len()) as u64;
        let pieces = stream::try_unfold(opened, |mut opened| async move {
            let mut piece = vec![0; 64 << 10];
            let read = opened.read(&mut piece).await?;
            piece.truncate(read);
            Ok::<_, std::io::Error>((read > 0).then_some((piece, opened)))
        });
        let text = |text: String| stream::iter([Ok::<_, std::io::Error>(text.into_bytes())]);
        let body = Body::wrap_stream(text(before).chain(pieces).chain(text(after)).into_stream());
        let request = self.request(Method::POST)?.header(CONTENT_TYPE, content_type).header(CONTENT_LENGTH, length);
        let response = self.answered(request.body(body)).await?;
        self.read_json(response).await
    }

    /// The same server and headers with another path: without the last `drop` segments, and with these instead.
    #[must_use]
    pub fn beside(&self, drop: usize, segments: &[&str]) -> Self {
        let mut other = self.clone();
        if let Ok(mut path) = other.url.path_segments_mut() {
            for _ in 0..drop {
                path.pop();
            }
            path.extend(segments);
        }
        other
    }

    /// With these in the query.
    #[must_use]
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.url.query_pairs_mut().extend_pairs(pairs);
        self
    }

    /// With another deadline.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends JSON and reads JSON.
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn json(&self, method: Method, body: Option<&Value>) -> Result<Value, CallError> {
        let response = self.send(method, body).await?;
        self.read_json(response).await
    }

    async fn read_json(&self, response: Response) -> Result<Value, CallError> {
        let bytes = self.body(response).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let start = printable(&String::from_utf8_lossy(&bytes), 200);
            CallError::new(ErrorKind::BadResponse, format!("the answer is not JSON ({error}): {start}"))
        })
    }

    /// Posts JSON and reads JSON.
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn post(&self, body: &Value) -> Result<Value, CallError> {
        self.json(Method::POST, Some(body)).await
    }

    /// Reads a body up to the limit.
    ///
    /// # Errors
    /// A body that breaks off or is too large.
    pub async fn body(&self, response: Response) -> Result<Vec<u8>, CallError> {
        let mut bytes = Vec::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk.map_err(|error| self.failure(&error))?);
            if bytes.len() > LARGEST_BODY {
                return Err(CallError::new(ErrorKind::BadResponse, "the answer is larger than 32 MiB"));
            }
        }
        Ok(bytes)
    }

    /// Classifies a failure of the transport.
    pub fn failure(&self, error: &reqwest::Error) -> CallError {
        let (kind, what) = if error.is_timeout() {
            (ErrorKind::Timeout, "no complete answer in time")
        } else if error.is_connect() {
            (ErrorKind::Connection, "cannot connect")
        } else if error.is_body() || error.is_decode() {
            (ErrorKind::BadResponse, "the answer broke off")
        } else {
            (ErrorKind::Connection, "the connection failed")
        };
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        CallError::new(kind, format!("{what}: {} ({})", self.shown(), printable(&cause.to_string(), 200)))
    }

    async fn rejected(&self, response: Response) -> CallError {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let bytes = self.body(response).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let said = serde_json::from_str::<Value>(&text)
            .ok()
            .and_then(|body| {
                let error = body.get("error").unwrap_or(&body);
                error.get("message").or(body.get("message")).and_then(Value::as_str).map(str::to_owned)
            })
            .unwrap_or_else(|| text.clone().into_owned());
        let kind = classify(status.as_u16(), &text);
        let message = format!("{} from {}: {}", status.as_u16(), self.shown(), printable(&said, 500));
        CallError { kind, message, retry_after, status: Some(status.as_u16()) }
    }
}

/// What kind of failure an HTTP error status is; `body` tells a quota that is used up from too many calls at once.
pub fn classify(status: u16, body: &str) -> ErrorKind {
    let body = body.to_ascii_lowercase();
    let exhausted = ["insufficient_quota", "exceeded your current quota", "billing", "credit balance", "daily limit"];
    match status {
        401 | 403 => ErrorKind::Authentication,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        402 => ErrorKind::QuotaExhausted,
        429 if exhausted.iter().any(|word| body.contains(word)) => ErrorKind::QuotaExhausted,
        429 => ErrorKind::RateLimited,
        409 | 425 | 500..=599 => ErrorKind::Server,
        300..=399 => ErrorKind::BadResponse,
        _ => ErrorKind::BadRequest,
    }
}

/// How long the server asks to wait, in the forms in use: milliseconds, seconds, or until a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok();
    let until = || {
        let date = OffsetDateTime::parse(text("retry-after")?, &Rfc2822).ok()?;
        Some((date - OffsetDateTime::now_utc()).as_seconds_f64().max(0.0))
    };
    number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number("retry-after"))
        .or_else(until)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// A server's or program's text, shortened, without control characters.
pub fn printable(text: &str, most: usize) -> String {
    let clean: String =
        text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned();
    if text.chars().count() > most { format!("{clean}…") } else { clean }
}
