//! What the server tells of itself: a log on the standard error, and traces to a collector (OTLP over HTTP).

use std::time::Duration;

use assay_home::{Failure, usage};
use axum::http::{HeaderMap, Request, Response};
use bytes::Bytes;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The variables that say where a collector is (OpenTelemetry's specification of exporters).
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/// How long the last spans may take to go out.
const LAST: Duration = Duration::from_secs(5);

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// What tells of the server while this lives.
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Begins to tell. `levels` is such as `info` or `warn,assay_server=debug`. Spans go to a collector where the
    /// environment names one.
    ///
    /// # Errors
    /// Levels that are none, or a collector's address that is none.
    pub fn begin(log: Log, levels: &str) -> Result<Self, Failure> {
        let levels: Targets = levels.parse().map_err(|error| usage(format!("--log-level {levels}: {error}")))?;
        let provider = provider()?;
        let spans = provider.as_ref().map(|provider| {
            let spans = Targets::new().with_target("assay", tracing::Level::INFO);
            tracing_opentelemetry::layer().with_tracer(provider.tracer("assay")).with_filter(spans)
        });
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
        let lines = match log {
            Log::Text => lines.boxed(),
            Log::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
        };
        tracing_subscriber::registry().with(spans).with(lines.with_filter(levels)).try_init()?;
        Ok(Self(provider))
    }

    /// Sends what is left.
    pub fn end(self) {
        if let Some(provider) = self.0
            && let Err(error) = provider.shutdown_with_timeout(LAST)
        {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// A span's parent, as the caller names it (W3C Trace Context).
pub fn adopt(span: &tracing::Span, headers: &HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    // Where nobody collects spans there is none to have a parent.
    let _ = span.set_parent(parent);
}

fn provider() -> Result<Option<SdkTracerProvider>, Failure> {
    if ENDPOINTS.iter().all(|name| std::env::var(name).map_or(true, |value| value.is_empty())) {
        return Ok(None);
    }
    let client = OnRuntime { client: reqwest::Client::new(), runtime: Handle::current() };
    let exporter = SpanExporter::builder().with_http().with_http_client(client).build();
    let exporter = exporter.map_err(|error| usage(format!("the collector of traces: {error}")))?;
    let resource = Resource::builder()
        .with_service_name("assay")
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    Ok(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build()))
}

/// Sends on the server's runtime what the exporter's own thread, which has none, wants to send.
#[derive(Debug)]
struct OnRuntime {
    client: reqwest::Client,
    runtime: Handle,
}

#[async_trait::async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}
