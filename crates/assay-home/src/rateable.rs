//! What can be rated: the answers of a run, pairs of answers of two runs, or the rows of a file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use assay_core::label::item;
use assay_core::{Case, Digest, Output, Passage};
use assay_datasets::library::who;
use assay_review::rubric::{Rubric, Show};
use assay_review::sample::{disagreement, uncertainty};
use assay_review::{Answers, Content, Item, both, pair};
use assay_store::{PlanFile, RunRow};
use serde_json::{Map, Value};

use crate::home::unseal;
use crate::{Failure, Home};

/// Cases that are read at once.
const AT_ONCE: u64 = 500;

/// An item that could be drawn.
pub struct Candidate {
    /// The item; its chance is decided by the draw.
    pub item: Item,
    /// Where its scores are: run, target, case, repeat; of both answers of a pair.
    answers: Vec<(usize, String, Digest, u32)>,
}

/// Everything that could be drawn, and where it is from.
pub struct Pool {
    /// The candidates, each item once.
    pub candidates: Vec<Candidate>,
    /// The runs or the file.
    pub source: Vec<String>,
    runs: Vec<RunRow>,
}

impl Pool {
    /// The answers of a run, or pairs of those of two.
    ///
    /// # Errors
    /// There is no such run, it has several targets where one is needed, or its part is sealed and nobody says why it is seen.
    pub async fn of_runs(
        home: &Home,
        rubric: &Rubric,
        run: &str,
        against: &[String],
        reason: Option<&str>,
    ) -> Result<Self, Failure> {
        let first = Answered::load(home, run, !against.is_empty(), reason).await?;
        if against.is_empty() {
            let mut pool =
                Self { candidates: Vec::new(), source: vec![first.row.record.id.to_string()], runs: Vec::new() };
            let mut known: HashMap<String, usize> = HashMap::new();
            for (key, output) in &first.answers {
                let Some(case) = first.cases.get(&key.1) else { continue };
                let id = item(&key.1, output).to_string();
                let answer = (0, key.0.clone(), key.1, key.2);
                if let Some(at) = known.get(&id) {
                    // The same answer again is the same item; whose it is cannot be said then.
                    let same: &mut Candidate = &mut pool.candidates[*at];
                    if same.item.target.as_deref() != Some(key.0.as_str()) {
                        same.item.target = None;
                    }
                    same.answers.push(answer);
                    continue;
                }
                known.insert(id.clone(), pool.candidates.len());
                let content = content(rubric, case, output, None);
                pool.candidates.push(candidate(id, case, &key.0, content, vec![answer]));
            }
            pool.runs = vec![first.row];
            return Ok(pool);
        }
        let mut all = vec![first];
        for other in against {
            all.push(Answered::load(home, other, true, reason).await?);
        }
        Ok(Self::of_pairs(rubric, all))
    }

    /// Pairs of the answers of each two runs to the same case.
    fn of_pairs(rubric: &Rubric, all: Vec<Answered>) -> Self {
        let names = arms(&all);
        let mut candidates = Vec::new();
        for (one, first) in all.iter().enumerate() {
            for (two, second) in all.iter().enumerate().skip(one + 1) {
                let of_second: HashMap<Digest, (&(String, Digest, u32), &Output)> =
                    second.answers.iter().rev().map(|(key, output)| (key.1, (key, output))).collect();
                let mut seen = HashSet::new();
                for (key, output) in first.answers.iter().filter(|(key, _)| key.2 == 0) {
                    let (Some(case), Some((other_key, other))) = (first.cases.get(&key.1), of_second.get(&key.1))
                    else {
                        continue;
                    };
                    // Two answers that are the same have no better one.
                    if output.value == other.value || !seen.insert(key.1) {
                        continue;
                    }
                    let id = pair(&key.1, output, other).to_string();
                    let content = content(rubric, case, output, Some(other));
                    let answers =
                        vec![(one, key.0.clone(), key.1, key.2), (two, other_key.0.clone(), other_key.1, other_key.2)];
                    candidates.push(candidate(id, case, &both(&names[one], &names[two]), content, answers));
                }
            }
        }
        // Answers that two runs have in common make the same pair twice: whose it is cannot be said then.
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut kept: Vec<Candidate> = Vec::new();
        for one in candidates {
            match known.get(&one.item.id) {
                Some(at) => kept[*at].item.target = None,
                None => {
                    known.insert(one.item.id.clone(), kept.len());
                    kept.push(one);
                }
            }
        }
        let source = all.iter().map(|run| run.row.record.id.to_string()).collect();
        Self { candidates: kept, source, runs: all.into_iter().map(|run| run.row).collect() }
    }

    /// The rows of a file: `id`, `output`, and what else there is.
    ///
    /// # Errors
    /// What is wrong with a row.
    pub fn of_file(rubric: &Rubric, path: &Path) -> Result<Self, Failure> {
        let mut candidates = Vec::new();
        let mut known: HashMap<String, String> = HashMap::new();
        for row in assay_datasets::rows(path)? {
            let (mut row, place) = row?;
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let id = row.remove("id").or_else(|| row.remove("item")).filter(|id| !id.is_null()).map(|id| text(&id));
            let Some(id) = id.filter(|id| !id.trim().is_empty()) else {
                return Err(format!("{place}: a row needs an `id`").into());
            };
            if let Some(before) = known.insert(id.clone(), place.to_string()) {
                return Err(format!("{place}: the id `{}` is at {before} too", assay_report::plain(&id, 80)).into());
            }
            let inputs = match row.remove("inputs").or_else(|| row.remove("input")) {
                Some(Value::Object(fields)) => fields,
                Some(Value::Null) | None => Map::new(),
                Some(value) => Map::from_iter([("input".to_owned(), value)]),
            };
            let contexts = match row.remove("contexts") {
                Some(Value::Array(items)) => items.iter().filter_map(Passage::from_value).collect(),
                Some(value) if !value.is_null() => Passage::from_value(&value).into_iter().collect(),
                _ => Vec::new(),
            };
            let mut name = |key: &str| row.remove(key).filter(|name| !name.is_null()).map(|name| text(&name));
            let target = match (name("target"), name("other_target")) {
                (Some(first), Some(second)) => Some(both(&first, &second)),
                (first, _) => first,
            };
            let content = Content {
                inputs,
                output: row.remove("output").unwrap_or_default(),
                other: row.remove("other").or_else(|| row.remove("output_2")).filter(|other| !other.is_null()),
                contexts,
                expected: row.remove("expected").filter(|_| rubric.show.contains(&Show::Expected)),
            };
            let fields = match row.remove("metadata") {
                Some(Value::Object(fields)) => fields,
                _ => Map::new(),
            };
            let metadata = fields.iter().chain(row.iter()).filter(|(_, value)| !value.is_null());
            let metadata = metadata.map(|(key, value)| (key.clone(), text(value))).collect();
            let item = Item { id, case: None, target, content, metadata, chance: None, wanted: 0, gold: None };
            candidates.push(Candidate { item, answers: Vec::new() });
        }
        Ok(Self { candidates, source: vec![path.display().to_string()], runs: Vec::new() })
    }

    /// How much each item tells: where one scorer is unsure, where two disagree, or (for pairs) where one scores both
    /// answers apart.
    ///
    /// # Errors
    /// A scorer that the runs do not have.
    pub async fn interest(&self, home: &Home, scorers: &[String]) -> Result<Vec<f64>, Failure> {
        if self.runs.is_empty() {
            return Err("a sample driven by a scorer needs a run: name it with `--run`".into());
        }
        let mut values: HashMap<(usize, String, String, Digest, u32), f64> = HashMap::new();
        for (run, row) in self.runs.iter().enumerate() {
            for scorer in scorers {
                let known: Vec<&str> = row.record.scorers.iter().map(|known| known.name.as_str()).collect();
                if !known.contains(&scorer.as_str()) {
                    return Err(format!(
                        "run {} has no scorer `{}` (it has: {})",
                        row.record.id.short(),
                        assay_report::plain(scorer, 80),
                        known.join(", ")
                    )
                    .into());
                }
            }
            home.lake
                .for_each_score(&row.record, |score| {
                    if let Some(value) = score.value.filter(|_| scorers.iter().any(|scorer| scorer == score.scorer)) {
                        let key =
                            (run, score.scorer.to_owned(), score.target.to_owned(), score.case_digest, score.epoch);
                        values.insert(key, value);
                    }
                })
                .await?;
        }
        let column = |scorer: &String, arm: usize| -> Vec<Option<f64>> {
            self.candidates
                .iter()
                .map(|one| {
                    let (run, target, case, epoch) = one.answers.get(arm)?.clone();
                    values.get(&(run, scorer.clone(), target, case, epoch)).copied()
                })
                .collect()
        };
        match scorers {
            [one] if self.runs.len() > 1 => Ok(disagreement(&column(one, 0), &column(one, 1))),
            [one] => Ok(uncertainty(&column(one, 0))),
            [one, two] if self.runs.len() == 1 => Ok(disagreement(&column(one, 0), &column(two, 0))),
            _ => Err("name one scorer, or two for answers of one run".into()),
        }
    }

    /// Takes the items with known answers out of the candidates: gold is not drawn.
    ///
    /// # Errors
    /// What is wrong with the rows, and with which.
    pub fn take_gold(&mut self, rubric: &Rubric, rows: &[GoldRow]) -> Result<Vec<Item>, Failure> {
        let items: Vec<&Item> = self.candidates.iter().map(|one| &one.item).collect();
        let gold = right_answers(rubric, rows, &items)?;
        let mut taken = Vec::new();
        for (at, answers) in gold.into_iter().rev() {
            let mut item = self.candidates.remove(at).item;
            item.gold = Some(answers);
            taken.push(item);
        }
        Ok(taken)
    }
}

/// A row of a table of gold items, and where it stands.
pub type GoldRow = (Map<String, Value>, String);

/// The rows of a table of gold items.
///
/// # Errors
/// A file that cannot be read.
pub fn gold_rows(path: &Path) -> Result<Vec<GoldRow>, Failure> {
    assay_datasets::rows(path)?
        .map(|row| row.map(|(row, place)| (row, place.to_string())).map_err(Into::into))
        .collect()
}

/// The right answers of a table of gold items, by the place of the item that a row names.
///
/// # Errors
/// What is wrong with a row.
pub fn right_answers(rubric: &Rubric, rows: &[GoldRow], items: &[&Item]) -> Result<BTreeMap<usize, Answers>, Failure> {
    let mut gold: BTreeMap<usize, Answers> = BTreeMap::new();
    for (row, place) in rows {
        let text = |key: &str| {
            let value = row.get(key).filter(|value| !value.is_null())?;
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        let (id, case, target) = (text("item").or_else(|| text("id")), text("case"), text("target"));
        let fits = |one: &Item| match (&id, &case) {
            (Some(id), _) => one.id == *id,
            (None, Some(case)) => {
                one.case.as_deref() == Some(case)
                    && target.as_deref().is_none_or(|target| one.target.as_deref() == Some(target))
            }
            (None, None) => false,
        };
        let found: Vec<usize> = (0..items.len()).filter(|at| fits(items[*at])).collect();
        let named = assay_report::plain(&id.clone().or_else(|| case.clone()).unwrap_or_default(), 80);
        let at = match found.as_slice() {
            [only] => *only,
            [] if named.is_empty() => return Err(format!("{place}: a gold item needs `item` or `case`").into()),
            [] => return Err(format!("{place}: there is no answer `{named}` to be rated").into()),
            many => {
                return Err(
                    format!("{place}: {} answers fit `{named}`: add `target`, or name the item", many.len()).into()
                );
            }
        };
        let long = text("criterion").map(|name| (name, row.get("value").cloned().unwrap_or_default()));
        let wide = rubric.criteria.iter().filter_map(|criterion| {
            let value = row.get(&criterion.name).filter(|value| !value.is_null() && value.as_str() != Some(""))?;
            Some((criterion.name.clone(), value.clone()))
        });
        let answers: Vec<(String, Value)> = long.into_iter().chain(wide).collect();
        if answers.is_empty() {
            return Err(
                format!("{place}: a gold item needs the right answer to a criterion, in a column of its name").into()
            );
        }
        for (name, value) in answers {
            let Some(criterion) = rubric.criterion(&name) else {
                return Err(format!("{place}: the rubric has no criterion `{}`", assay_report::plain(&name, 80)).into());
            };
            let value = criterion.read(&value).map_err(|message| format!("{place}: {message}"))?;
            gold.entry(at).or_default().insert(name, value);
        }
    }
    Ok(gold)
}

/// What each run's answers are called in a ranking: its target, with the run where several have the same.
fn arms(all: &[Answered]) -> Vec<String> {
    let target = |run: &Answered| run.answers.keys().next().map_or_else(String::new, |key| key.0.clone());
    let names: Vec<String> = all.iter().map(target).collect();
    let several = |name: &String| names.iter().filter(|other| *other == name).count() > 1;
    let full = |(name, run): (&String, &Answered)| match several(name) {
        true => format!("{name} ({})", run.row.record.id.short()),
        false => name.clone(),
    };
    names.iter().zip(all).map(full).collect()
}

fn candidate(
    id: String,
    case: &Case,
    target: &str,
    content: Content,
    answers: Vec<(usize, String, Digest, u32)>,
) -> Candidate {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let metadata = case.metadata.iter().map(|(key, value)| (key.clone(), text(value))).collect();
    let (case, target) = (Some(case.id.clone()), Some(target.to_owned()));
    Candidate { item: Item { id, case, target, content, metadata, chance: None, wanted: 0, gold: None }, answers }
}

fn content(rubric: &Rubric, case: &Case, output: &Output, other: Option<&Output>) -> Content {
    let retrieved = output.contexts.as_ref().filter(|_| other.is_none());
    Content {
        inputs: case.inputs.clone(),
        output: output.value.clone(),
        other: other.map(|other| other.value.clone()),
        contexts: retrieved.unwrap_or(&case.contexts).clone(),
        expected: case.expected.clone().filter(|_| rubric.show.contains(&Show::Expected)),
    }
}

/// A run's answers in the order of cases, targets and repeats, with the cases.
struct Answered {
    row: RunRow,
    answers: BTreeMap<(String, Digest, u32), Output>,
    cases: HashMap<Digest, Case>,
}

impl Answered {
    async fn load(home: &Home, word: &str, one_target: bool, reason: Option<&str>) -> Result<Self, Failure> {
        let (row, target) = home.find(word).await?;
        unseal(&home.library(), &row.record, &who(), reason)?;
        if one_target && target.is_none() && row.record.targets.len() > 1 {
            let names: Vec<&str> = row.record.targets.iter().map(|target| target.name.as_str()).collect();
            return Err(format!(
                "run {} has {} targets: name one behind a colon, such as `{word}:{}`",
                row.record.id.short(),
                names.len(),
                names[0]
            )
            .into());
        }
        let plan = PlanFile::open(&home.workspace, row.record.plan).await?;
        let mut cases = HashMap::new();
        for from in (0..plan.cases).step_by(AT_ONCE as usize) {
            let places: Vec<u64> = (from..plan.cases.min(from + AT_ONCE)).collect();
            cases.extend(plan.cases_at(&places).await?.into_iter().map(|at| (at.digest, at.case)));
        }
        let mut found = home.lake.answers(&row.record).await?;
        let mut answers = BTreeMap::new();
        while let Some(rows) = found.next().await? {
            for answer in rows.into_iter().filter(|one| target.as_deref().is_none_or(|target| one.target == target)) {
                answers.insert((answer.target, answer.case_digest, answer.epoch), answer.output);
            }
        }
        Ok(Self { row, answers, cases })
    }
}
