//! `cache.db`: answers by content digest, shared between runs and processes.

use std::collections::HashMap;

use assay_core::{Digest, Output};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::sqlite::{Care, File};
use crate::{StoreError, Workspace};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS answers (
    key BLOB PRIMARY KEY,
    made_us BIGINT NOT NULL,
    answer TEXT NOT NULL
) WITHOUT ROWID;
";

/// The response cache. A key holds everything that can change an answer: the target's fingerprint, the payload and
/// the epoch. Errors and refusals are never put in.
#[derive(Clone, Debug)]
pub struct Cache {
    file: File,
}

/// An answer as it was when it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CachedAnswer {
    /// What the target gave back.
    pub output: Output,
    /// How long it took, in microseconds.
    pub latency_us: u64,
    /// Time to the first token in microseconds, where it was streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_us: Option<u64>,
}

impl Cache {
    /// Opens the cache of a workspace.
    ///
    /// # Errors
    /// A file that cannot be opened or made.
    pub async fn open(workspace: &Workspace) -> Result<Self, StoreError> {
        Ok(Self { file: File::open(&workspace.cache_file(), Care::Quick, 4, SCHEMA).await? })
    }

    /// The answers under keys, in their order. One statement looks all of them up.
    ///
    /// # Errors
    /// The database fails. An answer this version cannot read counts as absent.
    pub async fn get(&self, keys: &[Digest]) -> Result<Vec<Option<CachedAnswer>>, StoreError> {
        let wanted = serde_json::to_string(keys).map_err(|error| StoreError::corrupt(&self.file.path, error))?;
        let rows = sqlx::query("SELECT key, answer FROM answers WHERE key IN (SELECT unhex(value) FROM json_each($1))")
            .bind(wanted)
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        let found: HashMap<Digest, &str> =
            rows.iter().filter_map(|row| Some((Digest::from_slice(row.get("key"))?, row.get("answer")))).collect();
        Ok(keys.iter().map(|key| found.get(key).and_then(|text| serde_json::from_str(text).ok())).collect())
    }

    /// Puts answers in; the first answer under a key stays.
    ///
    /// # Errors
    /// The database fails.
    pub async fn put(&self, answers: &[(Digest, CachedAnswer)], now_us: i64) -> Result<(), StoreError> {
        let rows = serde_json::to_string(answers).map_err(|error| StoreError::corrupt(&self.file.path, error))?;
        sqlx::query(
            "INSERT INTO answers (key, made_us, answer)
             SELECT unhex(value ->> 0), $1, value -> 1 FROM json_each($2) WHERE true
             ON CONFLICT (key) DO NOTHING",
        )
        .bind(now_us)
        .bind(rows)
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_come_back_as_they_were_and_the_first_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&Workspace::open(folder.path().join(".assay")).unwrap()).await.unwrap();
        let mut output = Output::text_only("é \u{0} \"quoted\" 😀");
        output.mean_logprob = Some(-0.123_456_789_012_345_68);
        output.metadata.insert("n".into(), serde_json::json!(9_007_199_254_740_993_u64));
        let answer = CachedAnswer { output, latency_us: 7, ttft_us: Some(3) };
        let (one, two) = (Digest::of_bytes(b"1"), Digest::of_bytes(b"2"));
        cache.put(&[(one, answer.clone())], 1).await.unwrap();
        let other = CachedAnswer { latency_us: 8, ..answer.clone() };
        cache.put(&[(two, other.clone()), (one, other.clone())], 2).await.unwrap();
        let absent = Digest::of_bytes(b"3");
        assert_eq!(cache.get(&[two, absent, one]).await.unwrap(), [Some(other), None, Some(answer)]);
        assert_eq!(cache.get(&[]).await.unwrap(), []);
    }
}
