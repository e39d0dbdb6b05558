//! The audit log: pages of it, newest first, the proof of an entry, and whether the log is whole.

use std::collections::BTreeMap;

use assay_core::Digest;
use assay_home::audit::{AuditLog, Verified};
use assay_report::plain;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Problem;
use crate::access::Access;
use crate::app::App;
use crate::body::Data;
use crate::endpoint::{Call, Endpoint, get};
use crate::paging::{Limit, cursor, read};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/audit", Access::Audit, "audit", "Who changed what, newest first", entries),
        get("/api/v1/audit/verify", Access::Audit, "verifyAudit", "Check every entry and the tree over them", verify),
        get(
            "/api/v1/audit/{number}/proof",
            Access::Audit,
            "auditProof",
            "The proof that an entry is in the log",
            proof,
        ),
    ]
}

/// An entry of the audit log.
#[derive(Serialize, JsonSchema)]
pub struct AuditItem {
    /// Its place, from 0.
    number: u64,
    /// When, as RFC 3339.
    at: String,
    /// Who.
    by: String,
    /// The name that a command was given to act under; nothing proves it.
    acts_as: Option<String>,
    /// What, such as `dataset tag`.
    action: String,
    /// What it was done to.
    object: BTreeMap<String, String>,
    /// Digests before and after, where something has one.
    digests: BTreeMap<String, String>,
    /// `began`, `done`, `failed` or `interrupted`.
    outcome: String,
    /// The exit code, once it has ended.
    exit: Option<u64>,
    /// The entry that says that it began.
    began: Option<u64>,
    /// Assay's version.
    assay: String,
}

impl AuditItem {
    fn of(number: u64, entry: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(entry).unwrap_or_default();
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let texts = |key: &str| {
            let pairs = value[key].as_object().into_iter().flatten();
            pairs.map(|(key, of)| (key.clone(), of.as_str().unwrap_or_default().to_owned())).collect()
        };
        Self {
            number,
            at: text("at"),
            by: text("by"),
            acts_as: value["as"].as_str().map(str::to_owned),
            action: text("action"),
            object: texts("object"),
            digests: texts("digests"),
            outcome: text("outcome"),
            exit: value["exit"].as_u64(),
            began: value["began"].as_u64(),
            assay: text("assay"),
        }
    }
}

/// A log as it stands, or as it stood when it was signed.
#[derive(Serialize, JsonSchema)]
pub struct CheckpointItem {
    /// Which log it is.
    origin: String,
    /// Number of entries.
    size: u64,
    /// The root over them.
    root: Digest,
}

impl From<assay_evidence::note::Checkpoint> for CheckpointItem {
    fn from(of: assay_evidence::note::Checkpoint) -> Self {
        Self { origin: of.origin, size: of.size, root: of.root }
    }
}

/// A page of the audit log.
#[derive(Serialize, JsonSchema)]
pub struct AuditPage {
    items: Vec<AuditItem>,
    /// Where the next page begins. With `search` a page may hold fewer items than asked for, or none, and go on.
    next: Option<String>,
    /// The log as it stands; `null` when nothing was ever recorded.
    head: Option<CheckpointItem>,
    /// The newest checkpoint that somebody signed.
    signed: Option<CheckpointItem>,
}

/// Which entries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// That hold this text; upper and lower case are the same.
    search: Option<String>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

/// Entries that a request reads at most.
const MOST_ENTRIES: u64 = 20_000;

fn log_of(app: &App) -> AuditLog {
    AuditLog::of(app.home().workspace.root())
}

async fn entries(call: Call<AuditQuery>) -> Result<Data<AuditPage>, Problem> {
    let (log, query) = (log_of(&call.app), call.query);
    let before: Option<u64> = read(query.cursor.as_deref())?;
    let page = call.app.blocking(move || {
        let search = query.search.as_deref().map(str::to_lowercase).filter(|text| !text.is_empty());
        let wanted = |entry: &[u8]| match &search {
            Some(text) => String::from_utf8_lossy(entry).to_lowercase().contains(text),
            None => true,
        };
        let page = log.newest(before, query.limit.get(), MOST_ENTRIES, &wanted)?;
        Ok(AuditPage {
            items: page.entries.iter().map(|(number, entry)| AuditItem::of(*number, entry)).collect(),
            next: page.before.map(|before| cursor(&before)),
            head: log.head()?.map(CheckpointItem::from),
            signed: log.signed()?.map(|(checkpoint, _)| checkpoint.into()),
        })
    });
    Ok(Data(page.await?))
}

/// The proof that an entry is in the log.
#[derive(Serialize, JsonSchema)]
pub struct AuditProof {
    /// The entry's place, from 0.
    number: u64,
    /// The entry as it stands in the log: what the proof is of.
    entry: String,
    /// Under which checkpoint: the newest signed one, or the log as it stands where that does not reach the entry.
    checkpoint: CheckpointItem,
    /// Whether somebody signed that checkpoint.
    signed: bool,
    /// The hashes from the entry to the root (RFC 6962).
    path: Vec<Digest>,
    /// The file that `assay audit verify --proof` takes, under a signed checkpoint.
    file: Option<String>,
}

async fn proof(call: Call) -> Result<Data<AuditProof>, Problem> {
    let log = log_of(&call.app);
    let number: u64 = call.part("number").parse().map_err(|_| Problem::not_found("an entry has a number, from 0"))?;
    let found = call.app.blocking(move || {
        let Some(proof) = log.proof(number)? else {
            return Err(Problem::not_found(format!("the log has no entry {number}")));
        };
        Ok(AuditProof {
            number,
            entry: String::from_utf8_lossy(&proof.entry).into_owned(),
            file: proof.file(),
            signed: proof.note.is_some(),
            checkpoint: proof.checkpoint.into(),
            path: proof.path,
        })
    });
    Ok(Data(found.await?))
}

/// Whether the log is whole, as `assay audit verify --json` says it.
#[derive(Serialize, JsonSchema)]
pub struct AuditVerified {
    verified: bool,
    /// What does not fit.
    faults: Vec<String>,
    /// Which log it is; `null` when nothing was recorded yet, or it does not hold.
    origin: Option<String>,
    entries: Option<u64>,
    root: Option<Digest>,
    /// Entries that say that something began, and that none ends.
    unfinished: Vec<u64>,
}

async fn verify(call: Call) -> Result<Data<AuditVerified>, Problem> {
    let log = log_of(&call.app);
    let found = call.app.heavy(move || {
        let nothing = AuditVerified {
            verified: true,
            faults: Vec::new(),
            origin: None,
            entries: None,
            root: None,
            unfinished: Vec::new(),
        };
        Ok(match log.verified(&[], None)? {
            Verified::Empty => nothing,
            Verified::Refused(faults) => AuditVerified {
                verified: false,
                faults: faults.iter().map(|fault| plain(fault, 500)).collect(),
                ..nothing
            },
            Verified::Whole { head, unfinished, .. } => AuditVerified {
                origin: Some(head.origin),
                entries: Some(head.size),
                root: Some(head.root),
                unfinished,
                ..nothing
            },
        })
    });
    Ok(Data(found.await?))
}
