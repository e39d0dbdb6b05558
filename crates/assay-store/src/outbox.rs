//! What others are to be told: events, and what became of each at each endpoint.
//!
//! An event is written in the transaction of the change that it tells about, so that there is none without the other. A
//! transaction over two SQLite files is not atomic in WAL mode: `state.db` and `releases.db` each have these tables, and
//! [`Outbox`] reads both. What is true of a subject stands in the file of its events.

use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

pub use crate::events::{Event, KINDS, LARGEST_DATA, run_subject};
use crate::sqlite::{Care, File};
use crate::state::as_i64;
use crate::{StoreError, Workspace};

pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    data TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    endpoint TEXT NOT NULL,
    seq BIGINT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_us BIGINT NOT NULL DEFAULT 0,
    lease TEXT,
    lease_us BIGINT NOT NULL DEFAULT 0,
    tried_us BIGINT,
    said TEXT,
    PRIMARY KEY (endpoint, seq)
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (endpoint, seq) WHERE state = 'due';
CREATE INDEX IF NOT EXISTS deliveries_in_order ON deliveries (endpoint, subject, seq) WHERE state = 'due';
CREATE TABLE IF NOT EXISTS endpoints (
    endpoint TEXT PRIMARY KEY,
    seen BIGINT NOT NULL,
    pause_us BIGINT NOT NULL DEFAULT 0,
    gone TEXT
);
CREATE TABLE IF NOT EXISTS remembered (
    endpoint TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (endpoint, subject, name)
);
";

const DAY_US: i64 = 86_400_000_000;
/// Events that are settled everywhere are kept for so long.
const KEPT_US: i64 = 30 * DAY_US;
/// Events are kept for so long whatever became of them.
const MOST_KEPT_US: i64 = 90 * DAY_US;
/// Events that are looked through at once for an endpoint.
const CHUNK: i64 = 1_000;

/// Where an event stands at an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Delivery {
    /// The endpoint's name.
    pub endpoint: String,
    /// The event.
    pub event: Event,
    /// `due`, `sent`, `dead` or `dropped`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, in microseconds since the Unix epoch; for `due`.
    pub next_us: i64,
    /// When it was tried last.
    pub tried_us: Option<i64>,
    /// What the endpoint said last, in words.
    pub said: Option<String>,
}

/// A delivery that this process alone may make, until its lease ends.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The event.
    pub event: Event,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    endpoint: String,
    lease: String,
    file: usize,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is there.
    Sent,
    /// Again at this time, in microseconds since the Unix epoch.
    Again(i64),
    /// Never again by itself.
    Dead,
}

/// How an endpoint stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Deliveries still to be made.
    pub due: u64,
    /// Deliveries made.
    pub sent: u64,
    /// Deliveries given up.
    pub dead: u64,
    /// Nothing is sent before this time, in microseconds since the Unix epoch.
    pub pause_us: i64,
    /// It said for good, for this digest of its address, that it is gone.
    pub gone: Option<String>,
}

/// The events of a workspace, of whichever file.
#[derive(Clone, Debug)]
pub struct Outbox {
    files: [File; 2],
}

impl Outbox {
    /// Opens the events of a workspace.
    ///
    /// # Errors
    /// A file that cannot be opened or made.
    pub async fn open(workspace: &Workspace) -> Result<Self, StoreError> {
        // What people wait for comes first.
        let releases = File::open(&workspace.releases_file(), Care::Durable, 2, &[SCHEMA]).await?;
        let state = File::open(&workspace.state_file(), Care::Durable, 2, &[SCHEMA]).await?;
        Ok(Self { files: [releases, state] })
    }

    /// Makes deliveries of the events that came since the last call for an endpoint; gives how many. An endpoint that is
    /// new gets what happened from `since_us` on.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn plan(
        &self,
        endpoint: &str,
        since_us: i64,
        wants: &(dyn Fn(&Event) -> bool + Sync),
    ) -> Result<u64, StoreError> {
        let mut planned = 0;
        for file in &self.files {
            while let Some(n) = plan_chunk(file, endpoint, since_us, wants).await? {
                planned += n;
            }
        }
        Ok(planned)
    }

    /// Takes the next delivery of an endpoint that is due: the oldest of a subject before its later ones. Until `lease_us`
    /// nobody else gets it; whoever is killed before [`Outbox::record`] leaves it to be made again. `None` when there is none,
    /// or while the endpoint pauses or is gone from `address`.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn claim(
        &self,
        endpoint: &str,
        address: &str,
        now_us: i64,
        lease_us: i64,
    ) -> Result<Option<Claimed>, StoreError> {
        let lease = Uuid::now_v7().to_string();
        for (at, file) in self.files.iter().enumerate() {
            let error = |error| file.error(error);
            let row = sqlx::query(
                "UPDATE deliveries SET lease = $5, lease_us = $4, attempts = attempts + 1, tried_us = $3
                 WHERE endpoint = $1 AND seq = (
                     SELECT d.seq FROM deliveries d
                     WHERE d.endpoint = $1 AND d.state = 'due' AND d.next_us <= $3 AND d.lease_us <= $3
                       AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.endpoint = $1 AND e.subject = d.subject
                                       AND e.seq < d.seq AND e.state = 'due')
                     ORDER BY d.seq LIMIT 1)
                   AND NOT EXISTS (SELECT 1 FROM endpoints WHERE endpoint = $1 AND (pause_us > $3 OR gone = $2))
                 RETURNING seq, attempts",
            )
            .bind(endpoint)
            .bind(address)
            .bind(now_us)
            .bind(lease_us)
            .bind(&lease)
            .fetch_optional(&file.pool)
            .await
            .map_err(error)?;
            let Some(row) = row else { continue };
            let seq: i64 = row.try_get("seq").map_err(error)?;
            let attempts: i64 = row.try_get("attempts").map_err(error)?;
            let row = sqlx::query("SELECT * FROM outbox WHERE seq = $1")
                .bind(seq)
                .fetch_one(&file.pool)
                .await
                .map_err(error)?;
            return Ok(Some(Claimed {
                event: event(file, &row)?,
                attempt: u32::try_from(attempts).unwrap_or(u32::MAX),
                endpoint: endpoint.to_owned(),
                lease,
                file: at,
            }));
        }
        Ok(None)
    }

    /// Writes down what became of an attempt; false when the lease had ended and somebody else has taken the delivery since.
    ///
    /// # Errors
    /// The database fails.
    pub async fn record(&self, claimed: &Claimed, outcome: &Outcome, said: &str) -> Result<bool, StoreError> {
        let (state, next_us) = match outcome {
            Outcome::Sent => ("sent", 0),
            Outcome::Again(next_us) => ("due", *next_us),
            Outcome::Dead => ("dead", 0),
        };
        let file = &self.files[claimed.file];
        let done = sqlx::query(
            "UPDATE deliveries SET state = $4, next_us = $5, said = $6, lease = NULL, lease_us = 0
             WHERE endpoint = $1 AND seq = $2 AND lease = $3",
        )
        .bind(&claimed.endpoint)
        .bind(claimed.event.seq)
        .bind(&claimed.lease)
        .bind(state)
        .bind(next_us)
        .bind(said)
        .execute(&file.pool)
        .await
        .map_err(|error| file.error(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// Sends nothing to an endpoint before a time.
    ///
    /// # Errors
    /// The database fails.
    pub async fn pause(&self, endpoint: &str, until_us: i64) -> Result<(), StoreError> {
        for file in &self.files {
            sqlx::query("UPDATE endpoints SET pause_us = MAX(pause_us, $2) WHERE endpoint = $1")
                .bind(endpoint)
                .bind(until_us)
                .execute(&file.pool)
                .await
                .map_err(|error| file.error(error))?;
        }
        Ok(())
    }

    /// Sends nothing more to this address of an endpoint, or (without an address) whatever there is, at once.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_gone(&self, endpoint: &str, address: Option<&str>) -> Result<(), StoreError> {
        for file in &self.files {
            sqlx::query("UPDATE endpoints SET gone = $2, pause_us = 0 WHERE endpoint = $1")
                .bind(endpoint)
                .bind(address)
                .execute(&file.pool)
                .await
                .map_err(|error| file.error(error))?;
        }
        Ok(())
    }

    /// Keeps what an endpoint called something there, such as the key of an issue, for later events of the subject.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remember(&self, claimed: &Claimed, name: &str, value: &str) -> Result<(), StoreError> {
        let file = &self.files[claimed.file];
        sqlx::query(
            "INSERT INTO remembered (endpoint, subject, name, value) VALUES ($1, $2, $3, $4)
             ON CONFLICT (endpoint, subject, name) DO UPDATE SET value = excluded.value",
        )
        .bind(&claimed.endpoint)
        .bind(&claimed.event.subject)
        .bind(name)
        .bind(value)
        .execute(&file.pool)
        .await
        .map_err(|error| file.error(error))?;
        Ok(())
    }

    /// What [`Outbox::remember`] kept.
    ///
    /// # Errors
    /// The database fails.
    pub async fn recall(&self, claimed: &Claimed, name: &str) -> Result<Option<String>, StoreError> {
        let file = &self.files[claimed.file];
        sqlx::query_scalar("SELECT value FROM remembered WHERE endpoint = $1 AND subject = $2 AND name = $3")
            .bind(&claimed.endpoint)
            .bind(&claimed.event.subject)
            .bind(name)
            .fetch_optional(&file.pool)
            .await
            .map_err(|error| file.error(error))
    }

    /// Deliveries, the newest events first: of one endpoint, in one state, where that is said.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn deliveries(
        &self,
        endpoint: Option<&str>,
        state: Option<&str>,
        most: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut found = Vec::new();
        for file in &self.files {
            let rows = sqlx::query(
                "SELECT o.*, d.endpoint, d.state, d.attempts, d.next_us, d.tried_us, d.said
                 FROM deliveries d JOIN outbox o ON o.seq = d.seq
                 WHERE ($1 IS NULL OR d.endpoint = $1) AND ($2 IS NULL OR d.state = $2)
                 ORDER BY d.seq DESC, d.endpoint LIMIT $3",
            )
            .bind(endpoint)
            .bind(state)
            .bind(i64::from(most))
            .fetch_all(&file.pool)
            .await
            .map_err(|error| file.error(error))?;
            for row in &rows {
                found.push(delivery(file, row)?);
            }
        }
        found.sort_by(|a, b| b.event.at_us.cmp(&a.event.at_us).then(b.event.id.cmp(&a.event.id)));
        found.truncate(most as usize);
        Ok(found)
    }

    /// The ids of events that end so.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find(&self, ending: &str) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        for file in &self.files {
            let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM outbox WHERE substr(id, -length($1)) = $1")
                .bind(ending)
                .fetch_all(&file.pool)
                .await
                .map_err(|error| file.error(error))?;
            found.extend(ids);
        }
        Ok(found)
    }

    /// Moves deliveries: makes them due at once (`due`), or gives them up (`dropped`). Of events whose id ends so and of one
    /// endpoint, where that is said; only those that are in one of the states `from`. Gives how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_state(
        &self,
        ending: &str,
        endpoint: Option<&str>,
        from: &[&str],
        state: &str,
    ) -> Result<u64, StoreError> {
        let mut moved = 0;
        for file in &self.files {
            for from in from {
                moved += sqlx::query(
                    "UPDATE deliveries SET state = $4, next_us = 0, attempts = CASE $4 WHEN 'due' THEN 0 ELSE attempts END,
                            lease = NULL, lease_us = 0
                     WHERE ($1 IS NULL OR endpoint = $1) AND state = $2
                       AND ($3 = '' OR seq IN (SELECT seq FROM outbox WHERE substr(id, -length($3)) = $3))",
                )
                .bind(endpoint)
                .bind(*from)
                .bind(ending)
                .bind(state)
                .execute(&file.pool)
                .await
                .map_err(|error| file.error(error))?
                .rows_affected();
            }
        }
        Ok(moved)
    }

    /// How an endpoint stands.
    ///
    /// # Errors
    /// The database fails.
    pub async fn standing(&self, endpoint: &str) -> Result<Standing, StoreError> {
        let mut whole = Standing::default();
        for file in &self.files {
            let error = |error| file.error(error);
            let rows = sqlx::query("SELECT state, COUNT(*) AS n FROM deliveries WHERE endpoint = $1 GROUP BY state")
                .bind(endpoint)
                .fetch_all(&file.pool)
                .await
                .map_err(error)?;
            for row in rows {
                let n = row.try_get::<i64, _>("n").map_err(error)?.unsigned_abs();
                match row.try_get::<String, _>("state").map_err(error)?.as_str() {
                    "due" => whole.due += n,
                    "sent" => whole.sent += n,
                    "dead" => whole.dead += n,
                    _ => {}
                }
            }
            let row = sqlx::query("SELECT pause_us, gone FROM endpoints WHERE endpoint = $1")
                .bind(endpoint)
                .fetch_optional(&file.pool)
                .await
                .map_err(error)?;
            if let Some(row) = row {
                whole.pause_us = whole.pause_us.max(row.try_get("pause_us").map_err(error)?);
                whole.gone = whole.gone.or(row.try_get("gone").map_err(error)?);
            }
        }
        Ok(whole)
    }

    /// Forgets events of more than 30 days ago that are settled everywhere, and all of more than 90 days ago; gives how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune(&self, now_us: i64) -> Result<u64, StoreError> {
        let mut gone = 0;
        for file in &self.files {
            let error = |error| file.error(error);
            let old: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM outbox WHERE at_us < $1")
                .bind(now_us - KEPT_US)
                .fetch_one(&file.pool)
                .await
                .map_err(error)?;
            if old == 0 {
                continue;
            }
            let mut whole = file.pool.begin().await.map_err(error)?;
            gone += sqlx::query(
                "DELETE FROM outbox WHERE at_us < $1 OR at_us < $2 AND NOT EXISTS (
                     SELECT 1 FROM deliveries d WHERE d.seq = outbox.seq AND d.state IN ('due', 'dead'))",
            )
            .bind(now_us - MOST_KEPT_US)
            .bind(now_us - KEPT_US)
            .execute(&mut *whole)
            .await
            .map_err(error)?
            .rows_affected();
            sqlx::query("DELETE FROM deliveries WHERE seq NOT IN (SELECT seq FROM outbox)")
                .execute(&mut *whole)
                .await
                .map_err(error)?;
            whole.commit().await.map_err(error)?;
        }
        Ok(gone)
    }
}

/// Looks through the next events of a file for an endpoint; `None` when there are no more.
async fn plan_chunk(
    file: &File,
    endpoint: &str,
    since_us: i64,
    wants: &(dyn Fn(&Event) -> bool + Sync),
) -> Result<Option<u64>, StoreError> {
    let error = |error| file.error(error);
    // Most commands find nothing new: they take no lock.
    let newest: i64 =
        sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) FROM outbox").fetch_one(&file.pool).await.map_err(error)?;
    const SEEN: &str = "SELECT seen FROM endpoints WHERE endpoint = $1";
    let seen: Option<i64> = sqlx::query_scalar(SEEN).bind(endpoint).fetch_optional(&file.pool).await.map_err(error)?;
    if seen.is_some_and(|seen| seen >= newest) {
        return Ok(None);
    }
    let mut whole = file.pool.begin_with("BEGIN IMMEDIATE").await.map_err(error)?;
    let seen: Option<i64> = sqlx::query_scalar(SEEN).bind(endpoint).fetch_optional(&mut *whole).await.map_err(error)?;
    let seen = match seen {
        Some(seen) => seen,
        None => sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) FROM outbox WHERE at_us < $1")
            .bind(since_us)
            .fetch_one(&mut *whole)
            .await
            .map_err(error)?,
    };
    let rows = sqlx::query("SELECT * FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2")
        .bind(seen)
        .bind(CHUNK)
        .fetch_all(&mut *whole)
        .await
        .map_err(error)?;
    let (mut planned, mut last) = (0, seen);
    for row in &rows {
        let event = event(file, row)?;
        last = event.seq;
        if wants(&event) {
            planned += 1;
            sqlx::query(
                "INSERT INTO deliveries (endpoint, seq, subject, state) VALUES ($1, $2, $3, 'due') ON CONFLICT DO NOTHING",
            )
            .bind(endpoint)
            .bind(event.seq)
            .bind(&event.subject)
            .execute(&mut *whole)
            .await
            .map_err(error)?;
        }
    }
    sqlx::query(
        "INSERT INTO endpoints (endpoint, seen) VALUES ($1, $2) ON CONFLICT (endpoint) DO UPDATE SET seen = excluded.seen",
    )
    .bind(endpoint)
    .bind(last)
    .execute(&mut *whole)
    .await
    .map_err(error)?;
    whole.commit().await.map_err(error)?;
    Ok((as_i64(rows.len() as u64) == CHUNK || planned > 0).then_some(planned))
}

fn event(file: &File, row: &SqliteRow) -> Result<Event, StoreError> {
    let error = |error| file.error(error);
    let data: String = row.try_get("data").map_err(error)?;
    Ok(Event {
        id: row.try_get("id").map_err(error)?,
        seq: row.try_get("seq").map_err(error)?,
        kind: row.try_get("kind").map_err(error)?,
        subject: row.try_get("subject").map_err(error)?,
        at_us: row.try_get("at_us").map_err(error)?,
        data: serde_json::from_str(&data).map_err(|error| StoreError::corrupt(&file.path, error))?,
    })
}

fn delivery(file: &File, row: &SqliteRow) -> Result<Delivery, StoreError> {
    let error = |error| file.error(error);
    let attempts: i64 = row.try_get("attempts").map_err(error)?;
    Ok(Delivery {
        event: event(file, row)?,
        endpoint: row.try_get("endpoint").map_err(error)?,
        state: row.try_get("state").map_err(error)?,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        next_us: row.try_get("next_us").map_err(error)?,
        tried_us: row.try_get("tried_us").map_err(error)?,
        said: row.try_get("said").map_err(error)?,
    })
}
