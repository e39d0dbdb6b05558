//! Saved charts and the dashboards that they are put on.
//!
//! A change names the version of what it changes, so that nobody overwrites what somebody else wrote meanwhile.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::StoreError;
use crate::state::State;

/// The tables, beside those of the state.
pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS charts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    chart TEXT NOT NULL,
    author TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS dashboards (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    charts TEXT NOT NULL,
    author TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    version BIGINT NOT NULL
);
";

/// How rows are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ChartKind")]
pub enum Kind {
    /// As they are.
    Table,
    /// A bar for each.
    Bar,
    /// A line through them.
    Line,
    /// A dot for each.
    Scatter,
}

/// What a chart shows: a query and how its rows are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Drawing {
    /// One query over the lake.
    pub sql: String,
    /// How its rows are drawn.
    pub kind: Kind,
    /// The column along the bottom.
    pub x: Option<String>,
    /// The column of heights.
    pub y: Option<String>,
    /// The column that tells series apart.
    pub colour: Option<String>,
}

/// Something that was saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved<T> {
    /// Names it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub what: T,
    /// Who changed it last.
    pub by: String,
    /// When it was made, in microseconds since the Unix epoch.
    pub created_us: i64,
    /// When it was last changed.
    pub changed_us: i64,
    /// From 1, one more with each change.
    pub version: i64,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was done.
    Done,
    /// Somebody changed it meanwhile.
    Stale,
    /// There is none of that name.
    Missing,
}

/// What is saved, and where.
pub trait Kept: Serialize + for<'de> Deserialize<'de> + Send + Sync {
    #[doc(hidden)]
    const READ: &'static str;
    #[doc(hidden)]
    const ADD: &'static str;
    #[doc(hidden)]
    const CHANGE: &'static str;
    #[doc(hidden)]
    const REMOVE: &'static str;
    #[doc(hidden)]
    const KNOWN: &'static str;
}

macro_rules! kept {
    ($of:ty, $table:literal, $column:literal) => {
        impl Kept for $of {
            const READ: &'static str = concat!(
                "SELECT id, name, ",
                $column,
                " AS what, author, created_us, changed_us, version FROM ",
                $table,
                " WHERE $1 IS NULL OR id = $1 ORDER BY name, id"
            );
            const ADD: &'static str = concat!(
                "INSERT INTO ",
                $table,
                " (id, name, ",
                $column,
                ", author, created_us, changed_us, version)
                 SELECT $1, $2, $3, $4, $5, $6, 1 WHERE (SELECT COUNT(*) FROM ",
                $table,
                ") < $7"
            );
            const CHANGE: &'static str = concat!(
                "UPDATE ",
                $table,
                " SET name = $2, ",
                $column,
                " = $3, author = $4, changed_us = $5, version = version + 1 WHERE id = $1 AND version = $6"
            );
            const REMOVE: &'static str =
                concat!("DELETE FROM ", $table, " WHERE id = $1 AND ($2 IS NULL OR version = $2)");
            const KNOWN: &'static str = concat!("SELECT COUNT(*) FROM ", $table, " WHERE id = $1");
        }
    };
}

kept!(Drawing, "charts", "chart");
// The ids of charts, in order.
kept!(Vec<String>, "dashboards", "charts");

impl State {
    fn saved<T: Kept>(&self, row: &SqliteRow) -> Result<Saved<T>, StoreError> {
        let get = |column: &str| row.try_get::<String, _>(column).map_err(|error| self.file.error(error));
        let number = |column: &str| row.try_get::<i64, _>(column).map_err(|error| self.file.error(error));
        Ok(Saved {
            id: get("id")?,
            name: get("name")?,
            what: serde_json::from_str(&get("what")?).map_err(|error| StoreError::corrupt(&self.file.path, error))?,
            by: get("author")?,
            created_us: number("created_us")?,
            changed_us: number("changed_us")?,
            version: number("version")?,
        })
    }

    /// What was saved, by name; one alone by its id.
    ///
    /// # Errors
    /// The database fails.
    pub async fn all_saved<T: Kept>(&self, id: Option<&str>) -> Result<Vec<Saved<T>>, StoreError> {
        let rows = sqlx::query(T::READ).bind(id).fetch_all(&self.file.pool).await;
        rows.map_err(|error| self.file.error(error))?.iter().map(|row| self.saved(row)).collect()
    }

    /// Saves something new; false when there are `most` of them already.
    ///
    /// # Errors
    /// The database fails.
    pub async fn save<T: Kept>(&self, of: &Saved<T>, most: u32) -> Result<bool, StoreError> {
        let done = sqlx::query(T::ADD)
            .bind(&of.id)
            .bind(&of.name)
            .bind(self.file.json(&of.what)?)
            .bind(&of.by)
            .bind(of.created_us)
            .bind(of.changed_us)
            .bind(most)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// Changes name and content of what still has this version.
    ///
    /// # Errors
    /// The database fails.
    pub async fn change_saved<T: Kept>(&self, of: &Saved<T>) -> Result<Changed, StoreError> {
        let done = sqlx::query(T::CHANGE)
            .bind(&of.id)
            .bind(&of.name)
            .bind(self.file.json(&of.what)?)
            .bind(&of.by)
            .bind(of.changed_us)
            .bind(of.version)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        self.became::<T>(&of.id, done.rows_affected()).await
    }

    /// Removes what was saved, of this version if one is named.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove_saved<T: Kept>(&self, id: &str, version: Option<i64>) -> Result<Changed, StoreError> {
        let error = |error| self.file.error(error);
        let mut whole = self.file.pool.begin().await.map_err(error)?;
        let done = sqlx::query(T::REMOVE).bind(id).bind(version).execute(&mut *whole).await.map_err(error)?;
        // A chart that is gone is on no dashboard; ids are of one kind only.
        if done.rows_affected() > 0 {
            sqlx::query(
                "UPDATE dashboards SET version = version + 1,
                     charts = (SELECT json_group_array(value) FROM json_each(dashboards.charts) WHERE value <> $1)
                 WHERE EXISTS (SELECT 1 FROM json_each(dashboards.charts) WHERE value = $1)",
            )
            .bind(id)
            .execute(&mut *whole)
            .await
            .map_err(error)?;
        }
        whole.commit().await.map_err(error)?;
        self.became::<T>(id, done.rows_affected()).await
    }

    async fn became<T: Kept>(&self, id: &str, rows: u64) -> Result<Changed, StoreError> {
        if rows > 0 {
            return Ok(Changed::Done);
        }
        let known: i64 = sqlx::query_scalar(T::KNOWN)
            .bind(id)
            .fetch_one(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(if known > 0 { Changed::Stale } else { Changed::Missing })
    }
}
