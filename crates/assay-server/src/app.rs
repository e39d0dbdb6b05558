//! What every request can reach.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use assay_core::Digest;
use assay_evidence::keys::Signer;
use assay_home::{Desk, Failure, Home};
use assay_review::Review;
use assay_store::{Accounts, Releases};
use governor::{DefaultKeyedRateLimiter, Quota};
use tokio::sync::Semaphore;

use crate::access::Role;
use crate::api::summaries::Summaries;
use crate::login::Requests;
use crate::metrics::Metrics;
use crate::openings::Openings;
use crate::questions::Questions;
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
    pub access: Requests,
    /// How people get in.
    pub mode: Mode,
    /// The session cookie's name: cookies know hosts but no ports.
    pub cookie: String,
    /// The names that this server answers to, with ports; empty when a proxy sees to it.
    pub hosts: BTreeSet<String>,
    /// Summaries of runs that do not change any more.
    pub summaries: Summaries,
    /// Releases as they were seen a moment ago.
    pub views: Views,
    /// Runs over sealed parts that somebody has said why they must see.
    pub openings: Openings,
    /// What questions in SQL share.
    pub questions: Questions,
    /// Places for computations that need a processor for long.
    pub heavy: Arc<Semaphore>,
    /// What is counted.
    pub metrics: Metrics,
    /// What signs evidence.
    pub signer: Option<Arc<dyn Signer>>,
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
/// How long a request waits for who writes to datasets, which an import does for as long as it takes.
const PATIENCE: Duration = Duration::from_secs(5);
/// Long computations at once.
const HEAVY: usize = 2;

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
            access: Requests::new(accounts.clone()),
            accounts,
            mode,
            cookie: format!("assay_session_{port}"),
            hosts,
            summaries: Summaries::default(),
            views: Views::default(),
            openings: Openings::default(),
            questions: Questions::new(&home.lake)?,
            home,
            heavy: Arc::new(Semaphore::new(HEAVY)),
            metrics: Metrics::default(),
            signer: options.signer,
            binary: options.binary,
            logins: DefaultKeyedRateLimiter::keyed(Quota::per_minute(LOGINS)),
            requests: DefaultKeyedRateLimiter::keyed(Quota::per_second(REQUESTS)),
        })))
    }

    /// The workspace.
    pub fn home(&self) -> &Home {
        &self.home
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
