//! Runs that the server is asked to execute, one after another.

use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;

use crate::StoreError;
use crate::state::State;

/// The table, beside those of the state.
pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    arguments TEXT NOT NULL,
    author TEXT NOT NULL,
    queued_us BIGINT NOT NULL,
    started_us BIGINT,
    ended_us BIGINT,
    exit BIGINT,
    message TEXT
);
";

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "JobStand")]
pub enum Stand {
    /// It waits for those before it.
    Queued,
    /// It is executed.
    Running,
    /// It has ended; the exit code says how.
    Ended,
    /// It was taken back before it began.
    Withdrawn,
}

/// A run that is to be executed.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its number. The run has it as the label `job`.
    pub id: i64,
    /// The arguments of `assay run`.
    pub arguments: Vec<String>,
    /// Who asked for it.
    pub author: String,
    /// When.
    pub queued_us: i64,
    /// When it began.
    pub started_us: Option<i64>,
    /// When it ended.
    pub ended_us: Option<i64>,
    /// How it ended: the documented exit code.
    pub exit: Option<u8>,
    /// What was said at its end, if it failed.
    pub message: Option<String>,
}

impl Job {
    /// Where it stands.
    pub fn stand(&self) -> Stand {
        match (self.started_us, self.ended_us) {
            (None, None) => Stand::Queued,
            (Some(_), None) => Stand::Running,
            (None, Some(_)) => Stand::Withdrawn,
            (Some(_), Some(_)) => Stand::Ended,
        }
    }
}

impl State {
    fn job(&self, row: &SqliteRow) -> Result<Job, StoreError> {
        let arguments: String = self.get(row, "arguments")?;
        Ok(Job {
            id: self.get(row, "id")?,
            arguments: self.parse(&arguments)?,
            author: self.get(row, "author")?,
            queued_us: self.get(row, "queued_us")?,
            started_us: self.get(row, "started_us")?,
            ended_us: self.get(row, "ended_us")?,
            exit: self.get::<Option<i64>>(row, "exit")?.and_then(|code| u8::try_from(code).ok()),
            message: self.get(row, "message")?,
        })
    }

    /// Puts a job at the end of the queue.
    ///
    /// # Errors
    /// The database fails.
    pub async fn queue(&self, arguments: &[String], author: &str, now_us: i64) -> Result<Job, StoreError> {
        let row = sqlx::query("INSERT INTO jobs (arguments, author, queued_us) VALUES ($1, $2, $3) RETURNING *")
            .bind(self.file.json(&arguments)?)
            .bind(author)
            .bind(now_us)
            .fetch_one(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        self.job(&row)
    }

    /// Jobs before one, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn jobs(&self, before: Option<i64>, limit: u32) -> Result<Vec<Job>, StoreError> {
        sqlx::query("SELECT * FROM jobs WHERE id < $1 ORDER BY id DESC LIMIT $2")
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?
            .iter()
            .map(|row| self.job(row))
            .collect()
    }

    /// Jobs that a server began and never ended: it was killed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn jobs_cut_off(&self) -> Result<Vec<Job>, StoreError> {
        sqlx::query("SELECT * FROM jobs WHERE started_us IS NOT NULL AND ended_us IS NULL ORDER BY id")
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?
            .iter()
            .map(|row| self.job(row))
            .collect()
    }

    /// The next job, marked as begun.
    ///
    /// # Errors
    /// The database fails.
    pub async fn next_job(&self, now_us: i64) -> Result<Option<Job>, StoreError> {
        let row = sqlx::query(
            "UPDATE jobs SET started_us = $1 WHERE id =
               (SELECT id FROM jobs WHERE started_us IS NULL AND ended_us IS NULL ORDER BY id LIMIT 1) RETURNING *",
        )
        .bind(now_us)
        .fetch_optional(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        row.map(|row| self.job(&row)).transpose()
    }

    /// Writes down how a job ended.
    ///
    /// # Errors
    /// The database fails.
    pub async fn end_job(&self, id: i64, exit: u8, message: Option<&str>, now_us: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE jobs SET ended_us = $2, exit = $3, message = $4 WHERE id = $1")
            .bind(id)
            .bind(now_us)
            .bind(i64::from(exit))
            .bind(message)
            .execute(&self.file.pool)
            .await
            .map(|_| ())
            .map_err(|error| self.file.error(error))
    }

    /// Takes a job back that has not begun; false when there is none such.
    ///
    /// # Errors
    /// The database fails.
    pub async fn withdraw_job(&self, id: i64, now_us: i64) -> Result<bool, StoreError> {
        let done =
            sqlx::query("UPDATE jobs SET ended_us = $2 WHERE id = $1 AND started_us IS NULL AND ended_us IS NULL")
                .bind(id)
                .bind(now_us)
                .execute(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
        Ok(done.rows_affected() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workspace;

    #[tokio::test]
    async fn jobs_are_taken_in_order_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&Workspace::open(folder.path().join(".assay")).unwrap()).await.unwrap();
        for suite in ["a.yaml", "b.yaml", "c.yaml"] {
            state.queue(&[suite.to_owned()], "ann", 1).await.unwrap();
        }
        assert!(state.withdraw_job(2, 2).await.unwrap());
        let first = state.next_job(3).await.unwrap().unwrap();
        assert_eq!((first.id, first.stand()), (1, Stand::Running));
        assert!(!state.withdraw_job(1, 4).await.unwrap(), "it has begun");
        assert_eq!(state.jobs_cut_off().await.unwrap(), [first]);
        state.end_job(1, 3, Some("undecided"), 5).await.unwrap();
        assert_eq!(state.next_job(6).await.unwrap().unwrap().arguments, ["c.yaml"]);
        assert!(state.next_job(7).await.unwrap().is_none());
        let stands: Vec<Stand> = state.jobs(None, 10).await.unwrap().iter().map(Job::stand).collect();
        assert_eq!(stands, [Stand::Running, Stand::Withdrawn, Stand::Ended]);
    }
}
