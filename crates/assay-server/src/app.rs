//! What every request can reach.

use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroU32;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use assay_core::{Digest, RunId};
use assay_evidence::keys::Signer;
use assay_home::{Desk, Failure, Home};
use assay_review::Review;
use assay_store::{Accounts, Releases};
use governor::{DefaultKeyedRateLimiter, Quota};
use quick_cache::sync::Cache;
use tokio::sync::{Notify, Semaphore, watch};

use crate::Problem;
use crate::access::Role;
use crate::answers::Answers;
use crate::api::datasets::PartCounts;
use crate::api::summaries::Summaries;
use crate::api::trials::Latency;
use crate::login;
use crate::metrics::Metrics;
use crate::oidc::Provider;
use crate::openings::Openings;
use crate::questions::Questions;
use crate::repeats::Repeats;
use crate::serve::Options;
use crate::views::Views;

/// How people get in.
#[derive(Clone, Debug)]
pub enum Mode {
    /// One person on this machine, who has the token that was printed when the server started.
    Local {
        /// The digest of the token.
        token: Digest,
        /// Who that is.
        name: String,
    },
    /// People with accounts.
    Team,
}

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Who {
    /// The name that actions are recorded under.
    pub name: String,
    /// An address.
    pub email: Option<String>,
    /// What they are.
    pub roles: Vec<Role>,
}

/// The server's parts; cheap to copy.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The server's parts.
pub struct Parts {
    /// The workspace.
    pub home: Home,
    /// The logs of releases.
    pub releases: Releases,
    /// The human evaluation program.
    pub review: Review,
    /// Who may come in.
    pub accounts: Accounts,
    /// Requests that are not to be done twice.
    pub repeats: Repeats,
    /// How people get in.
    pub mode: Mode,
    /// The session cookie's name: cookies know hosts but no ports.
    pub cookie: String,
    /// The names that this server answers to, with ports; empty when a proxy sees to it.
    pub hosts: BTreeSet<String>,
    /// Summaries of runs that do not change any more.
    pub summaries: Summaries,
    /// What was read of runs.
    pub answers: Answers,
    /// How long the answers of runs that have ended took, by run, its end and target.
    pub latencies: Cache<(RunId, Option<i64>, String), Arc<Latency>>,
    /// Releases as they were seen a moment ago.
    pub views: Views,
    /// Runs over sealed parts that somebody has said why they must see.
    pub openings: Openings,
    /// What questions in SQL share.
    pub questions: Questions,
    /// Cases of the parts of datasets.
    pub parts: PartCounts,
    /// Places for computations that need a processor for long.
    pub heavy: Arc<Semaphore>,
    /// What is counted.
    pub metrics: Metrics,
    /// Who vouches for people.
    pub oidc: Option<Provider>,
    /// What signs evidence.
    pub signer: Option<Arc<dyn Signer>>,
    /// Whether a proxy says where requests come from.
    pub proxied: bool,
    /// Woken when a run is queued.
    pub queued: Notify,
    /// The binary, for runs that the server executes.
    pub binary: PathBuf,
    /// How often somebody may try to log in, by name and address.
    pub logins: DefaultKeyedRateLimiter<String>,
    /// How often somebody may ask at all.
    pub requests: DefaultKeyedRateLimiter<String>,
    /// How often somebody may ask who is not logged in, by address.
    pub strangers: DefaultKeyedRateLimiter<String>,
    /// Places for looking at passwords.
    pub passwords: Arc<Semaphore>,
    /// One for each change that goes on.
    pub changes: Arc<Semaphore>,
    /// Whether the server is to end: streams end with it.
    pub ending: watch::Sender<bool>,
    /// Browsers that were let in by the token, in local mode: digests of what their cookies hold.
    opened: Mutex<VecDeque<Digest>>,
}

/// Attempts to log in, for each name.
const LOGINS: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Requests a second, for each person: far above a page, far below a flood.
const REQUESTS: NonZeroU32 = NonZeroU32::new(500).unwrap();
/// How long a request waits for who writes to datasets, which an import does for as long as it takes.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests a second from an address, of people who are not logged in.
const STRANGERS: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// So many of them at once.
const BURST: NonZeroU32 = NonZeroU32::new(200).unwrap();
/// Long computations at once.
pub const HEAVY: u32 = 2;
/// Passwords that are looked at at once.
const PASSWORDS: usize = 2;
/// Changes that go on at once.
pub const CHANGES: u32 = 256;
/// Runs and targets whose latencies are kept.
const LATENCIES: usize = 256;
/// Browsers that are open at once, in local mode.
const OPENED: usize = 64;

impl App {
    /// A server over a workspace, on a port that it listens on already.
    ///
    /// # Errors
    /// The workspace cannot be opened.
    pub async fn open(
        mut home: Home,
        mode: Mode,
        port: u16,
        hosts: BTreeSet<String>,
        options: Options,
    ) -> Result<Self, Failure> {
        home.patience = Some(PATIENCE);
        let accounts = Accounts::open(&home.workspace).await?;
        Ok(Self(Arc::new(Parts {
            releases: Releases::open(&home.workspace).await?,
            review: Review::open(&home.workspace).await?,
            repeats: Repeats::new(accounts.clone()),
            accounts,
            mode,
            cookie: format!("assay_session_{port}"),
            hosts,
            summaries: Summaries::default(),
            answers: Answers::default(),
            latencies: Cache::new(LATENCIES),
            views: Views::default(),
            openings: Openings::default(),
            questions: Questions::new(&home.lake)?,
            home,
            heavy: Arc::new(Semaphore::new(HEAVY as usize)),
            parts: PartCounts::default(),
            metrics: Metrics::default(),
            oidc: options.oidc.map(Provider::new).transpose()?,
            signer: options.signer,
            proxied: options.proxied,
            queued: Notify::new(),
            binary: options.binary,
            logins: DefaultKeyedRateLimiter::keyed(Quota::per_minute(LOGINS)),
            requests: DefaultKeyedRateLimiter::keyed(Quota::per_second(REQUESTS)),
            strangers: DefaultKeyedRateLimiter::keyed(Quota::per_second(STRANGERS).allow_burst(BURST)),
            passwords: Arc::new(Semaphore::new(PASSWORDS)),
            changes: Arc::new(Semaphore::new(CHANGES as usize)),
            ending: watch::Sender::new(false),
            opened: Mutex::default(),
        })))
    }

    /// Lets a browser in, by what its cookie will hold.
    pub fn open_browser(&self, secret: &str) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.truncate(OPENED - 1);
        opened.push_front(login::digest(secret));
    }

    /// Ends what [`App::open_browser`] began.
    pub fn close_browser(&self, secret: &str) {
        let digest = login::digest(secret);
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| *known != digest);
    }

    /// Whether a browser was let in.
    pub fn opened(&self, secret: &str) -> bool {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).contains(&login::digest(secret))
    }

    /// The workspace.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Does what waits for files or locks, beside the requests.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        tokio::task::spawn_blocking(work).await.map_err(Problem::internal)?
    }

    /// Does what needs a processor for long, in one of the few places for that.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn heavy<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let place = self.heavy.clone().acquire_owned().await.map_err(Problem::internal)?;
        // The place is the work's: who asked may be gone before it ends.
        let work = move || {
            let _place = place;
            work()
        };
        self.blocking(work).await
    }

    /// The workspace with its releases.
    pub fn desk(&self) -> Desk<'_> {
        Desk { home: &self.home, releases: self.releases.clone() }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
