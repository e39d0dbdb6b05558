//! `journal/RUN.db`: each finished trial exactly once.
//!
//! A trial counts when its commit is on disk. Trials that finish together are committed together: one row for each in
//! `outcomes`, whose key refuses a second outcome, and one row for all their bodies in `groups`. A group belongs to the
//! segment that it will enter the lake with; once that is committed the bodies go and the outcomes stay, so that a
//! resumed run knows what is done.

use std::fmt::Write as _;

use assay_core::run::Totals;
use assay_core::{RunId, Trial};
use futures::TryStreamExt;
use sqlx::Row;

use crate::sqlite::{Care, File};
use crate::state::as_i64;
use crate::{StoreError, Workspace};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS outcomes (number INTEGER PRIMARY KEY, status TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS groups (id INTEGER PRIMARY KEY, segment BIGINT NOT NULL, bodies BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS groups_by_segment ON groups (segment);
CREATE TABLE IF NOT EXISTS segments (segment INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS totals (one INTEGER PRIMARY KEY, totals TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    part INTEGER PRIMARY KEY AUTOINCREMENT,
    target BIGINT NOT NULL,
    id TEXT,
    ended BOOLEAN NOT NULL DEFAULT FALSE,
    since BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    cost_nanousd BIGINT NOT NULL,
    tokens BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS batch_trials (number INTEGER PRIMARY KEY, part BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS batch_trials_by_part ON batch_trials (part);
CREATE TABLE IF NOT EXISTS batch_results (number INTEGER PRIMARY KEY, result TEXT NOT NULL);
";

/// The journal of one run.
#[derive(Clone, Debug)]
pub struct Journal {
    pub(crate) file: File,
}

/// A trial on its way into the journal: serialised by the task that made it, so that the writer only writes.
#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// Unique in the run.
    pub number: u64,
    /// [`assay_core::Outcome::status`].
    pub status: &'static str,
    /// The trial as JSON, without line breaks.
    pub body: Vec<u8>,
}

impl JournalEntry {
    /// Serialises a trial.
    ///
    /// # Errors
    /// Never for a trial built by the engine; kept so that nothing can panic between an answer and its record.
    pub fn new(number: u64, trial: &Trial) -> Result<Self, serde_json::Error> {
        let mut body = Vec::with_capacity(1_024);
        serde_json::to_writer(&mut body, trial)?;
        Ok(Self { number, status: trial.outcome.status(), body })
    }
}

impl Journal {
    /// Opens or makes the journal of a run.
    ///
    /// # Errors
    /// A file that cannot be opened or made.
    pub async fn open(workspace: &Workspace, run: RunId) -> Result<Self, StoreError> {
        Ok(Self { file: File::open(&workspace.journal_file(run), Care::Durable, 2, &[SCHEMA]).await? })
    }

    /// Commits finished trials of a segment together with the run's totals after them, all or none; on return they
    /// survive a power cut.
    ///
    /// # Errors
    /// The database fails, such as on a full disk, or a trial has an outcome already; nothing of the group was
    /// recorded then.
    pub async fn append(&self, segment: u64, entries: &[JournalEntry], totals: &Totals) -> Result<(), StoreError> {
        let totals = self.file.json(totals)?;
        let mut bodies = Vec::with_capacity(entries.iter().map(|entry| entry.body.len() + 1).sum());
        for entry in entries {
            bodies.extend_from_slice(&entry.body);
            bodies.push(b'\n');
        }
        let mut transaction = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
        for (status, numbers) in by_status(entries) {
            // One statement for any number of rows: binding each would cost more than storing it.
            sqlx::query("INSERT INTO outcomes (number, status) SELECT value, $1 FROM json_each($2)")
                .bind(status)
                .bind(numbers)
                .execute(&mut *transaction)
                .await
                .map_err(|error| self.file.error(error))?;
        }
        sqlx::query("INSERT INTO groups (segment, bodies) VALUES ($1, $2)")
            .bind(as_i64(segment))
            .bind(bodies)
            .execute(&mut *transaction)
            .await
            .map_err(|error| self.file.error(error))?;
        sqlx::query(
            "INSERT INTO totals (one, totals) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET totals = excluded.totals",
        )
        .bind(totals)
        .execute(&mut *transaction)
        .await
        .map_err(|error| self.file.error(error))?;
        transaction.commit().await.map_err(|error| self.file.error(error))
    }

    /// Commits totals that no trial moved.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_totals(&self, totals: &Totals) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO totals (one, totals) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET totals = excluded.totals",
        )
        .bind(self.file.json(totals)?)
        .execute(&self.file.pool)
        .await
        .map(|_| ())
        .map_err(|error| self.file.error(error))
    }

    /// The run's totals as of the last commit.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn totals(&self) -> Result<Totals, StoreError> {
        let text: Option<String> = sqlx::query_scalar("SELECT totals FROM totals")
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        match text {
            Some(text) => serde_json::from_str(&text).map_err(|error| StoreError::corrupt(&self.file.path, error)),
            None => Ok(Totals::default()),
        }
    }

    /// The numbers of all trials with an outcome, in order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn for_each_done(&self, mut visit: impl FnMut(u64, &str)) -> Result<(), StoreError> {
        let mut rows = sqlx::query("SELECT number, status FROM outcomes ORDER BY number").fetch(&self.file.pool);
        while let Some(row) = rows.try_next().await.map_err(|error| self.file.error(error))? {
            visit(row.get::<i64, _>("number").unsigned_abs(), row.get("status"));
        }
        Ok(())
    }

    /// How many of the first so many trials have an outcome.
    ///
    /// # Errors
    /// The database fails.
    pub async fn count_before(&self, number: u64) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM outcomes WHERE number < $1 AND status <> 'retry'")
            .bind(as_i64(number))
            .fetch_one(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(count.unsigned_abs())
    }

    /// The segments whose trials are only in the journal, in order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn unsealed(&self) -> Result<Vec<u64>, StoreError> {
        let segments: Vec<i64> = sqlx::query_scalar("SELECT DISTINCT segment FROM groups ORDER BY segment")
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(segments.into_iter().map(i64::unsigned_abs).collect())
    }

    /// A segment number that was never used, from 1.
    ///
    /// # Errors
    /// The database fails.
    pub async fn next_segment(&self) -> Result<u64, StoreError> {
        let last: Option<i64> = sqlx::query_scalar(
            "SELECT max(segment) FROM (SELECT segment FROM groups UNION ALL SELECT segment FROM segments) AS used",
        )
        .fetch_one(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(last.unwrap_or(0).unsigned_abs() + 1)
    }

    /// Visits the trials of an unsealed segment, group by group. A segment's trials are always the same, so that a
    /// crash between the lake's commit and [`Journal::sealed`] can be repeated.
    ///
    /// # Errors
    /// The database fails, a body cannot be read, or the visitor fails.
    pub async fn for_each_group<E: From<StoreError>>(
        &self,
        segment: u64,
        mut visit: impl FnMut(Vec<Trial>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rows = sqlx::query("SELECT bodies FROM groups WHERE segment = $1 ORDER BY id")
            .bind(as_i64(segment))
            .fetch(&self.file.pool);
        while let Some(row) = rows.try_next().await.map_err(|error| self.file.error(error))? {
            let bodies: &[u8] = row.get("bodies");
            let trials = bodies
                .split(|byte| *byte == b'\n')
                .filter(|body| !body.is_empty())
                .map(|body| serde_json::from_slice(body).map_err(|error| StoreError::corrupt(&self.file.path, error)))
                .collect::<Result<Vec<Trial>, _>>()?;
            visit(trials)?;
        }
        Ok(())
    }

    /// Lets go of the bodies of a segment that the lake has committed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn sealed(&self, segment: u64) -> Result<(), StoreError> {
        let mut transaction = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
        for statement in [
            "DELETE FROM groups WHERE segment = $1",
            // Kept apart from the groups: a number must never be used twice.
            "INSERT INTO segments (segment) VALUES ($1) ON CONFLICT DO NOTHING",
        ] {
            sqlx::query(statement)
                .bind(as_i64(segment))
                .execute(&mut *transaction)
                .await
                .map_err(|error| self.file.error(error))?;
        }
        transaction.commit().await.map_err(|error| self.file.error(error))
    }

    /// Marks every trial that ended in an error (or was refused or cancelled) as to be executed again, and says
    /// whether any is marked. The marks survive a crash until [`Journal::drop_retries`]: between the two, what the
    /// lake holds of these trials is deleted, which may be repeated.
    ///
    /// # Errors
    /// The database fails.
    pub async fn mark_retries(&self) -> Result<(), StoreError> {
        sqlx::query("UPDATE outcomes SET status = 'retry' WHERE status <> 'ok'")
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Whether trials are marked to be executed again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_retries(&self) -> Result<bool, StoreError> {
        let marked: Option<i64> = sqlx::query_scalar("SELECT number FROM outcomes WHERE status = 'retry' LIMIT 1")
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(marked.is_some())
    }

    /// Forgets the outcomes of the marked trials, and the batches they were in.
    ///
    /// # Errors
    /// The database fails.
    pub async fn drop_retries(&self) -> Result<(), StoreError> {
        let mut transaction = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
        for statement in [
            "DELETE FROM batch_results WHERE number IN (SELECT number FROM outcomes WHERE status = 'retry')",
            "DELETE FROM batch_trials WHERE number IN (SELECT number FROM outcomes WHERE status = 'retry')",
            "DELETE FROM outcomes WHERE status = 'retry'",
        ] {
            sqlx::query(statement).execute(&mut *transaction).await.map_err(|error| self.file.error(error))?;
        }
        transaction.commit().await.map_err(|error| self.file.error(error))
    }

    /// Closes the file, folding the write-ahead log into it.
    pub async fn close(&self) {
        self.file.pool.close().await;
    }
}

/// The numbers of each status as a JSON array, in order.
fn by_status(entries: &[JournalEntry]) -> Vec<(&'static str, String)> {
    let mut sorted: Vec<(&'static str, u64)> = entries.iter().map(|entry| (entry.status, entry.number)).collect();
    sorted.sort_unstable();
    sorted
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| {
            let mut numbers = String::with_capacity(8 * same.len() + 2);
            for (i, (_, number)) in same.iter().enumerate() {
                // Writing to a text cannot fail.
                let _ = write!(numbers, "{}{number}", if i == 0 { '[' } else { ',' });
            }
            numbers.push(']');
            (same[0].0, numbers)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, status: &'static str) -> JournalEntry {
        JournalEntry { number, status, body: b"{}".to_vec() }
    }

    async fn journal() -> (tempfile::TempDir, Journal) {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(folder.path().join(".assay")).unwrap();
        let run = RunId::from_uuid(uuid::Uuid::now_v7());
        (folder, Journal::open(&workspace, run).await.unwrap())
    }

    async fn done(journal: &Journal) -> Vec<(u64, String)> {
        let mut done = Vec::new();
        journal.for_each_done(|number, status| done.push((number, status.to_owned()))).await.unwrap();
        done
    }

    #[tokio::test]
    async fn a_second_outcome_refuses_its_whole_group() {
        let (_folder, journal) = journal().await;
        let totals = Totals { ok: 2, ..Totals::default() };
        journal.append(1, &[entry(7, "ok"), entry(3, "error")], &totals).await.unwrap();
        let more = Totals { ok: 9, ..Totals::default() };
        assert!(journal.append(1, &[entry(4, "ok"), entry(7, "ok")], &more).await.is_err());
        assert_eq!(done(&journal).await, [(3, "error".to_owned()), (7, "ok".to_owned())]);
        assert_eq!(journal.totals().await.unwrap(), totals);
    }

    #[tokio::test]
    async fn a_segment_number_is_never_used_twice() {
        let (_folder, journal) = journal().await;
        assert_eq!(journal.next_segment().await.unwrap(), 1);
        journal.append(1, &[entry(0, "ok")], &Totals::default()).await.unwrap();
        assert_eq!((journal.unsealed().await.unwrap(), journal.next_segment().await.unwrap()), (vec![1], 2));
        journal.sealed(1).await.unwrap();
        assert_eq!((journal.unsealed().await.unwrap(), journal.next_segment().await.unwrap()), (vec![], 2));
        assert_eq!(done(&journal).await.len(), 1, "outcomes outlive their bodies");
    }

    #[tokio::test]
    async fn what_is_retried_has_no_outcome_any_more() {
        let (_folder, journal) = journal().await;
        journal.append(1, &[entry(0, "ok"), entry(1, "error")], &Totals::default()).await.unwrap();
        journal.mark_retries().await.unwrap();
        assert!(journal.has_retries().await.unwrap());
        journal.drop_retries().await.unwrap();
        assert_eq!(done(&journal).await, [(0, "ok".to_owned())]);
    }
}
