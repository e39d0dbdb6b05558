//! Figures that are made of a whole run and asked for often: kept with what they rest on.

use std::collections::HashMap;

use crate::StoreError;
use crate::state::State;

/// The table, beside those of the state.
pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS figures (what TEXT PRIMARY KEY, stamp TEXT NOT NULL, body TEXT NOT NULL);
";

impl State {
    /// Those of these figures that are kept, each with the stamp of what it rests on and its text. Whoever asks compares the
    /// stamp: another one is of other data.
    ///
    /// # Errors
    /// The database fails.
    pub async fn figures(&self, what: &[String]) -> Result<HashMap<String, (String, String)>, StoreError> {
        let rows = sqlx::query_as::<_, (String, String, String)>(
            "SELECT what, stamp, body FROM figures WHERE what IN (SELECT value FROM json_each($1))",
        )
        .bind(self.file.json(&what)?)
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(rows.into_iter().map(|(what, stamp, body)| (what, (stamp, body))).collect())
    }

    /// Keeps figures in place of those that were kept before.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep_figures(&self, what: &str, stamp: &str, body: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO figures (what, stamp, body) VALUES ($1, $2, $3)
             ON CONFLICT (what) DO UPDATE SET stamp = excluded.stamp, body = excluded.body",
        )
        .bind(what)
        .bind(stamp)
        .bind(body)
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(())
    }
}
