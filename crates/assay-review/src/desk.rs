//! What lies on a rater's desk beside the answers: what they began to say, answers that are sent twice, how far they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteExecutor};

use crate::ReviewError;
use crate::store::{Review, Write};
use crate::words::Answers;
use crate::work::{Submitted, not_given};

/// Ends a rater's lease of an item.
pub(crate) const LEASE: &str = "DELETE FROM leases WHERE project = $1 AND item = $2 AND rater = $3";
/// Drops what a rater has begun to say about an item.
pub(crate) const DRAFT: &str = "DELETE FROM drafts WHERE project = $1 AND item = $2 AND rater = $3";
/// Forgets what a rater has sent of an item: after an undo, answers that were sent before it are not taken for new ones.
pub(crate) const SUBMISSIONS: &str = "DELETE FROM submissions WHERE project = $1 AND item = $2 AND rater = $3";
/// The longest draft, in bytes of JSON.
const LONGEST_DRAFT: usize = 256 << 10;

/// How far a rater is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RaterPlace")]
pub struct Place {
    /// Items that the rater has rated.
    pub rated: u64,
    /// Items that they will have rated when their part is done, as far as that is known now.
    pub of: u64,
}

impl Review {
    /// How far a rater is with their part: their block without what they skipped, and the hidden gold that its share lets
    /// expect. Gold is not counted as it comes, so that the number tells nobody which item was gold.
    ///
    /// # Errors
    /// There is no such project, or the database fails.
    pub async fn place(&self, project: &str, rater: &str) -> Result<Place, ReviewError> {
        let project = self.project(project).await?;
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM done WHERE project = $1 AND rater = $2) AS rated,
                    (SELECT COUNT(*) FROM raters m JOIN blocks b ON b.project = m.project AND b.block = m.block
                     WHERE m.project = $1 AND m.name = $2) AS own,
                    (SELECT COUNT(DISTINCT item) FROM notes WHERE project = $1 AND rater = $2 AND kind = 'skip') AS skipped,
                    (SELECT COUNT(*) FROM items WHERE project = $1 AND gold IS NOT NULL AND gold <> '{}') AS gold",
        )
        .bind(&project.name)
        .bind(rater)
        .fetch_one(&self.file.pool)
        .await
        .map_err(|error| self.failed(error))?;
        let count = |key: &str| row.get::<i64, _>(key).unsigned_abs();
        let (share, own) = (project.settings.gold_share, count("own").saturating_sub(count("skipped")));
        let gold = (own as f64 * share / (1.0 - share)).round() as u64;
        let rated = count("rated");
        Ok(Place { rated, of: (own + gold.min(count("gold"))).max(rated) })
    }

    /// The item that a rater was given under a token, also when it is rated by now.
    ///
    /// # Errors
    /// There is none.
    pub async fn given(&self, project: &str, rater: &str, token: &str) -> Result<String, ReviewError> {
        let item: Option<String> = sqlx::query_scalar(
            "SELECT item FROM leases WHERE project = $1 AND rater = $2 AND token = $3
             UNION ALL SELECT item FROM submissions WHERE project = $1 AND rater = $2 AND token = $3 LIMIT 1",
        )
        .bind(project)
        .bind(rater)
        .bind(token)
        .fetch_optional(&self.file.pool)
        .await
        .map_err(|error| self.failed(error))?;
        item.ok_or_else(not_given)
    }

    /// The item that a rater has on the screen under a token.
    ///
    /// # Errors
    /// There is none: it was taken back, answered or skipped.
    pub async fn held(&self, project: &str, rater: &str, token: &str) -> Result<String, ReviewError> {
        self.held_in(&self.file.pool, project, rater, token).await
    }

    async fn held_in<'e>(
        &self,
        from: impl SqliteExecutor<'e>,
        project: &str,
        rater: &str,
        token: &str,
    ) -> Result<String, ReviewError> {
        let item: Option<String> =
            sqlx::query_scalar("SELECT item FROM leases WHERE project = $1 AND rater = $2 AND token = $3")
                .bind(project)
                .bind(rater)
                .bind(token)
                .fetch_optional(from)
                .await
                .map_err(|error| self.failed(error))?;
        item.ok_or_else(not_given)
    }

    /// Keeps what a rater has begun to say about an item that they have; `a` and `b` of a pair mean what is shown. It is
    /// read again with the item, and nothing in it counts.
    ///
    /// # Errors
    /// The item is not with the rater, or the draft is too long.
    pub async fn keep_draft(
        &self,
        project: &str,
        rater: &str,
        token: &str,
        draft: &Answers,
    ) -> Result<(), ReviewError> {
        if self.json(draft)?.len() > LONGEST_DRAFT {
            return Err(ReviewError::usage(format!("a draft has at most {LONGEST_DRAFT} bytes")));
        }
        let mut write = self.write().await?;
        let item = self.held_in(&mut *write, project, rater, token).await?;
        self.put_draft(&mut write, project, &item, rater, draft).await?;
        self.commit(write).await
    }

    pub(crate) async fn put_draft(
        &self,
        write: &mut Write,
        project: &str,
        item: &str,
        rater: &str,
        draft: &Answers,
    ) -> Result<(), ReviewError> {
        sqlx::query(
            "INSERT INTO drafts (project, item, rater, answers, at_us) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (project, item, rater) DO UPDATE SET answers = excluded.answers, at_us = excluded.at_us",
        )
        .bind(project)
        .bind(item)
        .bind(rater)
        .bind(self.json(draft)?)
        .bind(self.now_us())
        .execute(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(())
    }

    pub(crate) async fn draft(
        &self,
        write: &mut Write,
        project: &str,
        item: &str,
        rater: &str,
    ) -> Result<Answers, ReviewError> {
        let kept: Option<String> =
            sqlx::query_scalar("SELECT answers FROM drafts WHERE project = $1 AND item = $2 AND rater = $3")
                .bind(project)
                .bind(item)
                .bind(rater)
                .fetch_optional(&mut **write)
                .await
                .map_err(|error| self.failed(error))?;
        kept.map_or_else(|| Ok(Answers::new()), |text| self.parse(&text))
    }

    /// Forgets what is kept of a rater and an item: [`LEASE`], [`DRAFT`] or [`SUBMISSIONS`].
    pub(crate) async fn forget(
        &self,
        write: &mut Write,
        what: &'static str,
        project: &str,
        item: &str,
        rater: &str,
    ) -> Result<(), ReviewError> {
        sqlx::query(what)
            .bind(project)
            .bind(item)
            .bind(rater)
            .execute(&mut **write)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// What became of the same answers when they were sent before; `said` is their digest.
    pub(crate) async fn submitted(
        &self,
        write: &mut Write,
        project: &str,
        rater: &str,
        token: &str,
        said: &str,
    ) -> Result<Option<Submitted>, ReviewError> {
        let row =
            sqlx::query("SELECT answers, result FROM submissions WHERE project = $1 AND rater = $2 AND token = $3")
                .bind(project)
                .bind(rater)
                .bind(token)
                .fetch_optional(&mut **write)
                .await
                .map_err(|error| self.failed(error))?;
        let Some(row) = row else { return Ok(None) };
        if row.get::<&str, _>("answers") != said {
            return Err(ReviewError::conflict(format!(
                "`{}` has answered this otherwise already: undo takes that back, an edit changes it",
                rater.escape_debug()
            )));
        }
        Ok(Some(self.parse(row.get("result"))?))
    }

    pub(crate) async fn keep_submission(
        &self,
        write: &mut Write,
        project: &str,
        rater: &str,
        token: &str,
        item: &str,
        (said, result): (&str, &Submitted),
    ) -> Result<(), ReviewError> {
        sqlx::query(
            "INSERT INTO submissions (project, rater, token, item, answers, result) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(project)
        .bind(rater)
        .bind(token)
        .bind(item)
        .bind(said)
        .bind(self.json(result)?)
        .execute(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(())
    }
}
