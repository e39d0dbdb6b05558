//! `cache.db`: answers by content digest, shared between runs and processes.

use assay_core::{Digest, Output};
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row, Sqlite};

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

    /// The answer under a key.
    ///
    /// # Errors
    /// The database fails. An answer this version cannot read counts as absent.
    pub async fn get(&self, key: Digest) -> Result<Option<CachedAnswer>, StoreError> {
        let row = sqlx::query("SELECT answer FROM answers WHERE key = $1")
            .bind(key.as_bytes().as_slice())
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(row.and_then(|row| serde_json::from_str(row.get("answer")).ok()))
    }

    /// Puts answers in; the first answer under a key stays.
    ///
    /// # Errors
    /// The database fails.
    pub async fn put(&self, answers: &[(Digest, CachedAnswer)], now_us: i64) -> Result<(), StoreError> {
        let rows = answers
            .iter()
            .map(|(key, answer)| {
                let text =
                    serde_json::to_string(answer).map_err(|error| StoreError::corrupt(&self.file.path, error))?;
                Ok((key.as_bytes().to_vec(), text))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        for chunk in rows.chunks(4_000) {
            let mut query: QueryBuilder<Sqlite> = QueryBuilder::new("INSERT INTO answers (key, made_us, answer) ");
            query.push_values(chunk, |mut row, (key, text)| {
                row.push_bind(key).push_bind(now_us).push_bind(text);
            });
            query.push(" ON CONFLICT (key) DO NOTHING");
            query.build().execute(&self.file.pool).await.map_err(|error| self.file.error(error))?;
        }
        Ok(())
    }
}
