//! `state.db`: runs, their totals, baselines, remembered plans.

use assay_core::run::{RunStatus, Totals};
use assay_core::{Digest, RunId, RunRecord};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::events::{self, Outgoing};
use crate::outbox;
use crate::sqlite::{Care, File};
use crate::{StoreError, Workspace};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    suite TEXT NOT NULL,
    status TEXT NOT NULL,
    started_us BIGINT NOT NULL,
    ended_us BIGINT,
    planned BIGINT NOT NULL,
    totals TEXT NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_by_suite ON runs (suite, started_us);
CREATE INDEX IF NOT EXISTS runs_by_start ON runs (started_us, id);
CREATE INDEX IF NOT EXISTS runs_sealed ON runs (id) WHERE instr(record, '\"sealed\":\"') > 0;
CREATE TABLE IF NOT EXISTS limit_changes (
    run TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    account TEXT NOT NULL,
    what TEXT NOT NULL,
    in_flight BIGINT NOT NULL,
    why TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS limit_changes_by_run ON limit_changes (run, at_us);
CREATE TABLE IF NOT EXISTS baselines (
    suite TEXT NOT NULL,
    name TEXT NOT NULL,
    run TEXT NOT NULL,
    target TEXT,
    set_us BIGINT NOT NULL,
    PRIMARY KEY (suite, name)
);
CREATE TABLE IF NOT EXISTS month_spend (
    month TEXT NOT NULL,
    run TEXT NOT NULL,
    cost_nanousd BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (month, run)
);
CREATE TABLE IF NOT EXISTS month_time (
    month TEXT NOT NULL,
    run TEXT NOT NULL,
    seconds BIGINT NOT NULL,
    PRIMARY KEY (month, run)
);
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    what TEXT NOT NULL,
    value BIGINT,
    taken BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX IF NOT EXISTS orders_by_run ON orders (run, id);
CREATE TABLE IF NOT EXISTS schedules (
    name TEXT PRIMARY KEY,
    cron TEXT NOT NULL,
    folder TEXT NOT NULL,
    arguments TEXT NOT NULL,
    last_us BIGINT NOT NULL,
    last_exit BIGINT
);
CREATE TABLE IF NOT EXISTS waits (run TEXT PRIMARY KEY, what TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS plans (
    source TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    datasets TEXT NOT NULL
);
";

/// The workspace's state.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) file: File,
}

/// A run as the state knows it.
#[derive(Clone, Debug, Serialize)]
pub struct RunRow {
    /// Everything fixed at its start.
    pub record: RunRecord,
    /// Where it stands.
    pub status: RunStatus,
    /// When it ended, in microseconds since the Unix epoch.
    pub ended_us: Option<i64>,
    /// Trials planned.
    pub planned: u64,
    /// Totals so far.
    pub totals: Totals,
}

/// A run in a few columns, as SQL sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunLine {
    /// Its id.
    pub id: String,
    /// Its suite.
    pub suite: String,
    /// Where it stands.
    pub status: String,
    /// When it began, in microseconds since the Unix epoch.
    pub started_us: i64,
    /// Trials planned.
    pub planned: i64,
    /// Totals so far.
    pub totals: Totals,
    /// The commit.
    pub git: Option<String>,
}

/// A named run to compare with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The suite it belongs to.
    pub suite: String,
    /// Its name, such as `main`.
    pub name: String,
    /// The run.
    pub run: RunId,
    /// The target of that run, when the run has several.
    pub target: Option<String>,
    /// When it was set, in microseconds since the Unix epoch.
    pub set_us: i64,
}

impl Baseline {
    /// Its name, with the target after a colon.
    pub fn word(&self) -> String {
        match &self.target {
            Some(target) => format!("{}:{target}", self.name),
            None => self.name.clone(),
        }
    }
}

/// A change of how many calls may be in flight on an account, as a run made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LimitChange {
    /// When, in microseconds since the Unix epoch.
    pub at_us: i64,
    /// The account: provider, host, digest of the key.
    pub account: String,
    /// `grown`, `cut`, `set`, `opened`, `closed` or `given_up`.
    pub what: String,
    /// Calls that might be in flight from then on.
    pub in_flight: u64,
    /// Why, in the provider's words.
    pub why: String,
}

/// What a run has spent in a month, or set aside for calls to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonthSpend {
    /// Money in nano-dollars.
    pub cost_nanousd: i64,
    /// Tokens.
    pub tokens: u64,
    /// Calls.
    pub calls: u64,
}

/// A run at set times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// When, as a cron expression in UTC.
    pub cron: String,
    /// Where the command is executed.
    pub folder: String,
    /// What `assay run` is given.
    pub arguments: Vec<String>,
    /// When it ran last, or was added, in microseconds since the Unix epoch.
    pub last_us: i64,
    /// How it ended, once it ran.
    pub last_exit: Option<u8>,
}

/// What somebody wants of a run that another process executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// No trial begins until it is taken back.
    Pause,
    /// Goes on.
    Resume,
    /// Stop for good: what has no outcome is cancelled.
    Cancel,
    /// Failed trials are executed once more at the end.
    Retry,
    /// So many trials in flight.
    Limit(u32),
}

/// Which runs are meant.
#[derive(Clone, Debug, Default)]
pub struct RunFilter<'a> {
    /// Of this suite.
    pub suite: Option<&'a str>,
    /// With a label of this name and value.
    pub label: Option<(&'a str, &'a str)>,
    /// That stand so.
    pub status: Option<RunStatus>,
    /// Whose id, suite, labels or targets hold this text; upper and lower case are the same.
    pub search: Option<&'a str>,
    /// That began before another: its beginning and its id.
    pub before: Option<(i64, String)>,
}

impl State {
    /// Opens the state of a workspace.
    ///
    /// # Errors
    /// A file that cannot be opened or made.
    pub async fn open(workspace: &Workspace) -> Result<Self, StoreError> {
        let schema = [
            SCHEMA,
            crate::labels::SCHEMA,
            crate::figures::SCHEMA,
            crate::charts::SCHEMA,
            outbox::SCHEMA,
            crate::jobs::SCHEMA,
        ];
        let file = File::open(&workspace.state_file(), Care::Durable, 4, &schema).await?;
        crate::labels::renew(&file).await?;
        Ok(Self { file })
    }

    /// Records a new run.
    ///
    /// # Errors
    /// The database fails.
    pub async fn insert_run(&self, record: &RunRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO runs (id, suite, status, started_us, planned, totals, record) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(record.id.to_string())
        .bind(&record.suite)
        .bind(RunStatus::Running.as_str())
        .bind(record.started_us)
        .bind(as_i64(record.planned()))
        .bind(self.file.json(&Totals::default())?)
        .bind(self.file.json(record)?)
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Replaces what is recorded of a run, after a look that ended it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn update_record(&self, record: &RunRecord) -> Result<(), StoreError> {
        sqlx::query("UPDATE runs SET record = $1, planned = $2 WHERE id = $3")
            .bind(self.file.json(record)?)
            .bind(as_i64(record.planned()))
            .bind(record.id.to_string())
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Updates where a run stands. That it has ended is an event of the outbox.
    ///
    /// # Errors
    /// The database fails.
    pub async fn update_run(
        &self,
        run: RunId,
        status: RunStatus,
        totals: &Totals,
        ended_us: Option<i64>,
    ) -> Result<(), StoreError> {
        let error = |error| self.file.error(error);
        let mut whole = self.file.pool.begin_with("BEGIN IMMEDIATE").await.map_err(error)?;
        let row = sqlx::query(
            "UPDATE runs SET status = $1, totals = $2, ended_us = $3 WHERE id = $4 RETURNING record, planned",
        )
        .bind(status.as_str())
        .bind(self.file.json(totals)?)
        .bind(ended_us)
        .bind(run.to_string())
        .fetch_optional(&mut *whole)
        .await
        .map_err(error)?;
        if let Some(row) = row.filter(|_| status != RunStatus::Running) {
            let record: RunRecord = self.parse(&self.get::<String>(&row, "record")?)?;
            let planned = self.get::<i64>(&row, "planned")?.unsigned_abs();
            let at_us = ended_us.unwrap_or(record.started_us);
            events::write_run_ended(&mut whole, &record, status, planned, totals, at_us).await.map_err(error)?;
        }
        whole.commit().await.map_err(error)
    }

    /// Writes an event that tells about no change of the state.
    ///
    /// # Errors
    /// The database fails.
    pub async fn tell(&self, event: &Outgoing) -> Result<(), StoreError> {
        let mut connection = self.file.pool.acquire().await.map_err(|error| self.file.error(error))?;
        events::write(&mut connection, event).await.map_err(|error| self.file.error(error))
    }

    /// Sets aside what a run spends in a month, in place of what it had set aside before, unless the month's limits
    /// would be broken by it and all other runs together. One statement, so that two processes cannot both take the
    /// last of it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_aside(
        &self,
        month: &str,
        run: RunId,
        spend: MonthSpend,
        limits: (Option<i64>, Option<u64>, Option<u64>),
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO month_spend (month, run, cost_nanousd, tokens, calls)
             SELECT $1, $2, $3, $4, $5 FROM (
                 SELECT COALESCE(SUM(cost_nanousd), 0) AS cost, COALESCE(SUM(tokens), 0) AS tokens,
                        COALESCE(SUM(calls), 0) AS calls
                 FROM month_spend WHERE month = $1 AND run <> $2
             ) AS others
             WHERE ($6 IS NULL OR others.cost + $3 <= $6) AND ($7 IS NULL OR others.tokens + $4 <= $7)
               AND ($8 IS NULL OR others.calls + $5 <= $8)
             ON CONFLICT (month, run) DO UPDATE SET
                 cost_nanousd = excluded.cost_nanousd, tokens = excluded.tokens, calls = excluded.calls",
        )
        .bind(month)
        .bind(run.to_string())
        .bind(spend.cost_nanousd)
        .bind(as_i64(spend.tokens))
        .bind(as_i64(spend.calls))
        .bind(limits.0)
        .bind(limits.1.map(as_i64))
        .bind(limits.2.map(as_i64))
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// What a month has seen: by one run, or by all runs.
    ///
    /// # Errors
    /// The database fails.
    pub async fn month_spend(&self, month: &str, run: Option<RunId>) -> Result<MonthSpend, StoreError> {
        let row = sqlx::query(
            "SELECT COALESCE(SUM(cost_nanousd), 0) AS cost, COALESCE(SUM(tokens), 0) AS tokens,
                    COALESCE(SUM(calls), 0) AS calls
             FROM month_spend WHERE month = $1 AND ($2 IS NULL OR run = $2)",
        )
        .bind(month)
        .bind(run.map(|run| run.to_string()))
        .fetch_one(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(MonthSpend {
            cost_nanousd: self.get(&row, "cost")?,
            tokens: self.get::<i64>(&row, "tokens")?.unsigned_abs(),
            calls: self.get::<i64>(&row, "calls")?.unsigned_abs(),
        })
    }

    /// Sets aside wall time of a run in a month, in place of what it had set aside before, unless the month's limit would
    /// be broken by it and all other runs together; in one statement, as [`State::set_aside`].
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_seconds_aside(
        &self,
        month: &str,
        run: RunId,
        seconds: u64,
        limit: Option<u64>,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO month_time (month, run, seconds)
             SELECT $1, $2, $3 FROM (
                 SELECT COALESCE(SUM(seconds), 0) AS seconds FROM month_time WHERE month = $1 AND run <> $2
             ) AS others
             WHERE $4 IS NULL OR others.seconds + $3 <= $4
             ON CONFLICT (month, run) DO UPDATE SET seconds = excluded.seconds",
        )
        .bind(month)
        .bind(run.to_string())
        .bind(as_i64(seconds))
        .bind(limit.map(as_i64))
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// Wall time in a month, in seconds: of one run, or of all runs.
    ///
    /// # Errors
    /// The database fails.
    pub async fn month_seconds(&self, month: &str, run: Option<RunId>) -> Result<u64, StoreError> {
        let seconds: i64 = sqlx::query_scalar(
            "SELECT COALESCE(SUM(seconds), 0) FROM month_time WHERE month = $1 AND ($2 IS NULL OR run = $2)",
        )
        .bind(month)
        .bind(run.map(|run| run.to_string()))
        .fetch_one(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(seconds.unsigned_abs())
    }

    /// Leaves an order for the process that executes a run; gives its number.
    ///
    /// # Errors
    /// The database fails.
    pub async fn order(&self, run: RunId, order: Order) -> Result<i64, StoreError> {
        let (what, value) = match order {
            Order::Pause => ("pause", None),
            Order::Resume => ("resume", None),
            Order::Cancel => ("cancel", None),
            Order::Retry => ("retry", None),
            Order::Limit(limit) => ("limit", Some(i64::from(limit))),
        };
        sqlx::query_scalar("INSERT INTO orders (run, what, value) VALUES ($1, $2, $3) RETURNING id")
            .bind(run.to_string())
            .bind(what)
            .bind(value)
            .fetch_one(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))
    }

    /// The orders for a run that nobody has taken yet, oldest first, with their numbers.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn orders(&self, run: RunId) -> Result<Vec<(i64, Order)>, StoreError> {
        let rows = sqlx::query("SELECT id, what, value FROM orders WHERE run = $1 AND NOT taken ORDER BY id")
            .bind(run.to_string())
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        rows.iter()
            .map(|row| {
                let limit = self.get::<Option<i64>>(row, "value")?.and_then(|value| u32::try_from(value).ok());
                let order = match self.get::<String>(row, "what")?.as_str() {
                    "pause" => Order::Pause,
                    "resume" => Order::Resume,
                    "cancel" => Order::Cancel,
                    "retry" => Order::Retry,
                    "limit" => Order::Limit(limit.unwrap_or(1)),
                    other => return Err(StoreError::corrupt(&self.file.path, format!("`{other}` is no order"))),
                };
                Ok((self.get(row, "id")?, order))
            })
            .collect()
    }

    /// Marks an order as taken.
    ///
    /// # Errors
    /// The database fails.
    pub async fn take_order(&self, id: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE orders SET taken = TRUE WHERE id = $1")
            .bind(id)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Forgets the orders for a run: they were meant for a process that is gone.
    ///
    /// # Errors
    /// The database fails.
    pub async fn drop_orders(&self, run: RunId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM orders WHERE run = $1")
            .bind(run.to_string())
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Whether an order was taken; false also when it was dropped.
    ///
    /// # Errors
    /// The database fails.
    pub async fn is_taken(&self, id: i64) -> Result<bool, StoreError> {
        let taken: Option<bool> = sqlx::query_scalar("SELECT taken FROM orders WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(taken.unwrap_or(false))
    }

    /// Whether the last order to pause or go on that was taken paused the run.
    ///
    /// # Errors
    /// The database fails.
    pub async fn is_paused(&self, run: RunId) -> Result<bool, StoreError> {
        let last: Option<String> = sqlx::query_scalar(
            "SELECT what FROM orders WHERE run = $1 AND taken AND what IN ('pause', 'resume') ORDER BY id DESC LIMIT 1",
        )
        .bind(run.to_string())
        .fetch_optional(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(last.as_deref() == Some("pause"))
    }

    /// Says what a run waits for, in words for other processes; `None` when it goes on.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_waiting(&self, run: RunId, what: Option<&str>) -> Result<(), StoreError> {
        let statement = match what {
            Some(_) => {
                "INSERT INTO waits (run, what) VALUES ($1, $2) ON CONFLICT (run) DO UPDATE SET what = excluded.what"
            }
            None => "DELETE FROM waits WHERE run = $1 AND $2 IS NULL",
        };
        sqlx::query(statement)
            .bind(run.to_string())
            .bind(what)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// What a run waits for.
    ///
    /// # Errors
    /// The database fails.
    pub async fn waiting(&self, run: RunId) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("SELECT what FROM waits WHERE run = $1")
            .bind(run.to_string())
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))
    }

    /// Adds to the history of a run's limits.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add_limit_changes(&self, run: RunId, changes: &[LimitChange]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO limit_changes (run, at_us, account, what, in_flight, why)
             SELECT $1, value ->> 'at_us', value ->> 'account', value ->> 'what', value ->> 'in_flight', value ->> 'why'
             FROM json_each($2)",
        )
        .bind(run.to_string())
        .bind(self.file.json(&changes)?)
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// The history of a run's limits, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn limit_changes(&self, run: RunId) -> Result<Vec<LimitChange>, StoreError> {
        sqlx::query(
            "SELECT at_us, account, what, in_flight, why FROM limit_changes WHERE run = $1 ORDER BY at_us, rowid",
        )
        .bind(run.to_string())
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?
        .iter()
        .map(|row| {
            Ok(LimitChange {
                at_us: self.get(row, "at_us")?,
                account: self.get(row, "account")?,
                what: self.get(row, "what")?,
                in_flight: self.get::<i64>(row, "in_flight")?.unsigned_abs(),
                why: self.get(row, "why")?,
            })
        })
        .collect()
    }

    /// The newest runs first, at most `limit`, optionally of one suite and with a label.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn runs(
        &self,
        suite: Option<&str>,
        label: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<RunRow>, StoreError> {
        self.runs_where(&RunFilter { suite, label, ..RunFilter::default() }, limit).await
    }

    /// The newest runs first that fit a filter, at most `limit`.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn runs_where(&self, filter: &RunFilter<'_>, limit: u32) -> Result<Vec<RunRow>, StoreError> {
        let (before_us, before_id) = filter.before.clone().unzip();
        sqlx::query(
            "SELECT status, ended_us, planned, totals, record FROM runs WHERE ($1 IS NULL OR suite = $1)
               AND ($3 IS NULL OR EXISTS (
                   SELECT 1 FROM json_each(record, '$.labels') AS label WHERE label.key = $3 AND label.value = $4))
               AND ($5 IS NULL OR status = $5)
               AND ($6 IS NULL OR instr(id, $6) > 0 OR instr(lower(suite), $6) > 0
                    OR instr(lower(json_extract(record, '$.labels')), $6) > 0
                    OR EXISTS (SELECT 1 FROM json_each(record, '$.targets') AS target
                               WHERE instr(lower(json_extract(target.value, '$.name')), $6) > 0))
               AND ($7 IS NULL OR (started_us, id) < ($7, $8))
             ORDER BY started_us DESC, id DESC LIMIT $2",
        )
        .bind(filter.suite)
        .bind(i64::from(limit))
        .bind(filter.label.map(|(key, _)| key))
        .bind(filter.label.map(|(_, value)| value))
        .bind(filter.status.map(RunStatus::as_str))
        .bind(filter.search.map(str::to_lowercase))
        .bind(before_us)
        .bind(before_id)
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?
        .iter()
        .map(|row| self.run_row(row))
        .collect()
    }

    /// The newest runs first in a few columns, at most `limit`: what they froze is not read.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn run_lines(&self, limit: u32) -> Result<Vec<RunLine>, StoreError> {
        sqlx::query(
            "SELECT id, suite, status, started_us, planned, totals, json_extract(record, '$.git') AS git FROM runs
             ORDER BY started_us DESC, id DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?
        .iter()
        .map(|row| {
            Ok(RunLine {
                id: self.get(row, "id")?,
                suite: self.get(row, "suite")?,
                status: self.get(row, "status")?,
                started_us: self.get(row, "started_us")?,
                planned: self.get(row, "planned")?,
                totals: self.parse(&self.get::<String>(row, "totals")?)?,
                git: self.get(row, "git")?,
            })
        })
        .collect()
    }

    /// All runs over sealed parts, oldest first.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn sealed_runs(&self) -> Result<Vec<RunId>, StoreError> {
        // The first condition is the index's: other runs are not looked at.
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM runs WHERE instr(record, '\"sealed\":\"') > 0 AND EXISTS (
                 SELECT 1 FROM json_each(record, '$.datasets') AS used
                 WHERE json_extract(used.value, '$.sealed') IS NOT NULL)
             ORDER BY id",
        )
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        let parsed = ids.iter().map(|id| id.parse().map_err(|error| StoreError::corrupt(&self.file.path, error)));
        parsed.collect()
    }

    /// Every suite that was run, with its number of runs and when the newest began; newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn suites(&self) -> Result<Vec<(String, u64, i64)>, StoreError> {
        let rows = sqlx::query_as::<_, (String, i64, i64)>(
            "SELECT suite, COUNT(*), MAX(started_us) FROM runs GROUP BY suite ORDER BY MAX(started_us) DESC, suite",
        )
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(rows.into_iter().map(|(suite, runs, newest)| (suite, runs.unsigned_abs(), newest)).collect())
    }

    /// Another text whenever a label, a certificate or a check of a judge was added: what rests on them is read anew.
    ///
    /// # Errors
    /// The database fails.
    pub async fn labels_stamp(&self) -> Result<String, StoreError> {
        sqlx::query_scalar(
            "SELECT (SELECT COALESCE(MAX(id), 0) FROM labels) || ' ' || (SELECT COUNT(*) FROM labels WHERE replaced_us IS NOT NULL)
               || ' ' || (SELECT COALESCE(MAX(id), 0) FROM certificates) || ' ' || (SELECT COALESCE(MAX(id), 0) FROM judge_checks)",
        )
        .fetch_one(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))
    }

    /// Finds a run by what people type: a whole id, a unique beginning or ending of one (4 characters or more),
    /// `latest`, or `latest~N` for the N-th before it.
    ///
    /// # Errors
    /// No run or more than one fits.
    pub async fn find_run(&self, word: &str) -> Result<RunRow, StoreError> {
        if let Some(back) = word.strip_prefix("latest") {
            let back: u32 = match back.strip_prefix('~') {
                Some(number) => number.parse().map_err(|_| StoreError::NoSuchRun(format!("`{word}` is not a run")))?,
                None if back.is_empty() => 0,
                None => return Err(StoreError::NoSuchRun(format!("`{word}` is not a run"))),
            };
            let found = sqlx::query(
                "SELECT status, ended_us, planned, totals, record FROM runs
                 ORDER BY started_us DESC, id DESC LIMIT 1 OFFSET $1",
            )
            .bind(i64::from(back))
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
            if let Some(row) = found {
                return self.run_row(&row);
            }
            let have: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM runs")
                .fetch_one(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
            return Err(StoreError::NoSuchRun(match have {
                0 => "there are no runs yet: start one with `assay run`".to_owned(),
                have => format!("there are only {have} runs"),
            }));
        }
        let bad = word.len() < 4 || !word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        let rows = if bad {
            Vec::new()
        } else {
            sqlx::query(
                "SELECT status, ended_us, planned, totals, record FROM runs
                 WHERE id LIKE $1 || '%' OR REPLACE(id, '-', '') LIKE '%' || $1 LIMIT 2",
            )
            .bind(word.to_ascii_lowercase())
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?
        };
        match rows.as_slice() {
            [row] => self.run_row(row),
            [] => Err(StoreError::NoSuchRun(format!("no run `{word}`: `assay runs` lists them"))),
            _ => Err(StoreError::NoSuchRun(format!("`{word}` fits more than one run: type more of the id"))),
        }
    }

    /// Names a run as a baseline of its suite; an earlier one of that name is replaced.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_baseline(&self, baseline: &Baseline) -> Result<(), StoreError> {
        let error = |error| self.file.error(error);
        let mut whole = self.file.pool.begin().await.map_err(error)?;
        sqlx::query(
            "INSERT INTO baselines (suite, name, run, target, set_us) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (suite, name) DO UPDATE SET run = excluded.run, target = excluded.target, set_us = excluded.set_us",
        )
        .bind(&baseline.suite)
        .bind(&baseline.name)
        .bind(baseline.run.to_string())
        .bind(&baseline.target)
        .bind(baseline.set_us)
        .execute(&mut *whole)
        .await
        .map_err(error)?;
        events::write(&mut whole, &Outgoing::baseline_set(baseline)).await.map_err(error)?;
        whole.commit().await.map_err(error)
    }

    /// The baseline of a name in a suite.
    ///
    /// # Errors
    /// The database fails.
    pub async fn baseline(&self, suite: &str, name: &str) -> Result<Option<Baseline>, StoreError> {
        Ok(self.baselines().await?.into_iter().find(|b| b.suite == suite && b.name == name))
    }

    /// All baselines, by suite and name.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn baselines(&self) -> Result<Vec<Baseline>, StoreError> {
        sqlx::query("SELECT suite, name, run, target, set_us FROM baselines ORDER BY suite, name")
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?
            .iter()
            .map(|row| {
                Ok(Baseline {
                    suite: self.get(row, "suite")?,
                    name: self.get(row, "name")?,
                    run: self
                        .get::<String>(row, "run")?
                        .parse()
                        .map_err(|error| StoreError::corrupt(&self.file.path, error))?,
                    target: self.get(row, "target")?,
                    set_us: self.get(row, "set_us")?,
                })
            })
            .collect()
    }

    /// Removes a baseline; false when there was none.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove_baseline(&self, suite: &str, name: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM baselines WHERE suite = $1 AND name = $2")
            .bind(suite)
            .bind(name)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// Adds a schedule, or replaces the one of its name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_schedule(&self, schedule: &Schedule) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO schedules (name, cron, folder, arguments, last_us, last_exit) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, folder = excluded.folder,
                 arguments = excluded.arguments, last_us = excluded.last_us, last_exit = excluded.last_exit",
        )
        .bind(&schedule.name)
        .bind(&schedule.cron)
        .bind(&schedule.folder)
        .bind(self.file.json(&schedule.arguments)?)
        .bind(schedule.last_us)
        .bind(schedule.last_exit.map(i64::from))
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Every schedule, by name.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        sqlx::query("SELECT name, cron, folder, arguments, last_us, last_exit FROM schedules ORDER BY name")
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?
            .iter()
            .map(|row| {
                Ok(Schedule {
                    name: self.get(row, "name")?,
                    cron: self.get(row, "cron")?,
                    folder: self.get(row, "folder")?,
                    arguments: self.parse(&self.get::<String>(row, "arguments")?)?,
                    last_us: self.get(row, "last_us")?,
                    last_exit: self.get::<Option<i64>>(row, "last_exit")?.and_then(|code| u8::try_from(code).ok()),
                })
            })
            .collect()
    }

    /// Removes a schedule; false when there was none.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove_schedule(&self, name: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM schedules WHERE name = $1")
            .bind(name)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// Moves the time of a schedule on; false when somebody else did so first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn claim_schedule(&self, name: &str, last_us: i64, now_us: i64) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE schedules SET last_us = $3 WHERE name = $1 AND last_us = $2")
            .bind(name)
            .bind(last_us)
            .bind(now_us)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// Writes down how a schedule's run ended.
    ///
    /// # Errors
    /// The database fails.
    pub async fn end_schedule(&self, name: &str, exit: u8) -> Result<(), StoreError> {
        sqlx::query("UPDATE schedules SET last_exit = $2 WHERE name = $1")
            .bind(name)
            .bind(i64::from(exit))
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Remembers that the sources of this digest froze to this plan.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remember_plan<T: Serialize>(
        &self,
        source: Digest,
        plan: Digest,
        datasets: &T,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO plans (source, plan, datasets) VALUES ($1, $2, $3)
             ON CONFLICT (source) DO UPDATE SET plan = excluded.plan, datasets = excluded.datasets",
        )
        .bind(source.to_string())
        .bind(plan.to_string())
        .bind(self.file.json(datasets)?)
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// The plan that sources of this digest froze to before.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn remembered_plan<T: for<'de> Deserialize<'de>>(
        &self,
        source: Digest,
    ) -> Result<Option<(Digest, T)>, StoreError> {
        let row = sqlx::query("SELECT plan, datasets FROM plans WHERE source = $1")
            .bind(source.to_string())
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        let Some(row) = row else { return Ok(None) };
        let plan: String = self.get(&row, "plan")?;
        let plan = plan.parse().map_err(|error| StoreError::corrupt(&self.file.path, error))?;
        Ok(Some((plan, self.parse(&self.get::<String>(&row, "datasets")?)?)))
    }

    fn run_row(&self, row: &SqliteRow) -> Result<RunRow, StoreError> {
        Ok(RunRow {
            record: self.parse(&self.get::<String>(row, "record")?)?,
            status: self
                .get::<String>(row, "status")?
                .parse()
                .map_err(|error: String| StoreError::corrupt(&self.file.path, error))?,
            ended_us: self.get(row, "ended_us")?,
            planned: self.get::<i64>(row, "planned")?.unsigned_abs(),
            totals: self.parse(&self.get::<String>(row, "totals")?)?,
        })
    }

    pub(crate) fn get<'r, T>(&self, row: &'r SqliteRow, column: &str) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        row.try_get(column).map_err(|error| self.file.error(error))
    }

    pub(crate) fn parse<T: for<'de> Deserialize<'de>>(&self, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| StoreError::corrupt(&self.file.path, error))
    }
}

/// Counts stay far below 2⁶³.
pub(crate) fn as_i64(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
