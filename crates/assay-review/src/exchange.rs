//! Ratings and items out to other tools and to vendors, and back in.
//!
//! | module | form |
//! |---|---|
//! | [`csv`] | a row per rating, or a row per item and rater with a column per criterion |
//! | [`label_studio`] | tasks with predictions and annotations, and the labelling configuration |
//! | [`argilla`] | records with suggestions and responses |
//! | [`packet`] | a folder for a vendor: redacted, with ids that mean nothing elsewhere |
//!
//! Whoever rates elsewhere sees no target, no score and no mark on gold. Pairs leave in an order that is seeded by item,
//! and are turned back when they return. An import is all or nothing.

pub mod argilla;
pub mod csv;
pub mod label_studio;
pub mod packet;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use assay_core::{Digest, Money};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ReviewError;
use crate::rubric::{Kind, Show};
use crate::store::{Project, Review};
use crate::words::{Content, Item, Origin};
use crate::work::{is_swapped, read_answers, turned};

/// Faults of an import that are told one by one.
const MOST_TOLD: usize = 10;

/// A rating on its way in.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// The item's id, or the id of a case that has one item only.
    pub item: String,
    /// Who.
    pub rater: String,
    /// The criterion.
    pub criterion: String,
    /// The answer, as it is written in the file.
    pub value: Value,
    /// How long the item took.
    pub took_ms: Option<i64>,
    /// Where it stands, for messages.
    pub place: String,
    /// Whether it is about a pair in the order of [`outgoing`].
    pub turned: bool,
}

/// What becomes of an answer that differs from one that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// Nothing is imported.
    #[default]
    Refuse,
    /// The first one stays.
    Keep,
    /// The last one counts; the history keeps both.
    Replace,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Answers that are new.
    pub answers: u64,
    /// Answers that were there already, the same.
    pub same: u64,
    /// Answers that took the place of others.
    pub replaced: u64,
    /// Answers that were left out, since the first one stays.
    pub left_out: u64,
    /// Items that they are about.
    pub items: u64,
    /// Raters that gave them.
    pub raters: u64,
    /// Items and raters that lack an answer which the rubric needs; they do not count as rated.
    pub incomplete: u64,
}

/// Whether the answers of a pair leave in the other order.
pub(crate) fn leaves_turned(project: &Project, item: &Item) -> bool {
    item.content.other.is_some() && is_swapped(project.settings.seed, &item.id, "elsewhere")
}

/// What raters elsewhere see of an item: what the rubric shows, pairs in a seeded order.
pub(crate) fn outgoing(project: &Project, item: &Item) -> Content {
    let show = &project.rubric.show;
    let mut content = item.content.clone();
    if !show.contains(&Show::Inputs) {
        content.inputs.clear();
    }
    if !show.contains(&Show::Contexts) {
        content.contexts.clear();
    }
    if !show.contains(&Show::Expected) {
        content.expected = None;
    }
    if leaves_turned(project, item)
        && let Some(other) = content.other.as_mut()
    {
        std::mem::swap(&mut content.output, other);
    }
    content
}

/// Items in an order that tells nothing: gold among the others.
pub(crate) fn shuffled<'a>(project: &Project, items: &'a [Item]) -> Vec<&'a Item> {
    let mut order: Vec<&Item> = items.iter().collect();
    order.sort_by_key(|item| Digest::of_json(&json!([project.settings.seed, "elsewhere", item.id])).leading());
    order
}

/// A value as one text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Inputs as one text: the only one alone, several with their names.
pub(crate) fn inputs_text(content: &Content) -> String {
    match content.inputs.len() {
        1 => content.inputs.values().map(text).collect(),
        _ => {
            content.inputs.iter().map(|(name, value)| format!("{name}: {}", text(value))).collect::<Vec<_>>().join("\n")
        }
    }
}

/// What stands between two passages.
const BETWEEN: &str = "\n\n";

fn passages(content: &Content) -> impl Iterator<Item = &str> {
    content.contexts.iter().map(|passage| passage.text.as_deref().unwrap_or_else(|| passage.key()))
}

/// Passages as one text.
pub(crate) fn contexts_text(content: &Content) -> String {
    passages(content).collect::<Vec<_>>().join(BETWEEN)
}

/// In what is shown elsewhere, the text that a span's field is in and the character of it at which the field begins.
pub(crate) fn shown_in(content: &Content, field: &str) -> Option<(&'static str, usize)> {
    match field {
        "output" => Some(("output", 0)),
        "output_2" => Some(("output_2", 0)),
        _ => {
            let at: usize = field.strip_prefix("contexts/")?.parse().ok()?;
            let before: usize = passages(content).take(at).map(|text| text.chars().count() + BETWEEN.len()).sum();
            (at < content.contexts.len()).then_some(("contexts", before))
        }
    }
}

/// The field, and the character of it, at a character of a text that is shown elsewhere.
pub(crate) fn field_at(content: &Content, shown: &str, mut at: usize) -> Option<(String, usize)> {
    if shown != "contexts" {
        return Some((shown.to_owned(), at));
    }
    for (number, text) in passages(content).enumerate() {
        let length = text.chars().count();
        if at < length {
            return Some((format!("contexts/{number}"), at));
        }
        at = at.checked_sub(length + BETWEEN.len())?;
    }
    None
}

impl Review {
    /// Takes ratings over, all or none. Raters that are not known join without a block and need no quiz; items and criteria
    /// must be known. `cost` is what an item with all its answers cost.
    ///
    /// # Errors
    /// Every fault, with its place, up to ten of them; and then nothing was imported.
    pub async fn import(
        &self,
        project: &str,
        incoming: &[Incoming],
        on_conflict: OnConflict,
        cost: Money,
    ) -> Result<Imported, ReviewError> {
        let project = self.project(project).await?;
        if incoming.is_empty() {
            return Err(ReviewError::Nothing("the file has no rating".into()));
        }
        let items = self.items(&project.name).await?;
        let by_id: HashMap<&str, &Item> = items.iter().map(|item| (item.id.as_str(), item)).collect();
        let mut by_case: HashMap<&str, Vec<&Item>> = HashMap::new();
        for item in &items {
            item.case.iter().for_each(|case| by_case.entry(case).or_default().push(item));
        }
        let mut faults: Vec<String> = Vec::new();
        let mut kept = Imported::default();
        // The last word of the file on each item, rater and criterion.
        type Key<'a> = (&'a str, &'a str, &'a str);
        let mut answers: BTreeMap<Key<'_>, (Value, &Incoming)> = BTreeMap::new();
        for one in incoming {
            let found =
                by_id.get(one.item.as_str()).copied().or_else(|| match by_case.get(one.item.as_str())?.as_slice() {
                    [only] => Some(*only),
                    _ => None,
                });
            let Some(item) = found else {
                let several = by_case.get(one.item.as_str()).map_or(0, Vec::len);
                faults.push(match several {
                    0 => format!("{}: project `{}` has no item `{}`", one.place, project.name, clean(&one.item)),
                    n => format!("{}: case `{}` has {n} items: name one by its id", one.place, clean(&one.item)),
                });
                continue;
            };
            let Some(criterion) = project.rubric.criterion(&one.criterion) else {
                faults.push(format!("{}: the rubric has no criterion `{}`", one.place, clean(&one.criterion)));
                continue;
            };
            let alone = [(criterion.name.clone(), one.value.clone())].into();
            let swap = one.turned && leaves_turned(&project, item);
            let shown = outgoing_if(&project, item, one.turned);
            let value = match read_answers(&project.rubric, &[], &shown, &alone) {
                Ok(mut read) => match read.remove(&criterion.name) {
                    Some(value) => turned(criterion.kind, value, swap),
                    None => continue,
                },
                Err(error) => {
                    faults.push(format!("{}: {error}", one.place));
                    continue;
                }
            };
            let key = (item.id.as_str(), one.rater.as_str(), criterion.name.as_str());
            match answers.get(&key) {
                Some((before, _)) if *before == value => kept.same += 1,
                Some((before, first)) => match on_conflict {
                    OnConflict::Refuse => faults.push(format!(
                        "{}: `{}` said {} of this item at {}, and says {} here",
                        one.place,
                        clean(&one.rater),
                        before,
                        first.place,
                        value
                    )),
                    OnConflict::Keep => kept.left_out += 1,
                    OnConflict::Replace => {
                        kept.replaced += 1;
                        answers.insert(key, (value, one));
                    }
                },
                None => {
                    answers.insert(key, (value, one));
                }
            }
        }
        let mut write = self.write().await?;
        let raters: BTreeSet<&str> = answers.keys().map(|(_, rater, _)| *rater).collect();
        for rater in &raters {
            if let Err(error) = self.join_in(&mut write, &project, rater, false).await {
                faults.push(error.to_string());
            }
        }
        let now = self.now_us();
        let mut whole: BTreeMap<(&str, &str), (Option<i64>, bool)> = BTreeMap::new();
        for ((item, rater, name), (value, one)) in &answers {
            let Some(criterion) = project.rubric.criterion(name) else { continue };
            let (standing, stale) = self.standing(&mut write, &project, item, rater).await?;
            let before = standing.get(*name).filter(|_| !stale.iter().any(|stale| stale == name));
            let own = whole.entry((*item, *rater)).or_insert((one.took_ms, one.turned));
            own.0 = own.0.or(one.took_ms);
            match before {
                Some(before) if before == value => {
                    kept.same += 1;
                    continue;
                }
                Some(before) => match on_conflict {
                    OnConflict::Refuse => {
                        faults.push(format!(
                            "{}: `{}` has said {before} of item `{}` before, and says {value} here",
                            one.place,
                            clean(rater),
                            clean(item)
                        ));
                        continue;
                    }
                    OnConflict::Keep => {
                        kept.left_out += 1;
                        continue;
                    }
                    OnConflict::Replace => kept.replaced += 1,
                },
                None => kept.answers += 1,
            }
            self.put(&mut write, &project.name, item, rater, criterion, value, Origin::Imported, now).await?;
        }
        if !faults.is_empty() {
            let more = faults.len().saturating_sub(MOST_TOLD);
            faults.truncate(MOST_TOLD);
            let mut message = faults.join("\n");
            if more > 0 {
                message.push_str(&format!("\nand {more} more"));
            }
            message.push_str("\nnothing was imported");
            if message.contains(" says ") {
                message.push_str("; `--on-conflict keep` takes the first answer, `replace` the last");
            }
            return Err(ReviewError::Usage(message));
        }
        for ((item, rater), (took_ms, was_turned)) in &whole {
            let (standing, stale) = self.standing(&mut write, &project, item, rater).await?;
            let complete = project
                .rubric
                .criteria
                .iter()
                .filter(|criterion| criterion.is_required())
                .all(|criterion| standing.contains_key(&criterion.name) && !stale.contains(&criterion.name));
            if !complete {
                kept.incomplete += 1;
            }
            let swap = *was_turned && by_id.get(item).is_some_and(|item| leaves_turned(&project, item));
            // An item that lacks an answer was rated under no version of the rubric.
            let version = if complete { project.version } else { 0 };
            let new: i64 = sqlx::query_scalar(
                "INSERT INTO done (project, item, rater, version, at_us, took_ms, cost_nanousd, swapped)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                 ON CONFLICT (project, item, rater) DO UPDATE SET version = MAX(done.version, excluded.version)
                 RETURNING cost_nanousd = $7 AND at_us = $5",
            )
            .bind(&project.name)
            .bind(item)
            .bind(rater)
            .bind(version)
            .bind(now)
            .bind(took_ms)
            .bind(cost.nanos())
            .bind(swap)
            .fetch_one(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
            if new == 1 {
                self.pay(&mut write, &project.name, "imported", cost).await?;
            }
        }
        kept.items = whole.keys().map(|(item, _)| *item).collect::<BTreeSet<_>>().len() as u64;
        kept.raters = raters.len() as u64;
        for rater in &raters {
            if let Some(known) = self.rater(&mut write, &project.name, rater).await?
                && known.state == crate::words::RaterState::Active
            {
                let gold = self.gold_record(&mut write, &project, &known).await?;
                self.suspend_by_gold(&mut write, &project, rater, gold).await?;
            }
        }
        self.commit(write).await?;
        Ok(kept)
    }
}

fn outgoing_if(project: &Project, item: &Item, out: bool) -> Content {
    if out { outgoing(project, item) } else { item.content.clone() }
}

/// A word of a file, for a message.
fn clean(text: &str) -> String {
    text.chars().take(80).filter(|c| !c.is_control()).collect()
}

/// A closed answer as other tools write it: `yes`, `no`, a step, an option.
pub(crate) fn word(kind: Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::YesNo, Value::Bool(yes)) => json!(if *yes { "yes" } else { "no" }),
        _ => value.clone(),
    }
}
