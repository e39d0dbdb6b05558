//! `assay stats overlap`: whether cases occur in a corpus.

use std::path::PathBuf;

use assay_metrics::contamination::{Index, Overlap as Found, Rule};
use assay_stats::Kind;
use assay_stats::holdout::marked_difference;
use clap::Args;
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, number, range, usage};
use crate::{Answer, Failure, Table};

/// Cases whose words occur in a corpus, such as training data: any run of 13 words (GPT-3), 70% of the runs of 8 words
/// (PaLM), any 50 characters (GPT-4); and how much better overlapping cases score. Any overlap exits with 1. Rephrased or translated
/// cases are not found.
#[derive(Args)]
pub struct Overlap {
    /// A table with a row per case.
    cases: PathBuf,
    /// A table with a row per document.
    corpus: PathBuf,
    /// The column of texts, in both tables.
    #[arg(long)]
    text: String,
    /// The column of texts of the corpus, where it has another name.
    #[arg(long)]
    corpus_text: Option<String>,
    /// A column of the cases' scores.
    #[arg(long)]
    score: Option<String>,
    #[command(flatten)]
    confidence: Confidence,
}

impl Overlap {
    pub fn answer(self) -> Result<Answer, Failure> {
        let cases = Table::read(&self.cases)?;
        let texts: Vec<String> = cases.texts(&self.text)?.into_iter().map(Option::unwrap_or_default).collect();
        let scores = self.score.as_ref().map(|column| cases.numbers(column)).transpose()?;
        let corpus = Table::read(&self.corpus)?.texts(self.corpus_text.as_ref().unwrap_or(&self.text))?;
        let rules = [("13 words", Rule::GPT3), ("70% of 8 words", Rule::PALM), ("50 characters", Rule::GPT4)];
        let mut results: Vec<(&str, Vec<Found>)> = Vec::new();
        for (name, rule) in rules {
            let mut index = Index::new(&texts, rule).ok_or_else(|| usage("the rule is not defined"))?;
            corpus.iter().for_each(|document| index.read(document.as_deref().unwrap_or("")));
            results.push((name, index.overlaps()));
        }
        let mut all = serde_json::Map::new();
        let mut cells = Vec::new();
        for (name, found) in &results {
            let count = |which: Option<bool>| found.iter().filter(|case| case.contaminated == which).count();
            let (hit, short) = (count(Some(true)), count(None));
            let dose = scores.as_ref().and_then(|scores| self.dose(scores, found));
            let rows: Vec<Value> = found
                .iter()
                .enumerate()
                .filter(|(_, case)| case.contaminated == Some(true))
                .map(|(at, case)| {
                    json!({"row": at + 1, "found": case.found, "grams": case.grams,
                           "document": case.document.map(|at| at + 1)})
                })
                .collect();
            all.insert((*name).to_owned(), json!({"overlapping": hit, "clean": count(Some(false)), "too_short": short,
                "cases": rows, "score_difference": dose.as_ref().map(|(value, interval)| json!({"value": value, "interval": bounds(*interval)}))}));
            let mut row = vec![(*name).to_owned(), hit.to_string(), count(Some(false)).to_string(), short.to_string()];
            if scores.is_some() {
                row.push(dose.as_ref().map_or_else(|| "–".into(), |(value, _)| number(Some(*value))));
                row.push(range(dose.and_then(|(_, interval)| interval)));
            }
            cells.push(row);
        }
        let any: Vec<usize> = (0..texts.len())
            .filter(|at| results.iter().any(|(_, found)| found[*at].contaminated == Some(true)))
            .collect();
        let unseen = (0..texts.len()).filter(|at| results.iter().all(|(_, f)| f[*at].contaminated.is_none())).count();
        let level = crate::answer::level(self.confidence.level);
        let mut header = vec!["rule", "overlapping", "clean", "too short"];
        if scores.is_some() {
            header.extend(["overlapping − clean", &level]);
        }
        let json = json!({"cases": texts.len(), "documents": corpus.len(), "overlapping": any.len(),
                          "too_short": unseen, "rules": all});
        let list = |at: &usize| (at + 1).to_string();
        let mut answer = Answer::new(json).line(if any.is_empty() {
            format!(
                "None of {} cases overlaps with {} documents; rephrased cases would not be seen",
                texts.len(),
                corpus.len()
            )
        } else {
            format!("{} of {} cases overlap with the corpus", any.len(), texts.len())
        });
        if !any.is_empty() {
            let shown = any.iter().take(20).map(list).collect::<Vec<_>>().join(", ");
            let more = if any.len() > 20 { ", …" } else { "" };
            answer = answer.line(format!("Rows: {shown}{more}"));
        }
        if unseen > 0 {
            answer = answer.line(format!("{unseen} cases are too short for every rule: nothing is known of them"));
        }
        Ok(answer.table(&header, cells, &[1, 2, 3, 4, 5][..header.len() - 1]).alarm(!any.is_empty()))
    }

    /// The score of overlapping minus that of clean cases, with its interval.
    fn dose(&self, scores: &[Option<f64>], found: &[Found]) -> Option<(f64, Option<assay_stats::Interval>)> {
        let known = scores.iter().zip(found).filter_map(|(score, case)| Some(((*score)?, case.contaminated?)));
        let (values, marks): (Vec<f64>, Vec<bool>) = known.unzip();
        let is_binary = values.iter().all(|v| *v == 0.0 || *v == 1.0);
        let kind = if is_binary { Kind::Binary } else { Kind::Unbounded };
        let difference = marked_difference(&values, &marks, kind, self.confidence.level)?;
        Some((difference.estimate.value?, difference.estimate.interval))
    }
}
