//! What the server counts, as OpenMetrics.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// What is told apart of requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Labels {
    /// The method.
    pub method: String,
    /// The route, with names in place of what stands there.
    pub route: String,
    /// The status.
    pub status: u16,
}

/// Times of requests.
type Times = Family<Labels, Histogram, fn() -> Histogram>;

/// Counts of this process.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Times,
    /// Requests that are being answered.
    pub in_flight: Gauge,
    /// Runs that the server executes.
    pub runs: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("assay");
        let requests = Family::default();
        // From one millisecond to about half a minute.
        let seconds: Times = Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 15)));
        let (in_flight, runs) = (Gauge::default(), Gauge::default());
        registry.register("http_requests", "Requests that were answered", requests.clone());
        registry.register("http_request_seconds", "How long answers took", seconds.clone());
        registry.register("http_requests_in_flight", "Requests that are being answered", in_flight.clone());
        registry.register("runs_executing", "Runs that this server executes", runs.clone());
        Self { registry, requests, seconds, in_flight, runs }
    }
}

impl Metrics {
    /// Counts a request.
    pub fn count(&self, labels: &Labels, took: Duration) {
        self.requests.get_or_create(labels).inc();
        self.seconds.get_or_create(labels).observe(took.as_secs_f64());
    }

    /// Everything as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
