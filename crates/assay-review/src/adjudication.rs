//! Disagreements and flags, and the word that settles them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use assay_stats::agreement::Level;

use crate::ReviewError;
use crate::outcome::Snapshot;
use crate::store::Review;
use crate::words::{Adjudication, Note, NoteKind, Rating};

/// Something about an item that raters do not agree on, or that one of them wants to talk about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Dispute {
    /// The item.
    pub item: String,
    /// The case, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The criterion.
    pub criterion: String,
    /// How far apart: the difference of numbers, 1 between words.
    pub apart: f64,
    /// What stands, by rater.
    pub ratings: Vec<Rating>,
    /// Who flagged the item, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Note>,
    /// The word that settles it, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Adjudication>,
}

/// What raters in good standing do not agree on: different words, or numbers of a scale that are more than `apart` steps
/// apart; and every closed question about an item that was flagged. The widest first. Settled ones are there too, unless
/// the question changed or the item was flagged since.
pub fn disputes(snapshot: &Snapshot, apart: f64) -> Vec<Dispute> {
    let mut found = Vec::new();
    for criterion in &snapshot.project.rubric.criteria {
        let Some(level) = criterion.level() else { continue };
        let by_item = snapshot.by_item(criterion);
        for item in snapshot.items.iter().filter(|item| item.chance.is_some()) {
            let own = by_item.get(item.id.as_str()).map_or(&[][..], Vec::as_slice);
            let numbers: Vec<f64> = own.iter().filter_map(|rating| criterion.number(&rating.value)).collect();
            let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let spread = match level {
                _ if numbers.len() < 2 || greatest == least => 0.0,
                Level::Nominal => 1.0,
                _ => greatest - least,
            };
            // Two answers to a pair are never close to each other.
            let words = level == Level::Nominal || criterion.kind == crate::rubric::Kind::Pairwise;
            let wide = if words { spread > 0.0 } else { spread > apart };
            let flags: Vec<Note> = snapshot
                .notes
                .iter()
                .filter(|note| note.kind == NoteKind::Flag && note.item == item.id)
                .cloned()
                .collect();
            if !wide && flags.is_empty() {
                continue;
            }
            let last_flag = flags.iter().map(|flag| flag.at_us).max().unwrap_or(i64::MIN);
            let settled = snapshot.settled(&item.id, criterion).filter(|word| word.at_us >= last_flag).cloned();
            found.push(Dispute {
                item: item.id.clone(),
                case: item.case.clone(),
                criterion: criterion.name.clone(),
                apart: spread,
                ratings: own.iter().map(|rating| (*rating).clone()).collect(),
                flags,
                settled,
            });
        }
    }
    found.sort_by(|a, b| b.apart.total_cmp(&a.apart).then_with(|| a.item.cmp(&b.item)));
    found
}

impl Review {
    /// Settles a question about an item: this answer is its label, whatever raters say.
    ///
    /// # Errors
    /// The item or the criterion is not there, the answer does not fit, or nobody is named.
    pub async fn adjudicate(
        &self,
        project: &str,
        item: &str,
        criterion: &str,
        value: &Value,
        by: &str,
        why: &str,
    ) -> Result<Adjudication, ReviewError> {
        let project = self.project(project).await?;
        let item = self.item(&project.name, item).await?;
        let Some(criterion) = project.rubric.criterion(criterion) else {
            let known: Vec<&str> = project.rubric.criteria.iter().map(|known| known.name.as_str()).collect();
            return Err(ReviewError::usage(format!(
                "the rubric has no criterion `{}` (it has: {})",
                criterion.escape_debug(),
                known.join(", ")
            )));
        };
        if criterion.level().is_none() {
            return Err(ReviewError::usage(format!(
                "`{}` is a {}: there is nothing to settle",
                criterion.name,
                criterion.kind.as_str()
            )));
        }
        if by.trim().is_empty() || by.chars().any(char::is_control) {
            return Err(ReviewError::usage("somebody must put their name to it: `--by`"));
        }
        let settled = Adjudication {
            item: item.id,
            criterion: criterion.name.clone(),
            question: criterion.digest(),
            value: criterion.read(value).map_err(ReviewError::Usage)?,
            by: by.trim().to_owned(),
            why: why.trim().to_owned(),
            at_us: self.now_us(),
        };
        let mut write = self.write().await?;
        sqlx::query(
            "INSERT INTO adjudications (project, item, criterion, question, value, decided_by, why, at_us)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&project.name)
        .bind(&settled.item)
        .bind(&settled.criterion)
        .bind(settled.question.to_string())
        .bind(self.json(&settled.value)?)
        .bind(&settled.by)
        .bind(&settled.why)
        .bind(settled.at_us)
        .execute(&mut *write)
        .await
        .map_err(|error| self.failed(error))?;
        self.commit(write).await?;
        Ok(settled)
    }
}
