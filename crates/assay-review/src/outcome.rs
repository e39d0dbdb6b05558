//! What people say of each item, all in all, and the label file that calibration reads.

use std::collections::{BTreeMap, HashMap, HashSet};

use assay_core::{Drawn, Label};
use assay_stats::raters::{Vote, dawid_skene, most_probable, shares};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::Row;

use crate::ReviewError;
use crate::Rubric;
use crate::rubric::{Criterion, Kind, RubricChange};
use crate::store::{Progress, Project, Review, RubricVersion, Write};
use crate::words::{Adjudication, Answers, Done, Item, Note, Rater, RaterState, Rating};
use crate::work::asked_anew;

/// All that a project knows, for figures.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The project.
    pub project: Project,
    /// Its rubrics, the oldest first.
    pub rubrics: Vec<RubricVersion>,
    /// Its items, in their order.
    pub items: Vec<Item>,
    /// Its raters, by name.
    pub raters: Vec<Rater>,
    /// The ratings that stand.
    pub ratings: Vec<Rating>,
    /// Every rating there ever was.
    pub history: Vec<Rating>,
    /// Items as a whole.
    pub done: Vec<Done>,
    /// Skips and flags.
    pub notes: Vec<Note>,
    /// Settled questions.
    pub adjudications: Vec<Adjudication>,
    /// How far it is.
    pub progress: Progress,
}

impl Snapshot {
    /// Raters whose ratings count.
    pub fn in_standing(&self) -> HashSet<&str> {
        self.raters
            .iter()
            .filter(|rater| !matches!(rater.state, RaterState::Suspended | RaterState::Failed))
            .map(|rater| rater.name.as_str())
            .collect()
    }

    /// The ratings of a criterion that count: by raters in good standing, to the question as it is asked now, about items
    /// that were drawn. Gold was chosen for being clear, so raters agree on it more than on others.
    pub fn accepted(&self, criterion: &Criterion) -> Vec<&Rating> {
        let (standing, question) = (self.in_standing(), criterion.digest());
        let gold: HashSet<&str> =
            self.items.iter().filter(|item| item.chance.is_none()).map(|item| item.id.as_str()).collect();
        self.ratings
            .iter()
            .filter(|rating| {
                rating.criterion == criterion.name
                    && rating.question == question
                    && !gold.contains(rating.item.as_str())
                    && standing.contains(rating.rater.as_str())
            })
            .collect()
    }

    /// The same by item, each by rater.
    pub fn by_item(&self, criterion: &Criterion) -> HashMap<&str, Vec<&Rating>> {
        let mut by_item: HashMap<&str, Vec<&Rating>> = HashMap::new();
        for rating in self.accepted(criterion) {
            by_item.entry(&rating.item).or_default().push(rating);
        }
        by_item.values_mut().for_each(|own| own.sort_by(|a, b| a.rater.cmp(&b.rater)));
        by_item
    }

    /// The last word on a question about an item, as long as it is the same question.
    pub fn settled(&self, item: &str, criterion: &Criterion) -> Option<&Adjudication> {
        let question = criterion.digest();
        self.adjudications
            .iter()
            .rev()
            .find(|word| word.item == item && word.criterion == criterion.name)
            .filter(|word| word.question == question)
    }
}

/// How several answers become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// The mean of a scale, the most frequent of other answers.
    Usual,
    /// The most frequent answer; none when two are equally frequent.
    Majority,
    /// Dawid and Skene's most probable class, which weighs raters by how they err.
    DawidSkene,
}

/// What people say of an item under a criterion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The item.
    pub item: String,
    /// The criterion.
    pub criterion: String,
    /// The answer; none when raters are split and nobody has settled it.
    pub value: Option<Value>,
    /// Whether it was settled by adjudication.
    pub adjudicated: bool,
    /// How many raters it is from.
    pub raters: usize,
}

/// The outcome of each item that somebody in good standing rated, or that was settled, for every closed criterion.
pub fn outcomes(snapshot: &Snapshot, how: Aggregate) -> Vec<Outcome> {
    let mut found = Vec::new();
    for criterion in snapshot.project.rubric.criteria.iter().filter(|criterion| criterion.level().is_some()) {
        let by_item = snapshot.by_item(criterion);
        let fitted = match how {
            Aggregate::DawidSkene => fitted(criterion, &by_item),
            _ => HashMap::new(),
        };
        for item in &snapshot.items {
            let own = by_item.get(item.id.as_str()).map_or(&[][..], Vec::as_slice);
            let settled = snapshot.settled(&item.id, criterion);
            if own.is_empty() && settled.is_none() {
                continue;
            }
            let value = match (settled, how) {
                (Some(word), _) => Some(word.value.clone()),
                (None, Aggregate::DawidSkene) => fitted.get(item.id.as_str()).cloned(),
                (None, Aggregate::Usual) if criterion.kind == Kind::Ordinal => mean(criterion, own),
                (None, _) => majority(own),
            };
            found.push(Outcome {
                item: item.id.clone(),
                criterion: criterion.name.clone(),
                value,
                adjudicated: settled.is_some(),
                raters: own.len(),
            });
        }
    }
    found
}

fn mean(criterion: &Criterion, ratings: &[&Rating]) -> Option<Value> {
    let numbers: Vec<f64> = ratings.iter().filter_map(|rating| criterion.number(&rating.value)).collect();
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    // A step stays a whole number.
    if mean.fract() == 0.0 { Some(json!(mean as i64)) } else { serde_json::Number::from_f64(mean).map(Value::Number) }
}

fn majority(ratings: &[&Rating]) -> Option<Value> {
    let mut counts: BTreeMap<String, (usize, &Value)> = BTreeMap::new();
    for rating in ratings {
        counts.entry(rating.value.to_string()).or_insert((0, &rating.value)).0 += 1;
    }
    let most = counts.values().map(|(count, _)| *count).max()?;
    let mut first = counts.values().filter(|(count, _)| *count == most);
    match (first.next(), first.next()) {
        (Some((_, value)), None) => Some((*value).clone()),
        _ => None,
    }
}

/// Ratings of a criterion as votes, with the items they are about; classes in the order of the criterion's categories.
pub(crate) fn votes<'a>(
    criterion: &Criterion,
    by_item: &HashMap<&'a str, Vec<&'a Rating>>,
) -> (Vec<Vote>, Vec<&'a str>, Vec<&'a str>) {
    let categories = criterion.categories();
    let mut items: Vec<&str> = by_item.keys().copied().collect();
    items.sort_unstable();
    let mut raters: Vec<&str> = by_item.values().flatten().map(|rating| rating.rater.as_str()).collect();
    raters.sort_unstable();
    raters.dedup();
    let mut votes = Vec::new();
    for (item, id) in items.iter().enumerate() {
        for rating in &by_item[id] {
            let Some(number) = criterion.number(&rating.value) else { continue };
            let label = categories.iter().position(|category| *category == number);
            let rater = raters.binary_search(&rating.rater.as_str());
            if let (Some(label), Ok(rater)) = (label, rater) {
                votes.push(Vote { item, rater, label });
            }
        }
    }
    (votes, items, raters)
}

fn fitted<'a>(criterion: &Criterion, by_item: &HashMap<&'a str, Vec<&'a Rating>>) -> HashMap<&'a str, Value> {
    let (votes, items, _) = votes(criterion, by_item);
    let categories = criterion.categories();
    let Some(fit) = dawid_skene(&votes, categories.len(), 100, 1e-5) else { return HashMap::new() };
    let labels = most_probable(&fit.posteriors);
    let value = |label: Option<usize>| criterion.answer_of(categories[label?]);
    items.into_iter().zip(labels).filter_map(|(item, label)| Some((item, value(label)?))).collect()
}

/// Where Dawid and Skene's labels are not the majority's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Weighed {
    /// Items compared.
    pub items: usize,
    /// Items whose label is another one.
    pub changed: Vec<String>,
    /// Why it should not be used, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caution: Option<String>,
}

/// Compares Dawid and Skene's labels with the majority's; ties of the majority count as changed when the model decides.
/// `None` where the model has nothing to fit.
pub fn weighed(snapshot: &Snapshot, criterion: &Criterion) -> Option<Weighed> {
    criterion.level()?;
    let by_item = snapshot.by_item(criterion);
    let (votes, items, raters) = votes(criterion, &by_item);
    let classes = criterion.categories().len();
    // Two raters cannot be weighed against each other.
    if raters.len() < 3 {
        return None;
    }
    let fit = dawid_skene(&votes, classes, 100, 1e-5)?;
    let (before, after) = (most_probable(&shares(&votes, classes)?), most_probable(&fit.posteriors));
    let changed = (0..items.len()).filter(|i| before[*i] != after[*i]).map(|i| items[i].to_owned()).collect();
    let thin = (0..raters.len()).filter(|r| votes.iter().filter(|vote| vote.rater == *r).count() < 20).count();
    let caution = (raters.len() < 5 || thin > 0).then(|| {
        format!("{} raters, {thin} of them with fewer than 20 labels; it wants five with twenty", raters.len())
    });
    Some(Weighed { items: items.len(), changed, caution })
}

/// The label file of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// Its lines.
    pub labels: Vec<Label>,
    /// Items whose raters are split, which have no line.
    pub split: usize,
    /// Gold items, which were not drawn and have no line.
    pub gold: usize,
}

/// Labels as calibration reads them: with the item, its case, the criterion, how it was drawn and its chance. With
/// `each`, the rating of each rater in good standing has a line of its own beside; without, only what they say together.
pub fn labels(snapshot: &Snapshot, how: Aggregate, each: bool) -> Labels {
    let by_id: HashMap<&str, &Item> = snapshot.items.iter().map(|item| (item.id.as_str(), item)).collect();
    let drawn = snapshot.project.settings.drawn;
    let line = |item: &Item, criterion: &str, value: Value, rater: Option<&str>, said_us: Option<i64>| Label {
        item: item.id.parse().ok(),
        case: item.case.clone().or_else(|| item.id.parse::<assay_core::Digest>().is_err().then(|| item.id.clone())),
        target: item.target.clone(),
        criterion: Some(criterion.to_owned()),
        label: value,
        rater: rater.map(str::to_owned),
        drawn,
        chance: item.chance.filter(|_| drawn == Drawn::Random),
        labelled: said_us,
    };
    let mut found = Labels { labels: Vec::new(), split: 0, gold: 0 };
    found.gold = snapshot.items.iter().filter(|item| item.chance.is_none()).count();
    // What several say together is as old as the first of them.
    let mut first_us: HashMap<(&str, &str), i64> = HashMap::new();
    for criterion in &snapshot.project.rubric.criteria {
        for (item, own) in snapshot.by_item(criterion) {
            let first = own.iter().map(|rating| rating.at_us).min();
            first_us.extend(first.map(|first| ((item, criterion.name.as_str()), first)));
        }
        for item in &snapshot.items {
            let settled = snapshot.settled(&item.id, criterion);
            first_us.extend(settled.map(|word| ((item.id.as_str(), criterion.name.as_str()), word.at_us)));
        }
    }
    for outcome in outcomes(snapshot, how) {
        let Some(item) = by_id.get(outcome.item.as_str()).filter(|item| item.chance.is_some()) else { continue };
        let said_us = first_us.get(&(outcome.item.as_str(), outcome.criterion.as_str())).copied();
        match outcome.value {
            Some(value) => found.labels.push(line(item, &outcome.criterion, value, None, said_us)),
            None => found.split += 1,
        }
    }
    if each {
        for criterion in snapshot.project.rubric.criteria.iter().filter(|criterion| criterion.level().is_some()) {
            for rating in snapshot.accepted(criterion) {
                if let Some(item) = by_id.get(rating.item.as_str()).filter(|item| item.chance.is_some()) {
                    let (value, rater) = (rating.value.clone(), Some(rating.rater.as_str()));
                    found.labels.push(line(item, &criterion.name, value, rater, Some(rating.at_us)));
                }
            }
        }
    }
    found
}

/// What is right on gold items once a rubric has changed. What was right for another question is not known to be right for
/// the new one.
#[derive(Clone, Debug, PartialEq)]
pub enum RightAnswers {
    /// The old ones hold for the new questions too.
    Hold,
    /// Those to changed questions are not known but for these, by item.
    Known(BTreeMap<String, Answers>),
}

/// What a change of the rubric does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relabelled {
    /// What changed.
    pub change: RubricChange,
    /// Ratings of an item that are asked again.
    pub again: u64,
    /// Gold items whose right answer to a changed question, or to any, is not known now: they count for and against nobody by
    /// it.
    pub gold: u64,
}

impl Review {
    /// All that a project knows.
    ///
    /// # Errors
    /// There is no such project, or the database fails.
    pub async fn snapshot(&self, project: &str) -> Result<Snapshot, ReviewError> {
        let project = self.project(project).await?;
        let name = project.name.as_str();
        Ok(Snapshot {
            rubrics: self.rubrics(name).await?,
            items: self.items(name).await?,
            raters: self.raters(name).await?,
            ratings: self.ratings(name).await?,
            history: self.history(name).await?,
            done: self.done(name).await?,
            notes: self.notes(name).await?,
            adjudications: self.adjudications(name).await?,
            progress: self.progress(&project).await?,
            project,
        })
    }

    /// Gives a project another version of its rubric. Items whose raters answered a question that is asked otherwise now go
    /// back to the same raters, for these questions alone; nothing that was said before is lost.
    ///
    /// # Errors
    /// The rubric is the one that is in use, or turns answers into pairs or pairs into answers; `right` names an item that is
    /// no gold.
    pub async fn change_rubric(
        &self,
        project: &str,
        rubric: &Rubric,
        source: &str,
        right: &RightAnswers,
    ) -> Result<Relabelled, ReviewError> {
        let project = self.project(project).await?;
        if project.rubric.digest() == rubric.digest() {
            return Err(ReviewError::Nothing(format!("project `{}` uses this rubric already", project.name)));
        }
        if project.rubric.is_pairwise() != rubric.is_pairwise() {
            return Err(ReviewError::usage(
                "a rubric about one answer cannot become one about two: make another project",
            ));
        }
        let change = RubricChange::between(&project.rubric, rubric);
        let version = project.version + 1;
        let mut write = self.write().await?;
        self.insert_rubric(&mut write, &project.name, version, rubric, source).await?;
        let anew = asked_anew(&project.rubric, rubric);
        let mut again = 0;
        if anew.is_empty() {
            // Nothing is asked again: what was done is done under this version too.
            sqlx::query("UPDATE done SET version = $1 WHERE project = $2 AND version = $3")
                .bind(version)
                .bind(&project.name)
                .bind(project.version)
                .execute(&mut *write)
                .await
                .map_err(|error| self.failed(error))?;
        } else {
            let stale: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM done WHERE project = $1")
                .bind(&project.name)
                .fetch_one(&mut *write)
                .await
                .map_err(|error| self.failed(error))?;
            again = stale.unsigned_abs();
        }
        let gold = self.right_answers(&mut write, &project.name, &change, right).await?;
        self.commit(write).await?;
        Ok(Relabelled { change, again, gold })
    }

    /// Takes the right answers to changed questions from gold items, unless they hold, and adds new ones. Gives the number of
    /// gold items that lack one, or all of them.
    async fn right_answers(
        &self,
        write: &mut Write,
        project: &str,
        change: &RubricChange,
        right: &RightAnswers,
    ) -> Result<u64, ReviewError> {
        let RightAnswers::Known(known) = right else { return Ok(0) };
        let rows = sqlx::query("SELECT id, gold FROM items WHERE project = $1 AND gold IS NOT NULL")
            .bind(project)
            .fetch_all(&mut **write)
            .await
            .map_err(|error| self.failed(error))?;
        let mut gold: BTreeMap<String, Answers> = BTreeMap::new();
        for row in rows {
            gold.insert(row.get("id"), self.parse(row.get("gold"))?);
        }
        if let Some(other) = known.keys().find(|item| !gold.contains_key(*item)) {
            return Err(ReviewError::usage(format!("item `{}` is no gold item", other.escape_debug())));
        }
        let mut lacking = 0;
        for (item, before) in &gold {
            let mut now = before.clone();
            now.retain(|name, _| !change.changed.contains(name));
            let lost: Vec<&String> = before.keys().filter(|name| !now.contains_key(*name)).collect();
            now.extend(known.get(item).cloned().unwrap_or_default());
            lacking += u64::from(now.is_empty() || lost.iter().any(|name| !now.contains_key(*name)));
            if now != *before {
                sqlx::query("UPDATE items SET gold = $1 WHERE project = $2 AND id = $3")
                    .bind(self.json(&now)?)
                    .bind(project)
                    .bind(item)
                    .execute(&mut **write)
                    .await
                    .map_err(|error| self.failed(error))?;
            }
        }
        Ok(lacking)
    }
}
