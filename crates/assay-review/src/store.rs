//! `review.db`: everything that programs of human evaluation know, in one file of the workspace.
//!
//! Writes take the file's write lock when they begin (`BEGIN IMMEDIATE`), so that what a transaction has read still holds
//! when it writes; every commit is on disk before it returns.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use assay_core::problem::did_you_mean;
use assay_core::{Digest, Money};
use assay_stats::design::{assign, overlap};
use assay_store::sqlite::{Care, File};
use assay_store::{StoreError, Workspace};
use rand::SeedableRng;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};

use crate::words::{
    Adjudication, Answers, Content, Done, Item, Note, NoteKind, Origin, Pay, Rater, RaterState, Rating, Settings,
};
use crate::{ReviewError, Rubric};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS projects (name TEXT PRIMARY KEY, created_us BIGINT NOT NULL, settings TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rubrics (
    project TEXT NOT NULL, version BIGINT NOT NULL, digest TEXT NOT NULL, added_us BIGINT NOT NULL,
    rubric TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (project, version)
);
CREATE TABLE IF NOT EXISTS items (
    project TEXT NOT NULL, id TEXT NOT NULL, number BIGINT NOT NULL, case_id TEXT, target TEXT, content TEXT NOT NULL,
    metadata TEXT NOT NULL, chance DOUBLE, wanted BIGINT NOT NULL, gold TEXT, PRIMARY KEY (project, id)
);
CREATE INDEX IF NOT EXISTS items_with_gold ON items (project) WHERE gold IS NOT NULL;
CREATE TABLE IF NOT EXISTS raters (
    project TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, why TEXT, block BIGINT, attempts BIGINT NOT NULL,
    qualified_us BIGINT NOT NULL, joined_us BIGINT NOT NULL, PRIMARY KEY (project, name), UNIQUE (project, block)
);
CREATE TABLE IF NOT EXISTS rater_events (
    project TEXT NOT NULL, rater TEXT NOT NULL, at_us BIGINT NOT NULL, what TEXT NOT NULL, why TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS blocks (
    project TEXT NOT NULL, block BIGINT NOT NULL, place BIGINT NOT NULL, item TEXT NOT NULL,
    PRIMARY KEY (project, block, place)
);
CREATE INDEX IF NOT EXISTS blocks_by_item ON blocks (project, item);
CREATE TABLE IF NOT EXISTS leases (
    project TEXT NOT NULL, item TEXT NOT NULL, rater TEXT NOT NULL, token TEXT NOT NULL, until_us BIGINT NOT NULL,
    swapped BOOLEAN NOT NULL, PRIMARY KEY (project, item, rater)
);
CREATE INDEX IF NOT EXISTS leases_by_rater ON leases (project, rater);
CREATE TABLE IF NOT EXISTS submissions (
    project TEXT NOT NULL, rater TEXT NOT NULL, token TEXT NOT NULL, item TEXT NOT NULL, answers TEXT NOT NULL,
    result TEXT NOT NULL, PRIMARY KEY (project, rater, token)
);
CREATE TABLE IF NOT EXISTS drafts (
    project TEXT NOT NULL, item TEXT NOT NULL, rater TEXT NOT NULL, answers TEXT NOT NULL, at_us BIGINT NOT NULL,
    PRIMARY KEY (project, item, rater)
);
CREATE TABLE IF NOT EXISTS ratings (
    id INTEGER PRIMARY KEY, project TEXT NOT NULL, item TEXT NOT NULL, rater TEXT NOT NULL, criterion TEXT NOT NULL,
    question TEXT NOT NULL, value TEXT NOT NULL, origin TEXT NOT NULL, at_us BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS ratings_by_item ON ratings (project, item, rater);
CREATE TRIGGER IF NOT EXISTS ratings_are_not_changed BEFORE UPDATE ON ratings
    BEGIN SELECT RAISE(ABORT, 'the history of ratings is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ratings_are_not_deleted BEFORE DELETE ON ratings
    BEGIN SELECT RAISE(ABORT, 'the history of ratings is append-only'); END;
CREATE TABLE IF NOT EXISTS standing (
    project TEXT NOT NULL, item TEXT NOT NULL, rater TEXT NOT NULL, criterion TEXT NOT NULL, rating BIGINT NOT NULL,
    PRIMARY KEY (project, item, rater, criterion)
);
CREATE TABLE IF NOT EXISTS done (
    project TEXT NOT NULL, item TEXT NOT NULL, rater TEXT NOT NULL, version BIGINT NOT NULL, at_us BIGINT NOT NULL,
    took_ms BIGINT, cost_nanousd BIGINT NOT NULL, swapped BOOLEAN NOT NULL, PRIMARY KEY (project, item, rater)
);
CREATE INDEX IF NOT EXISTS done_by_rater ON done (project, rater, at_us);
CREATE TABLE IF NOT EXISTS notes (
    project TEXT NOT NULL, item TEXT NOT NULL, rater TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS notes_by_item ON notes (project, item, rater);
CREATE TABLE IF NOT EXISTS spent (project TEXT NOT NULL, at_us BIGINT NOT NULL, what TEXT NOT NULL, cost_nanousd BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS spent_by_project ON spent (project);
CREATE TABLE IF NOT EXISTS packet_items (
    project TEXT NOT NULL, packet TEXT NOT NULL, alias TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (packet, alias)
);
CREATE TABLE IF NOT EXISTS adjudications (
    id INTEGER PRIMARY KEY, project TEXT NOT NULL, item TEXT NOT NULL, criterion TEXT NOT NULL, question TEXT NOT NULL,
    value TEXT NOT NULL, decided_by TEXT NOT NULL, why TEXT NOT NULL, at_us BIGINT NOT NULL
);
";

/// A transaction that holds the write lock.
pub(crate) type Write = Transaction<'static, Sqlite>;

/// The programs of a workspace.
#[derive(Clone)]
pub struct Review {
    pub(crate) file: File,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// A project as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "ReviewProject")]
pub struct Project {
    /// Its name.
    pub name: String,
    /// When it was made, in microseconds since the Unix epoch.
    pub created_us: i64,
    /// How it works.
    pub settings: Settings,
    /// What raters are asked now.
    pub rubric: Rubric,
    /// Which version of the rubric that is, from 1.
    pub version: i64,
}

/// How far a project is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "ReviewProgress")]
pub struct Progress {
    /// Items to be rated, without gold.
    pub items: u64,
    /// Of them those with all the raters that they shall have.
    pub complete: u64,
    /// Ratings of an item that are asked for.
    pub wanted: u64,
    /// Of them those that count: by raters in good standing, at most as many as are wanted.
    pub accepted: u64,
    /// Hidden gold items.
    pub gold: u64,
    /// Ratings of an item under an earlier rubric, which its rater is asked to answer again.
    pub stale: u64,
    /// Items that a rater has on the screen.
    pub leased: u64,
    /// What was spent.
    pub spent: Money,
}

/// A version of a project's rubric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RubricVersion {
    /// From 1.
    pub version: i64,
    /// Its digest.
    pub digest: String,
    /// When it was added, in microseconds since the Unix epoch.
    pub added_us: i64,
    /// The rubric.
    pub rubric: Rubric,
}

impl Review {
    /// Opens the programs of a workspace.
    ///
    /// # Errors
    /// A file that cannot be opened or made.
    pub async fn open(workspace: &Workspace) -> Result<Self, ReviewError> {
        let file = File::open(&workspace.review_file(), Care::Durable, 4, &[SCHEMA]).await?;
        Ok(Self { file, clock: Arc::new(system_us) })
    }

    /// The same with another clock, in microseconds since the Unix epoch.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Now, in microseconds since the Unix epoch.
    pub fn now_us(&self) -> i64 {
        (self.clock)()
    }

    /// The file, for messages.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    pub(crate) fn failed(&self, error: sqlx::Error) -> ReviewError {
        self.file.error(error).into()
    }

    /// A transaction that holds the write lock from its first statement.
    pub(crate) async fn write(&self) -> Result<Write, ReviewError> {
        self.file.pool.begin_with("BEGIN IMMEDIATE").await.map_err(|error| self.failed(error))
    }

    pub(crate) async fn commit(&self, write: Write) -> Result<(), ReviewError> {
        write.commit().await.map_err(|error| self.failed(error))
    }

    pub(crate) fn json<T: Serialize>(&self, value: &T) -> Result<String, ReviewError> {
        Ok(self.file.json(value)?)
    }

    pub(crate) fn parse<T: for<'de> Deserialize<'de>>(&self, text: &str) -> Result<T, ReviewError> {
        serde_json::from_str(text).map_err(|error| StoreError::corrupt(&self.file.path, error).into())
    }

    /// Makes a project of items, and lays out who rates which of them: blocks in which every two raters share as many
    /// items as any other two.
    ///
    /// # Errors
    /// A name that is taken or cannot be one, items that are none or stand twice, or a design that cannot be.
    pub async fn create(
        &self,
        name: &str,
        rubric: &Rubric,
        source: &str,
        settings: Settings,
        mut items: Vec<Item>,
    ) -> Result<Project, ReviewError> {
        if name.is_empty()
            || name.len() > 80
            || !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            || name.starts_with(['.', '-'])
        {
            return Err(ReviewError::usage(format!(
                "`{}` cannot be a project's name: use letters, digits, `.`, `_` and `-`",
                name.escape_debug()
            )));
        }
        let mut ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ReviewError::usage(format!("item `{}` stands twice", twice[0])));
        }
        let pairs = rubric.is_pairwise();
        if let Some(odd) = items.iter().find(|item| item.content.other.is_some() != pairs) {
            return Err(ReviewError::usage(if pairs {
                format!(
                    "the rubric compares two answers, item `{}` has one: name a second run with `--against`",
                    odd.id
                )
            } else {
                format!("item `{}` has two answers, and the rubric has no pairwise criterion", odd.id)
            }));
        }
        let sampled: Vec<usize> = (0..items.len()).filter(|i| items[*i].chance.is_some()).collect();
        if sampled.is_empty() {
            return Err(ReviewError::Nothing("there is nothing to rate: no answer was drawn".into()));
        }
        check(&settings)?;
        let several = usize::try_from(settings.raters_each).unwrap_or(usize::MAX);
        let raters = usize::try_from(settings.raters).unwrap_or(usize::MAX);
        if several > raters {
            return Err(ReviewError::usage(format!(
                "an item cannot have {several} raters of {raters}: raise `--raters` or lower `--raters-per-item`"
            )));
        }
        let least = usize::try_from(settings.least_overlap).unwrap_or(usize::MAX);
        let wrong = |error: assay_stats::Invalid| ReviewError::usage(error.to_string());
        let counts = overlap(sampled.len(), settings.overlap, least, several, settings.seed).map_err(wrong)?;
        let design = assign(&counts, raters, settings.seed).map_err(wrong)?;
        for (place, at) in sampled.iter().enumerate() {
            items[*at].wanted = counts[place] as u64;
        }
        items.iter_mut().filter(|item| item.chance.is_none()).for_each(|item| item.wanted = 0);
        let mut blocks: Vec<Vec<&str>> = vec![Vec::new(); raters];
        for (place, at) in sampled.iter().enumerate() {
            design.raters[place].iter().for_each(|rater| blocks[*rater].push(&items[*at].id));
        }
        for (block, own) in blocks.iter_mut().enumerate() {
            own.shuffle(&mut ChaCha8Rng::seed_from_u64(settings.seed ^ (block as u64 + 1).rotate_left(32)));
        }
        let now = self.now_us();
        let mut write = self.write().await?;
        let taken: Option<i64> = sqlx::query_scalar("SELECT created_us FROM projects WHERE name = $1")
            .bind(name)
            .fetch_optional(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
        if taken.is_some() {
            return Err(ReviewError::usage(format!("there is a project `{name}` already; choose another name")));
        }
        sqlx::query("INSERT INTO projects (name, created_us, settings) VALUES ($1, $2, $3)")
            .bind(name)
            .bind(now)
            .bind(self.json(&settings)?)
            .execute(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
        self.insert_rubric(&mut write, name, 1, rubric, source).await?;
        for (number, item) in items.iter().enumerate() {
            sqlx::query(
                "INSERT INTO items (project, id, number, case_id, target, content, metadata, chance, wanted, gold)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(name)
            .bind(&item.id)
            .bind(number as i64)
            .bind(&item.case)
            .bind(&item.target)
            .bind(self.json(&item.content)?)
            .bind(self.json(&item.metadata)?)
            .bind(item.chance)
            .bind(item.wanted.cast_signed())
            .bind(item.gold.as_ref().map(|gold| self.json(gold)).transpose()?)
            .execute(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
        }
        for (block, own) in blocks.iter().enumerate() {
            for (place, item) in own.iter().enumerate() {
                sqlx::query("INSERT INTO blocks (project, block, place, item) VALUES ($1, $2, $3, $4)")
                    .bind(name)
                    .bind(block as i64)
                    .bind(place as i64)
                    .bind(item)
                    .execute(&mut *write)
                    .await
                    .map_err(|error| self.failed(error))?;
            }
        }
        self.commit(write).await?;
        Ok(Project { name: name.to_owned(), created_us: now, settings, rubric: rubric.clone(), version: 1 })
    }

    pub(crate) async fn insert_rubric(
        &self,
        write: &mut Write,
        project: &str,
        version: i64,
        rubric: &Rubric,
        source: &str,
    ) -> Result<(), ReviewError> {
        sqlx::query(
            "INSERT INTO rubrics (project, version, digest, added_us, rubric, source) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(project)
        .bind(version)
        .bind(rubric.digest().to_string())
        .bind(self.now_us())
        .bind(self.json(rubric)?)
        .bind(source)
        .execute(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// All projects, the newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn projects(&self) -> Result<Vec<Project>, ReviewError> {
        let names: Vec<String> = sqlx::query_scalar("SELECT name FROM projects ORDER BY created_us DESC, name")
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.failed(error))?;
        let mut projects = Vec::with_capacity(names.len());
        for name in names {
            projects.push(self.project(&name).await?);
        }
        Ok(projects)
    }

    /// A project.
    ///
    /// # Errors
    /// There is none of this name.
    pub async fn project(&self, name: &str) -> Result<Project, ReviewError> {
        let row = sqlx::query(
            "SELECT created_us, settings, version, rubric FROM projects JOIN rubrics ON project = name
             WHERE name = $1 ORDER BY version DESC LIMIT 1",
        )
        .bind(name)
        .fetch_optional(&self.file.pool)
        .await
        .map_err(|error| self.failed(error))?;
        let Some(row) = row else {
            let known: Vec<String> = sqlx::query_scalar("SELECT name FROM projects ORDER BY name")
                .fetch_all(&self.file.pool)
                .await
                .map_err(|error| self.failed(error))?;
            let hint = match did_you_mean(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "`assay review create` makes one".into(),
                None => format!("there are: {}", known.join(", ")),
            };
            return Err(ReviewError::missing(format!("there is no project `{}` ({hint})", name.escape_debug())));
        };
        Ok(Project {
            name: name.to_owned(),
            created_us: row.get("created_us"),
            settings: self.parse(row.get("settings"))?,
            rubric: self.parse(row.get("rubric"))?,
            version: row.get("version"),
        })
    }

    /// The versions of a project's rubric, the oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn rubrics(&self, project: &str) -> Result<Vec<RubricVersion>, ReviewError> {
        let rows = self
            .all("SELECT version, digest, added_us, rubric FROM rubrics WHERE project = $1 ORDER BY version", project)
            .await?;
        rows.iter().map(|row| self.version_of(row)).collect()
    }

    /// The same as a transaction sees them.
    pub(crate) async fn rubrics_in(&self, write: &mut Write, project: &str) -> Result<Vec<RubricVersion>, ReviewError> {
        let rows =
            sqlx::query("SELECT version, digest, added_us, rubric FROM rubrics WHERE project = $1 ORDER BY version")
                .bind(project)
                .fetch_all(&mut **write)
                .await
                .map_err(|error| self.failed(error))?;
        rows.iter().map(|row| self.version_of(row)).collect()
    }

    fn version_of(&self, row: &SqliteRow) -> Result<RubricVersion, ReviewError> {
        Ok(RubricVersion {
            version: row.get("version"),
            digest: row.get("digest"),
            added_us: row.get("added_us"),
            rubric: self.parse(row.get("rubric"))?,
        })
    }

    async fn all(&self, sql: &'static str, project: &str) -> Result<Vec<SqliteRow>, ReviewError> {
        sqlx::query(sql).bind(project).fetch_all(&self.file.pool).await.map_err(|error| self.failed(error))
    }

    /// The items of a project, in their order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn items(&self, project: &str) -> Result<Vec<Item>, ReviewError> {
        let rows = self.all("SELECT * FROM items WHERE project = $1 ORDER BY number", project).await?;
        rows.iter().map(|row| self.item_of(row)).collect()
    }

    /// The item with an id, or the one whose id begins so.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub async fn item(&self, project: &str, word: &str) -> Result<Item, ReviewError> {
        let rows = sqlx::query(
            "SELECT * FROM items WHERE project = $1 AND (id = $2 OR substr(id, 1, length($2)) = $2)
             ORDER BY id <> $2 LIMIT 3",
        )
        .bind(project)
        .bind(word)
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.failed(error))?;
        let items: Vec<Item> = rows.iter().map(|row| self.item_of(row)).collect::<Result<_, _>>()?;
        let shown = word.escape_debug();
        match items.as_slice() {
            [] => Err(ReviewError::missing(format!("project `{project}` has no item `{shown}`"))),
            [only] => Ok(only.clone()),
            [first, ..] if first.id == word && !word.is_empty() => Ok(first.clone()),
            _ => Err(ReviewError::usage(format!("several items begin with `{shown}`: give more of the id"))),
        }
    }

    pub(crate) fn item_of(&self, row: &SqliteRow) -> Result<Item, ReviewError> {
        let content: Content = self.parse(row.get("content"))?;
        let metadata: BTreeMap<String, String> = self.parse(row.get("metadata"))?;
        let gold: Option<Answers> = row.get::<Option<&str>, _>("gold").map(|text| self.parse(text)).transpose()?;
        Ok(Item {
            id: row.get("id"),
            case: row.get("case_id"),
            target: row.get("target"),
            content,
            metadata,
            chance: row.get("chance"),
            wanted: row.get::<i64, _>("wanted").unsigned_abs(),
            gold,
        })
    }

    /// The raters of a project, by name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn raters(&self, project: &str) -> Result<Vec<Rater>, ReviewError> {
        let rows = self.all("SELECT * FROM raters WHERE project = $1 ORDER BY name", project).await?;
        Ok(rows.iter().map(rater_of).collect())
    }

    /// Which ratings stand: the last answer of each rater to each question of each item.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ratings(&self, project: &str) -> Result<Vec<Rating>, ReviewError> {
        let rows = self
            .all(
                "SELECT r.item, r.rater, r.criterion, r.question, r.value, r.origin, r.at_us
                 FROM standing s JOIN ratings r ON r.id = s.rating WHERE s.project = $1 ORDER BY r.id",
                project,
            )
            .await?;
        rows.iter().map(|row| self.rating_of(row)).collect()
    }

    /// Every rating that was ever given, in the order in which they were written down.
    ///
    /// # Errors
    /// The database fails.
    pub async fn history(&self, project: &str) -> Result<Vec<Rating>, ReviewError> {
        let rows = self
            .all(
                "SELECT item, rater, criterion, question, value, origin, at_us FROM ratings WHERE project = $1 ORDER BY id",
                project,
            )
            .await?;
        rows.iter().map(|row| self.rating_of(row)).collect()
    }

    fn rating_of(&self, row: &SqliteRow) -> Result<Rating, ReviewError> {
        Ok(Rating {
            item: row.get("item"),
            rater: row.get("rater"),
            criterion: row.get("criterion"),
            question: self.digest(row.get("question"))?,
            value: self.parse(row.get("value"))?,
            origin: Origin::from_word(row.get("origin")),
            at_us: row.get("at_us"),
        })
    }

    fn digest(&self, text: &str) -> Result<Digest, ReviewError> {
        text.parse().map_err(|error| StoreError::corrupt(&self.file.path, error).into())
    }

    /// What was done with whole items, in the order of time.
    ///
    /// # Errors
    /// The database fails.
    pub async fn done(&self, project: &str) -> Result<Vec<Done>, ReviewError> {
        let rows = self
            .all(
                "SELECT item, rater, version, at_us, took_ms, cost_nanousd, swapped FROM done WHERE project = $1
                 ORDER BY at_us, rater, item",
                project,
            )
            .await?;
        let done = |row: &SqliteRow| Done {
            item: row.get("item"),
            rater: row.get("rater"),
            version: row.get("version"),
            at_us: row.get("at_us"),
            took_ms: row.get("took_ms"),
            cost: Money::from_nanos(row.get("cost_nanousd")),
            swapped: row.get("swapped"),
        };
        Ok(rows.iter().map(done).collect())
    }

    /// What was skipped and flagged, in the order of time.
    ///
    /// # Errors
    /// The database fails.
    pub async fn notes(&self, project: &str) -> Result<Vec<Note>, ReviewError> {
        let rows = self
            .all("SELECT item, rater, kind, text, at_us FROM notes WHERE project = $1 ORDER BY at_us, rowid", project)
            .await?;
        let note = |row: &SqliteRow| Note {
            item: row.get("item"),
            rater: row.get("rater"),
            kind: if row.get::<&str, _>("kind") == "skip" { NoteKind::Skip } else { NoteKind::Flag },
            text: row.get("text"),
            at_us: row.get("at_us"),
        };
        Ok(rows.iter().map(note).collect())
    }

    /// Every settled disagreement, in the order in which they were settled; the last one of an item and criterion counts.
    ///
    /// # Errors
    /// The database fails.
    pub async fn adjudications(&self, project: &str) -> Result<Vec<Adjudication>, ReviewError> {
        let rows = self
            .all(
                "SELECT item, criterion, question, value, decided_by, why, at_us FROM adjudications WHERE project = $1
                 ORDER BY id",
                project,
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Adjudication {
                    item: row.get("item"),
                    criterion: row.get("criterion"),
                    question: self.digest(row.get("question"))?,
                    value: self.parse::<Value>(row.get("value"))?,
                    by: row.get("decided_by"),
                    why: row.get("why"),
                    at_us: row.get("at_us"),
                })
            })
            .collect()
    }

    /// How far a project is.
    ///
    /// # Errors
    /// The database fails.
    pub async fn progress(&self, project: &Project) -> Result<Progress, ReviewError> {
        let row = sqlx::query(
            "WITH counted AS (
                SELECT i.id, i.wanted, i.chance, (
                    SELECT COUNT(*) FROM done d JOIN raters r ON r.project = d.project AND r.name = d.rater
                    WHERE d.project = i.project AND d.item = i.id AND d.version >= $2 AND r.state NOT IN ('suspended', 'failed')
                ) AS have
                FROM items i WHERE i.project = $1
             )
             SELECT COALESCE(SUM(chance IS NOT NULL), 0) AS items,
                    COALESCE(SUM(chance IS NOT NULL AND have >= wanted), 0) AS complete,
                    COALESCE(SUM(wanted), 0) AS wanted, COALESCE(SUM(MIN(have, wanted)), 0) AS accepted,
                    (SELECT COUNT(*) FROM items WHERE project = $1 AND gold IS NOT NULL) AS gold,
                    (SELECT COUNT(*) FROM done WHERE project = $1 AND version BETWEEN 1 AND $2 - 1) AS stale,
                    (SELECT COUNT(*) FROM leases WHERE project = $1 AND until_us > $3) AS leased,
                    (SELECT COALESCE(SUM(cost_nanousd), 0) FROM spent WHERE project = $1) AS spent
             FROM counted",
        )
        .bind(&project.name)
        .bind(project.version)
        .bind(self.now_us())
        .fetch_one(&self.file.pool)
        .await
        .map_err(|error| self.failed(error))?;
        let count = |key: &str| row.get::<i64, _>(key).unsigned_abs();
        Ok(Progress {
            items: count("items"),
            complete: count("complete"),
            wanted: count("wanted"),
            accepted: count("accepted"),
            gold: count("gold"),
            stale: count("stale"),
            leased: count("leased"),
            spent: Money::from_nanos(row.get("spent")),
        })
    }
}

pub(crate) fn rater_of(row: &SqliteRow) -> Rater {
    Rater {
        name: row.get("name"),
        state: RaterState::from_word(row.get("state")),
        why: row.get("why"),
        block: row.get::<Option<i64>, _>("block").map(i64::unsigned_abs),
        attempts: u32::try_from(row.get::<i64, _>("attempts")).unwrap_or_default(),
        qualified_us: row.get("qualified_us"),
    }
}

pub(crate) fn check(settings: &Settings) -> Result<(), ReviewError> {
    let share = |name: &str, value: f64, most: f64| {
        if (0.0..=most).contains(&value) {
            return Ok(());
        }
        Err(ReviewError::usage(format!("{name} is a share from 0 to {most}, not {value}")))
    };
    share("the overlap", settings.overlap, 1.0)?;
    share("the share of gold", settings.gold_share, 0.5)?;
    for (name, value) in [("the threshold", settings.threshold), ("the confidence", settings.confidence)] {
        if !(value > 0.0 && value < 1.0) {
            return Err(ReviewError::usage(format!("{name} is between 0 and 1, not {value}")));
        }
    }
    if settings.raters == 0 || settings.raters_each == 0 {
        return Err(ReviewError::usage("there is at least one rater, and one for each item"));
    }
    if !(10..=7 * 86_400).contains(&settings.lease_seconds) {
        return Err(ReviewError::usage("an item is kept for a rater for 10 seconds to 7 days"));
    }
    let paid = match settings.pay {
        Pay::Nothing => None,
        Pay::Item(each) | Pay::Hour(each) => Some(each),
    };
    if paid.into_iter().chain(settings.budget).any(|amount| amount <= Money::ZERO) {
        return Err(ReviewError::usage("pay and budget are above 0"));
    }
    if settings.budget.is_some() && settings.pay == Pay::Nothing {
        return Err(ReviewError::usage("a budget needs to know what work costs: add `--pay` or `--pay-hour`"));
    }
    Ok(())
}

fn system_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
