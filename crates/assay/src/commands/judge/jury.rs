//! `assay judge jury`: what several judges say together.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use assay_analysis::Certificate;
use assay_analysis::jury::{Finding, Jury as Votes};
use assay_core::{Digest, Direction, ScoreKind, grouped};
use assay_report::{plain, terminal};
use assay_stats::Estimate;
use clap::Args;
use serde_json::{Value, json};

use super::super::{Failure, say};
use super::compare::{label, verdicts};
use crate::exit;
use assay_home::Home;
use assay_home::judged::{Gathered, find, gather};
use assay_home::probes::of_name;
use assay_home::usage;

/// Below this probability a label is listed as unsure.
const SURE: f64 = 0.9;
/// Unsure answers that are listed.
const MOST_SHOWN: usize = 10;

/// Labels that weigh judges by how they err (Dawid and Skene), each with its probability; how each judge errs by them and
/// beside people's labels; and how many independent judges they are worth. The judges are the jurors of one judge that is a
/// jury, or several judges of the same answers.
#[derive(Args)]
pub struct Jury {
    /// One judge that is a jury, or several: scorers' names, or the beginnings of their fingerprints.
    #[arg(required = true, value_name = "JUDGE")]
    judges: Vec<String>,
    /// The runs [default: the complete runs with the judges].
    #[arg(long = "run", value_name = "RUN")]
    runs: Vec<String>,
    /// Scores from this value on are passes (up to it, where lower is better), the others fails.
    #[arg(long, value_name = "VALUE")]
    threshold: Option<f64>,
    /// Write every answer's label into this file: JSON lines with its probability, the majority and the votes.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Confidence of the intervals.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// By answer the verdict of each judge that has one.
type Table = BTreeMap<Digest, Vec<Option<f64>>>;

impl Jury {
    pub async fn run(self, home: &Home) -> Result<u8, Failure> {
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(usage("--confidence lies between 0 and 1".into()));
        }
        let mut gathered: Vec<Gathered> = Vec::new();
        for name in &self.judges {
            let scorer = find(home, name).await?;
            if gathered.iter().any(|known| known.scorer.fingerprint == scorer.fingerprint) {
                return Err(usage(format!("`{name}` is named twice: versions of one judge are named by fingerprints")));
            }
            if gathered.first().is_some_and(|first| first.scorer.score != scorer.score) {
                return Err(usage(format!("`{name}` has another scale than `{}`", self.judges[0])));
            }
            if gathered.first().is_some_and(|first| first.scorer.direction != scorer.direction) {
                return Err(usage(format!(
                    "for `{name}` and for `{}` different ends of the scale are better (`direction`): their verdicts cannot be \
                     weighed together",
                    self.judges[0]
                )));
            }
            gathered.push(gather(home, scorer, &self.runs).await?);
        }
        let (names, mut table) = match gathered.as_slice() {
            [one] => {
                let classes = one.scorer.score == ScoreKind::Binary && self.threshold.is_none();
                seats(home, one, classes).await?
            }
            several => (several.iter().map(label).collect(), of_judges(several)),
        };
        table.retain(|_, votes| votes.iter().any(Option::is_some));
        let mut people = HashMap::new();
        for one in &gathered {
            people.extend(match home.state.certificate::<Certificate>(one.scorer.fingerprint).await? {
                Some(stored) => home.truths(&stored.certificate).await?.0,
                None => of_name(home, one).await?,
            });
        }
        let direction = gathered[0].scorer.direction;
        let pass = |value: f64| match self.threshold {
            Some(threshold) => f64::from(u8::from(passes(direction, threshold, value))),
            None => value,
        };
        let items: Vec<Digest> = table.keys().copied().collect();
        let votes: Vec<Vec<Option<f64>>> =
            (0..names.len()).map(|at| table.values().map(|row| row[at].map(pass)).collect()).collect();
        let truths: Vec<Option<f64>> =
            items.iter().map(|item| people.get(item).and_then(|truth| truth.value).map(pass)).collect();
        let clusters = clusters(&items, &gathered);
        let jury =
            Votes { judges: &names, votes: &votes, people: &truths, clusters: &clusters, confidence: self.confidence };
        let mut found = jury.weigh().map_err(|why| {
            usage(match self.threshold {
                None if why.contains("threshold") => format!("{why} (`--threshold VALUE`)"),
                _ => why,
            })
        })?;
        let mut used = items.iter().filter_map(|item| people.get(item)).filter(|truth| truth.value.is_some());
        if used.any(|truth| !truth.random) {
            found.notes.push("some labels were chosen by hand: the figures are of what was looked at".into());
        }
        let binary = self.threshold.is_some() || gathered[0].scorer.score == ScoreKind::Binary;
        let lines = lines(&found, &items, &gathered, binary);
        if let Some(path) = &self.out {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            std::fs::write(path, text).map_err(|error| usage(format!("{}: {error}", path.display())))?;
        }
        if self.json {
            let mut json = json!(found);
            json["answers"] = json!(lines);
            say(&serde_json::to_string_pretty(&json)?);
            return Ok(exit::PASS);
        }
        say(text(&found, &lines, binary, self.confidence).trim_end());
        if let Some(path) = &self.out {
            say(&format!("{} labels are in {}", grouped(lines.len() as u64), path.display()));
        }
        Ok(exit::PASS)
    }
}

/// Several judges' first verdicts on the answers that two of them or more have judged.
fn of_judges(several: &[Gathered]) -> Table {
    let mut table = Table::new();
    for (at, one) in several.iter().enumerate() {
        for (item, (value, _)) in verdicts(one) {
            table.entry(item).or_insert_with(|| vec![None; several.len()])[at] = Some(value);
        }
    }
    table.retain(|_, votes| votes.iter().flatten().count() > 1);
    table
}

/// A number for the cluster of each answer, or for its case. Each judge numbers them in its own order, so that names are
/// what they have in common.
fn clusters(items: &[Digest], gathered: &[Gathered]) -> Vec<u32> {
    let mut names: HashMap<Digest, (bool, String)> = HashMap::new();
    for one in gathered {
        for verdict in &one.verdicts {
            let Some(name) = one.clusters.get(verdict.cluster as usize) else { continue };
            let known = names.entry(verdict.item).or_insert_with(|| (verdict.clustered, name.clone()));
            // Runs that were made before a cluster was declared do not know it.
            if verdict.clustered && !known.0 {
                *known = (true, name.clone());
            }
        }
    }
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let number = |item: &Digest| {
        let name = names.get(item).map_or_else(|| item.to_string(), |(_, name)| name.clone());
        let next = numbers.len() as u32;
        *numbers.entry(name).or_insert(next)
    };
    items.iter().map(number).collect()
}

/// Whether a score is a pass.
fn passes(direction: Direction, threshold: f64, value: f64) -> bool {
    match direction {
        Direction::Higher => value >= threshold,
        Direction::Lower => value <= threshold,
    }
}

/// What a juror said, all in all: the mean of its verdicts, of classes (0 and 1) the more frequent one. A tie of classes is
/// no verdict, since a half would be a class of its own.
fn together(all: &[f64], classes: bool) -> Option<f64> {
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    match classes {
        false => (!all.is_empty()).then_some(mean),
        true if mean > 0.5 => Some(1.0),
        true if mean < 0.5 => Some(0.0),
        true => None,
    }
}

/// The jurors of a judge that is a jury, and what each said: where it was asked several times the mean, or the majority
/// where its verdicts are `classes`.
async fn seats(home: &Home, one: &Gathered, classes: bool) -> Result<(Vec<String>, Table), Failure> {
    let mut items: HashMap<(usize, usize, &str, u32), Digest> = HashMap::new();
    for (verdict, run) in one.verdicts.iter().zip(&one.run_of) {
        items.insert((*run, verdict.arm, &verdict.case, verdict.epoch), verdict.item);
    }
    let mut names: BTreeMap<u64, String> = BTreeMap::new();
    let mut said: BTreeMap<Digest, BTreeMap<u64, Vec<f64>>> = BTreeMap::new();
    for (at, run) in one.runs.iter().enumerate() {
        let Some(scorer) = run.scorers.iter().find(|s| s.fingerprint == one.scorer.fingerprint) else { continue };
        let sql = format!(
            "SELECT target, case_id, epoch, details_json FROM scores WHERE run_id = '{}' AND scorer = '{}' \
             AND trial_status = 'ok' AND details_json IS NOT NULL",
            run.id,
            scorer.name.replace('\'', "''")
        );
        for row in home.lake.query(&sql, None).await?.json().await? {
            let word = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
            let target = run.targets.iter().find(|target| target.name == word("target"));
            let arm = target.and_then(|target| {
                let version = format!("{}@{}", target.name, target.fingerprint.short());
                one.arms.iter().position(|arm| *arm == target.name || *arm == version)
            });
            let epoch = row.get("epoch").and_then(Value::as_u64).and_then(|epoch| u32::try_from(epoch).ok());
            let (Some(arm), Some(epoch)) = (arm, epoch) else { continue };
            let Some(item) = items.get(&(at, arm, word("case_id"), epoch)) else { continue };
            let details: Value = serde_json::from_str(word("details_json")).unwrap_or_default();
            let all = details["verdicts"].as_array().map(Vec::as_slice).unwrap_or_default();
            // What decides in a cascade is its last stage.
            let last = all.iter().filter_map(|verdict| verdict["stage"].as_u64()).max();
            for verdict in all.iter().filter(|verdict| verdict["stage"].as_u64() == last) {
                let Some(juror) = verdict["juror"].as_u64() else { continue };
                let word = |key: &str| verdict[key].as_str().unwrap_or_default();
                names.entry(juror).or_insert_with(|| plain(&format!("{} ({})", word("model"), word("judge")), 80));
                if let Some(value) = verdict["value"].as_f64() {
                    said.entry(*item).or_default().entry(juror).or_default().push(value);
                }
            }
        }
    }
    if names.len() < 2 {
        return Err(usage(format!(
            "`{}` is no jury (`models: [...]`, or several prompts): name several judges of the same answers",
            one.scorer.name
        )));
    }
    let row = |by: BTreeMap<u64, Vec<f64>>| -> Vec<Option<f64>> {
        names.keys().map(|juror| by.get(juror).and_then(|all| together(all, classes))).collect()
    };
    let table = said.into_iter().map(|(item, by)| (item, row(by))).collect();
    Ok((names.into_values().collect(), table))
}

/// A class for people: of passes and fails their words.
fn word(class: f64, binary: bool) -> Value {
    match (binary, class) {
        (true, 1.0) => json!("pass"),
        (true, _) => json!("fail"),
        _ => json!(class),
    }
}

fn lines(found: &Finding, items: &[Digest], gathered: &[Gathered], binary: bool) -> Vec<Value> {
    let shown = |class: Option<f64>| class.map_or(Value::Null, |class| word(class, binary));
    let line = |(one, item): (&assay_analysis::jury::Consensus, &Digest)| {
        let answer = gathered.iter().find_map(|gathered| gathered.answers.get(item));
        let votes: serde_json::Map<String, Value> =
            found.judges.iter().zip(&one.votes).map(|(judge, vote)| (judge.judge.clone(), shown(*vote))).collect();
        json!({
            "item": item, "case": answer.map(|answer| &answer.case), "targets": answer.map(|answer| &answer.targets),
            "label": shown(one.label), "probability": one.posterior, "majority": shown(one.majority), "votes": votes,
        })
    };
    found.answers.iter().zip(items).map(line).collect()
}

fn estimate(found: Option<&Estimate>) -> String {
    let value = found.and_then(|found| found.value).map(|value| format!("{value:.3}"));
    match (value, found.and_then(|found| found.interval)) {
        (Some(value), Some(i)) => format!("{value} ({:.3} to {:.3})", i.lower, i.upper),
        (value, _) => value.unwrap_or_else(|| "–".into()),
    }
}

fn text(found: &Finding, lines: &[Value], binary: bool, confidence: f64) -> String {
    let name = |class: f64| match word(class, binary) {
        Value::String(word) => word,
        other => other.to_string(),
    };
    let k = found.judges.len();
    let mut parts = vec![format!(
        "{k} judges on {} answers, of one mind on {}",
        grouped(lines.len() as u64),
        grouped(found.of_one_mind as u64)
    )];
    if let Some(worth) = found.independent {
        parts.push(format!(
            "they vote like {worth:.1} independent judges or more (votes alone cannot tell agreement on the truth from shared \
             errors)"
        ));
    }
    if let Some(worth) = found.independent_errors {
        parts.push(format!(
            "on {} answers that people labelled they err like {worth:.1} independent judges",
            found.labelled
        ));
    }
    let percent = format!("says the same as people ({}% interval)", assay_report::numbers::confidence(confidence));
    let few = found.classes.len() <= 4;
    let of_class: Vec<String> =
        found.classes.iter().filter(|_| few).map(|class| format!("right where it is {}", name(*class))).collect();
    let mut header = vec!["judge", "verdicts", "right by the model"];
    header.extend(of_class.iter().map(String::as_str));
    header.push(&percent);
    let share = |value: Option<f64>| value.map_or_else(|| "–".into(), |value| format!("{value:.3}"));
    let mut rows: Vec<Vec<String>> = found
        .judges
        .iter()
        .map(|judge| {
            let mut row = vec![judge.judge.clone(), judge.votes.to_string(), share(judge.accuracy)];
            row.extend(
                (0..of_class.len()).map(|at| share(judge.confusion.as_ref().map(|confusion| confusion[at][at]))),
            );
            row.push(estimate(judge.people.as_ref()));
            row
        })
        .collect();
    for (what, against) in [("majority", &found.majority), ("weighed (Dawid and Skene)", &found.weighed)] {
        if against.is_some() {
            let mut row = vec![what.to_owned(), String::new(), String::new()];
            row.resize(3 + of_class.len(), String::new());
            row.push(estimate(against.as_ref()));
            rows.push(row);
        }
    }
    let right: Vec<usize> = (1..header.len()).collect();
    parts.push(terminal::table(&header, rows, &right));
    let mut unsure: Vec<&Value> =
        lines.iter().filter(|line| line["probability"].as_f64().is_some_and(|p| p < SURE)).collect();
    unsure.sort_by(|a, b| {
        a["probability"].as_f64().partial_cmp(&b["probability"].as_f64()).unwrap_or(std::cmp::Ordering::Equal)
    });
    if found.weighed.is_some() || found.answers.iter().any(|one| one.label.is_some()) {
        parts.push(format!(
            "{} answers have another label than the majority's, {} are below {SURE} of certainty",
            grouped(found.changed as u64),
            grouped(unsure.len() as u64)
        ));
    }
    if !unsure.is_empty() {
        let shown =
            |value: &Value| value.as_str().map_or_else(|| value.to_string().replace("null", "tie"), str::to_owned);
        let rows = unsure.iter().take(MOST_SHOWN).map(|line| {
            let targets: Vec<&str> =
                line["targets"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            vec![
                plain(line["case"].as_str().unwrap_or_default(), 60),
                plain(&targets.join(", "), 60),
                shown(&line["label"]),
                share(line["probability"].as_f64()),
                shown(&line["majority"]),
            ]
        });
        parts.push(terminal::table(&["case", "target", "label", "probability", "majority"], rows.collect(), &[3]));
    }
    parts.extend(found.notes.iter().map(|note| format!("note: {note}")));
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_of_a_class_are_its_majority_and_a_tie_is_no_verdict() {
        assert_eq!(together(&[1.0, 0.0, 1.0], true), Some(1.0));
        assert_eq!(together(&[0.0, 0.0, 1.0], true), Some(0.0));
        assert_eq!((together(&[1.0, 0.0], true), together(&[], true)), (None, None));
        assert_eq!((together(&[1.0, 0.0], false), together(&[], false)), (Some(0.5), None));
    }

    #[test]
    fn a_pass_lies_on_the_better_side_of_the_threshold() {
        assert!(passes(Direction::Higher, 0.5, 0.5) && !passes(Direction::Higher, 0.5, 0.4));
        assert!(passes(Direction::Lower, 0.5, 0.5) && !passes(Direction::Lower, 0.5, 0.6));
    }
}
