//! The audit log of a workspace: who changed what and when, as a Merkle log under `.assay/audit/`.
//!
//! [`recorded`] is the one place where commands meet the log: what a command would change is its
//! [`Action`](crate::audit::Action), which the dispatch asks for before it runs. Entries hold names, numbers and digests, never
//! contents, arguments of calls or texts that people wrote.

mod read;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};

use assay_core::RunRecord;
use assay_datasets::{Library, library};
use assay_evidence::EvidenceError;
use assay_evidence::log::Edge;
use assay_evidence::merkle::Tree;
use assay_evidence::note::{Checkpoint, check_origin};
use assay_store::Workspace;
use serde::Serialize;

use crate::{Failure, exit};

pub use read::{Newest, Proof, Verified};

/// What a command changes.
pub struct Action {
    /// The command, such as `dataset tag`.
    pub name: &'static str,
    /// Where the workspace is looked for.
    pub near: PathBuf,
    /// What it is done to: names and ids.
    pub object: BTreeMap<&'static str, String>,
    /// The dataset whose log moves.
    pub dataset: Option<String>,
    /// In whose name it is done, where that is said.
    pub acts_as: Option<String>,
    /// Who does it, where that is known for certain: somebody who is logged in.
    pub by: Option<String>,
    /// Whether the command itself says when it begins ([`began`]).
    pub begins_itself: bool,
}

impl Action {
    /// An action in the workspace above the current folder.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            near: ".".into(),
            object: BTreeMap::new(),
            dataset: None,
            acts_as: None,
            by: None,
            begins_itself: false,
        }
    }

    /// Names what it is done to.
    #[must_use]
    pub fn on(mut self, what: &'static str, name: impl Into<String>) -> Self {
        self.object.insert(what, name.into());
        self
    }

    /// Names who does it, where the account of the process does not say so.
    #[must_use]
    pub fn by_user(mut self, name: &str) -> Self {
        self.by = Some(name.to_owned());
        self
    }

    /// Names in whose name it is done.
    #[must_use]
    pub fn acting_as(mut self, name: Option<&str>) -> Self {
        self.acts_as = name.map(str::to_owned);
        self
    }

    /// A command that executes a run, and says that it begins when the run is known.
    #[must_use]
    pub fn beginning_itself(mut self) -> Self {
        self.begins_itself = true;
        self
    }

    /// Something done to a dataset, which may be named with a version.
    pub fn dataset(name: &'static str, word: &str) -> Self {
        let dataset = library::name_and_version(word).0.to_owned();
        Self { dataset: Some(dataset), ..Self::new(name).on("dataset", word) }
    }
}

/// One entry, as it is written: canonical JSON (RFC 8785).
#[derive(Serialize)]
struct Entry<'a> {
    at: String,
    by: String,
    action: &'a str,
    object: &'a BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    digests: &'a BTreeMap<&'static str, String>,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<u8>,
    /// The name that the command was given to act under; nothing proves it.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    acts_as: Option<String>,
    /// The number of the entry that says that it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<u64>,
    assay: &'static str,
}

/// The log of one workspace.
#[derive(Clone)]
pub struct AuditLog {
    folder: PathBuf,
}

/// The longest text in an entry, in characters: names are short, and an entry must fit its frame.
const MOST: usize = 300;

impl AuditLog {
    /// The log of the workspace in a folder.
    pub fn of(workspace: &Path) -> Self {
        Self { folder: workspace.join("audit") }
    }

    fn io(&self, path: &Path) -> impl Fn(std::io::Error) -> EvidenceError + use<> {
        let path = path.display().to_string();
        move |error| EvidenceError::Io { path: path.clone(), error }
    }

    /// Takes the log for itself, waiting for whoever has it.
    fn hold(&self) -> Result<File, EvidenceError> {
        let path = self.folder.join("lock");
        fs::create_dir_all(&self.folder)
            .and_then(|()| File::create(&path))
            .and_then(|file| file.lock().map(|()| file))
            .map_err(self.io(&path))
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, EvidenceError> {
        let path = self.folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.io(&path)(error)),
        }
    }

    /// Writes a file so that it is there as a whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), EvidenceError> {
        let path = self.folder.join(name);
        let folder = path.parent().unwrap_or(&self.folder);
        let written = fs::create_dir_all(folder).and_then(|()| {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            // The name is on disk when its folder is.
            File::open(folder)?.sync_all()
        });
        written.map_err(self.io(&path))
    }

    /// The head; `None` when nothing was ever recorded.
    ///
    /// # Errors
    /// It cannot be read, or somebody took it away.
    pub fn head(&self) -> Result<Option<Checkpoint>, EvidenceError> {
        let Some(bytes) = self.read("head")? else {
            if self.folder.join("tile").exists() || self.folder.join("checkpoint").exists() {
                let what = format!("{} is missing", self.folder.join("head").display());
                return Err(EvidenceError::Mismatch(vec![what]));
            }
            return Ok(None);
        };
        let head = Checkpoint::from_text(&String::from_utf8_lossy(&bytes));
        head.map(Some)
            .map_err(|error| EvidenceError::Mismatch(vec![format!("{}: {error}", self.folder.join("head").display())]))
    }

    /// Refuses a log that cannot be gone on with.
    fn check_edge(&self) -> Result<(), EvidenceError> {
        if !self.folder.exists() {
            return Ok(());
        }
        let _held = self.hold()?;
        if let Some(head) = self.head()? {
            Edge::read(head.size, &head.root, &|name| self.read(name))?;
        }
        Ok(())
    }

    /// Appends an entry, forced to disk; gives its number.
    fn append(&self, entry: &Entry<'_>) -> Result<u64, EvidenceError> {
        let bytes = serde_json::to_value(entry)
            .map(|mut value| {
                // Keys in the order of RFC 8785: all of them are ASCII, and no number is a fraction.
                value.sort_all_objects();
                value.to_string()
            })
            .map_err(|error| EvidenceError::Malformed(error.to_string()))?;
        let _held = self.hold()?;
        let head = match self.head()? {
            Some(head) => head,
            None => {
                let origin = format!("assay.local/{}", uuid::Uuid::now_v7());
                let empty = Checkpoint { origin, size: 0, root: Tree::default().root() };
                // Before the first tile: tiles without a head are a log whose head was taken away.
                self.write("head", empty.text().as_bytes())?;
                empty
            }
        };
        let mut edge = Edge::read(head.size, &head.root, &|name| self.read(name))?;
        let change = edge.append(bytes.as_bytes())?;
        for (name, bytes) in &change.write {
            self.write(name, bytes)?;
        }
        // Only now does the entry count: a log that was interrupted before is what it was.
        let head = Checkpoint { size: edge.size, root: edge.root(), ..head };
        self.write("head", head.text().as_bytes())?;
        for name in &change.remove {
            let _ = fs::remove_file(self.folder.join(name));
            if let Some((folder, _)) = name.rsplit_once('/') {
                // The folder of partial tiles goes with the last of them.
                let _ = fs::remove_dir(self.folder.join(folder));
            }
        }
        Ok(head.size - 1)
    }

    /// Keeps a signed checkpoint as the newest.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep_checkpoint(&self, note: &str) -> Result<(), EvidenceError> {
        self.write("checkpoint", note.as_bytes())
    }

    /// Names the log, while it has no signed checkpoint under another name.
    ///
    /// # Errors
    /// It has one, or the name cannot be one.
    pub fn name(&self, origin: &str) -> Result<(), EvidenceError> {
        check_origin(origin)?;
        if !self.folder.exists() {
            return Ok(());
        }
        let _held = self.hold()?;
        let Some(head) = self.head()? else { return Ok(()) };
        if head.origin == origin {
            return Ok(());
        }
        if self.read("checkpoint")?.is_some() {
            return Err(EvidenceError::Malformed(format!(
                "the log has signed checkpoints as `{}`: it keeps that name",
                head.origin
            )));
        }
        self.write("head", Checkpoint { origin: origin.to_owned(), ..head }.text().as_bytes())
    }
}

/// What is known of an action while it goes on.
struct Recorder {
    log: AuditLog,
    action: &'static str,
    object: BTreeMap<&'static str, String>,
    digests: BTreeMap<&'static str, String>,
    acts_as: Option<String>,
    by: Option<String>,
    /// Something was changed, whatever the command promised.
    changed: bool,
    /// The entry that says that it began.
    began: Option<u64>,
    /// That it begins is to be recorded as soon as there is a workspace.
    late: bool,
}

impl Recorder {
    /// Records that the action begins: a process that is killed leaves this entry without one that ends it.
    fn begin(&mut self) -> Result<(), EvidenceError> {
        self.began = Some(self.append("began", None)?);
        self.late = false;
        Ok(())
    }

    fn append(&self, outcome: &str, exit: Option<u8>) -> Result<u64, EvidenceError> {
        let cut = |text: &String| assay_report::plain(text, MOST);
        let object = self.object.iter().map(|(key, text)| (*key, cut(text))).collect();
        let at = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
        let entry = Entry {
            at: at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
            by: assay_report::plain(&self.by.clone().unwrap_or_else(library::who), MOST),
            action: self.action,
            object: &object,
            digests: &self.digests,
            outcome,
            exit,
            acts_as: self.acts_as.as_ref().map(cut),
            began: self.began,
            assay: env!("CARGO_PKG_VERSION"),
        };
        // Several files are forced to disk, after whoever has the log.
        crate::waiting(|| self.log.append(&entry))
    }
}

tokio::task_local! {
    static RECORDER: RefCell<Recorder>;
}

/// Says more about the action that goes on: a name or an id that is known only now.
pub fn note(what: &'static str, name: impl Into<String>) {
    let _ = RECORDER.try_with(|recorder| recorder.borrow_mut().object.insert(what, name.into()));
}

/// Says in whose name the action is done, where only the command finds that out.
pub fn acts_as(name: &str) {
    let _ = RECORDER.try_with(|recorder| recorder.borrow_mut().acts_as = Some(name.to_owned()));
}

/// Says that a command that changes nothing by itself has changed something, by another name.
pub fn changed(action: &'static str, what: &'static str, name: impl Into<String>) {
    let _ = RECORDER.try_with(|recorder| {
        let mut recorder = recorder.borrow_mut();
        recorder.changed = true;
        if recorder.action.is_empty() {
            recorder.action = action;
        }
        recorder.object.insert(what, name.into());
    });
}

/// Records that a run begins or goes on, before its first call: a process that is killed leaves this entry.
///
/// # Errors
/// The log cannot be written.
pub fn began(run: &RunRecord) -> Result<(), Failure> {
    let appended = RECORDER.try_with(|recorder| {
        let mut recorder = recorder.borrow_mut();
        if recorder.began.is_some() {
            // Of several runs that one command executes, each has an end of its own.
            recorder.append("done", None)?;
        }
        recorder.object.insert("run", run.id.to_string());
        recorder.object.insert("suite", run.suite.clone());
        recorder.digests.insert("run", run.fingerprint().to_string());
        recorder.began = None;
        recorder.begin()
    });
    match appended {
        Ok(Err(error)) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Records that a command begins once it has made its workspace: before that there was nowhere to write it.
///
/// # Errors
/// The log cannot be written.
pub fn workspace_is_there() -> Result<(), Failure> {
    let appended = RECORDER.try_with(|recorder| {
        let mut recorder = recorder.borrow_mut();
        if recorder.late { recorder.begin() } else { Ok(()) }
    });
    match appended {
        Ok(Err(error)) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Runs a command, and writes down what it changed and how it ended. A log that cannot be written, or that somebody
/// changed, stops the command before it begins.
///
/// # Errors
/// Those of the command, and of the log.
pub async fn recorded(
    action: Option<Action>,
    workspace: Option<PathBuf>,
    command: impl Future<Output = Result<u8, Failure>>,
) -> Result<u8, Failure> {
    let mutates = action.is_some();
    let action = action.unwrap_or_else(|| Action::new(""));
    let root = crate::home::root(workspace, &action.near);
    let log = AuditLog::of(&root);
    if mutates {
        crate::waiting(|| log.check_edge()).map_err(|error| {
            format!(
                "nothing was done, as the audit log cannot be gone on with: {error}\n`assay audit verify` says more"
            )
        })?;
    }
    let library = Library::new(Workspace::datasets_in(&root));
    let state = || action.dataset.as_deref().and_then(|name| library.log_digest(name));
    let before = state();
    let mut recorder = Recorder {
        log,
        action: action.name,
        object: action.object.clone(),
        digests: BTreeMap::new(),
        acts_as: action.acts_as.clone(),
        by: action.by.clone(),
        changed: mutates,
        began: None,
        late: mutates && !action.begins_itself,
    };
    if recorder.late && root.exists() {
        recorder.begin().map_err(|error| format!("nothing was done, as the audit log cannot be written: {error}"))?;
    }
    RECORDER
        .scope(RefCell::new(recorder), async {
            let ended = command.await;
            let recorded = RECORDER.with(|recorder| {
                let mut recorder = recorder.borrow_mut();
                // A command that failed before it made a workspace has changed nothing.
                if !recorder.changed || !root.exists() {
                    return Ok(());
                }
                let after = state();
                for (what, digest) in [("before", before), ("after", after)] {
                    if before != after
                        && let Some(digest) = digest
                    {
                        recorder.digests.insert(what, digest.to_string());
                    }
                }
                let (outcome, code) = match &ended {
                    Ok(exit::INTERRUPTED) => ("interrupted", Some(exit::INTERRUPTED)),
                    Ok(exit::INFRASTRUCTURE) => ("failed", Some(exit::INFRASTRUCTURE)),
                    Ok(code) => ("done", Some(*code)),
                    Err(_) => ("failed", None),
                };
                recorder.append(outcome, code).map(|_| ())
            });
            match (ended, recorded) {
                (ended, Ok(())) => ended,
                (Err(error), Err(_)) => Err(error),
                (Ok(_), Err(error)) => {
                    eprintln!("error: this was done, but not recorded in the audit log: {error}");
                    Ok(exit::INFRASTRUCTURE)
                }
            }
        })
        .await
}
