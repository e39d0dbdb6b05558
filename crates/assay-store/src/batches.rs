//! What a run has sent to providers in batches, in its journal: which trials are in which batch, and their results until
//! the trials are recorded.
//!
//! A batch is written down before it is sent and its id when the provider has given one, so that whatever dies between
//! the two leaves a mark: a batch without an id may be at the provider, and has to be looked for.

use std::collections::HashMap;

use futures::TryStreamExt;
use sqlx::Row;

use crate::state::as_i64;
use crate::{Journal, StoreError};

/// A batch of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number in the run; never used twice.
    pub part: u64,
    /// The target's position.
    pub target: u32,
    /// The provider's id for it, once that is known.
    pub id: Option<String>,
    /// Nothing more is expected of it.
    pub ended: bool,
    /// When it was about to be sent, in seconds since the Unix epoch.
    pub since: i64,
    /// Requests it was made of.
    pub requests: u64,
    /// The most it could cost, in nano-dollars.
    pub cost_nanousd: i64,
    /// The most tokens it could use.
    pub tokens: u64,
}

impl Journal {
    /// Writes down that trials are about to be sent in a batch, all or none; gives it with its number.
    ///
    /// # Errors
    /// The database fails, or one of the trials is in another batch.
    pub async fn begin_batch(&self, batch: &Batch, trials: &[u64]) -> Result<Batch, StoreError> {
        let mut transaction = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
        let part: i64 = sqlx::query_scalar(
            "INSERT INTO batches (target, since, requests, cost_nanousd, tokens) VALUES ($1, $2, $3, $4, $5)
             RETURNING part",
        )
        .bind(i64::from(batch.target))
        .bind(batch.since)
        .bind(as_i64(batch.requests))
        .bind(batch.cost_nanousd)
        .bind(as_i64(batch.tokens))
        .fetch_one(&mut *transaction)
        .await
        .map_err(|error| self.file.error(error))?;
        sqlx::query("INSERT INTO batch_trials (number, part) SELECT value, $1 FROM json_each($2)")
            .bind(part)
            .bind(self.file.json(&trials)?)
            .execute(&mut *transaction)
            .await
            .map_err(|error| self.file.error(error))?;
        transaction.commit().await.map_err(|error| self.file.error(error))?;
        Ok(Batch { part: part.unsigned_abs(), ..batch.clone() })
    }

    /// Writes down the provider's id for a batch.
    ///
    /// # Errors
    /// The database fails.
    pub async fn batch_sent(&self, part: u64, id: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE batches SET id = $2 WHERE part = $1")
            .bind(as_i64(part))
            .bind(id)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Nothing more is expected of a batch.
    ///
    /// # Errors
    /// The database fails.
    pub async fn batch_ended(&self, part: u64) -> Result<(), StoreError> {
        sqlx::query("UPDATE batches SET ended = TRUE WHERE part = $1")
            .bind(as_i64(part))
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Forgets a batch that never reached its provider: its trials may be sent in another one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn drop_batch(&self, part: u64) -> Result<(), StoreError> {
        let mut transaction = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
        for statement in ["DELETE FROM batch_trials WHERE part = $1", "DELETE FROM batches WHERE part = $1"] {
            sqlx::query(statement)
                .bind(as_i64(part))
                .execute(&mut *transaction)
                .await
                .map_err(|error| self.file.error(error))?;
        }
        transaction.commit().await.map_err(|error| self.file.error(error))
    }

    /// Every batch of the run, in order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn batches(&self) -> Result<Vec<Batch>, StoreError> {
        let rows = sqlx::query("SELECT * FROM batches ORDER BY part")
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(rows
            .iter()
            .map(|row| Batch {
                part: row.get::<i64, _>("part").unsigned_abs(),
                target: u32::try_from(row.get::<i64, _>("target")).unwrap_or(u32::MAX),
                id: row.get("id"),
                ended: row.get("ended"),
                since: row.get("since"),
                requests: row.get::<i64, _>("requests").unsigned_abs(),
                cost_nanousd: row.get("cost_nanousd"),
                tokens: row.get::<i64, _>("tokens").unsigned_abs(),
            })
            .collect())
    }

    /// The trials of a batch, in order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn batch_trials(&self, part: u64) -> Result<Vec<u64>, StoreError> {
        let numbers: Vec<i64> = sqlx::query_scalar("SELECT number FROM batch_trials WHERE part = $1 ORDER BY number")
            .bind(as_i64(part))
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(numbers.into_iter().map(i64::unsigned_abs).collect())
    }

    /// Visits every trial that is in a batch.
    ///
    /// # Errors
    /// The database fails.
    pub async fn for_each_batched(&self, mut visit: impl FnMut(u64)) -> Result<(), StoreError> {
        let mut rows = sqlx::query("SELECT number FROM batch_trials").fetch(&self.file.pool);
        while let Some(row) = rows.try_next().await.map_err(|error| self.file.error(error))? {
            visit(row.get::<i64, _>("number").unsigned_abs());
        }
        Ok(())
    }

    /// Keeps results of trials; the first one of a trial stays.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add_results(&self, results: &[(u64, String)]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO batch_results (number, result) SELECT value ->> 0, value ->> 1 FROM json_each($1)
             WHERE true ON CONFLICT (number) DO NOTHING",
        )
        .bind(self.file.json(&results)?)
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// The results of trials that have one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn results(&self, trials: &[u64]) -> Result<HashMap<u64, String>, StoreError> {
        let rows =
            sqlx::query("SELECT number, result FROM batch_results WHERE number IN (SELECT value FROM json_each($1))")
                .bind(self.file.json(&trials)?)
                .fetch_all(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
        Ok(rows.iter().map(|row| (row.get::<i64, _>("number").unsigned_abs(), row.get("result"))).collect())
    }

    /// Visits the results of trials that have no outcome yet.
    ///
    /// # Errors
    /// The database fails.
    pub async fn for_each_unrecorded_result(&self, mut visit: impl FnMut(&str)) -> Result<(), StoreError> {
        let mut rows =
            sqlx::query("SELECT result FROM batch_results WHERE number NOT IN (SELECT number FROM outcomes)")
                .fetch(&self.file.pool);
        while let Some(row) = rows.try_next().await.map_err(|error| self.file.error(error))? {
            visit(row.get("result"));
        }
        Ok(())
    }

    /// Forgets what is known of trials that no batch was made for: why may have changed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forget_refusals(&self) -> Result<(), StoreError> {
        self.delete("DELETE FROM batch_results WHERE number NOT IN (SELECT number FROM batch_trials)").await
    }

    /// Forgets all results, once every trial is recorded.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forget_results(&self) -> Result<(), StoreError> {
        self.delete("DELETE FROM batch_results").await
    }

    async fn delete(&self, statement: &'static str) -> Result<(), StoreError> {
        sqlx::query(statement).execute(&self.file.pool).await.map_err(|error| self.file.error(error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use assay_core::RunId;
    use assay_core::run::Totals;

    use super::*;
    use crate::{JournalEntry, Workspace};

    fn batch() -> Batch {
        let (cost_nanousd, tokens) = (7, 8);
        Batch { part: 0, target: 1, id: None, ended: false, since: 5, requests: 2, cost_nanousd, tokens }
    }

    #[tokio::test]
    async fn a_trial_is_in_one_batch_until_it_is_retried() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(folder.path().join(".assay")).unwrap();
        let journal = Journal::open(&workspace, RunId::from_uuid(uuid::Uuid::now_v7())).await.unwrap();
        let first = journal.begin_batch(&batch(), &[3, 1]).await.unwrap();
        assert!(journal.begin_batch(&batch(), &[9, 3]).await.is_err(), "trial 3 would be sent twice");
        assert_eq!(journal.batches().await.unwrap(), std::slice::from_ref(&first));
        journal.batch_sent(first.part, "b1").await.unwrap();
        assert_eq!(journal.batches().await.unwrap()[0].id.as_deref(), Some("b1"));
        assert_eq!(journal.batch_trials(first.part).await.unwrap(), [1, 3]);
        journal.add_results(&[(1, "a\"".into()), (3, "b".into()), (7, "refused".into())]).await.unwrap();
        journal.add_results(&[(1, "other".into())]).await.unwrap();
        journal.forget_refusals().await.unwrap();
        let found = journal.results(&[1, 2, 3, 7]).await.unwrap();
        assert_eq!(found, HashMap::from([(1, "a\"".to_owned()), (3, "b".to_owned())]));
        let entry = |number, status| JournalEntry { number, status, body: b"{}".to_vec() };
        journal.append(1, &[entry(1, "ok"), entry(3, "error")], &Totals::default()).await.unwrap();
        journal.mark_retries().await.unwrap();
        journal.drop_retries().await.unwrap();
        assert_eq!(journal.batch_trials(first.part).await.unwrap(), [1]);
        assert_eq!(journal.results(&[1, 3]).await.unwrap().len(), 1);
        let second = journal.begin_batch(&batch(), &[3]).await.unwrap();
        journal.drop_batch(second.part).await.unwrap();
        let third = journal.begin_batch(&batch(), &[3]).await.unwrap();
        assert!(third.part > second.part, "a number is never used twice");
    }
}
