//! What a rater does: the next item under a lease, an answer, a skip, a flag, an edit, a step back.
//!
//! A lease keeps an item for one rater for a while, so that two raters do not work on the last open place of an item. It
//! is a courtesy, not what keeps ratings exact: an answer that comes after its lease ran out is still taken, since it was
//! given; and the same rater's second answer to an item is refused by the primary key of `done`, whoever holds a lease.

use assay_core::{Digest, Money};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::Row;

use crate::desk::{DRAFT, LEASE, SUBMISSIONS};
use crate::onboarding::{GoldRecord, Suspension};
use crate::rubric::{Criterion, Kind, Span};
use crate::store::{Project, Review, Write};
use crate::words::{Answers, Content, Item, Next, NoteKind, Origin, Rater, RaterState, Task};
use crate::{ReviewError, Rubric};

/// Whether the item `i` of project `$1` is new to the rater `$2`, and then how many others have rated it or have it on the screen
/// at the time `$3`: an item has room while that is below `i.wanted`.
macro_rules! has_room {
    () => {
        "NOT EXISTS (SELECT 1 FROM done d WHERE d.project = $1 AND d.item = i.id AND d.rater = $2)
         AND NOT EXISTS (SELECT 1 FROM notes n
                         WHERE n.project = $1 AND n.item = i.id AND n.rater = $2 AND n.kind = 'skip')
         AND (SELECT COUNT(*) FROM done d JOIN raters r ON r.project = d.project AND r.name = d.rater
              WHERE d.project = $1 AND d.item = i.id AND d.version >= 1 AND r.state NOT IN ('suspended', 'failed'))
           + (SELECT COUNT(*) FROM leases l
              WHERE l.project = $1 AND l.item = i.id AND l.rater <> $2 AND l.until_us > $3) "
    };
}

/// What became of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Submitted {
    /// What the rater is paid for it.
    pub paid: Money,
    /// The rater's suspension, when this answer to a gold item brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
}

/// Whether the two answers of a pair are shown to a rater the other way round: even odds, by seed, item and rater.
pub fn is_swapped(seed: u64, item: &str, rater: &str) -> bool {
    Digest::of_json(&json!([seed, "order", item, rater])).leading() & 1 == 1
}

/// Whether a rater's next item is a gold item: one of every 1/`share` items, at a place that nobody can foresee.
fn is_gold_due(seed: u64, rater: &str, done: u64, share: f64) -> bool {
    if share <= 0.0 {
        return false;
    }
    let every = (1.0 / share).round().max(2.0) as u64;
    let place = Digest::of_json(&json!([seed, "gold", rater, done / every])).leading() % every;
    done % every == place
}

/// The content with the answers of a pair changed over.
fn swapped(mut content: Content, swap: bool) -> Content {
    if swap && let Some(other) = content.other.as_mut() {
        std::mem::swap(&mut content.output, other);
    }
    content
}

/// An answer about what is shown as one about what is stored, and the other way round.
pub(crate) fn turned(kind: Kind, value: Value, swap: bool) -> Value {
    match (kind, swap) {
        (Kind::Pairwise, true) => match value.as_str() {
            Some("a") => json!("b"),
            Some("b") => json!("a"),
            _ => value,
        },
        (Kind::Spans, true) => {
            let mut spans: Vec<Span> = serde_json::from_value(value).unwrap_or_default();
            for span in &mut spans {
                span.field = match span.field.as_str() {
                    "output" => "output_2".into(),
                    "output_2" => "output".into(),
                    other => other.to_owned(),
                };
            }
            json!(spans)
        }
        _ => value,
    }
}

/// A text of an item by the name that spans use: `output`, `output_2`, `contexts/0`.
pub fn field_text(content: &Content, field: &str) -> Option<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match field {
        "output" => Some(text(&content.output)),
        "output_2" => content.other.as_ref().map(text),
        _ => {
            let at: usize = field.strip_prefix("contexts/")?.parse().ok()?;
            content.contexts.get(at)?.text.clone()
        }
    }
}

/// Reads answers against the rubric and the item: every criterion of `asked` that needs one has one, each can be, and the
/// words of a span stand where it says.
///
/// # Errors
/// What is missing or does not fit.
pub fn read_answers(
    rubric: &Rubric,
    asked: &[String],
    content: &Content,
    answers: &Answers,
) -> Result<Answers, ReviewError> {
    let mut read = Answers::new();
    for (name, value) in answers {
        let Some(criterion) = rubric.criterion(name) else {
            let known: Vec<&str> = rubric.criteria.iter().map(|criterion| criterion.name.as_str()).collect();
            let name: String = name.escape_debug().take(80).collect();
            return Err(ReviewError::usage(format!(
                "the rubric has no criterion `{name}` (it has: {})",
                known.join(", ")
            )));
        };
        if value.is_null() {
            continue;
        }
        let value = criterion.read(value).map_err(ReviewError::Usage)?;
        if criterion.kind == Kind::Spans {
            spans_stand(criterion, &value, content)?;
        }
        if criterion.kind == Kind::Comment && value == json!("") {
            continue;
        }
        read.insert(name.clone(), value);
    }
    for name in asked {
        let needed = rubric.criterion(name).is_some_and(Criterion::is_required);
        if needed && !read.contains_key(name) {
            return Err(ReviewError::usage(format!("`{name}` is not answered")));
        }
    }
    Ok(read)
}

fn spans_stand(criterion: &Criterion, value: &Value, content: &Content) -> Result<(), ReviewError> {
    let spans: Vec<Span> = serde_json::from_value(value.clone()).unwrap_or_default();
    for span in spans {
        let text = field_text(content, &span.field);
        let words: Option<String> =
            text.map(|text| text.chars().skip(span.start).take(span.end - span.start).collect());
        if words.as_deref() != Some(span.text.as_str()) {
            return Err(ReviewError::usage(format!(
                "a span of `{}` does not stand at characters {} to {} of `{}`",
                criterion.name,
                span.start,
                span.end,
                span.field.escape_debug()
            )));
        }
    }
    Ok(())
}

/// What is told to a rater who answers what they do not have.
pub(crate) fn not_given() -> ReviewError {
    ReviewError::conflict(
        "this item is not with this rater (it was taken back, skipped or never given to them): ask for the next one",
    )
}

/// The criteria that a new version of a rubric asks anew.
pub(crate) fn asked_anew(old: &Rubric, new: &Rubric) -> Vec<String> {
    let change = crate::rubric::RubricChange::between(old, new);
    let required = |name: &String| new.criterion(name).is_some_and(Criterion::is_required);
    change.changed.into_iter().chain(change.added.into_iter().filter(required)).collect()
}

impl Review {
    pub(crate) async fn rater(
        &self,
        write: &mut Write,
        project: &str,
        name: &str,
    ) -> Result<Option<Rater>, ReviewError> {
        let row = sqlx::query("SELECT * FROM raters WHERE project = $1 AND name = $2")
            .bind(project)
            .bind(name)
            .fetch_optional(&mut **write)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(row.as_ref().map(crate::store::rater_of))
    }

    async fn known_rater(&self, write: &mut Write, project: &str, name: &str) -> Result<Rater, ReviewError> {
        self.rater(write, project, name).await?.ok_or_else(|| {
            ReviewError::missing(format!("`{}` is no rater of project `{project}`", name.escape_debug()))
        })
    }

    async fn count(
        &self,
        write: &mut Write,
        sql: &'static str,
        project: &str,
        rater: &str,
    ) -> Result<u64, ReviewError> {
        let count: i64 = sqlx::query_scalar(sql)
            .bind(project)
            .bind(rater)
            .fetch_one(&mut **write)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(count.unsigned_abs())
    }

    /// Gives a rater the next thing to do: what is on their screen already, then what a changed rubric asks again, then
    /// (hidden among the rest) gold, then their own block, then what nobody else is going to rate.
    ///
    /// # Errors
    /// The project or the rater is not there, or the database fails.
    pub async fn next(&self, project: &str, rater: &str) -> Result<Next, ReviewError> {
        let project = self.project(project).await?;
        let mut write = self.write().await?;
        let known = self.known_rater(&mut write, &project.name, rater).await?;
        match known.state {
            RaterState::New => return Ok(Next::Quiz),
            RaterState::Suspended | RaterState::Failed => {
                let why = known.why.unwrap_or_else(|| format!("{rater} is {}", known.state.as_str()));
                return Ok(Next::Stopped { why });
            }
            RaterState::Active => {}
        }
        let now = self.now_us();
        let (settings, version) = (&project.settings, project.version);
        let open: Option<String> = sqlx::query_scalar(
            "SELECT l.item FROM leases l WHERE l.project = $1 AND l.rater = $2 AND l.until_us > $3
               AND NOT EXISTS (SELECT 1 FROM done d WHERE d.project = $1 AND d.item = l.item AND d.rater = $2 AND d.version >= $4)
             ORDER BY l.until_us LIMIT 1",
        )
        .bind(&project.name)
        .bind(rater)
        .bind(now)
        .bind(version)
        .fetch_optional(&mut *write)
        .await
        .map_err(|error| self.failed(error))?;
        let item = match open {
            Some(item) => item,
            None => {
                if let Some(stop) = self.budget_stop(&mut write, &project).await? {
                    return Ok(stop);
                }
                match self.choose(&mut write, &project, &known, now).await? {
                    Some(item) => item,
                    None => {
                        return Ok(Next::Done { why: "no item is left for you: thank you".into() });
                    }
                }
            }
        };
        let until_us = now + i64::try_from(settings.lease_seconds).unwrap_or(1_800) * 1_000_000;
        let task = self.lease(&mut write, &project, rater, &item, until_us).await?;
        self.commit(write).await?;
        Ok(Next::Item(Box::new(task)))
    }

    async fn choose(
        &self,
        write: &mut Write,
        project: &Project,
        rater: &Rater,
        now: i64,
    ) -> Result<Option<String>, ReviewError> {
        let again: Option<String> = sqlx::query_scalar(
            "SELECT d.item FROM done d WHERE d.project = $1 AND d.rater = $2 AND d.version < $3
               AND NOT EXISTS (SELECT 1 FROM notes n WHERE n.project = $1 AND n.item = d.item AND n.rater = $2
                               AND n.kind = 'skip' AND n.at_us > d.at_us)
             ORDER BY d.at_us LIMIT 1",
        )
        .bind(&project.name)
        .bind(&rater.name)
        .bind(project.version)
        .fetch_optional(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        if again.is_some() {
            return Ok(again);
        }
        let item = match self.in_block(write, project, rater, now).await? {
            Some(item) => Some(item),
            None => self.orphan(write, project, rater, now).await?,
        };
        let Some(item) = item else { return Ok(None) };
        let done = self
            .count(write, "SELECT COUNT(*) FROM done WHERE project = $1 AND rater = $2", &project.name, &rater.name)
            .await?;
        if is_gold_due(project.settings.seed, &rater.name, done, project.settings.gold_share)
            && let Some(gold) = self.gold_for(write, project, rater, now).await?
        {
            return Ok(Some(gold));
        }
        Ok(Some(item))
    }

    /// The next item of a rater's own block that still has room.
    async fn in_block(
        &self,
        write: &mut Write,
        project: &Project,
        rater: &Rater,
        now: i64,
    ) -> Result<Option<String>, ReviewError> {
        let Some(block) = rater.block else { return Ok(None) };
        sqlx::query_scalar(concat!(
            "SELECT i.id FROM blocks b JOIN items i ON i.project = b.project AND i.id = b.item
                 WHERE b.project = $1 AND b.block = $4 AND ",
            has_room!(),
            " < i.wanted ORDER BY b.place LIMIT 1"
        ))
        .bind(&project.name)
        .bind(&rater.name)
        .bind(now)
        .bind(block.cast_signed())
        .fetch_optional(&mut **write)
        .await
        .map_err(|error| self.failed(error))
    }

    /// An item that is short of raters: nobody has its block, or who has it is suspended, or skipped it.
    async fn orphan(
        &self,
        write: &mut Write,
        project: &Project,
        rater: &Rater,
        now: i64,
    ) -> Result<Option<String>, ReviewError> {
        sqlx::query_scalar(concat!(
            "SELECT i.id FROM items i WHERE i.project = $1 AND i.wanted > 0 AND ",
            has_room!(),
            "+ (SELECT COUNT(*) FROM blocks b JOIN raters r ON r.project = b.project AND r.block = b.block
                    WHERE b.project = $1 AND b.item = i.id AND r.name <> $2 AND r.state IN ('active', 'new')
                      AND NOT EXISTS (SELECT 1 FROM done d
                                      WHERE d.project = $1 AND d.item = i.id AND d.rater = r.name)
                      AND NOT EXISTS (SELECT 1 FROM leases l
                                      WHERE l.project = $1 AND l.item = i.id AND l.rater = r.name AND l.until_us > $3)
                      AND NOT EXISTS (SELECT 1 FROM notes n WHERE n.project = $1 AND n.item = i.id
                                      AND n.rater = r.name AND n.kind = 'skip')) < i.wanted
             ORDER BY i.number LIMIT 1"
        ))
        .bind(&project.name)
        .bind(&rater.name)
        .bind(now)
        .fetch_optional(&mut **write)
        .await
        .map_err(|error| self.failed(error))
    }

    /// A gold item that the rater has not seen, the least seen ones first, none beyond the cap.
    async fn gold_for(
        &self,
        write: &mut Write,
        project: &Project,
        rater: &Rater,
        now: i64,
    ) -> Result<Option<String>, ReviewError> {
        let rows = sqlx::query(
            "SELECT i.id, (SELECT COUNT(*) FROM done d WHERE d.project = $1 AND d.item = i.id)
                        + (SELECT COUNT(*) FROM leases l WHERE l.project = $1 AND l.item = i.id AND l.until_us > $3) AS seen
             FROM items i
             WHERE i.project = $1 AND i.gold IS NOT NULL AND i.gold <> '{}'
               AND NOT EXISTS (SELECT 1 FROM done d WHERE d.project = $1 AND d.item = i.id AND d.rater = $2)
               AND NOT EXISTS (SELECT 1 FROM notes n
                               WHERE n.project = $1 AND n.item = i.id AND n.rater = $2 AND n.kind = 'skip')",
        )
        .bind(&project.name)
        .bind(&rater.name)
        .bind(now)
        .fetch_all(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        let seed = project.settings.seed;
        let eligible = rows
            .iter()
            .map(|row| (row.get::<i64, _>("seen").unsigned_abs(), row.get::<String, _>("id")))
            .filter(|(seen, _)| *seen < project.settings.gold_cap);
        let order = |(seen, id): &(u64, String)| (*seen, Digest::of_json(&json!([seed, rater.name, id])).leading());
        Ok(eligible.min_by_key(order).map(|(_, id)| id))
    }

    async fn lease(
        &self,
        write: &mut Write,
        project: &Project,
        rater: &str,
        item: &str,
        until_us: i64,
    ) -> Result<Task, ReviewError> {
        let stored = self.item_in(write, &project.name, item).await?;
        let swap = stored.content.other.is_some() && is_swapped(project.settings.seed, item, rater);
        let fresh = Digest::of_json(&json!([project.name, item, rater, until_us, project.version])).short();
        let token: String = sqlx::query_scalar(
            "INSERT INTO leases (project, item, rater, token, until_us, swapped) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (project, item, rater) DO UPDATE SET until_us = excluded.until_us RETURNING token",
        )
        .bind(&project.name)
        .bind(item)
        .bind(rater)
        .bind(fresh)
        .bind(until_us)
        .bind(swap)
        .fetch_one(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        let (standing, stale) = self.standing(write, project, item, rater).await?;
        let mut criteria: Vec<String> =
            project.rubric.criteria.iter().map(|criterion| criterion.name.clone()).collect();
        if !stale.is_empty() || !standing.is_empty() {
            // What could be left open before may stay open.
            let needed = |name: &String| project.rubric.criterion(name).is_some_and(Criterion::is_required);
            criteria.retain(|name| stale.contains(name) || (!standing.contains_key(name) && needed(name)));
        }
        let draft = self.draft(write, &project.name, item, rater).await?;
        let before = standing
            .into_iter()
            .filter_map(|(name, value)| {
                let kind = project.rubric.criterion(&name)?.kind;
                Some((name, turned(kind, value, swap)))
            })
            .collect();
        Ok(Task {
            item: item.to_owned(),
            token,
            content: swapped(stored.content, swap),
            swapped: swap,
            criteria,
            before,
            draft,
            until_us,
        })
    }

    pub(crate) async fn item_in(&self, write: &mut Write, project: &str, item: &str) -> Result<Item, ReviewError> {
        let row = sqlx::query("SELECT * FROM items WHERE project = $1 AND id = $2")
            .bind(project)
            .bind(item)
            .fetch_optional(&mut **write)
            .await
            .map_err(|error| self.failed(error))?;
        match row {
            Some(row) => self.item_of(&row),
            None => Err(ReviewError::missing(format!("project `{project}` has no item `{}`", item.escape_debug()))),
        }
    }

    /// What a rater's answers to an item are, and which of them are to a question that is asked otherwise now.
    pub(crate) async fn standing(
        &self,
        write: &mut Write,
        project: &Project,
        item: &str,
        rater: &str,
    ) -> Result<(Answers, Vec<String>), ReviewError> {
        let rows = sqlx::query(
            "SELECT r.criterion, r.question, r.value FROM standing s JOIN ratings r ON r.id = s.rating
             WHERE s.project = $1 AND s.item = $2 AND s.rater = $3",
        )
        .bind(&project.name)
        .bind(item)
        .bind(rater)
        .fetch_all(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        let (mut answers, mut stale) = (Answers::new(), Vec::new());
        for row in rows {
            let name: String = row.get("criterion");
            let Some(criterion) = project.rubric.criterion(&name) else { continue };
            if row.get::<&str, _>("question") != criterion.digest().to_string() {
                stale.push(name.clone());
            }
            answers.insert(name, self.parse(row.get("value"))?);
        }
        Ok((answers, stale))
    }

    /// Writes an answer down and makes it the one that stands.
    #[allow(clippy::too_many_arguments, reason = "the columns of one row")]
    pub(crate) async fn put(
        &self,
        write: &mut Write,
        project: &str,
        item: &str,
        rater: &str,
        criterion: &Criterion,
        value: &Value,
        origin: Origin,
        at_us: i64,
    ) -> Result<(), ReviewError> {
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO ratings (project, item, rater, criterion, question, value, origin, at_us)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        )
        .bind(project)
        .bind(item)
        .bind(rater)
        .bind(&criterion.name)
        .bind(criterion.digest().to_string())
        .bind(self.json(value)?)
        .bind(origin.as_str())
        .bind(at_us)
        .fetch_one(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        let sql = if value.is_null() {
            "DELETE FROM standing WHERE project = $1 AND item = $2 AND rater = $3 AND criterion = $4 AND rating <> $5"
        } else {
            "INSERT INTO standing (project, item, rater, criterion, rating) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (project, item, rater, criterion) DO UPDATE SET rating = excluded.rating"
        };
        sqlx::query(sql)
            .bind(project)
            .bind(item)
            .bind(rater)
            .bind(&criterion.name)
            .bind(id)
            .execute(&mut **write)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// Takes a rater's answers to an item that they were given; `a` and `b` of a pair mean what was shown. They count when
    /// this returns. The same answers under the same token are taken once, however often they are sent.
    ///
    /// # Errors
    /// The item was never given to the rater, is answered already, or an answer does not fit.
    pub async fn submit(
        &self,
        project: &str,
        rater: &str,
        item: &str,
        token: &str,
        answers: &Answers,
        took_ms: Option<i64>,
    ) -> Result<Submitted, ReviewError> {
        let project = self.project(project).await?;
        let mut write = self.write().await?;
        let known = self.known_rater(&mut write, &project.name, rater).await?;
        // Whoever was suspended while an item was on the screen may send it: it is kept, and does not count.
        if !matches!(known.state, RaterState::Active | RaterState::Suspended) {
            return Err(ReviewError::usage(format!("`{rater}` has not passed the quiz")));
        }
        let said = Digest::of_json(answers).to_string();
        if let Some(earlier) = self.submitted(&mut write, &project.name, rater, token, &said).await? {
            return Ok(earlier);
        }
        let lease = sqlx::query("SELECT token, swapped FROM leases WHERE project = $1 AND item = $2 AND rater = $3")
            .bind(&project.name)
            .bind(item)
            .bind(rater)
            .fetch_optional(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
        let done: Option<i64> =
            sqlx::query_scalar("SELECT version FROM done WHERE project = $1 AND item = $2 AND rater = $3")
                .bind(&project.name)
                .bind(item)
                .bind(rater)
                .fetch_optional(&mut *write)
                .await
                .map_err(|error| self.failed(error))?;
        if done.is_some_and(|version| version >= project.version) {
            return Err(ReviewError::conflict(format!("`{rater}` has rated this item already; an edit changes it")));
        }
        let Some(lease) = lease.filter(|lease| lease.get::<&str, _>("token") == token) else {
            return Err(not_given());
        };
        let swap: bool = lease.get("swapped");
        let stored = self.item_in(&mut write, &project.name, item).await?;
        let (standing, stale) = self.standing(&mut write, &project, item, rater).await?;
        let asked: Vec<String> = (project.rubric.criteria.iter().map(|criterion| criterion.name.clone()))
            .filter(|name| !standing.contains_key(name) || stale.contains(name))
            .collect();
        let shown = swapped(stored.content.clone(), swap);
        let answers = read_answers(&project.rubric, &asked, &shown, answers)?;
        let now = self.now_us();
        let origin = if done.is_some() { Origin::Relabelled } else { Origin::Rated };
        for criterion in &project.rubric.criteria {
            if let Some(value) = answers.get(&criterion.name) {
                let value = turned(criterion.kind, value.clone(), swap);
                if standing.get(&criterion.name) == Some(&value) && !stale.contains(&criterion.name) {
                    continue;
                }
                self.put(&mut write, &project.name, item, rater, criterion, &value, origin, now).await?;
            } else if stale.contains(&criterion.name) {
                // An answer to another question does not answer this one.
                self.put(&mut write, &project.name, item, rater, criterion, &Value::Null, origin, now).await?;
            }
        }
        let took_ms = took_ms.filter(|ms| *ms >= 0);
        // An hour away from the screen is not an hour at work.
        let longest = i64::try_from(project.settings.lease_seconds).unwrap_or(1_800) * 1_000;
        let paid = project.settings.pay.of(took_ms.unwrap_or(0).min(longest));
        sqlx::query(
            "INSERT INTO done (project, item, rater, version, at_us, took_ms, cost_nanousd, swapped)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (project, item, rater) DO UPDATE SET version = excluded.version,
                 cost_nanousd = done.cost_nanousd + excluded.cost_nanousd",
        )
        .bind(&project.name)
        .bind(item)
        .bind(rater)
        .bind(project.version)
        .bind(now)
        .bind(took_ms)
        .bind(paid.nanos())
        .bind(swap)
        .execute(&mut *write)
        .await
        .map_err(|error| self.failed(error))?;
        self.pay(&mut write, &project.name, origin.as_str(), paid).await?;
        self.forget(&mut write, DRAFT, &project.name, item, rater).await?;
        self.forget(&mut write, LEASE, &project.name, item, rater).await?;
        let mut suspended = None;
        if stored.gold.is_some() && known.state == RaterState::Active {
            let record: GoldRecord = self.gold_record(&mut write, &project, &known).await?;
            suspended = self.suspend_by_gold(&mut write, &project, rater, record).await?;
        }
        let submitted = Submitted { paid, suspended };
        self.keep_submission(&mut write, &project.name, rater, token, item, (&said, &submitted)).await?;
        self.commit(write).await?;
        Ok(submitted)
    }

    /// Skips an item (somebody else gets it), or flags it for a talk.
    ///
    /// # Errors
    /// The rater or the item is not there, or the text is too long.
    pub async fn note(
        &self,
        project: &str,
        rater: &str,
        item: &str,
        kind: NoteKind,
        text: &str,
    ) -> Result<(), ReviewError> {
        if text.chars().count() > crate::rubric::LONGEST_COMMENT {
            return Err(ReviewError::usage(format!(
                "a remark has at most {} characters",
                crate::rubric::LONGEST_COMMENT
            )));
        }
        let mut write = self.write().await?;
        self.known_rater(&mut write, project, rater).await?;
        self.item_in(&mut write, project, item).await?;
        sqlx::query("INSERT INTO notes (project, item, rater, kind, text, at_us) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(project)
            .bind(item)
            .bind(rater)
            .bind(kind.as_str())
            .bind(text.trim())
            .bind(self.now_us())
            .execute(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
        if kind == NoteKind::Skip {
            self.forget(&mut write, DRAFT, project, item, rater).await?;
            self.forget(&mut write, LEASE, project, item, rater).await?;
        }
        self.commit(write).await
    }

    /// Changes some of a rater's answers to an item; `a` and `b` of a pair mean what was shown. What stood before stays in
    /// the history.
    ///
    /// # Errors
    /// The rater has not rated the item, or an answer does not fit.
    pub async fn edit(&self, project: &str, rater: &str, item: &str, answers: &Answers) -> Result<(), ReviewError> {
        let project = self.project(project).await?;
        let mut write = self.write().await?;
        let swap: Option<bool> =
            sqlx::query_scalar("SELECT swapped FROM done WHERE project = $1 AND item = $2 AND rater = $3")
                .bind(&project.name)
                .bind(item)
                .bind(rater)
                .fetch_optional(&mut *write)
                .await
                .map_err(|error| self.failed(error))?;
        let Some(swap) = swap else {
            return Err(ReviewError::usage(format!(
                "`{}` has not rated item `{}`",
                rater.escape_debug(),
                item.escape_debug()
            )));
        };
        let stored = self.item_in(&mut write, &project.name, item).await?;
        let (standing, _) = self.standing(&mut write, &project, item, rater).await?;
        let answers = read_answers(&project.rubric, &[], &swapped(stored.content, swap), answers)?;
        let now = self.now_us();
        for (name, value) in answers {
            let Some(criterion) = project.rubric.criterion(&name) else { continue };
            let value = turned(criterion.kind, value, swap);
            if standing.get(&name) != Some(&value) {
                self.put(&mut write, &project.name, item, rater, criterion, &value, Origin::Edited, now).await?;
            }
        }
        self.commit(write).await
    }

    /// Takes back a rater's last item and gives it to them again, with what they had said as a draft; the history keeps it
    /// too. `None` when there is nothing to take back.
    ///
    /// # Errors
    /// The rater is not there, or the database fails.
    pub async fn undo(&self, project: &str, rater: &str) -> Result<Option<Task>, ReviewError> {
        let project = self.project(project).await?;
        let mut write = self.write().await?;
        let known = self.known_rater(&mut write, &project.name, rater).await?;
        if known.state != RaterState::Active {
            return Err(ReviewError::conflict(format!("`{rater}` is {}", known.state.as_str())));
        }
        let last = sqlx::query(
            "SELECT d.item, d.cost_nanousd, d.swapped FROM done d WHERE d.project = $1 AND d.rater = $2
               AND EXISTS (SELECT 1 FROM ratings r WHERE r.project = $1 AND r.item = d.item AND r.rater = $2
                           AND r.origin <> 'imported')
             ORDER BY d.at_us DESC, d.rowid DESC LIMIT 1",
        )
        .bind(&project.name)
        .bind(rater)
        .fetch_optional(&mut *write)
        .await
        .map_err(|error| self.failed(error))?;
        let Some(last) = last else { return Ok(None) };
        let item: String = last.get("item");
        let now = self.now_us();
        let (standing, _) = self.standing(&mut write, &project, &item, rater).await?;
        let (swap, kind): (bool, _) =
            (last.get("swapped"), |name: &str| project.rubric.criterion(name).map(|of| of.kind));
        let shown = |(name, value): (&String, &Value)| Some((name.clone(), turned(kind(name)?, value.clone(), swap)));
        let draft: Answers = standing.iter().filter_map(shown).collect();
        self.put_draft(&mut write, &project.name, &item, rater, &draft).await?;
        self.forget(&mut write, SUBMISSIONS, &project.name, &item, rater).await?;
        for name in standing.keys() {
            if let Some(criterion) = project.rubric.criterion(name) {
                self.put(&mut write, &project.name, &item, rater, criterion, &Value::Null, Origin::Undone, now).await?;
            }
        }
        sqlx::query("DELETE FROM done WHERE project = $1 AND item = $2 AND rater = $3")
            .bind(&project.name)
            .bind(&item)
            .bind(rater)
            .execute(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
        self.pay(&mut write, &project.name, "undone", Money::ZERO - Money::from_nanos(last.get("cost_nanousd")))
            .await?;
        let until_us = now + i64::try_from(project.settings.lease_seconds).unwrap_or(1_800) * 1_000_000;
        // It comes before whatever was on the screen.
        sqlx::query("DELETE FROM leases WHERE project = $1 AND rater = $2")
            .bind(&project.name)
            .bind(rater)
            .execute(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
        let task = self.lease(&mut write, &project, rater, &item, until_us).await?;
        self.commit(write).await?;
        Ok(Some(task))
    }
}
