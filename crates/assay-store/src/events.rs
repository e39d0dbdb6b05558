//! Events: what others are told of, in the words of the file that they are written to.

use assay_core::run::{RunStatus, Totals};
use assay_core::{RunId, RunRecord};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::Baseline;

/// Every kind of event, with what it says.
pub const KINDS: [(&str, &str); 14] = [
    ("release.opened", "a change was proposed"),
    ("release.attached", "a document was attached"),
    ("release.evaluated", "the policy was read off the runs: the verdict and each rule"),
    ("release.approved", "somebody agrees"),
    ("release.rejected", "somebody disagrees"),
    ("release.waived", "a rule does not hold the release up until a day"),
    ("release.shipped", "a stage went out"),
    ("release.rolled_back", "the change was taken back"),
    ("run.sealed", "a run is complete: every planned trial has an outcome"),
    ("run.interrupted", "a run was stopped and can be gone on with"),
    ("run.verdict", "the gate's verdict on a run, when it was executed"),
    ("baseline.set", "a run was named to compare with"),
    ("judge.drifted", "a calibrated judge answers its frozen verdicts differently than it did"),
    ("notify.test", "`assay notify test`"),
];

/// The most that the data of an event takes, in bytes of JSON. (Standard Webhooks asks for less than 20 kB in all.)
pub const LARGEST_DATA: usize = 16 << 10;

/// An event that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// What it is about, such as `release/7`: events of one subject are told in their order.
    pub subject: String,
    /// When, in microseconds since the Unix epoch.
    pub at_us: i64,
    /// What it says: names, numbers and words of people; no answer of a model, no secret. What is over [`LARGEST_DATA`] is
    /// left out, the list `rules` first.
    pub data: Value,
}

impl Outgoing {
    /// That a run has ended.
    fn run_ended(record: &RunRecord, status: RunStatus, planned: u64, totals: &Totals, at_us: i64) -> Option<Self> {
        let kind = match status {
            RunStatus::Sealed => "run.sealed",
            RunStatus::Interrupted => "run.interrupted",
            RunStatus::Running => return None,
        };
        let names: Vec<&str> = record.targets.iter().map(|target| target.name.as_str()).take(20).collect();
        Some(Self {
            kind,
            subject: run_subject(record.id),
            at_us,
            data: json!({
                "run": record.id, "suites": [&record.suite], "tier": record.tier, "targets": names, "git": record.git,
                "planned": planned, "ok": totals.ok, "errors": totals.errors, "refused": totals.refused,
                "cancelled": totals.cancelled, "cost_usd": totals.cost().dollars(),
                "started_us": record.started_us,
            }),
        })
    }

    pub(crate) fn baseline_set(baseline: &Baseline) -> Self {
        Self {
            kind: "baseline.set",
            subject: format!("baseline/{}/{}", baseline.suite, baseline.name),
            at_us: baseline.set_us,
            data: json!({"suites": [&baseline.suite], "baseline": baseline.name, "run": baseline.run,
                         "target": baseline.target}),
        }
    }

    fn text(&self) -> String {
        let text = self.data.to_string();
        if text.len() <= LARGEST_DATA {
            return text;
        }
        let mut data = self.data.clone();
        if let Some(fields) = data.as_object_mut() {
            fields.insert("shortened".into(), true.into());
            fields.remove("rules");
            let mut by_size: Vec<(usize, String)> =
                fields.iter().map(|(key, value)| (value.to_string().len(), key.clone())).collect();
            by_size.sort();
            let mut size = data.to_string().len();
            while let Some((most, key)) = by_size.pop().filter(|_| size > LARGEST_DATA) {
                size -= most;
                if let Some(fields) = data.as_object_mut() {
                    fields.remove(&key);
                }
            }
        }
        data.to_string()
    }
}

/// What events about a run are about.
pub fn run_subject(run: RunId) -> String {
    format!("run/{run}")
}

/// Writes an event, in whatever transaction the connection is in.
pub(crate) async fn write(connection: &mut SqliteConnection, event: &Outgoing) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO outbox (id, kind, subject, at_us, data) VALUES ($1, $2, $3, $4, $5)")
        .bind(Uuid::now_v7().to_string())
        .bind(event.kind)
        .bind(&event.subject)
        .bind(event.at_us)
        .bind(event.text())
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes that a run has ended, where its new status says so.
pub(crate) async fn write_run_ended(
    connection: &mut SqliteConnection,
    record: &RunRecord,
    status: RunStatus,
    planned: u64,
    totals: &Totals,
    at_us: i64,
) -> Result<(), sqlx::Error> {
    match Outgoing::run_ended(record, status, planned, totals, at_us) {
        Some(event) => write(connection, &event).await,
        None => Ok(()),
    }
}

/// An event as it was written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Its id, which is the same however often it is sent: receivers tell by it what they have.
    pub id: String,
    /// Its place among the events of its file: later events of a subject have higher ones.
    pub seq: i64,
    /// One of [`KINDS`].
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// When, in microseconds since the Unix epoch.
    pub at_us: i64,
    /// What it says.
    pub data: Value,
}
