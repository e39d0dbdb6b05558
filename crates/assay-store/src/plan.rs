//! `plans/DIGEST.db`: the frozen list of cases a run works through.
//!
//! Cases are written once, in the order of their source, and read back at random by position, so that neither the
//! order of execution nor the number of cases costs memory. The file is named by the digest of its content and is
//! shared by every run over the same cases.

use std::collections::HashMap;
use std::path::PathBuf;

use assay_core::{Case, Digest};
use sqlx::{QueryBuilder, Row, Sqlite};

use crate::sqlite::{Care, File};
use crate::state::as_i64;
use crate::{StoreError, Workspace};

const SCHEMA: &str = "
CREATE TABLE cases (
    position INTEGER PRIMARY KEY,
    dataset INTEGER NOT NULL,
    id TEXT NOT NULL,
    digest BLOB NOT NULL,
    whole BLOB NOT NULL,
    place TEXT NOT NULL,
    body TEXT NOT NULL
);
";

/// The position of the first case with this in a column. The indexes begin with the dataset: each is asked for by its number.
macro_rules! position_by {
    ($column:literal) => {
        concat!(
            "WITH RECURSIVE datasets(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM datasets WHERE n < (SELECT max(dataset) \
             FROM cases)) SELECT position FROM datasets CROSS JOIN cases ON dataset = n AND ",
            $column,
            " = $1 LIMIT 1"
        )
    };
}

const BATCH: usize = 2_000;

/// Builds a plan from a stream of cases.
#[derive(Debug)]
pub struct PlanBuilder {
    file: File,
    _scratch: Scratch,
    workspace: Workspace,
    batch: Vec<Added>,
    written: u64,
}

/// A case on its way into the plan.
#[derive(Debug)]
struct Added {
    dataset: u32,
    case: Case,
    digest: Digest,
    whole: Digest,
    place: String,
}

/// A frozen list of cases.
#[derive(Clone, Debug)]
pub struct PlanFile {
    file: File,
    /// The digest of its content, and its name.
    pub digest: Digest,
    /// Number of cases.
    pub cases: u64,
}

/// A case at its position in the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseAt {
    /// From 0.
    pub position: u64,
    /// Which of the suite's datasets, from 0.
    pub dataset: u32,
    /// The case.
    pub case: Case,
    /// Its digest, unique in the plan: repeated content is counted in.
    pub digest: Digest,
}

/// How the names of scratch files begin.
const SCRATCH: &str = "building-";

/// A scratch file, removed when the plan is given up; a plan that is finished has moved it away.
#[derive(Debug)]
struct Scratch(std::path::PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Removes scratch files that a killed process left more than a day ago.
fn remove_abandoned(folder: &std::path::Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let scratch = entry.file_name().to_string_lossy().starts_with(SCRATCH);
        let age = entry.metadata().and_then(|file| file.modified()).ok().and_then(|at| at.elapsed().ok());
        if scratch && age.is_some_and(|age| age.as_secs() > 86_400) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

impl PlanBuilder {
    /// Starts a plan in a scratch file of the workspace.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub async fn new(workspace: &Workspace) -> Result<Self, StoreError> {
        remove_abandoned(&workspace.plans());
        let path = workspace.plans().join(format!("{SCRATCH}{}.tmp", uuid::Uuid::now_v7()));
        let scratch = Scratch(path.clone());
        let file = File::open(&path, Care::Scratch, 1, &[SCHEMA]).await?;
        Ok(Self { file, _scratch: scratch, workspace: workspace.clone(), batch: Vec::with_capacity(BATCH), written: 0 })
    }

    /// Adds a case of the suite's `dataset`-th dataset; `prefix` comes before its id in the plan, `place` says where it
    /// came from, for error messages.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add(&mut self, dataset: u32, mut case: Case, prefix: &str, place: String) -> Result<(), StoreError> {
        let digest = case.digest();
        let whole = case.whole_digest(digest);
        case.id.insert_str(0, prefix);
        self.batch.push(Added { dataset, case, digest, whole, place });
        if self.batch.len() >= BATCH {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let start = self.written;
        let batch = std::mem::take(&mut self.batch);
        self.written += batch.len() as u64;
        let mut query: QueryBuilder<Sqlite> =
            QueryBuilder::new("INSERT INTO cases (position, dataset, id, digest, whole, place, body) ");
        let rows: Vec<_> = batch
            .into_iter()
            .enumerate()
            .map(|(i, added)| {
                let body = self.file.json(&added.case)?;
                Ok((start + i as u64, added, body))
            })
            .collect::<Result<_, StoreError>>()?;
        query.push_values(rows, |mut row, (position, added, body)| {
            row.push_bind(as_i64(position))
                .push_bind(i64::from(added.dataset))
                .push_bind(added.case.id)
                .push_bind(added.digest.as_bytes().to_vec())
                .push_bind(added.whole.as_bytes().to_vec())
                .push_bind(added.place)
                .push_bind(body);
        });
        query.build().execute(&self.file.pool).await.map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Checks that ids are unique, tells repeated content apart, computes the dataset versions and puts the plan in
    /// place. Gives the plan and, for each dataset, its version (the digest over the sorted digests of its whole cases)
    /// and number of cases.
    ///
    /// # Errors
    /// [`StoreError::DuplicateId`], or the database fails.
    pub async fn finish(mut self, datasets: u32) -> Result<(PlanFile, Vec<(Digest, u64)>), StoreError> {
        self.flush().await?;
        let result = self.freeze(datasets).await;
        self.file.pool.close().await;
        let (digest, versions) = match result {
            Ok(frozen) => frozen,
            Err(error) => {
                self.discard();
                return Err(error);
            }
        };
        let path = self.workspace.plan_file(digest);
        if path.exists() {
            self.discard();
        } else {
            std::fs::rename(&self.file.path, &path).map_err(|error| StoreError::Io { path: path.clone(), error })?;
        }
        Ok((PlanFile::open(&self.workspace, digest).await?, versions))
    }

    /// What [`PlanBuilder::finish`] would make of it, without a plan that stays: its digest, and each dataset's version and
    /// number of cases.
    ///
    /// # Errors
    /// As there.
    pub async fn measure(mut self, datasets: u32) -> Result<(Digest, Vec<(Digest, u64)>), StoreError> {
        self.flush().await?;
        let result = self.freeze(datasets).await;
        self.file.pool.close().await;
        self.discard();
        result
    }

    /// Removes the scratch file.
    fn discard(&self) {
        // A scratch file that cannot be removed only costs space.
        let _ = std::fs::remove_file(&self.file.path);
    }

    async fn freeze(&self, datasets: u32) -> Result<(Digest, Vec<(Digest, u64)>), StoreError> {
        let pool = &self.file.pool;
        let failed = |error| self.file.error(error);
        sqlx::raw_sql(
            "CREATE INDEX cases_by_id ON cases (dataset, id); CREATE INDEX cases_by_digest ON cases (dataset, digest);",
        )
        .execute(pool)
        .await
        .map_err(failed)?;
        let twice = sqlx::query(
            "SELECT a.id AS id, a.place AS first, b.place AS second FROM cases a
             JOIN cases b ON a.dataset = b.dataset AND a.id = b.id AND a.position < b.position LIMIT 1",
        )
        .fetch_optional(pool)
        .await
        .map_err(failed)?;
        if let Some(row) = twice {
            return Err(StoreError::DuplicateId {
                id: row.get("id"),
                first: row.get("first"),
                second: row.get("second"),
            });
        }
        self.tell_repeats_apart().await?;
        let mut versions = Vec::new();
        let mut plan = Digest::stream();
        for dataset in 0..datasets {
            let digest = self.version(dataset).await?;
            let count: i64 = sqlx::query_scalar("SELECT count(*) FROM cases WHERE dataset = $1")
                .bind(i64::from(dataset))
                .fetch_one(pool)
                .await
                .map_err(failed)?;
            versions.push((digest, count.unsigned_abs()));
        }
        // The plan is more than its versions: ids, metadata, clusters, weights, recorded outputs and the order.
        let mut after = -1i64;
        loop {
            let rows = sqlx::query(
                "SELECT position, dataset, body FROM cases WHERE position > $1 ORDER BY position LIMIT 5000",
            )
            .bind(after)
            .fetch_all(pool)
            .await
            .map_err(failed)?;
            let Some(last) = rows.last() else { break };
            after = last.get("position");
            for row in &rows {
                plan.update(&row.get::<i64, _>("dataset").to_le_bytes());
                plan.update(row.get::<&str, _>("body").as_bytes());
                plan.update(b"\n");
            }
        }
        Ok((plan.finish(), versions))
    }

    /// Gives the second and later cases of the same content a digest of their own, in the order of their ids.
    async fn tell_repeats_apart(&self) -> Result<(), StoreError> {
        let failed = |error| self.file.error(error);
        let repeated = sqlx::query(
            "SELECT position, digest, occurrence FROM (
                 SELECT position, digest, row_number() OVER (PARTITION BY dataset, digest ORDER BY id) AS occurrence
                 FROM cases) WHERE occurrence > 1",
        )
        .fetch_all(&self.file.pool)
        .await
        .map_err(failed)?;
        for row in repeated {
            let digest = Digest::from_slice(row.get("digest"))
                .ok_or_else(|| StoreError::corrupt(&self.file.path, "a digest of a wrong length"))?;
            let occurrence: i64 = row.get("occurrence");
            let own = Case::repeated_digest(digest, occurrence.unsigned_abs());
            sqlx::query("UPDATE cases SET digest = $1 WHERE position = $2")
                .bind(own.as_bytes().to_vec())
                .bind(row.get::<i64, _>("position"))
                .execute(&self.file.pool)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }

    async fn version(&self, dataset: u32) -> Result<Digest, StoreError> {
        use futures::TryStreamExt;
        let mut rows = sqlx::query("SELECT whole FROM cases WHERE dataset = $1 ORDER BY whole")
            .bind(i64::from(dataset))
            .fetch(&self.file.pool);
        let mut version = Digest::stream();
        while let Some(row) = rows.try_next().await.map_err(|error| self.file.error(error))? {
            version.update(row.get("whole"));
        }
        Ok(version.finish())
    }
}

impl PlanFile {
    /// Whether a case belongs to a cluster, and whether one is critical.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_clusters_or_critical(&self) -> Result<(bool, bool), StoreError> {
        let row = sqlx::query(
            "SELECT EXISTS (SELECT 1 FROM cases WHERE json_extract(body, '$.cluster') IS NOT NULL) AS clusters,
                    EXISTS (SELECT 1 FROM cases WHERE json_extract(body, '$.critical')) AS critical",
        )
        .fetch_one(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok((row.get("clusters"), row.get("critical")))
    }

    /// Opens a plan that was built before.
    ///
    /// # Errors
    /// The plan is missing or cannot be read.
    pub async fn open(workspace: &Workspace, digest: Digest) -> Result<Self, StoreError> {
        let path: PathBuf = workspace.plan_file(digest);
        if !path.exists() {
            let error = std::io::Error::new(std::io::ErrorKind::NotFound, "the frozen list of cases is missing");
            return Err(StoreError::Io { path, error });
        }
        let file = File::open_read_only(&path, 4).await?;
        // Positions are dense: counting would read them all.
        let cases: i64 = sqlx::query_scalar("SELECT coalesce(max(position) + 1, 0) FROM cases")
            .fetch_one(&file.pool)
            .await
            .map_err(|error| file.error(error))?;
        Ok(Self { file, digest, cases: cases.unsigned_abs() })
    }

    /// Whether the plan is there.
    pub fn exists(workspace: &Workspace, digest: Digest) -> bool {
        workspace.plan_file(digest).exists()
    }

    /// The cases at these positions, in the order asked for.
    ///
    /// # Errors
    /// The database fails or a position does not exist.
    pub async fn cases_at(&self, positions: &[u64]) -> Result<Vec<CaseAt>, StoreError> {
        let mut query: QueryBuilder<Sqlite> =
            QueryBuilder::new("SELECT position, dataset, digest, body FROM cases WHERE position IN (");
        let mut separated = query.separated(", ");
        for position in positions {
            separated.push_bind(as_i64(*position));
        }
        query.push(")");
        let rows = query.build().fetch_all(&self.file.pool).await.map_err(|error| self.file.error(error))?;
        let mut found = rows
            .iter()
            .map(|row| {
                let body: &str = row.get("body");
                let case_at = CaseAt {
                    position: row.get::<i64, _>("position").unsigned_abs(),
                    dataset: u32::try_from(row.get::<i64, _>("dataset")).unwrap_or_default(),
                    case: serde_json::from_str(body).map_err(|error| StoreError::corrupt(&self.file.path, error))?,
                    digest: Digest::from_slice(row.get("digest"))
                        .ok_or_else(|| StoreError::corrupt(&self.file.path, "a digest of a wrong length"))?,
                };
                Ok((case_at.position, case_at))
            })
            .collect::<Result<HashMap<_, _>, StoreError>>()?;
        positions
            .iter()
            .map(|position| {
                found
                    .remove(position)
                    .ok_or_else(|| StoreError::corrupt(&self.file.path, format!("no case at position {position}")))
            })
            .collect()
    }

    /// The cases of a dataset with these ids, by id; ids that do not exist are left out.
    ///
    /// # Errors
    /// The database fails.
    pub async fn with_ids(&self, dataset: u32, ids: &[&str]) -> Result<HashMap<String, CaseAt>, StoreError> {
        // One statement for any number of ids.
        let rows =
            sqlx::query("SELECT position FROM cases WHERE dataset = $1 AND id IN (SELECT value FROM json_each($2))")
                .bind(i64::from(dataset))
                .bind(self.file.json(&ids)?)
                .fetch_all(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
        let positions: Vec<u64> = rows.iter().map(|row| row.get::<i64, _>("position").unsigned_abs()).collect();
        Ok(self.cases_at(&positions).await?.into_iter().map(|at| (at.case.id.clone(), at)).collect())
    }

    /// Finds a case by its id.
    ///
    /// # Errors
    /// The database fails.
    pub async fn case_by_id(&self, id: &str) -> Result<Option<CaseAt>, StoreError> {
        let position: Option<i64> = sqlx::query_scalar(position_by!("id"))
            .bind(id)
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        match position {
            Some(position) => Ok(self.cases_at(&[position.unsigned_abs()]).await?.pop()),
            None => Ok(None),
        }
    }

    /// Where the case with this digest stands.
    ///
    /// # Errors
    /// The database fails.
    pub async fn position_of(&self, digest: Digest) -> Result<Option<u64>, StoreError> {
        let position: Option<i64> = sqlx::query_scalar(position_by!("digest"))
            .bind(digest.as_bytes().to_vec())
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(position.map(i64::unsigned_abs))
    }
}
