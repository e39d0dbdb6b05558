//! Whether the server is well, and what it offers.

use axum::http::header;
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::access::Access;
use crate::answers::Made;
use crate::body::{Data, Raw};
use crate::endpoint::{Call, Endpoint, get};
use crate::{Problem, openapi};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/healthz", Access::Public, "health", "Whether the process answers", health),
        get("/readyz", Access::Public, "ready", "Whether the workspace can be read", ready),
        get("/metrics", Access::Public, "metrics", "Counts of this process (OpenMetrics)", metrics)
            .files(&["application/openmetrics-text"]),
        get("/api/v1/openapi.json", Access::Public, "openapi", "This document", document),
    ]
}

/// A word on the server.
#[derive(Serialize, JsonSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
    /// Assay's version.
    version: &'static str,
}

const WELL: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

async fn health(_: Call) -> Result<Data<Health>, Problem> {
    Ok(Data(WELL))
}

async fn ready(call: Call) -> Result<Data<Health>, Problem> {
    call.app.home().state.runs(None, None, 1).await?;
    call.app.accounts.users().await?;
    Ok(Data(WELL))
}

async fn metrics(call: Call) -> Result<Raw, Problem> {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(Raw(([(header::CONTENT_TYPE, kind)], call.app.metrics.text()).into_response()))
}

async fn document(_: Call) -> Result<Made<Value>, Problem> {
    Ok(Made::json(openapi::DOCUMENT))
}
