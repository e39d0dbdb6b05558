//! The folder `.assay/` beside the suite.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use assay_core::{Digest, RunId};

use crate::StoreError;

/// The workspace folder. Everything Assay keeps is under it, and nothing else is.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The name of the folder.
    pub const FOLDER: &'static str = ".assay";

    /// Opens the workspace whose folder is `root`, making it when it is missing.
    ///
    /// # Errors
    /// A folder that cannot be made, such as on a read-only disk.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        for folder in ["plans", "journal", "lake", "reports"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).map_err(|error| StoreError::Io { path, error })?;
        }
        // Results may hold private data: keep them out of version control unless the user decides otherwise.
        let ignore = root.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(|error| StoreError::Io { path: ignore, error })?;
        }
        Ok(Self { root })
    }

    /// The nearest workspace at `start` or above it, when there is one.
    pub fn find(start: &Path) -> Option<PathBuf> {
        start.ancestors().map(|folder| folder.join(Self::FOLDER)).find(|folder| folder.is_dir())
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that the workspace is in: recorded paths start there, so that they hold wherever a command is given.
    pub fn project(&self) -> PathBuf {
        let root = whole(&self.root);
        root.parent().map_or_else(|| root.clone(), Path::to_owned)
    }

    /// A path as it is recorded: from the project's folder on where it is inside of it, whole elsewhere.
    pub fn recorded(&self, path: &Path) -> String {
        let path = whole(path);
        path.strip_prefix(self.project()).unwrap_or(&path).display().to_string()
    }

    /// A recorded path as it is found from here.
    pub fn find_recorded(&self, recorded: &str) -> PathBuf {
        self.project().join(recorded)
    }

    /// Where the lake's tables are.
    pub fn lake(&self) -> PathBuf {
        self.root.join("lake")
    }

    /// Where stored datasets are.
    pub fn datasets(&self) -> PathBuf {
        Self::datasets_in(&self.root)
    }

    /// Where stored datasets are in the workspace of a folder, which need not exist.
    pub fn datasets_in(root: &Path) -> PathBuf {
        root.join("datasets")
    }

    /// Where reports are written by default.
    pub fn reports(&self) -> PathBuf {
        self.root.join("reports")
    }

    /// Where the ratings of people are.
    pub fn review_file(&self) -> PathBuf {
        self.root.join("review.db")
    }

    pub(crate) fn state_file(&self) -> PathBuf {
        self.root.join("state.db")
    }

    pub(crate) fn cache_file(&self) -> PathBuf {
        self.root.join("cache.db")
    }

    pub(crate) fn accounts_file(&self) -> PathBuf {
        self.root.join("accounts.db")
    }

    pub(crate) fn releases_file(&self) -> PathBuf {
        self.root.join("releases.db")
    }

    pub(crate) fn journal_file(&self, run: RunId) -> PathBuf {
        self.root.join("journal").join(format!("{run}.db"))
    }

    pub(crate) fn answers_file(&self, run: RunId) -> PathBuf {
        self.root.join("journal").join(format!("{run}.answers.db"))
    }

    /// Where the requests of a target's next batch are put together.
    pub fn batch_file(&self, run: RunId, target: u32) -> PathBuf {
        self.root.join("journal").join(format!("{run}.batch-{target}"))
    }

    pub(crate) fn plan_file(&self, digest: Digest) -> PathBuf {
        self.root.join("plans").join(format!("{digest}.db"))
    }

    pub(crate) fn plans(&self) -> PathBuf {
        self.root.join("plans")
    }

    /// Takes the right to execute a run, for as long as the returned lock lives. The operating system frees it when
    /// the process ends, however it ends.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it.
    pub fn lock_run(&self, run: RunId) -> Result<RunLock, StoreError> {
        let path = self.lock_file(run);
        let file = File::create(&path).map_err(|error| StoreError::Io { path: path.clone(), error })?;
        for attempt in 0.. {
            match file.try_lock() {
                Ok(()) => break,
                // Somebody who only looks holds it for a moment.
                Err(TryLockError::WouldBlock) if attempt < 3 => std::thread::sleep(Duration::from_millis(5)),
                Err(TryLockError::WouldBlock) => return Err(StoreError::Locked(run.short())),
                Err(TryLockError::Error(error)) => return Err(StoreError::Io { path, error }),
            }
        }
        Ok(RunLock { _file: file })
    }

    /// Whether some process executes the run right now.
    pub fn is_executing(&self, run: RunId) -> bool {
        let Ok(file) = File::open(self.lock_file(run)) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    fn lock_file(&self, run: RunId) -> PathBuf {
        self.root.join("journal").join(format!("{run}.lock"))
    }
}

/// The right to execute one run.
#[derive(Debug)]
pub struct RunLock {
    // The file stays: another process may be about to lock it, and a new one of its name would be another lock.
    _file: File,
}
/// A path from the root of the file system on, links followed where there is something.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}
