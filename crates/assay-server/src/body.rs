//! What the functions of endpoints take as a body, and what they answer with.

use std::future::Future;
use std::io::{Seek, Write};

use assay_core::Digest;
use assay_home::waiting;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Problem;
use crate::openapi::{OfAnswer, OfInput};

/// The largest body of a request with JSON, in bytes.
const MOST_JSON: usize = 4 << 20;

/// What a function answers with.
pub trait Answer: OfAnswer + Send + 'static {
    /// Whether it holds a secret: such an answer is sent once and kept nowhere.
    const SECRET: bool = false;
    /// The answer itself.
    fn respond(self) -> Result<Response, Problem>;
}

/// JSON.
pub struct Data<T>(pub T);

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Data<T> {
    fn respond(self) -> Result<Response, Problem> {
        let body = serde_json::to_vec(&self.0)?;
        Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
    }
}

/// JSON that holds a secret, told once.
pub struct Once<T>(pub T);

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Once<T> {
    const SECRET: bool = true;

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

    fn respond(self) -> Result<Response, Problem> {
        let mut response = self.0.respond()?;
        response.headers_mut().extend(self.1);
        Ok(response)
    }
}

/// JSON of something that goes on: 202.
pub struct Begun<T>(pub T);

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Begun<T> {
    fn respond(self) -> Result<Response, Problem> {
        let mut response = Data(self.0).respond()?;
        *response.status_mut() = StatusCode::ACCEPTED;
        Ok(response)
    }
}

/// Nothing but that it was done: 204.
pub struct Done;

impl Answer for Done {
    fn respond(self) -> Result<Response, Problem> {
        Ok(StatusCode::NO_CONTENT.into_response())
    }
}

/// A response that the function makes itself: streams, files, redirections.
pub struct Raw(pub Response);

impl Answer for Raw {
    fn respond(self) -> Result<Response, Problem> {
        Ok(self.0)
    }
}

/// What a function takes as a body.
pub trait Input: OfInput + Sized + Send + 'static {
    /// Reads it, with the digest of its bytes for those who repeat themselves.
    fn read(request: Request) -> impl Future<Output = Result<(Self, Option<Digest>), Problem>> + Send;
}

impl Input for () {
    async fn read(_: Request) -> Result<(Self, Option<Digest>), Problem> {
        Ok(((), None))
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for Data<T> {
    async fn read(request: Request) -> Result<(Self, Option<Digest>), Problem> {
        let bytes = json(request).await?;
        let value = serde_json::from_slice(&bytes).map_err(|error| Problem::usage(format!("the body: {error}")))?;
        Ok((Self(value), Some(Digest::of_bytes(&bytes))))
    }
}

/// The bytes of a body that says it is JSON.
async fn json(request: Request) -> Result<Bytes, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send `Content-Type: application/json`"));
    }
    axum::body::to_bytes(request.into_body(), MOST_JSON)
        .await
        .map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {MOST_JSON} bytes")))
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
    async fn read(request: Request) -> Result<(Self, Option<Digest>), Problem> {
        Ok((Self(request.into_body()), None))
    }
}
