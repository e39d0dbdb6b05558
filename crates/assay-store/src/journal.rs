//! `journal/RUN.db`: each finished trial exactly once.
//!
//! A trial counts when its commit is on disk. Sealed trials leave their body to the lake and keep only their number
//! here, so that the unique index still refuses a second outcome and a resumed run knows what is done.

use assay_core::run::Totals;
use assay_core::{RunId, Trial};
use futures::TryStreamExt;
use sqlx::{QueryBuilder, Row, Sqlite};

use crate::sqlite::{Care, File};
use crate::state::as_i64;
use crate::{StoreError, Workspace};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    segment BIGINT,
    body BLOB
);
CREATE INDEX IF NOT EXISTS journal_unsealed ON journal (seq) WHERE segment IS NULL;
CREATE INDEX IF NOT EXISTS journal_unreleased ON journal (segment) WHERE segment IS NOT NULL AND body IS NOT NULL;
CREATE TABLE IF NOT EXISTS segments (segment INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS totals (one INTEGER PRIMARY KEY, totals TEXT NOT NULL);
";

/// SQLite takes at most 32,766 bound values in one statement; four a row.
const ROWS_PER_STATEMENT: usize = 4_000;

/// The journal of one run.
#[derive(Clone, Debug)]
pub struct Journal {
    file: File,
}

/// A trial on its way into the journal: serialised by the task that made it, so that the writer only writes.
#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// [`assay_core::TrialKey::number`].
    pub number: u64,
    /// [`assay_core::Outcome::status`].
    pub status: &'static str,
    /// The trial as JSON.
    pub body: Vec<u8>,
}

impl JournalEntry {
    /// Serialises a trial.
    ///
    /// # Errors
    /// Never for a trial built by the engine; kept so that nothing can panic between an answer and its record.
    pub fn new(number: u64, trial: &Trial) -> Result<Self, serde_json::Error> {
        Ok(Self { number, status: trial.outcome.status(), body: serde_json::to_vec(trial)? })
    }
}

impl Journal {
    /// Opens or makes the journal of a run.
    ///
    /// # Errors
    /// A file that cannot be opened or made.
    pub async fn open(workspace: &Workspace, run: RunId) -> Result<Self, StoreError> {
        Ok(Self { file: File::open(&workspace.journal_file(run), Care::Durable, 2, SCHEMA).await? })
    }

    /// Commits finished trials together with the run's totals after them, all or none; on return they survive a power cut. A trial that is already there stays
    /// as it is: the first outcome holds.
    ///
    /// # Errors
    /// The database fails, such as on a full disk; nothing of the batch was recorded then.
    pub async fn append(&self, entries: &[JournalEntry], totals: &Totals) -> Result<(), StoreError> {
        let totals = serde_json::to_string(totals).map_err(|error| StoreError::corrupt(&self.file.path, error))?;
        let mut transaction = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
        for chunk in entries.chunks(ROWS_PER_STATEMENT) {
            let mut query: QueryBuilder<Sqlite> = QueryBuilder::new("INSERT INTO journal (number, status, body) ");
            query.push_values(chunk, |mut row, entry| {
                row.push_bind(as_i64(entry.number)).push_bind(entry.status).push_bind(&entry.body);
            });
            query.push(" ON CONFLICT (number) DO NOTHING");
            query.build().execute(&mut *transaction).await.map_err(|error| self.file.error(error))?;
        }
        sqlx::query(
            "INSERT INTO totals (one, totals) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET totals = excluded.totals",
        )
        .bind(totals)
        .execute(&mut *transaction)
        .await
        .map_err(|error| self.file.error(error))?;
        transaction.commit().await.map_err(|error| self.file.error(error))
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

    /// The numbers of all trials with an outcome, in order of number.
    ///
    /// # Errors
    /// The database fails.
    pub async fn for_each_done(&self, mut visit: impl FnMut(u64, &str)) -> Result<(), StoreError> {
        let mut rows = sqlx::query("SELECT number, status FROM journal ORDER BY number").fetch(&self.file.pool);
        while let Some(row) = rows.try_next().await.map_err(|error| self.file.error(error))? {
            visit(row.get::<i64, _>("number").unsigned_abs(), row.get("status"));
        }
        Ok(())
    }

    /// How many trials have no segment yet.
    ///
    /// # Errors
    /// The database fails.
    pub async fn unsealed(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM journal WHERE segment IS NULL")
            .fetch_one(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(count.unsigned_abs())
    }

    /// Assigns the oldest unsealed trials, at most `limit` and `bytes` of bodies but at least one, to segment `segment`
    /// and reads them. Asking again for the
    /// same segment gives the same trials, so that a crash between the lake's commit and [`Journal::sealed`] can be
    /// repeated.
    ///
    /// # Errors
    /// The database fails or a body cannot be read.
    pub async fn take_segment(&self, segment: u64, limit: u64, bytes: u64) -> Result<Vec<Trial>, StoreError> {
        let segment = as_i64(segment);
        let taken: i64 = sqlx::query_scalar("SELECT count(*) FROM journal WHERE segment = $1 AND body IS NOT NULL")
            .bind(segment)
            .fetch_one(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        if taken == 0 {
            sqlx::query(
                "UPDATE journal SET segment = $1 WHERE seq IN
                 (SELECT seq FROM
                   (SELECT seq, sum(length(body)) OVER (ORDER BY seq) - length(body) AS before
                    FROM (SELECT seq, body FROM journal WHERE segment IS NULL ORDER BY seq LIMIT $2) AS oldest) AS sized
                  WHERE before < $3)",
            )
            .bind(segment)
            .bind(as_i64(limit))
            .bind(as_i64(bytes))
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        }
        let mut rows = sqlx::query("SELECT body FROM journal WHERE segment = $1 AND body IS NOT NULL ORDER BY seq")
            .bind(segment)
            .fetch(&self.file.pool);
        let mut trials = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(|error| self.file.error(error))? {
            let body: &[u8] = row.get("body");
            trials.push(serde_json::from_slice(body).map_err(|error| StoreError::corrupt(&self.file.path, error))?);
        }
        Ok(trials)
    }

    /// The segment that was taken but not yet marked as sealed, else the next free number. Segments count from 1.
    ///
    /// # Errors
    /// The database fails.
    pub async fn current_segment(&self) -> Result<u64, StoreError> {
        let open: Option<i64> = sqlx::query_scalar(
            "SELECT min(segment) FROM journal WHERE segment IS NOT NULL AND body IS NOT NULL AND status <> 'retry'",
        )
        .fetch_one(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        if let Some(open) = open {
            return Ok(open.unsigned_abs());
        }
        // Kept apart from the journal's rows: a number must never be used twice, also when its rows were retried.
        let last: Option<i64> = sqlx::query_scalar("SELECT max(segment) FROM segments")
            .fetch_one(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(last.unwrap_or(0).unsigned_abs() + 1)
    }

    /// Lets go of the bodies of a segment that the lake has committed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn sealed(&self, segment: u64) -> Result<(), StoreError> {
        let mut transaction = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
        for statement in [
            "UPDATE journal SET body = NULL WHERE segment = $1",
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
        sqlx::query("UPDATE journal SET status = 'retry' WHERE status <> 'ok'")
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
        let marked: Option<i64> = sqlx::query_scalar("SELECT number FROM journal WHERE status = 'retry' LIMIT 1")
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(marked.is_some())
    }

    /// Forgets the outcomes of the marked trials.
    ///
    /// # Errors
    /// The database fails.
    pub async fn drop_retries(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM journal WHERE status = 'retry'")
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Closes the file, folding the write-ahead log into it.
    pub async fn close(&self) {
        self.file.pool.close().await;
    }
}
