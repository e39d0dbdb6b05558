//! What every request can reach.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use assay_core::Digest;
use assay_home::{Desk, Home};
use assay_review::Review;
use assay_store::{Accounts, Releases};
use governor::{DefaultKeyedRateLimiter, Quota};
use tokio::sync::Semaphore;

use crate::Problem;
use crate::access::Role;
use crate::api::datasets::PartCounts;
use crate::api::summaries::Summaries;
use crate::login::Requests;
use crate::metrics::Metrics;

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
    pub access: Requests,
    /// How people get in.
    pub mode: Mode,
    /// The session cookie's name: cookies know hosts but no ports.
    pub cookie: String,
    /// The names that this server answers to, with ports; empty when a proxy sees to it.
    pub hosts: BTreeSet<String>,
    /// Summaries of runs that do not change any more.
    pub summaries: Summaries,
    /// Cases of the parts of datasets.
    pub parts: PartCounts,
    /// Places for computations that need a processor for long.
    pub heavy: Semaphore,
    /// What is counted.
    pub metrics: Metrics,
    /// The binary, for runs that the server executes.
    pub binary: PathBuf,
    /// How often somebody may try to log in.
    pub logins: DefaultKeyedRateLimiter<String>,
    /// How often somebody may ask at all.
    pub requests: DefaultKeyedRateLimiter<String>,
}

/// Attempts to log in, for each name.
const LOGINS: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Requests a second, for each person: far above a page, far below a flood.
const REQUESTS: NonZeroU32 = NonZeroU32::new(500).unwrap();
/// Long computations at once.
const HEAVY: usize = 2;

impl App {
    /// A server over a workspace.
    #[allow(clippy::too_many_arguments, reason = "each is a part")]
    pub fn new(
        home: Home,
        releases: Releases,
        review: Review,
        accounts: Accounts,
        mode: Mode,
        port: u16,
        hosts: BTreeSet<String>,
        binary: PathBuf,
    ) -> Self {
        Self(Arc::new(Parts {
            access: Requests::new(accounts.clone()),
            home,
            releases,
            review,
            accounts,
            mode,
            cookie: format!("assay_session_{port}"),
            hosts,
            summaries: Summaries::default(),
            parts: PartCounts::default(),
            heavy: Semaphore::new(HEAVY),
            metrics: Metrics::default(),
            binary,
            logins: DefaultKeyedRateLimiter::keyed(Quota::per_minute(LOGINS)),
            requests: DefaultKeyedRateLimiter::keyed(Quota::per_second(REQUESTS)),
        }))
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
        let _place = self.heavy.acquire().await.map_err(Problem::internal)?;
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
