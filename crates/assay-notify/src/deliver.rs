//! From the outbox to the endpoints: at least once, in order for each subject, by one process at a time.

use std::path::Path;
use std::time::Duration;

use assay_core::Digest;
use assay_models::CallError;
use assay_report::plain;
use assay_store::outbox::{Claimed, Event, Outbox, Outcome};
use assay_store::{Outgoing, StoreError};
use async_trait::async_trait;
use futures::future::join_all;
use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::connectors::{self, Connector};
use crate::file::{Endpoint, Notify};

/// The most time for one delivery, whatever calls it takes.
const LONGEST: Duration = Duration::from_secs(60);
/// The most time for one call.
const LONGEST_CALL: Duration = Duration::from_secs(15);
/// Nothing is begun when less than this is left.
const SHORTEST: Duration = Duration::from_millis(500);
/// Nobody else makes a delivery for so long after it was taken: longer than one may take.
const LEASE_US: i64 = 90_000_000;
/// The longest wait that an endpoint may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// How deliveries are made.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Who is told.
    pub notify: &'a Notify,
    /// The folder of the file: secrets in files are looked for there.
    pub folder: &'a Path,
    /// Endpoints that are new get what happened from here on, in microseconds since the Unix epoch: when the file was last
    /// changed.
    pub since_us: i64,
    /// Call this machine only.
    pub offline: bool,
    /// Begin nothing after this time.
    pub until: Option<Instant>,
    /// This endpoint only.
    pub only: Option<&'a str>,
}

/// Documents that an endpoint may be given beside an event.
#[async_trait]
pub trait Documents: Send + Sync {
    /// The memo of a release as it stands now, as Markdown; `None` where there is none.
    async fn memo(&self, release: u64) -> Option<String>;
}

/// No documents.
#[derive(Clone, Copy, Debug)]
pub struct NoDocuments;

#[async_trait]
impl Documents for NoDocuments {
    async fn memo(&self, _release: u64) -> Option<String> {
        None
    }
}

/// Why a delivery was not made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// It may be made later.
    #[error("{said}")]
    Again {
        /// What was said.
        said: String,
        /// How long the endpoint asks to wait.
        after: Option<Duration>,
        /// Nothing else would get through either.
        outage: bool,
    },
    /// It will never be taken as it is.
    #[error("{0}")]
    Never(String),
    /// The endpoint is gone for good (410).
    #[error("{0}")]
    Gone(String),
}

impl Failure {
    /// That may pass.
    pub fn again(said: impl Into<String>) -> Self {
        Self::Again { said: said.into(), after: None, outage: false }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let said = plain(&error.message, 500);
        match error.status {
            Some(410) => Self::Gone(said),
            Some(408 | 429) | None => {
                let outage = error.status == Some(429) || error.is_outage();
                Self::Again { said, after: error.retry_after, outage }
            }
            Some(500..) => Self::Again { said, after: error.retry_after, outage: error.is_overload() },
            Some(300..400) => Self::Never(format!("{said}; redirects are not followed: change `url`")),
            Some(_) => Self::Never(said),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::again(error.to_string())
    }
}

/// What happened at an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Delivered {
    /// The endpoint.
    pub endpoint: String,
    /// Events that it has now.
    pub sent: u64,
    /// Attempts that failed and are made again.
    pub again: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// Deliveries that are still to be made.
    pub due: u64,
    /// What stood in the way last, in words.
    pub trouble: Option<String>,
}

/// What a connector knows of the events of the subject before.
pub struct Memory<'a>(Option<(&'a Outbox, &'a Claimed)>);

impl Memory<'_> {
    /// What was kept under a name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn recall(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self.0 {
            Some((outbox, claimed)) => outbox.recall(claimed, name).await,
            None => Ok(None),
        }
    }

    /// Keeps a value under a name; it is on disk when this returns.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remember(&self, name: &str, value: &str) -> Result<(), StoreError> {
        match self.0 {
            Some((outbox, claimed)) => outbox.remember(claimed, name, value).await,
            None => Ok(()),
        }
    }

    /// Whether it was tried before, so that what would be made may be there.
    pub fn tried_before(&self) -> bool {
        self.0.is_some_and(|(_, claimed)| claimed.attempt > 1)
    }
}

/// Makes every delivery that is due, each endpoint's one after another, the endpoints side by side. What fails is kept for the
/// next call.
///
/// # Errors
/// The database fails. What an endpoint does is no error: it stands in what is given.
pub async fn deliver(
    outbox: &Outbox,
    terms: Terms<'_>,
    documents: &dyn Documents,
) -> Result<Vec<Delivered>, StoreError> {
    let endpoints =
        terms.notify.endpoints.iter().filter(|endpoint| terms.only.is_none_or(|only| only == endpoint.name));
    let all = join_all(endpoints.map(|endpoint| one(outbox, terms, endpoint, documents))).await;
    let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    outbox.prune(now_us()).await?;
    Ok(all)
}

async fn one(
    outbox: &Outbox,
    terms: Terms<'_>,
    endpoint: &Endpoint,
    documents: &dyn Documents,
) -> Result<Delivered, StoreError> {
    let name = endpoint.name.as_str();
    let mut whole = Delivered { endpoint: name.to_owned(), ..Delivered::default() };
    outbox.plan(name, terms.since_us, &|event| endpoint.wants(event)).await?;
    if outbox.standing(name).await?.due == 0 {
        return Ok(whole);
    }
    match connector(terms, endpoint) {
        Err(trouble) => whole.trouble = Some(trouble),
        Ok((connector, address)) => {
            while terms.until.is_none_or(|until| Instant::now() + SHORTEST < until) {
                let now = now_us();
                let Some(claimed) = outbox.claim(name, &address, now, now + LEASE_US).await? else { break };
                let memory = Memory(Some((outbox, &claimed)));
                let left = terms.until.map_or(LONGEST, |until| until.saturating_duration_since(Instant::now()));
                let attempt = connector.deliver(&claimed.event, &memory, documents);
                let ended = timeout(left.min(LONGEST), attempt).await.unwrap_or_else(|_| {
                    Err(Failure::Again { said: "no complete answer in time".into(), after: None, outage: true })
                });
                settle(outbox, terms, endpoint, &claimed, &address, ended, &mut whole).await?;
            }
        }
    }
    let standing = outbox.standing(name).await?;
    whole.due = standing.due;
    if standing.gone.is_some() && whole.trouble.is_none() && whole.due > 0 {
        whole.trouble =
            Some(format!("it said that it is gone (410): change its address, or `assay notify enable {name}`"));
    }
    Ok(whole)
}

/// Writes down what became of an attempt.
async fn settle(
    outbox: &Outbox,
    terms: Terms<'_>,
    endpoint: &Endpoint,
    claimed: &Claimed,
    address: &str,
    ended: Result<(), Failure>,
    whole: &mut Delivered,
) -> Result<(), StoreError> {
    let failure = match ended {
        Ok(()) => {
            whole.sent += u64::from(outbox.record(claimed, &Outcome::Sent, "").await?);
            return Ok(());
        }
        Err(failure) => failure,
    };
    let said = failure.to_string();
    let retry = terms.notify.retry;
    let outcome = match &failure {
        Failure::Again { after, outage, .. } => {
            let wait = after.map_or_else(
                || retry.wait_us(claimed.attempt, &claimed.event.id, &endpoint.name),
                |after| i64::try_from(after.min(LONGEST_WAIT).as_micros()).unwrap_or(i64::MAX),
            );
            let next_us = now_us().saturating_add(wait);
            if *outage || after.is_some() {
                outbox.pause(&endpoint.name, next_us).await?;
            }
            if claimed.attempt >= retry.attempts { Outcome::Dead } else { Outcome::Again(next_us) }
        }
        Failure::Never(_) => Outcome::Dead,
        Failure::Gone(_) => {
            outbox.set_gone(&endpoint.name, Some(address)).await?;
            Outcome::Dead
        }
    };
    if outbox.record(claimed, &outcome, &said).await? {
        match outcome {
            Outcome::Dead => whole.dead += 1,
            _ => whole.again += 1,
        }
    }
    whole.trouble = Some(said);
    Ok(())
}

/// What speaks to an endpoint, and the digest of where that is.
fn connector(terms: Terms<'_>, endpoint: &Endpoint) -> Result<(Box<dyn Connector>, String), String> {
    let left = terms.until.map_or(LONGEST_CALL, |until| until.saturating_duration_since(Instant::now()));
    let source = terms.notify.source.clone().unwrap_or_else(|| source_of(terms.folder));
    let context = connectors::Context {
        folder: terms.folder,
        source,
        offline: terms.offline,
        timeout: left.clamp(SHORTEST, LONGEST_CALL),
    };
    let (connector, url) = connectors::open(endpoint, &context)?;
    Ok((connector, Digest::of_bytes(url.as_str().as_bytes()).to_string()))
}

/// `/assay/` and the name of a folder, as a URI reference.
fn source_of(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut path = String::from("/assay/");
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            byte => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

/// Sends an endpoint a `notify.test` event at once, past the outbox.
///
/// # Errors
/// What stood in the way.
pub async fn test(terms: Terms<'_>, endpoint: &Endpoint, documents: &dyn Documents) -> Result<(), Failure> {
    let (connector, _) = connector(terms, endpoint).map_err(Failure::Never)?;
    let at_us = now_us();
    let told = Outgoing {
        kind: "notify.test",
        subject: format!("test/{}", endpoint.name),
        at_us,
        data: json!({"endpoint": endpoint.name}),
    };
    let event = Event {
        id: Digest::of_json(&("notify.test", at_us, &endpoint.name)).to_string()[..32].to_owned(),
        seq: 0,
        kind: told.kind.into(),
        subject: told.subject,
        at_us,
        data: told.data,
    };
    match timeout(LONGEST, connector.deliver(&event, &Memory(None), documents)).await {
        Ok(ended) => ended,
        Err(_) => Err(Failure::again("no complete answer in time")),
    }
}

/// The time, in microseconds since the Unix epoch.
pub(crate) fn now_us() -> i64 {
    i64::try_from(time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}
