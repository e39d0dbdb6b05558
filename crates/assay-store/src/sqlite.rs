//! How every SQLite file of the workspace is opened.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::StoreError;

/// A database file with its pool.
#[derive(Clone, Debug)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// Its connections.
    pub pool: SqlitePool,
}

/// How careful writes are.
#[derive(Clone, Copy, PartialEq)]
pub enum Care {
    /// Every commit is on disk before it returns.
    Durable,
    /// A power cut may lose the last commits, never corrupt the file.
    Quick,
    /// For a file that is built aside and put in place only when complete.
    Scratch,
}

/// How long one waits for another that has the file.
const PATIENCE: Duration = Duration::from_secs(30);

impl File {
    /// Opens a file, making it and the tables of `schema` when they are missing.
    ///
    /// # Errors
    /// A file that cannot be opened or made.
    pub async fn open(path: &Path, care: Care, connections: u32, schema: &[&'static str]) -> Result<Self, StoreError> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            match Self::open_once(path, care, connections, schema).await {
                // Two that make the same file stand in each other's way, where SQLite refuses without waiting.
                Err(error) if error.is_busy() && Instant::now() < give_up => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                opened => return opened,
            }
        }
    }

    async fn open_once(path: &Path, care: Care, connections: u32, schema: &[&'static str]) -> Result<Self, StoreError> {
        let file = Self::connect(path, care, connections, false).await?;
        let mut whole = file.pool.begin().await.map_err(|error| file.error(error))?;
        for part in schema {
            sqlx::raw_sql(*part).execute(&mut *whole).await.map_err(|error| file.error(error))?;
        }
        whole.commit().await.map_err(|error| file.error(error))?;
        Ok(file)
    }

    /// Opens a file that nobody writes to any more.
    ///
    /// # Errors
    /// A file that is not there or cannot be read.
    pub async fn open_read_only(path: &Path, connections: u32) -> Result<Self, StoreError> {
        Self::connect(path, Care::Scratch, connections, true).await
    }

    async fn connect(path: &Path, care: Care, connections: u32, read_only: bool) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(!read_only)
            .read_only(read_only)
            .immutable(read_only)
            .busy_timeout(PATIENCE);
        let options = match care {
            _ if read_only => options,
            Care::Durable => options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full),
            Care::Quick => options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal),
            Care::Scratch => options.journal_mode(SqliteJournalMode::Off).synchronous(SqliteSynchronous::Off),
        };
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .connect_with(options)
            .await
            .map_err(|error| StoreError::Database { path: path.to_owned(), error })?;
        Ok(Self { path: path.to_owned(), pool })
    }

    /// A value as it is bound or stored.
    ///
    /// # Errors
    /// A value that JSON cannot hold.
    pub fn json<T: serde::Serialize>(&self, value: &T) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| StoreError::corrupt(&self.path, error))
    }

    /// An error of the database, with the file's name.
    pub fn error(&self, error: sqlx::Error) -> StoreError {
        StoreError::Database { path: self.path.clone(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What two commands do that are started at once in a new workspace.
    #[tokio::test(flavor = "multi_thread", worker_threads = 8)]
    async fn many_that_open_a_new_file_at_once_all_get_it() {
        for _ in 0..40 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("new.db");
            let opened: Vec<_> = (0..12)
                .map(|_| {
                    let path = path.clone();
                    tokio::spawn(async move {
                        let schema = "CREATE TABLE IF NOT EXISTS a (x INTEGER); CREATE INDEX IF NOT EXISTS b ON a (x)";
                        let file = File::open(&path, Care::Durable, 2, &[schema]).await?;
                        sqlx::query("INSERT INTO a VALUES (1)").execute(&file.pool).await.map_err(|e| file.error(e))?;
                        Ok::<_, StoreError>(())
                    })
                })
                .collect();
            for one in opened {
                one.await.unwrap().unwrap();
            }
        }
    }
}
