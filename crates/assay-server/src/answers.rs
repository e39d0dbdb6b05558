//! What was read of runs that do not change any more: read for the first who asks while others who want the same wait, a few at
//! a time, and kept while there is room.

use std::future::Future;
use std::marker::PhantomData;

use assay_core::{Digest, RunStatus};
use assay_store::RunRow;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::Problem;
use crate::app::App;
use crate::body::Answer;
use crate::endpoint::Call;

/// Answers that are kept, in bytes together.
const MOST: u64 = 64 << 20;
/// An answer of usual size, in bytes.
const USUAL: u64 = 16 << 10;
/// Answers that are read at once for each processor: more would only wait for one another.
const EACH: usize = 2;

/// The answers that were asked for last.
pub struct Answers {
    kept: Cache<Digest, Bytes, Size>,
    places: Semaphore,
}

#[derive(Clone)]
struct Size;

impl Weighter<Digest, Bytes> for Size {
    fn weight(&self, _: &Digest, answer: &Bytes) -> u64 {
        answer.len() as u64 + 100
    }
}

impl Default for Answers {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let count = usize::try_from(MOST / USUAL).unwrap_or(usize::MAX);
        Self { kept: Cache::with_weighter(count, MOST, Size), places: Semaphore::new(processors * EACH) }
    }
}

/// JSON that was made before, or just now.
pub struct Made<T> {
    body: Bytes,
    sealed: bool,
    of: PhantomData<fn() -> T>,
}

impl Answers {
    async fn make<T: Serialize>(&self, make: impl Future<Output = Result<T, Problem>>) -> Result<Bytes, Problem> {
        let _place = self.places.acquire().await.map_err(Problem::internal)?;
        Ok(Bytes::from(serde_json::to_vec(&make.await?)?))
    }
}

impl<T> Made<T> {
    /// JSON of such a value, made elsewhere; no case of a sealed part is in it.
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), sealed: false, of: PhantomData }
    }
}

/// The answer to a call that rests on nothing but runs: as it was kept when all of them have ended and none is over a sealed
/// part, of which nothing is kept. Another answer is due when a run is another, or has ended anew.
///
/// # Errors
/// Those of making it.
pub async fn answer<Q, B, T: Serialize>(
    call: &Call<Q, B>,
    runs: &[&RunRow],
    make: impl Future<Output = Result<T, Problem>>,
) -> Result<Made<T>, Problem> {
    let answers = &call.app.answers;
    let sealed = runs.iter().any(|row| row.record.sealed().is_some());
    let ended = runs.iter().all(|row| row.status == RunStatus::Sealed);
    let body = match ended && !sealed {
        true => {
            let of: Vec<_> = runs.iter().map(|row| (row.record.id, row.ended_us)).collect();
            answers.kept.get_or_insert_async(&Digest::of_json(&(&call.asked, of)), answers.make(make)).await?
        }
        false => answers.make(make).await?,
    };
    Ok(Made { body, sealed, of: PhantomData })
}

/// The answer to a call about a run that rests on other things, too: made each time.
///
/// # Errors
/// Those of making it.
pub async fn anew<T: Serialize>(
    app: &App,
    run: &RunRow,
    make: impl Future<Output = Result<T, Problem>>,
) -> Result<Made<T>, Problem> {
    Ok(Made { body: app.answers.make(make).await?, sealed: run.record.sealed().is_some(), of: PhantomData })
}

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Made<T> {
    fn respond(self) -> Result<Response, Problem> {
        let mut response = ([(header::CONTENT_TYPE, "application/json")], self.body).into_response();
        if self.sealed {
            // Nor does a browser keep it.
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        Ok(response)
    }
}
