//! Runs code that nobody has read.
//!
//! A [`Sandbox`] exists only after its backend was seen to hold: [`Sandbox::open`] tries each backend by running
//! [`attempts`](crate::Attempts) to break out inside it, with the same limits as later jobs, and takes the first from
//! which none succeeds. There is no way to run a job without one.
//!
//! Two backends make the namespaces: bubblewrap, where it is installed, or the helper itself. Inside, both end in the
//! same helper, which is the first process of its namespace: it gives up the user, sets limits, installs the system call
//! filter, starts the program and watches clock and memory. The helper is the running binary, started again with a word
//! that [`serve_if_asked`] knows: namespaces cannot be left by a process with threads, and a fresh process may do between
//! fork and exec what a closure in a big one may not. So nothing needs to be installed, and what `unsafe` there is stands
//! in one file.
//!
//! Started by root, the helper makes mounts as root (an interpreter may lie in a folder that only root can enter) and
//! then becomes the user `nobody` in a user namespace that maps nobody else.

mod backend;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod helper;
#[cfg(target_os = "linux")]
mod mounts;
mod probe;
#[cfg(target_os = "linux")]
mod sys;
mod view;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;

pub use backend::{Backend, Helper};
pub use probe::Attempts;
pub use view::View;

/// Where jobs write, and the only place where they can: memory of limited size that ends with the job.
pub const SCRATCH: &str = "/scratch";

/// The user inside: `nobody`.
pub(crate) const NOBODY: u32 = 65534;

/// The word that makes a binary the helper.
pub(crate) const WORD: &str = "sandbox-helper";

/// What a job may use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Time on the clock. The same time on the processor ends a single process.
    pub wall: Duration,
    /// Bytes of memory of all processes together, looked at every 10 ms, and of writable memory of each, always.
    pub memory: u64,
    /// Processes and threads.
    pub processes: u64,
    /// Bytes that are read of its standard output and error together.
    pub output: u64,
    /// Bytes of files in its scratch folder, which are 4,096 at most.
    pub scratch: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { wall: Duration::from_secs(10), memory: 512 << 20, processes: 32, output: 1 << 20, scratch: 64 << 20 }
    }
}

/// A program to run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Job {
    /// The program, as a path, and its arguments.
    pub argv: Vec<String>,
    /// Its whole environment, but for `PATH`, `HOME`, `TMPDIR` and `LANG`.
    pub env: BTreeMap<String, String>,
    /// What it reads on standard input.
    pub input: String,
    /// What it sees of the host's files.
    pub view: View,
    /// What it may use.
    pub limits: Limits,
}

/// Why a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// By itself, with an exit code.
    Exit(i32),
    /// By a signal.
    Signal(i32),
    /// Its time was over.
    Timeout,
    /// It took too much memory, or made too many files.
    Memory,
    /// It wrote too much.
    Output,
}

/// What a job left.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Why it ended.
    pub end: End,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Why a job was not run. Never the fault of the program in it.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// No backend holds here.
    #[error("code from a model runs in isolation only, and none holds on this machine: {tried}")]
    NoBackend {
        /// Every backend with what it failed at.
        tried: String,
    },
    /// A backend that held before failed to start a job.
    #[error("the sandbox ({backend}) could not be set up: {why}")]
    Setup {
        /// Which backend.
        backend: Backend,
        /// What failed.
        why: String,
    },
}

impl SandboxError {
    /// What to do about it; empty where the message says it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoBackend { .. } => {
                "install bubblewrap (apt-get install bubblewrap), or allow user namespaces (sysctl \
                 user.max_user_namespaces=10000 and, on Ubuntu, kernel.apparmor_restrict_unprivileged_userns=0); a \
                 container needs --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
            }
            Self::Setup { .. } => "",
        }
    }
}

/// A number that cannot be guessed: 128 bits, in hexadecimal.
///
/// # Errors
/// The system gives none.
pub fn nonce() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What the helper is told.
#[derive(Serialize, Deserialize)]
pub(crate) struct Orders {
    pub job: Job,
    /// Whether root has to become somebody else first.
    pub drop_root: bool,
}

/// What the helper says at the end.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    Ended(End),
    Failed(String),
}

/// A backend that holds, with a bounded number of places.
#[derive(Debug)]
pub struct Sandbox {
    backend: Backend,
    helper: Helper,
    places: Semaphore,
}

impl Sandbox {
    /// Finds a backend that holds, once in a process; `places` jobs run at a time.
    ///
    /// # Errors
    /// What was tried, what failed and what helps.
    pub async fn open(places: usize) -> Result<Self, SandboxError> {
        static HELD: std::sync::OnceLock<Backend> = std::sync::OnceLock::new();
        let helper = Helper::this_binary();
        if let Some(backend) = HELD.get() {
            return Ok(Self { backend: *backend, helper, places: Semaphore::new(places.max(1)) });
        }
        let mut tried = Vec::new();
        for backend in Backend::ALL {
            match Self::with(*backend, helper.clone(), places).await {
                Ok(sandbox) => return Ok(HELD.get_or_init(|| *backend)).map(|_| sandbox),
                Err(why) => tried.push(format!("{backend}: {why}")),
            }
        }
        Err(SandboxError::NoBackend { tried: tried.join("; ") })
    }

    /// One backend, if it holds.
    ///
    /// # Errors
    /// Why it does not: what could not be set up, or which attempt succeeded.
    pub async fn with(backend: Backend, helper: Helper, places: usize) -> Result<Self, String> {
        let sandbox = Self { backend, helper, places: Semaphore::new(places.max(1)) };
        probe::check(&sandbox).await?;
        Ok(sandbox)
    }

    /// What isolates.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Runs a job. When the future is dropped, everything that the job started is killed.
    ///
    /// # Errors
    /// The job could not be started.
    pub async fn run(&self, job: Job) -> Result<Ended, SandboxError> {
        let _place = self.places.acquire().await.map_err(|error| self.failed(error.to_string()))?;
        self.start(job).await.map_err(|why| self.failed(why))
    }

    fn failed(&self, why: String) -> SandboxError {
        SandboxError::Setup { backend: self.backend, why }
    }

    async fn start(&self, job: Job) -> Result<Ended, String> {
        let text = |error: std::io::Error| error.to_string();
        let limits = job.limits;
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(text)?;
        ours.set_nonblocking(true).map_err(text)?;
        let ours = UnixStream::from_std(ours).map_err(text)?;
        let mut child = self
            .backend
            .command(&self.helper, &job)?
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", self.backend))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let orders = Orders { job, drop_root: backend::is_root() };
        let body = serde_json::to_vec(&orders).map_err(|error| error.to_string())?;
        let (mut reader, mut writer) = ours.into_split();
        let told = async move {
            let length = u64::try_from(body.len()).unwrap_or(u64::MAX).to_be_bytes();
            // A helper that is gone says why elsewhere.
            let _ = writer.write_all(&length).await;
            let _ = writer.write_all(&body).await;
            // Open until the end: the helper takes its closing for our death.
            writer
        };
        let heard = async {
            let mut report = Vec::new();
            let _ = (&mut reader).take(64 << 10).read_to_end(&mut report).await;
            report
        };
        let left = std::sync::atomic::AtomicU64::new(limits.output);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let whole = async {
            let outputs =
                async { tokio::try_join!(read_within(stdout, &left, &mut out), read_within(stderr, &left, &mut err)) };
            let heard = async { Ok(heard.await) };
            let told = async { Ok(told.await) };
            let (writer, report, _) = tokio::try_join!(told, heard, outputs)?;
            drop(writer);
            let _ = child.wait().await;
            Ok::<_, Overflow>(report)
        };
        // The helper keeps the time; this is for a helper that cannot.
        let grace = Duration::from_secs(10);
        let result = tokio::time::timeout(limits.wall.saturating_add(grace), whole).await;
        let (stdout, stderr) = (out, err);
        // With the helper, which is killed on return from here, everything in the job ends.
        let report = match result {
            Err(_) => return Ok(Ended { end: End::Timeout, stdout, stderr }),
            Ok(Err(Overflow)) => return Ok(Ended { end: End::Output, stdout, stderr }),
            Ok(Ok(report)) => report,
        };
        // The first report counts: a program that could not be started also ended.
        match serde_json::Deserializer::from_slice(&report).into_iter().next() {
            Some(Ok(Report::Ended(end))) => Ok(Ended { end, stdout, stderr }),
            Some(Ok(Report::Failed(why))) => Err(why),
            Some(Err(_)) | None => {
                let said = String::from_utf8_lossy(&stderr);
                let said = said.trim();
                Err(if said.is_empty() { "the helper gave no report".to_owned() } else { plain(said) })
            }
        }
    }
}

/// Foreign text as one short line without control characters.
fn plain(text: &str) -> String {
    text.chars().take(400).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The allowance of output is used up.
struct Overflow;

/// Reads to the end, or until the allowance is used up.
async fn read_within(
    pipe: Option<impl AsyncRead + Unpin>,
    left: &std::sync::atomic::AtomicU64,
    bytes: &mut Vec<u8>,
) -> Result<(), Overflow> {
    use std::sync::atomic::Ordering::Relaxed;
    let mut part = vec![0; 16 << 10];
    let Some(mut pipe) = pipe else { return Ok(()) };
    while let Ok(read @ 1..) = pipe.read(&mut part).await {
        let allowance = usize::try_from(left.load(Relaxed)).unwrap_or(usize::MAX);
        let taken = read.min(allowance);
        left.store((allowance - taken) as u64, Relaxed);
        bytes.extend_from_slice(&part[..taken]);
        if taken < read {
            return Err(Overflow);
        }
    }
    Ok(())
}

/// Serves as the helper if the arguments say so, and then does not return. To be called at the start of `main`, before
/// there are threads.
pub fn serve_if_asked() -> bool {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() != Some(WORD) {
        return false;
    }
    let word = words.next().unwrap_or_default();
    #[cfg(target_os = "linux")]
    std::process::exit(helper::serve(&word));
    #[cfg(not(target_os = "linux"))]
    std::process::exit(i32::from(!word.is_empty()));
}
