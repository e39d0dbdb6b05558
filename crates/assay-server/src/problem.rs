//! Errors as RFC 9457 problem details.

use assay_datasets::DatasetError;
use assay_engine::EngineError;
use assay_evidence::EvidenceError;
use assay_home::calibration::Faults;
use assay_home::{Conflict, Failure};
use assay_lake::LakeError;
use assay_report::plain;
use assay_review::ReviewError;
use assay_store::StoreError;
use assay_suite::Diagnostics;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What went wrong, as the client is told (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, and what to do about it.
    pub detail: String,
    /// What holds a release up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Box<Value>>,
    /// Seconds after which it may be tried again.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem with a status.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: plain(&detail.into(), 4_000),
            blocks: None,
            retry_after: None,
        }
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 422: the request is understood and cannot be done as it is.
    pub fn usage(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// 403.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 409: the thing is not as the client took it to be.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 500, whose reason goes to the log and not to the client.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the server could not do this: its log says why")
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchRun(why) => Self::not_found(why),
            StoreError::DuplicateId { .. } => Self::usage(error.to_string()),
            error => Self::internal(error),
        }
    }
}

impl From<LakeError> for Problem {
    fn from(error: LakeError) -> Self {
        match error {
            error @ LakeError::Query(_) if error.is_of_the_query() => Self::usage(error.to_string()),
            error => Self::internal(error),
        }
    }
}

impl From<DatasetError> for Problem {
    fn from(error: DatasetError) -> Self {
        match error.busy {
            true => Self { retry_after: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()) },
            false => Self::usage(error.advice()),
        }
    }
}

impl From<EvidenceError> for Problem {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Mismatch(faults) => {
                Self::conflict(format!("the audit log was changed: {}", faults.join("; ")))
            }
            error => Self::internal(error),
        }
    }
}

impl From<ReviewError> for Problem {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::Usage(_) | ReviewError::Data(_) | ReviewError::Budget(_) => Self::usage(error.to_string()),
            ReviewError::Nothing(_) | ReviewError::Missing(_) => Self::not_found(error.to_string()),
            ReviewError::Conflict(_) => Self::conflict(error.to_string()),
            ReviewError::Store(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl From<Failure> for Problem {
    fn from(error: Failure) -> Self {
        let error = match error.downcast::<Problem>() {
            Ok(problem) => return *problem,
            Err(error) => error,
        };
        let error = match error.downcast::<StoreError>() {
            Ok(error) => return (*error).into(),
            Err(error) => error,
        };
        let error = match error.downcast::<DatasetError>() {
            Ok(error) => return (*error).into(),
            Err(error) => error,
        };
        let error = match error.downcast::<LakeError>() {
            Ok(error) => return (*error).into(),
            Err(error) => error,
        };
        let error = match error.downcast::<ReviewError>() {
            Ok(error) => return (*error).into(),
            Err(error) => error,
        };
        let error = match error.downcast::<Faults>() {
            Ok(faults) => return Self::usage(faults.to_string()),
            Err(error) => error,
        };
        let error = match error.downcast::<Conflict>() {
            Ok(conflict) => return Self::conflict(conflict.0),
            Err(error) => error,
        };
        if error.is::<std::io::Error>() {
            return Self::internal(error);
        }
        match error.downcast_ref::<EngineError>() {
            Some(EngineError::Store(_)) => Self::internal(error),
            Some(EngineError::Suite(diagnostics)) => Self::usage(diagnostics.plain()),
            Some(_) => Self::usage(error.to_string()),
            None => match error.downcast_ref::<Diagnostics>() {
                Some(diagnostics) => Self::usage(diagnostics.plain()),
                // What the services say in words is for their user; whoever runs the server may want it too.
                None => {
                    tracing::warn!(%error, "a request could not be done");
                    Self::usage(error.to_string())
                }
            },
        }
    }
}
