//! `releases.db`: the logs of releases, line by line, and the versions of the policies that they were held against.
//!
//! A line is kept as it was written and never changed; what a log means, and whether somebody else changed it, its reader
//! finds out (`assay-release`).

use assay_core::Digest;
use sqlx::Row;

use crate::events::{self, Outgoing};
use crate::outbox;
use crate::sqlite::{Care, File};
use crate::state::as_i64;
use crate::{StoreError, Workspace};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS release_lines (
    release BIGINT NOT NULL,
    line BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (release, line)
);
CREATE TABLE IF NOT EXISTS policies (digest TEXT PRIMARY KEY, text TEXT NOT NULL);
";

/// The releases of a workspace.
#[derive(Clone, Debug)]
pub struct Releases {
    file: File,
}

impl Releases {
    /// Opens the releases of a workspace.
    ///
    /// # Errors
    /// A file that cannot be opened or made.
    pub async fn open(workspace: &Workspace) -> Result<Self, StoreError> {
        Ok(Self { file: File::open(&workspace.releases_file(), Care::Durable, 2, &[SCHEMA, outbox::SCHEMA]).await? })
    }

    /// Begins a log; gives the release's number, from 1. `event` says what others are told of it, in the same transaction.
    ///
    /// # Errors
    /// The database fails.
    pub async fn begin(&self, line: &str, event: impl FnOnce(u64) -> Outgoing) -> Result<u64, StoreError> {
        let error = |error| self.file.error(error);
        let mut whole = self.file.pool.begin_with("BEGIN IMMEDIATE").await.map_err(error)?;
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO release_lines (release, line, text)
             SELECT COALESCE(MAX(release), 0) + 1, 1, $1 FROM release_lines RETURNING release",
        )
        .bind(line)
        .fetch_one(&mut *whole)
        .await
        .map_err(error)?;
        let number = number.unsigned_abs();
        events::write(&mut whole, &event(number)).await.map_err(error)?;
        whole.commit().await.map_err(error)?;
        Ok(number)
    }

    /// Adds a line after the first `lines`, and what others are told of it; false when somebody else added one since they
    /// were read.
    ///
    /// # Errors
    /// The database fails.
    pub async fn append(&self, release: u64, lines: usize, text: &str, event: &Outgoing) -> Result<bool, StoreError> {
        let error = |error| self.file.error(error);
        let mut whole = self.file.pool.begin_with("BEGIN IMMEDIATE").await.map_err(error)?;
        let done = sqlx::query(
            "INSERT INTO release_lines (release, line, text) VALUES ($1, $2, $3) ON CONFLICT (release, line) DO NOTHING",
        )
        .bind(as_i64(release))
        .bind(as_i64(lines as u64 + 1))
        .bind(text)
        .execute(&mut *whole)
        .await
        .map_err(error)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        events::write(&mut whole, event).await.map_err(error)?;
        whole.commit().await.map_err(error)?;
        Ok(true)
    }

    /// The lines of a log in their order; none of a release that there is not.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lines(&self, release: u64) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar("SELECT text FROM release_lines WHERE release = $1 ORDER BY line")
            .bind(as_i64(release))
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))
    }

    /// The numbers of all releases, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn numbers(&self) -> Result<Vec<u64>, StoreError> {
        let rows = sqlx::query("SELECT DISTINCT release FROM release_lines ORDER BY release DESC")
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        rows.iter()
            .map(|row| row.try_get::<i64, _>(0).map(i64::unsigned_abs).map_err(|error| self.file.error(error)))
            .collect()
    }

    /// Keeps a version of a policy: the text behind a digest of its bytes.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep_policy(&self, text: &str) -> Result<Digest, StoreError> {
        let digest = Digest::of_bytes(text.as_bytes());
        sqlx::query("INSERT INTO policies (digest, text) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING")
            .bind(digest.to_string())
            .bind(text)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(digest)
    }

    /// The text of a version of a policy.
    ///
    /// # Errors
    /// The database fails, or the text is not the one of this digest any more.
    pub async fn policy(&self, digest: Digest) -> Result<Option<String>, StoreError> {
        let text: Option<String> = sqlx::query_scalar("SELECT text FROM policies WHERE digest = $1")
            .bind(digest.to_string())
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        match text {
            Some(text) if Digest::of_bytes(text.as_bytes()) != digest => {
                Err(StoreError::corrupt(&self.file.path, format!("the policy {} was changed", digest.short())))
            }
            text => Ok(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_two_who_write_after_the_same_line_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(folder.path().join(".assay")).unwrap();
        let releases = Releases::open(&workspace).await.unwrap();
        let event = |number: u64| Outgoing {
            kind: "release.opened",
            subject: format!("release/{number}"),
            at_us: 5,
            data: serde_json::json!({"release": number}),
        };
        assert_eq!(releases.begin("a", event).await.unwrap(), 1);
        assert_eq!(releases.begin("b", event).await.unwrap(), 2);
        assert!(releases.append(1, 1, "c", &event(1)).await.unwrap());
        assert!(!releases.append(1, 1, "d", &event(9)).await.unwrap());
        // A line that was not written is no event either.
        let subjects: Vec<String> =
            sqlx::query_scalar("SELECT subject FROM outbox ORDER BY seq").fetch_all(&releases.file.pool).await.unwrap();
        assert_eq!(subjects, ["release/1", "release/2", "release/1"]);
        assert_eq!(releases.lines(1).await.unwrap(), ["a", "c"]);
        assert_eq!(releases.numbers().await.unwrap(), [2, 1]);
        let digest = releases.keep_policy("policy: a").await.unwrap();
        assert_eq!(releases.policy(digest).await.unwrap().as_deref(), Some("policy: a"));
    }
}
