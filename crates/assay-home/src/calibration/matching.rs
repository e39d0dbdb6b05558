//! Labels and the answers that they are of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use assay_analysis::labels::Coding;
use assay_core::problem::did_you_mean;
use assay_core::{Digest, Label};
use assay_engine::execute::now_us;
use assay_store::StoredLabel;
use serde_json::Value;

use super::Asked;
use super::label_file::{LabelFile, Line, faults};
use crate::judged::{Answer, Gathered};
use crate::{Failure, usage};

/// The labels of a file with the items that they are of.
///
/// # Errors
/// Every line that cannot be used, and files of which none can.
pub(super) fn matched(
    file: LabelFile,
    asked: &Asked,
    criterion: &str,
    coding: &Coding,
    gathered: &mut Gathered,
) -> Result<Vec<StoredLabel>, Failure> {
    let LabelFile { name, lines, notes } = file;
    gathered.notes.extend(notes);
    // Of a sealed part not even the names of cases are told.
    let tells = gathered.runs.iter().all(|run| run.sealed().is_none());
    let all = lines.len();
    let empty = lines.iter().filter(|line| line.label.label.is_null()).count();
    if empty * 10 > all && !asked.unfinished {
        return Err(usage(format!(
            "{name}: {empty} of {all} lines have no label yet. Labels that are missing for a reason make the rest no chance \
             sample: finish the file, or take it as it is with `--unfinished`"
        )));
    }
    let mut by_case: HashMap<&str, Vec<(Digest, &str)>> = HashMap::new();
    for (named, answer) in &gathered.answers {
        let items = by_case.entry(&answer.case).or_default();
        items.extend(answer.targets.iter().map(|target| (*named, target.as_str())));
    }
    let mut wrong: Vec<(usize, String)> = Vec::new();
    let mut unknown = 0;
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    let mut said: HashMap<(Digest, String), (usize, Value)> = HashMap::new();
    let mut stored = Vec::new();
    let now = now_us();
    for Line { number, label, says_drawn } in lines {
        if label.label.is_null() {
            continue;
        }
        if let Some(other) = label.criterion.as_ref().filter(|other| *other != criterion) {
            *others.entry(other.clone()).or_default() += 1;
            continue;
        }
        if let Err(why) = coding.code(&label.label) {
            wrong.push((number, why));
            continue;
        }
        if label.labelled.is_some_and(|said| said > now) {
            wrong.push((number, "`labelled` is in the future".into()));
            continue;
        }
        let item = match find_item(&label, &by_case, &gathered.answers, tells) {
            Ok(item) => item,
            Err(Unmatched::Unknown(why)) => {
                unknown += 1;
                if !asked.skip_unknown {
                    wrong.push((number, why));
                }
                continue;
            }
            Err(Unmatched::Ambiguous(why)) => {
                wrong.push((number, why));
                continue;
            }
        };
        let rater = label.rater.clone().unwrap_or_default();
        if let Some((first, before)) = said.get(&(item, rater.clone())) {
            if *before != label.label {
                wrong.push((
                    number,
                    format!(
                        "the label {} contradicts {before} in line {first}, of the same item and rater",
                        label.label
                    ),
                ));
            }
            continue;
        }
        said.insert((item, rater.clone()), (number, label.label.clone()));
        stored.push(StoredLabel {
            item,
            rater,
            label: label.label,
            drawn: if says_drawn { label.drawn } else { asked.drawn.unwrap_or_default() },
            chance: label.chance,
            source: format!("{name}:{number}"),
            labelled_us: label.labelled,
        });
    }
    if !wrong.is_empty() {
        let what = format!("{} of {all} labels cannot be used", wrong.len());
        return Err(faults(&name, &what, wrong));
    }
    if unknown > 0 {
        gathered.notes.push(format!("{unknown} labels are of cases or answers that no run of this judge has"));
    }
    if !others.is_empty() {
        let named: Vec<String> = others.iter().map(|(other, n)| format!("`{other}` ({n})")).collect();
        let words = format!("labels of other criteria are left out: {}", named.join(", "));
        if stored.is_empty() {
            return Err(usage(format!(
                "{name}: no label is of the criterion `{criterion}`; {words}. `--criterion` chooses one"
            )));
        }
        gathered.notes.push(words);
    }
    if stored.is_empty() {
        return Err(usage(format!("{name}: no label is of an answer that this judge has scored")));
    }
    Ok(stored)
}

enum Unmatched {
    Unknown(String),
    Ambiguous(String),
}

/// The item that a label is of.
fn find_item(
    label: &Label,
    by_case: &HashMap<&str, Vec<(Digest, &str)>>,
    answers: &HashMap<Digest, Answer>,
    tells: bool,
) -> Result<Digest, Unmatched> {
    if let Some(item) = label.item {
        let known = answers.contains_key(&item);
        let why = || format!("no run of this judge has the item {}", item.short());
        return if known { Ok(item) } else { Err(Unmatched::Unknown(why())) };
    }
    let case = label.case.as_deref().unwrap_or_default();
    let Some(items) = by_case.get(case) else {
        let near = did_you_mean(case, by_case.keys().copied().filter(|_| tells));
        let near = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
        return Err(Unmatched::Unknown(format!("no run of this judge has a case `{case}`{near}")));
    };
    let targets: BTreeSet<&str> = items.iter().map(|(_, target)| *target).collect();
    let list = || targets.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(", ");
    let mut of: Vec<Digest> = match &label.target {
        Some(target) => items.iter().filter(|(_, t)| t == target).map(|(item, _)| *item).collect(),
        None => items.iter().map(|(item, _)| *item).collect(),
    };
    of.sort_unstable();
    of.dedup();
    match (of.as_slice(), &label.target) {
        ([item], _) => Ok(*item),
        ([], target) => Err(Unmatched::Unknown(format!(
            "`{}` did not answer the case `{case}` ({} did)",
            target.as_deref().unwrap_or_default(),
            list()
        ))),
        (several, None) if targets.len() > 1 => Err(Unmatched::Ambiguous(format!(
            "the case `{case}` has {} answers: name the `target` ({}) or the `item`",
            several.len(),
            list()
        ))),
        (several, _) => Err(Unmatched::Ambiguous(format!(
            "the case `{case}` has {} different answers of one target: name the `item`, as `--next` writes it",
            several.len()
        ))),
    }
}
