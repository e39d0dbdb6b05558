//! Questions in SQL and files of rows, within bounds: few at once, for a limited time, within a budget of memory, on threads
//! of their own, and no longer than somebody waits for the answer.

use std::collections::HashMap;
use std::future::Future;
use std::io::{Error, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use assay_home::Failure;
use assay_lake::export::{Encoder, Form};
use assay_lake::{Budget, Lake, Rows};
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use crate::Problem;

/// Questions that are worked on at once.
const PLACES: usize = 4;
/// Those of one person: some are left for others.
const EACH: usize = 3;
/// How long a question waits for a place.
const WAIT: Duration = Duration::from_secs(10);
/// Memory of all of them together, in bytes.
const MEMORY: usize = 512 << 20;
/// What they may put on disk for it, in bytes.
const DISK: u64 = 8 << 30;
/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest that a file may take, with the time of who takes it.
const FILE: Duration = Duration::from_secs(30 * 60);
/// How long is waited for somebody who takes nothing more of a file.
const STALLED: Duration = Duration::from_secs(60);
/// What is gathered before it is sent, in bytes.
const CHUNK: usize = 64 << 10;

/// What questions share.
pub struct Questions {
    lake: Lake,
    places: Arc<Semaphore>,
    /// For each person who ever asked.
    own: Mutex<HashMap<String, Arc<Semaphore>>>,
    threads: Threads,
}

/// Threads that end with the server, whatever they do.
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// One of the places, held until it is dropped.
pub struct Place {
    _own: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Questions {
    /// Over a lake.
    ///
    /// # Errors
    /// Threads cannot be started.
    pub fn new(lake: &Lake) -> Result<Self, Failure> {
        let threads = Builder::new_multi_thread().worker_threads(2).thread_name("questions").enable_all().build()?;
        Ok(Self {
            lake: lake.within(&Budget::new(MEMORY, DISK)?),
            places: Arc::new(Semaphore::new(PLACES)),
            own: Mutex::default(),
            threads: Threads(Some(threads)),
        })
    }

    /// The lake, within the budget.
    pub fn lake(&self) -> Lake {
        self.lake.clone()
    }

    /// A place among those that are worked on, for somebody.
    ///
    /// # Errors
    /// 503 when none becomes free in time.
    pub async fn place(&self, name: &str) -> Result<Place, Problem> {
        let own = self
            .own
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(EACH)))
            .clone();
        let both = async {
            let _own = own.acquire_owned().await?;
            Ok(Place { _own, _place: self.places.clone().acquire_owned().await? })
        };
        match timeout(WAIT, both).await {
            Ok(place) => place.map_err(|error: AcquireError| Problem::internal(error)),
            Err(_) => {
                let why = "as many questions are worked on as may be at once: ask again later";
                let mut busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, why);
                busy.retry_after = Some(WAIT.as_secs());
                Err(busy)
            }
        }
    }

    /// Works on a question until its time is over, or nobody waits for it any more.
    ///
    /// # Errors
    /// Those of the work; 422 when it takes too long.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let Some(runtime) = &self.threads.0 else { return Err(Problem::internal("the server ends")) };
        // The set ends its task when it is dropped, as it is when the client leaves.
        let mut task = JoinSet::new();
        task.spawn_on(async move { timeout(PATIENCE, work).await }, runtime.handle());
        let done = task.join_next().await.ok_or_else(|| Problem::internal("a question was lost"))?;
        done.map_err(Problem::internal)?
            .map_err(|_| Problem::usage(format!("the question took longer than {} seconds", PATIENCE.as_secs())))?
    }

    /// Rows as a file. Whoever reads slowly slows the reading down, nothing is gathered; whoever leaves ends it. A file that
    /// cannot be ended breaks off, so that nobody takes it for a whole one.
    ///
    /// # Errors
    /// 422 where the columns have no such form.
    pub fn file(&self, place: Place, rows: Rows, form: Form, name: &str) -> Result<Response, Problem> {
        let out = Gathered::default();
        let encoder = Encoder::new(form, rows.schema(), out.clone())?;
        let (sender, receiver) = mpsc::channel::<Result<Bytes, Error>>(4);
        let until = Instant::now() + FILE;
        let Some(runtime) = &self.threads.0 else { return Err(Problem::internal("the server ends")) };
        runtime.spawn(async move {
            let _place = place;
            let sent = tokio::select! {
                () = sender.closed() => return,
                sent = timeout_at(until, send(rows, encoder, &out, &sender)) => sent,
            };
            let why = match sent {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("it took longer than {} seconds", FILE.as_secs()),
            };
            tracing::warn!(why, "a file was not sent to its end");
            let _ = timeout(STALLED, sender.send(Err(Error::other(why)))).await;
        });
        let (kind, ending) = match form {
            Form::JsonLines => ("application/x-ndjson", "jsonl"),
            Form::Csv => ("text/csv; charset=utf-8", "csv"),
            Form::Parquet => ("application/vnd.apache.parquet", "parquet"),
            Form::Arrow => ("application/vnd.apache.arrow.stream", "arrows"),
        };
        let body = futures::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|bytes| (bytes, receiver))
        });
        let file = format!("attachment; filename=\"{name}.{ending}\"");
        let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, file)];
        Ok((headers, Body::from_stream(body)).into_response())
    }
}

/// What an encoder has written and nobody has taken yet.
#[derive(Clone, Default)]
struct Gathered(Arc<Mutex<Vec<u8>>>);

impl Gathered {
    /// What there is, when it is enough to be sent.
    fn take(&self, least: usize) -> Option<Bytes> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (bytes.len() >= least).then(|| std::mem::take(&mut *bytes).into())
    }
}

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn send(
    mut rows: Rows,
    mut encoder: Encoder<Gathered>,
    out: &Gathered,
    sender: &mpsc::Sender<Result<Bytes, Error>>,
) -> Result<(), Failure> {
    let give = async |least: usize| match out.take(least) {
        None => Ok::<_, Failure>(()),
        Some(bytes) => match timeout(STALLED, sender.send(Ok(bytes))).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(format!("nothing was taken of it for {} seconds", STALLED.as_secs()).into()),
        },
    };
    while let Some(batch) = rows.next().await? {
        encoder.write(&batch)?;
        give(CHUNK).await?;
    }
    encoder.finish()?;
    give(1).await
}
