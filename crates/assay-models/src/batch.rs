//! Batch APIs: many requests in one file, answered within a day at half the price.
//!
//! A batch is a set: results come in any order and are told apart by the id that each request carries. The id names the
//! run and the trial, so that a result can never be taken for that of another run.

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use assay_core::{ErrorKind, Output};
use async_trait::async_trait;
use futures::{Stream, StreamExt};
use reqwest::Response;
use serde_json::Value;

use crate::client::{Endpoint, LARGEST_BODY};
use crate::target::CallError;

/// The share of a model's list price that providers take for an answer by batch.
pub const PRICE_SHARE: f64 = 0.5;

/// How long sending the requests of a batch, or reading its results, may take in all.
const TRANSFER: Duration = Duration::from_secs(3_600);

/// How long the next piece of a result file may take.
const STALLED: Duration = Duration::from_secs(120);

/// What one batch may hold, and how its requests are joined in a file.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// The most requests.
    pub requests: u64,
    /// The most bytes.
    pub bytes: u64,
    /// What stands before the first request.
    pub before: &'static str,
    /// What stands between two requests.
    pub between: &'static str,
    /// What stands after the last request.
    pub after: &'static str,
}

/// What a batch is known by before the provider has given it an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The run: 32 hexadecimal digits.
    pub run: String,
    /// The batch's number in the run; never used twice.
    pub part: u64,
    /// Its requests.
    pub requests: u64,
    /// When it was about to be sent, in seconds since the Unix epoch.
    pub since: i64,
}

impl Tag {
    /// The id of a trial's request: at most 53 letters, digits and hyphens; providers allow 64.
    pub fn id(&self, trial: u64) -> String {
        format!("{}-{trial}", self.run)
    }

    /// The trial that an id belongs to; `None` for an id of some other run.
    pub fn trial(&self, id: &str) -> Option<u64> {
        let digits = id.strip_prefix(self.run.as_str())?.strip_prefix('-')?;
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
    }
}

/// Whether a batch that may have been sent is at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Under this id.
    Batch(String),
    /// It was never made.
    Nothing,
    /// The provider can say only when a batch that may be it has ended.
    Unsure,
}

/// Where a batch stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Whether results may still come.
    pub working: bool,
    /// Requests that are done, whatever became of them.
    pub done: u64,
    /// Where results are, once it has ended.
    pub files: Vec<String>,
    /// Why a request that has no result has none.
    pub unanswered: CallError,
}

/// A provider's batch API, as a target with `batch: true` uses it. Each method is one attempt.
#[async_trait]
pub trait Batches: Send + Sync {
    /// What one batch may hold.
    fn frame(&self) -> Frame;

    /// One request of a batch.
    fn request(&self, id: &str, payload: &Value) -> Value;

    /// Finds out whether the server has a batch API, before anything is sent.
    ///
    /// # Errors
    /// It has none, or the key may not use it. A server that does not answer now is no error.
    async fn check(&self) -> Result<(), CallError>;

    /// Sends a file of requests; gives the batch's id.
    ///
    /// # Errors
    /// With a 4xx status no batch was made; with any other failure one may have been: see [`Batches::find`].
    async fn submit(&self, file: &Path, tag: &Tag) -> Result<String, CallError>;

    /// Looks for a batch whose submission was not answered. Batches in `known` are others.
    ///
    /// # Errors
    /// The provider does not say.
    async fn find(&self, tag: &Tag, known: &[String]) -> Result<Found, CallError>;

    /// Where a batch stands.
    ///
    /// # Errors
    /// The provider does not say.
    async fn standing(&self, batch: &str) -> Result<Standing, CallError>;

    /// Asks the provider to stop working on a batch.
    ///
    /// # Errors
    /// The provider does not take the request.
    async fn cancel(&self, batch: &str) -> Result<(), CallError>;

    /// The lines of one of the result files.
    ///
    /// # Errors
    /// The file cannot be had.
    async fn results(&self, file: &str) -> Result<Lines, CallError>;

    /// Reads a line of a result file: the request's id, and the answer or why there is none.
    ///
    /// # Errors
    /// A line that is no result.
    fn read(&self, line: &[u8]) -> Result<(String, Result<Output, CallError>), String>;
}

/// The lines of a result file, as they come.
pub struct Lines {
    endpoint: Endpoint,
    bytes: Pin<Box<dyn Stream<Item = reqwest::Result<Vec<u8>>> + Send>>,
    rest: Vec<u8>,
    /// So many bytes of `rest` hold no line end.
    searched: usize,
    /// Inside a line that is too long to be kept.
    skipping: bool,
    ended: bool,
}

impl Lines {
    /// Of an answer of this endpoint.
    pub(crate) fn new(endpoint: Endpoint, response: Response) -> Self {
        let bytes = Box::pin(response.bytes_stream().map(|chunk| chunk.map(|bytes| bytes.to_vec())));
        Self { endpoint, bytes, rest: Vec::new(), searched: 0, skipping: false, ended: false }
    }

    /// The next line that is not blank. One of more than 32 MiB is left out.
    ///
    /// # Errors
    /// The file broke off.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        loop {
            while let Some(line) = self.line() {
                if !line.trim_ascii().is_empty() {
                    return Ok(Some(line));
                }
            }
            if self.ended {
                return Ok(None);
            }
            let stalled = |_| CallError::new(ErrorKind::Timeout, "the results of the batch stopped coming");
            match tokio::time::timeout(STALLED, self.bytes.next()).await.map_err(stalled)? {
                Some(chunk) => self.rest.extend(chunk.map_err(|error| self.endpoint.failure(&error))?),
                None => self.ended = true,
            }
        }
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let end = match self.rest[self.searched..].iter().position(|byte| *byte == b'\n') {
            Some(at) => self.searched + at + 1,
            None if self.ended && !self.rest.is_empty() => self.rest.len(),
            None => {
                if self.rest.len() > LARGEST_BODY {
                    self.skipping = true;
                    self.rest.clear();
                }
                self.searched = self.rest.len();
                return None;
            }
        };
        self.searched = 0;
        let line = self.rest.drain(..end).collect();
        // The end of a line whose beginning was let go of.
        if std::mem::take(&mut self.skipping) { Some(Vec::new()) } else { Some(line) }
    }
}

/// The endpoint for sending requests and reading results.
pub(crate) fn patient(endpoint: Endpoint) -> Endpoint {
    endpoint.timeout(TRANSFER)
}

/// What [`Batches::check`] makes of the answer to a harmless question.
pub(crate) fn checked(endpoint: &Endpoint, answer: Result<Value, CallError>) -> Result<(), CallError> {
    match answer {
        Err(error) if matches!(error.status, Some(404 | 405 | 501)) => Err(CallError {
            message: format!(
                "`batch: true` needs a batch API, and this server has none ({}): leave it out",
                error.message
            ),
            ..error
        }),
        Err(error) if error.kind == ErrorKind::Authentication => Err(error),
        // Answers may be at hand: what cannot be reached now is said when something has to be sent.
        Err(error) => {
            tracing::debug!("{} cannot be checked: {error}", endpoint.shown());
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

/// The id in an answer, which becomes part of URLs.
pub(crate) fn id_in(answer: &Value, what: &str) -> Result<String, CallError> {
    let id = answer["id"].as_str().filter(|id| {
        (1..=256).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    });
    id.filter(|id| !id.starts_with('.')).map(str::to_owned).ok_or_else(|| {
        let said = crate::client::printable(&answer.to_string(), 200);
        CallError::new(ErrorKind::BadResponse, format!("the answer names no {what}: {said}"))
    })
}

/// Reads a line as JSON.
pub(crate) fn json(line: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(line).map_err(|error| format!("a line of the results is not JSON: {error}"))
}

/// The id of a result.
pub(crate) fn custom_id(line: &Value) -> Result<String, String> {
    line["custom_id"].as_str().map(str::to_owned).ok_or_else(|| "a line of the results has no `custom_id`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_belongs_to_one_run() {
        let tag = Tag { run: "0123456789abcdef0123456789abcdef".into(), part: 1, requests: 2, since: 0 };
        let id = tag.id(u64::MAX);
        assert!(id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{id}");
        assert_eq!(tag.trial(&id), Some(u64::MAX));
        for strange in ["", "7", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef-", "x-7"] {
            assert_eq!(tag.trial(strange), None, "{strange}");
        }
        for signed in ["+7", "-7", "7 ", "99999999999999999999"] {
            assert_eq!(tag.trial(&format!("{}-{signed}", tag.run)), None, "{signed}");
        }
        assert_eq!(tag.trial("fedcba9876543210fedcba9876543210-7"), None);
    }

    #[test]
    fn an_id_cannot_lead_elsewhere() {
        for strange in ["", "..", "../x", "a/b", "a?b", "a b", "a#b"] {
            assert!(id_in(&serde_json::json!({"id": strange}), "batch").is_err(), "{strange}");
        }
        assert_eq!(id_in(&serde_json::json!({"id": "batch_a-1"}), "batch").unwrap(), "batch_a-1");
    }
}
