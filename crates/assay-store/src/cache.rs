//! `cache.db`: answers by content digest, shared between runs and processes.
//!
//! Answers and what is known of their calls stand apart, so that looking over a cache does not read the answers.

use std::collections::HashMap;

use assay_core::{Digest, Output, RunId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::sqlite::{Care, File};
use crate::{StoreError, Workspace};

const SCHEMA: &str = "
DROP TABLE IF EXISTS answers;
CREATE TABLE IF NOT EXISTS calls (
    key BLOB PRIMARY KEY,
    caller BLOB NOT NULL,
    payload BLOB NOT NULL,
    epoch BIGINT NOT NULL,
    made_us BIGINT NOT NULL,
    used_us BIGINT NOT NULL,
    bytes BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS calls_by_payload ON calls (payload);
CREATE TABLE IF NOT EXISTS bodies (key BLOB PRIMARY KEY, answer TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS callers (fingerprint BLOB PRIMARY KEY, name TEXT NOT NULL, config TEXT NOT NULL)
    WITHOUT ROWID;
";

/// A use is written down when the last one was longer ago than this, so that reading hardly ever writes.
const USED_WITHIN_US: i64 = 86_400_000_000;

/// Entries that are removed in one transaction.
const CHUNK: usize = 2_000;

/// The response cache. Errors and refusals are never put in.
#[derive(Clone, Debug)]
pub struct Cache {
    file: File,
}

/// A call as the cache knows it: everything that can change its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallKey {
    /// The key of the entry: a digest of the three others.
    pub key: Digest,
    /// The fingerprint of the target, or of a judge's model.
    pub caller: Digest,
    /// The digest of the payload.
    pub payload: Digest,
    /// The repeat number.
    pub epoch: u32,
}

impl CallKey {
    /// The key of a call.
    pub fn new(caller: Digest, payload: Digest, epoch: u32) -> Self {
        let mut digest = Digest::stream();
        digest.update(b"assay answer 3\n");
        digest.update(caller.as_bytes());
        digest.update(payload.as_bytes());
        digest.update(&epoch.to_le_bytes());
        Self { key: digest.finish(), caller, payload, epoch }
    }
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

/// An entry without its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose answer, to what, in which repeat.
    pub call: CallKey,
    /// When it was made, in microseconds since the Unix epoch.
    pub made_us: i64,
}

/// What the cache holds of one target or judge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallerStats {
    /// Its name when it was last used.
    pub name: String,
    /// Its fingerprint.
    pub fingerprint: Digest,
    /// Its configuration, without secrets.
    pub config: Value,
    /// Answers.
    pub answers: u64,
    /// Bytes of answers.
    pub bytes: u64,
    /// When the oldest was made and the newest used, in microseconds since the Unix epoch; a use is noted once a day.
    pub oldest_us: i64,
    /// See `oldest_us`.
    pub used_us: i64,
}

impl Cache {
    /// Opens the cache of a workspace.
    ///
    /// # Errors
    /// A file that cannot be opened or made.
    pub async fn open(workspace: &Workspace) -> Result<Self, StoreError> {
        Ok(Self { file: File::open(&workspace.cache_file(), Care::Quick, 4, &[SCHEMA]).await? })
    }

    /// Opens a file of answers that only one run needs. What is left of an earlier one is removed.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub async fn scratch(workspace: &Workspace, run: RunId) -> Result<Self, StoreError> {
        let path = workspace.answers_file(run);
        // There is none, usually.
        let _ = std::fs::remove_file(&path);
        Ok(Self { file: File::open(&path, Care::Scratch, 4, &[SCHEMA]).await? })
    }

    /// Closes and removes a scratch file.
    pub async fn remove_file(self) {
        self.file.pool.close().await;
        // What cannot be removed is removed when the run is resumed, or harms nobody.
        let _ = std::fs::remove_file(&self.file.path);
    }

    /// The answers under keys, in their order. One statement looks all of them up.
    ///
    /// # Errors
    /// The database fails. An answer this version cannot read counts as absent.
    pub async fn get(&self, keys: &[Digest]) -> Result<Vec<Option<CachedAnswer>>, StoreError> {
        let rows = sqlx::query("SELECT key, answer FROM bodies WHERE key IN (SELECT unhex(value) FROM json_each($1))")
            .bind(self.file.json(&keys)?)
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        let found: HashMap<Digest, &str> =
            rows.iter().filter_map(|row| Some((Digest::from_slice(row.get("key"))?, row.get("answer")))).collect();
        Ok(keys.iter().map(|key| found.get(key).and_then(|text| serde_json::from_str(text).ok())).collect())
    }

    /// Writes down that answers were used, unless that was done within a day.
    ///
    /// # Errors
    /// The database fails.
    pub async fn touch(&self, keys: &[Digest], now_us: i64) -> Result<(), StoreError> {
        let keys = self.file.json(&keys)?;
        let old = "key IN (SELECT unhex(value) FROM json_each($1)) AND used_us < $2";
        let any: Option<i64> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT 1 FROM calls WHERE {old} LIMIT 1")))
                .bind(&keys)
                .bind(now_us - USED_WITHIN_US)
                .fetch_optional(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
        if any.is_some() {
            sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE calls SET used_us = $3 WHERE {old}")))
                .bind(&keys)
                .bind(now_us - USED_WITHIN_US)
                .bind(now_us)
                .execute(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
        }
        Ok(())
    }

    /// How many of these keys have an answer.
    ///
    /// # Errors
    /// The database fails.
    pub async fn have(&self, keys: &[Digest]) -> Result<u64, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM calls WHERE key IN (SELECT unhex(value) FROM json_each($1))")
                .bind(self.file.json(&keys)?)
                .fetch_one(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
        Ok(count.unsigned_abs())
    }

    /// Puts answers in; the first answer under a key stays.
    ///
    /// # Errors
    /// The database fails.
    pub async fn put(&self, answers: &[(CallKey, CachedAnswer)], now_us: i64) -> Result<(), StoreError> {
        let rows = answers
            .iter()
            .map(|(call, answer)| {
                let text = self.file.json(answer)?;
                Ok((call.key, call.caller, call.payload, call.epoch, text.len(), text))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let rows = self.file.json(&rows)?;
        let mut transaction = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
        for statement in [
            "INSERT INTO calls (key, caller, payload, epoch, made_us, used_us, bytes)
             SELECT unhex(value ->> 0), unhex(value ->> 1), unhex(value ->> 2), value ->> 3, $1, $1, value ->> 4
             FROM json_each($2) WHERE true ON CONFLICT (key) DO NOTHING",
            "INSERT INTO bodies (key, answer) SELECT unhex(value ->> 0), value ->> 5 FROM json_each($2)
             WHERE $1 IS NOT NULL ON CONFLICT (key) DO NOTHING",
        ] {
            sqlx::query(statement)
                .bind(now_us)
                .bind(&rows)
                .execute(&mut *transaction)
                .await
                .map_err(|error| self.file.error(error))?;
        }
        transaction.commit().await.map_err(|error| self.file.error(error))
    }

    /// Remembers who a fingerprint belongs to, so that a later miss can be explained.
    ///
    /// # Errors
    /// The database fails.
    pub async fn introduce(&self, fingerprint: Digest, name: &str, config: &Value) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO callers (fingerprint, name, config) VALUES ($1, $2, $3)
             ON CONFLICT (fingerprint) DO UPDATE SET name = excluded.name WHERE name <> excluded.name",
        )
        .bind(fingerprint.as_bytes().as_slice())
        .bind(name)
        .bind(self.file.json(config)?)
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// The entries of any caller and epoch for these payloads.
    ///
    /// # Errors
    /// The database fails.
    pub async fn of_payloads(&self, payloads: &[Digest]) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query(
            "SELECT key, caller, payload, epoch, made_us FROM calls
             WHERE payload IN (SELECT unhex(value) FROM json_each($1))",
        )
        .bind(self.file.json(&payloads)?)
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        rows.iter().map(|row| self.entry(row)).collect()
    }

    fn entry(&self, row: &SqliteRow) -> Result<Entry, StoreError> {
        let digest = |column: &str| {
            let bytes: &[u8] = row.get(column);
            Digest::from_slice(bytes).ok_or_else(|| StoreError::corrupt(&self.file.path, "a key is no digest"))
        };
        let epoch = u32::try_from(row.get::<i64, _>("epoch")).unwrap_or(u32::MAX);
        let call = CallKey { key: digest("key")?, caller: digest("caller")?, payload: digest("payload")?, epoch };
        Ok(Entry { call, made_us: row.get("made_us") })
    }

    /// What the cache holds, by caller, the largest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn stats(&self) -> Result<Vec<CallerStats>, StoreError> {
        let rows = sqlx::query(
            "SELECT caller, COALESCE(name, '') AS name, COALESCE(config, 'null') AS config, count(*) AS answers,
                    sum(bytes) AS bytes, min(made_us) AS oldest_us, max(used_us) AS used_us
             FROM calls LEFT JOIN callers ON fingerprint = caller GROUP BY caller ORDER BY bytes DESC",
        )
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        rows.iter()
            .map(|row| {
                let corrupt = |error: String| StoreError::corrupt(&self.file.path, error);
                Ok(CallerStats {
                    name: row.get("name"),
                    fingerprint: Digest::from_slice(row.get("caller")).ok_or_else(|| corrupt("no digest".into()))?,
                    config: serde_json::from_str(row.get("config")).map_err(|error| corrupt(error.to_string()))?,
                    answers: row.get::<i64, _>("answers").unsigned_abs(),
                    bytes: row.get::<i64, _>("bytes").unsigned_abs(),
                    oldest_us: row.get("oldest_us"),
                    used_us: row.get("used_us"),
                })
            })
            .collect()
    }

    /// Bytes that entries take in the file; what was removed and not yet given back is not counted.
    ///
    /// # Errors
    /// The database fails.
    pub async fn size(&self) -> Result<u64, StoreError> {
        let size: i64 = sqlx::query_scalar(
            "SELECT (page_count - freelist_count) * page_size
             FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
        )
        .fetch_one(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(size.unsigned_abs())
    }

    /// Removes entries of one caller (of all, without one) that were not used since then; gives their number.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove(&self, caller: Option<Digest>, unused_since_us: i64) -> Result<u64, StoreError> {
        let caller = caller.map(|caller| caller.as_bytes().to_vec());
        let keys: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT key FROM calls WHERE ($1 IS NULL OR caller = $1) AND used_us < $2")
                .bind(caller)
                .bind(unused_since_us)
                .fetch_all(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
        self.remove_keys(&keys).await
    }

    /// Removes what was not used for the longest time until the rest takes at most `most` bytes; gives the number of
    /// entries removed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn shrink(&self, most: u64) -> Result<u64, StoreError> {
        let mut removed = 0;
        // How much room an entry takes is known only roughly: pages are not filled to the brim.
        loop {
            let size = self.size().await?;
            if size <= most {
                return Ok(removed);
            }
            let all: i64 = sqlx::query_scalar("SELECT COALESCE(sum(bytes), 0) FROM calls")
                .fetch_one(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
            let surplus = all as f64 * ((size - most) as f64 / size as f64).max(0.02);
            let keys: Vec<Vec<u8>> = sqlx::query_scalar(
                "SELECT key FROM
                     (SELECT key, sum(bytes) OVER (ORDER BY used_us, made_us, key) - bytes AS before FROM calls)
                 WHERE before < $1",
            )
            .bind(surplus)
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
            if keys.is_empty() {
                return Ok(removed);
            }
            removed += self.remove_keys(&keys).await?;
        }
    }

    async fn remove_keys(&self, keys: &[Vec<u8>]) -> Result<u64, StoreError> {
        for chunk in keys.chunks(CHUNK) {
            let chunk: Vec<Digest> = chunk.iter().filter_map(|key| Digest::from_slice(key)).collect();
            let chunk = self.file.json(&chunk)?;
            let mut transaction = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
            for statement in [
                "DELETE FROM bodies WHERE key IN (SELECT unhex(value) FROM json_each($1))",
                "DELETE FROM calls WHERE key IN (SELECT unhex(value) FROM json_each($1))",
            ] {
                sqlx::query(statement)
                    .bind(&chunk)
                    .execute(&mut *transaction)
                    .await
                    .map_err(|error| self.file.error(error))?;
            }
            transaction.commit().await.map_err(|error| self.file.error(error))?;
        }
        Ok(keys.len() as u64)
    }

    /// Gives the room of removed entries back to the disk.
    ///
    /// # Errors
    /// The database fails, such as while another process writes to it.
    pub async fn compact(&self) -> Result<(), StoreError> {
        sqlx::raw_sql("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn open(folder: &tempfile::TempDir) -> Cache {
        Cache::open(&Workspace::open(folder.path().join(".assay")).unwrap()).await.unwrap()
    }

    fn call(caller: &str, payload: &str, epoch: u32) -> CallKey {
        CallKey::new(Digest::of_bytes(caller.as_bytes()), Digest::of_bytes(payload.as_bytes()), epoch)
    }

    fn answer(text: &str) -> CachedAnswer {
        CachedAnswer { output: Output::text_only(text), latency_us: 7, ttft_us: Some(3) }
    }

    #[tokio::test]
    async fn answers_come_back_as_they_were_and_the_first_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(&folder).await;
        let mut first = answer("é \u{0} \"quoted\" 😀");
        first.output.mean_logprob = Some(-0.123_456_789_012_345_68);
        first.output.metadata.insert("n".into(), serde_json::json!(9_007_199_254_740_993_u64));
        let (one, two) = (call("a", "1", 0), call("a", "2", 0));
        cache.put(&[(one, first.clone())], 1).await.unwrap();
        let other = CachedAnswer { latency_us: 8, ..first.clone() };
        cache.put(&[(two, other.clone()), (one, other.clone())], 2).await.unwrap();
        let absent = call("a", "3", 0).key;
        assert_eq!(cache.get(&[two.key, absent, one.key]).await.unwrap(), [Some(other), None, Some(first)]);
        assert_eq!(cache.get(&[]).await.unwrap(), []);
        assert_eq!(cache.have(&[two.key, absent, one.key]).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn every_part_of_a_key_matters_and_can_be_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(&folder).await;
        let calls = [call("a", "1", 0), call("a", "1", 1), call("b", "1", 0), call("a", "2", 0)];
        let answers: Vec<_> = calls.iter().map(|call| (*call, answer("x"))).collect();
        cache.put(&answers, 5).await.unwrap();
        let mut found: Vec<CallKey> =
            cache.of_payloads(&[calls[0].payload]).await.unwrap().iter().map(|entry| entry.call).collect();
        found.sort_by_key(|call| (call.epoch, *call.caller.as_bytes()));
        assert_eq!(found.len(), 3);
        assert!(found.contains(&calls[0]) && found.contains(&calls[1]) && found.contains(&calls[2]));
        cache.introduce(calls[0].caller, "a", &serde_json::json!({"temperature": 0})).await.unwrap();
        cache.introduce(calls[0].caller, "renamed", &serde_json::json!({"temperature": 0})).await.unwrap();
        let stats = cache.stats().await.unwrap();
        assert_eq!(
            stats.iter().map(|caller| (caller.name.as_str(), caller.answers)).collect::<Vec<_>>(),
            [("renamed", 3), ("", 1)]
        );
    }

    #[tokio::test]
    async fn the_least_recently_used_go_first_and_the_file_shrinks() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(&folder).await;
        let text = "x".repeat(2_000);
        let day = USED_WITHIN_US;
        for i in 0..1_000 {
            let now = day * 10 + i64::from(i);
            cache.put(&[(call("a", "p", i), answer(&text))], now).await.unwrap();
        }
        // The first hundred are used again, much later.
        let used: Vec<Digest> = (0..100).map(|i| call("a", "p", i).key).collect();
        cache.touch(&used, day * 20).await.unwrap();
        let before = cache.size().await.unwrap();
        let removed = cache.shrink(before / 2).await.unwrap();
        assert!((450..=600).contains(&removed), "{removed}");
        assert!(cache.size().await.unwrap() <= before / 2);
        assert_eq!(cache.have(&used).await.unwrap(), 100);
        assert_eq!(cache.stats().await.unwrap()[0].answers, 1_000 - removed);
        let newest = call("a", "p", 999).key;
        assert_eq!(cache.have(&[newest]).await.unwrap(), 1);
        assert_eq!(cache.shrink(before).await.unwrap(), 0);
        assert_eq!(cache.remove(None, day * 15).await.unwrap(), 900 - removed);
        assert_eq!(cache.remove(Some(call("b", "", 0).caller), i64::MAX).await.unwrap(), 0);
        cache.compact().await.unwrap();
        assert_eq!(cache.get(&used).await.unwrap().iter().flatten().count(), 100);
    }
}
