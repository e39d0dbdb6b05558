//! Training, quiz, suspension by interval, and the way back.

use assay_stats::raters::gold_accuracy;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row;

use crate::rubric::{Criterion, Kind, Worked};
use crate::store::{Project, Review, RubricVersion, Write};
use crate::words::{Answers, Rater, RaterState};
use crate::{ReviewError, Rubric};

/// Hits and misses on hidden gold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GoldRecord {
    /// Gold items with every answer right.
    pub hits: u64,
    /// The others.
    pub misses: u64,
}

/// Why a rater was suspended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Suspension {
    /// Their gold.
    pub gold: GoldRecord,
    /// The upper bound of their accuracy.
    pub upper: f64,
    /// What it is below.
    pub threshold: f64,
}

/// How a quiz went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QuizResult {
    /// Items with every answer right.
    pub right: u64,
    /// Of so many.
    pub of: u64,
    /// Whether the rater may begin.
    pub passed: bool,
    /// Attempts that are left.
    pub attempts_left: u32,
}

/// Whether answers are the right ones: each that is known must be given, and be within the tolerance of a scale. Comments
/// and spans are not compared; `None` where nothing is.
pub fn is_right(rubric: &Rubric, right: &Answers, given: &Answers) -> Option<bool> {
    let same = |(criterion, right): (&Criterion, &Value)| {
        let number = |value: &Value| criterion.read(value).ok().and_then(|value| criterion.number(&value));
        match (number(right), given.get(&criterion.name).and_then(number)) {
            (Some(right), Some(given)) => (right - given).abs() <= criterion.tolerance,
            _ => false,
        }
    };
    compared(rubric, right).map(same).reduce(|all, one| all && one)
}

/// The right answers that can be compared, each with its criterion.
fn compared<'a>(rubric: &'a Rubric, right: &'a Answers) -> impl Iterator<Item = (&'a Criterion, &'a Value)> {
    right.iter().filter_map(move |(name, right)| {
        let criterion = rubric.criterion(name)?;
        (!matches!(criterion.kind, Kind::Comment | Kind::Spans)).then_some((criterion, right))
    })
}

/// The version of the rubric since which a question is asked as it is now.
fn asked_since<'a>(versions: &'a [RubricVersion], criterion: &Criterion) -> Option<&'a RubricVersion> {
    let question = criterion.digest();
    let asks = |version: &&RubricVersion| {
        version.rubric.criterion(&criterion.name).is_some_and(|known| known.digest() == question)
    };
    versions.iter().rev().take_while(asks).last()
}

/// Whether a rater is right on a gold item. `given` are the answers to questions as they are asked now; `version` and
/// `at_us` say when the item was done. `None` where nothing is compared, or where a question that is compared was added or
/// changed after that and is not answered yet: nobody errs on what they were not asked.
pub(crate) fn is_hit(
    rubric: &Rubric,
    versions: &[RubricVersion],
    right: &Answers,
    given: &Answers,
    (version, at_us): (i64, i64),
) -> Option<bool> {
    let unasked = |(criterion, _): (&Criterion, &Value)| {
        // A new question that needs no answer leaves the item done under the new version: its time tells then.
        let before = |asked: &RubricVersion| version < asked.version || at_us < asked.added_us;
        !given.contains_key(&criterion.name) && asked_since(versions, criterion).is_some_and(before)
    };
    if compared(rubric, right).any(unasked) { None } else { is_right(rubric, right, given) }
}

impl Review {
    async fn event(
        &self,
        write: &mut Write,
        project: &str,
        rater: &str,
        what: &str,
        why: &str,
    ) -> Result<(), ReviewError> {
        sqlx::query("INSERT INTO rater_events (project, rater, at_us, what, why) VALUES ($1, $2, $3, $4, $5)")
            .bind(project)
            .bind(rater)
            .bind(self.now_us())
            .bind(what)
            .bind(why)
            .execute(&mut **write)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    async fn set_state(
        &self,
        write: &mut Write,
        project: &str,
        rater: &str,
        state: RaterState,
        why: Option<&str>,
    ) -> Result<(), ReviewError> {
        sqlx::query("UPDATE raters SET state = $1, why = $2 WHERE project = $3 AND name = $4")
            .bind(state.as_str())
            .bind(why)
            .bind(project)
            .bind(rater)
            .execute(&mut **write)
            .await
            .map_err(|error| self.failed(error))?;
        self.event(write, project, rater, state.as_str(), why.unwrap_or_default()).await
    }

    /// Makes somebody a rater, or finds them. A new rater gets the first block that nobody has, or one whose rater is
    /// suspended; one that brings ratings from elsewhere (`with_block` false) gets none, and needs no quiz.
    ///
    /// # Errors
    /// A name that cannot be one, or the database fails.
    pub async fn join(&self, project: &Project, name: &str, with_block: bool) -> Result<Rater, ReviewError> {
        let mut write = self.write().await?;
        let rater = self.join_in(&mut write, project, name, with_block).await?;
        self.commit(write).await?;
        Ok(rater)
    }

    pub(crate) async fn join_in(
        &self,
        write: &mut Write,
        project: &Project,
        name: &str,
        with_block: bool,
    ) -> Result<Rater, ReviewError> {
        if name.trim() != name || name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
            return Err(ReviewError::usage(format!(
                "`{}` cannot be a rater's name: use 1 to 80 characters without line feeds or spaces at the ends",
                name.escape_debug()
            )));
        }
        let known = self.rater(write, &project.name, name).await?;
        if let Some(known) = &known
            && (known.block.is_some()
                || !with_block
                || matches!(known.state, RaterState::Suspended | RaterState::Failed))
        {
            return Ok(known.clone());
        }
        let mut block = None;
        if with_block {
            block = sqlx::query_scalar::<_, i64>(
                "SELECT MIN(b.block) FROM blocks b WHERE b.project = $1 AND NOT EXISTS (
                    SELECT 1 FROM raters r WHERE r.project = $1 AND r.block = b.block
                        AND r.state IN ('active', 'new'))
                 HAVING MIN(b.block) IS NOT NULL",
            )
            .bind(&project.name)
            .fetch_optional(&mut **write)
            .await
            .map_err(|error| self.failed(error))?;
        }
        if let Some(block) = block {
            // A suspended rater's place goes to whoever comes next.
            sqlx::query("UPDATE raters SET block = NULL WHERE project = $1 AND block = $2")
                .bind(&project.name)
                .bind(block)
                .execute(&mut **write)
                .await
                .map_err(|error| self.failed(error))?;
        }
        let needs_quiz = with_block && project.rubric.quiz.is_some();
        let state = match &known {
            Some(known) => known.state,
            None if needs_quiz => RaterState::New,
            None => RaterState::Active,
        };
        let now = self.now_us();
        sqlx::query(
            "INSERT INTO raters (project, name, state, why, block, attempts, qualified_us, joined_us)
             VALUES ($1, $2, $3, NULL, $4, 0, $5, $5)
             ON CONFLICT (project, name) DO UPDATE SET block = excluded.block",
        )
        .bind(&project.name)
        .bind(name)
        .bind(state.as_str())
        .bind(block)
        .bind(now)
        .execute(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        if known.is_none() {
            self.event(write, &project.name, name, "joined", "").await?;
        }
        let found = self.rater(write, &project.name, name).await?;
        found.ok_or_else(|| ReviewError::usage(format!("`{name}` could not join")))
    }

    /// Marks a rater's quiz: one list of answers for each of its items, in their order.
    ///
    /// # Errors
    /// There is no quiz, the rater need not take it or may not any more, or answers are missing.
    pub async fn answer_quiz(&self, project: &str, rater: &str, given: &[Answers]) -> Result<QuizResult, ReviewError> {
        let project = self.project(project).await?;
        let Some(quiz) = &project.rubric.quiz else {
            return Err(ReviewError::usage("this rubric has no quiz"));
        };
        if given.len() != quiz.items.len() {
            return Err(ReviewError::usage(format!(
                "the quiz has {} items, {} were answered",
                quiz.items.len(),
                given.len()
            )));
        }
        let mut write = self.write().await?;
        let known = self.rater(&mut write, &project.name, rater).await?;
        let Some(known) = known.filter(|known| known.state == RaterState::New) else {
            return Err(ReviewError::conflict(format!(
                "`{}` need not or may not take the quiz now",
                rater.escape_debug()
            )));
        };
        let right =
            |(item, given): &(&Worked, &Answers)| is_right(&project.rubric, &item.answers, given) != Some(false);
        let hits = quiz.items.iter().zip(given).filter(right).count();
        let passed = hits as f64 >= quiz.pass * quiz.items.len() as f64 - 1e-9;
        let attempts = known.attempts + 1;
        let left = quiz.attempts.saturating_sub(attempts);
        sqlx::query("UPDATE raters SET attempts = $1, qualified_us = $2 WHERE project = $3 AND name = $4")
            .bind(i64::from(attempts))
            .bind(self.now_us())
            .bind(&project.name)
            .bind(rater)
            .execute(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
        let told = format!("{hits} of {} right in the quiz", quiz.items.len());
        match (passed, left) {
            (true, _) => self.set_state(&mut write, &project.name, rater, RaterState::Active, None).await?,
            (false, 0) => {
                let why = format!("{told}, and no attempt is left");
                self.set_state(&mut write, &project.name, rater, RaterState::Failed, Some(&why)).await?;
            }
            (false, _) => self.event(&mut write, &project.name, rater, "quiz", &told).await?,
        }
        self.commit(write).await?;
        let (right, of) = (hits as u64, quiz.items.len() as u64);
        Ok(QuizResult { right, of, passed, attempts_left: if passed { 0 } else { left } })
    }

    /// A rater's hits and misses on gold since they qualified. An item is a hit when every known answer is right: answers
    /// to one item are not independent, so they are not counted one by one.
    pub(crate) async fn gold_record(
        &self,
        write: &mut Write,
        project: &Project,
        rater: &Rater,
    ) -> Result<GoldRecord, ReviewError> {
        let rows = sqlx::query(
            "SELECT i.id, i.gold, d.version, d.at_us FROM done d JOIN items i ON i.project = d.project AND i.id = d.item
             WHERE d.project = $1 AND d.rater = $2 AND i.gold IS NOT NULL AND d.at_us >= $3",
        )
        .bind(&project.name)
        .bind(&rater.name)
        .bind(rater.qualified_us)
        .fetch_all(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        let versions = self.rubrics_in(write, &project.name).await?;
        let mut record = GoldRecord::default();
        for row in rows {
            let right: Answers = self.parse(row.get("gold"))?;
            let (mut given, stale) = self.standing(write, project, row.get("id"), &rater.name).await?;
            // An answer to another question says nothing here.
            given.retain(|name, _| !stale.contains(name));
            let done = (row.get("version"), row.get("at_us"));
            match is_hit(&project.rubric, &versions, &right, &given, done) {
                Some(true) => record.hits += 1,
                Some(false) => record.misses += 1,
                None => {}
            }
        }
        Ok(record)
    }

    /// Suspends a rater whose accuracy on gold is below the threshold by the upper bound of its interval.
    pub(crate) async fn suspend_by_gold(
        &self,
        write: &mut Write,
        project: &Project,
        rater: &str,
        gold: GoldRecord,
    ) -> Result<Option<Suspension>, ReviewError> {
        let settings = &project.settings;
        let Some((_, interval)) = gold_accuracy(gold.hits, gold.misses, settings.confidence) else { return Ok(None) };
        if interval.upper >= settings.threshold {
            return Ok(None);
        }
        let why = format!(
            "right on {} of {} hidden gold items: even the upper bound, {:.3}, is below {}",
            gold.hits,
            gold.hits + gold.misses,
            interval.upper,
            settings.threshold
        );
        self.set_state(write, &project.name, rater, RaterState::Suspended, Some(&why)).await?;
        Ok(Some(Suspension { gold, upper: interval.upper, threshold: settings.threshold }))
    }

    /// Suspends a rater by hand, for a reason that is kept: they get no items, and their ratings do not count.
    ///
    /// # Errors
    /// There is no such rater, or no reason.
    pub async fn suspend(&self, project: &str, rater: &str, why: &str) -> Result<(), ReviewError> {
        if why.trim().is_empty() {
            return Err(ReviewError::usage("a suspension needs a reason: `--reason`"));
        }
        let mut write = self.write().await?;
        self.must_exist(&mut write, project, rater).await?;
        self.set_state(&mut write, project, rater, RaterState::Suspended, Some(why.trim())).await?;
        self.commit(write).await
    }

    /// Lets a rater work again. Where the rubric has a quiz they must pass it again; gold counts anew from here, and what
    /// they rated before counts again.
    ///
    /// # Errors
    /// There is no such rater, or they are not suspended.
    pub async fn reinstate(&self, project: &Project, rater: &str, why: &str) -> Result<Rater, ReviewError> {
        let mut write = self.write().await?;
        let known = self.must_exist(&mut write, &project.name, rater).await?;
        if !matches!(known.state, RaterState::Suspended | RaterState::Failed) {
            return Err(ReviewError::conflict(format!("`{rater}` is {}, not suspended", known.state.as_str())));
        }
        let state = if project.rubric.quiz.is_some() { RaterState::New } else { RaterState::Active };
        sqlx::query("UPDATE raters SET attempts = 0, qualified_us = $1 WHERE project = $2 AND name = $3")
            .bind(self.now_us())
            .bind(&project.name)
            .bind(rater)
            .execute(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
        self.set_state(&mut write, &project.name, rater, state, None).await?;
        self.event(&mut write, &project.name, rater, "reinstated", why.trim()).await?;
        let rater = self.join_in(&mut write, project, rater, true).await?;
        self.commit(write).await?;
        Ok(rater)
    }

    async fn must_exist(&self, write: &mut Write, project: &str, rater: &str) -> Result<Rater, ReviewError> {
        self.rater(write, project, rater).await?.ok_or_else(|| {
            ReviewError::missing(format!("`{}` is no rater of project `{project}`", rater.escape_debug()))
        })
    }
}
