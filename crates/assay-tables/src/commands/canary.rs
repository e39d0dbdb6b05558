//! `assay stats canary`: canary strings in a corpus, and whether a model knows one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_stats::holdout::{canaries, canary_rank, exposure};
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, usage};
use crate::{Answer, Failure, Table};

/// With `--text`, the GUIDs after `canary GUID` in a corpus: evaluation data is in it. With `--log-probability`, a probe: a
/// row per GUID, the true one and random ones, with the log-probability that a model gives to it; the rank of the true one
/// says whether the model has memorised it. What is found exits with 1.
#[derive(Args)]
pub struct Canary {
    /// A table with a row per document, or per GUID of a probe.
    file: PathBuf,
    /// The column of texts to look through.
    #[arg(long, required_unless_present = "log_probability")]
    text: Option<String>,
    /// Look for this GUID only.
    #[arg(long, requires = "text")]
    guid: Option<String>,
    /// The column of log-probabilities of a probe.
    #[arg(long, conflicts_with = "text", requires = "own")]
    log_probability: Option<String>,
    /// The column that says which row is the true canary: yes in one row, no in the others.
    #[arg(long, requires = "log_probability")]
    own: Option<String>,
    #[command(flatten)]
    confidence: Confidence,
}

impl Canary {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        match (&self.text, &self.log_probability, &self.own) {
            (_, Some(scores), Some(own)) => self.probe(&source, scores, own),
            (Some(text), ..) => self.search(&source.texts(text)?),
            _ => Err(usage("--text names the column of a corpus, --log-probability that of a probe")),
        }
    }

    fn search(&self, texts: &[Option<String>]) -> Result<Answer, Failure> {
        let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (row, text) in texts.iter().enumerate() {
            for guid in text.as_deref().map(canaries).unwrap_or_default() {
                let guid = guid.to_ascii_lowercase();
                if self.guid.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(&guid)) {
                    let rows = found.entry(guid).or_default();
                    if rows.last() != Some(&(row + 1)) {
                        rows.push(row + 1);
                    }
                }
            }
        }
        let first = match found.len() {
            0 => format!("no canary in {} documents; data without its canary line would not be seen", texts.len()),
            n => format!("{n} canaries in {} documents: evaluation data is in this corpus", texts.len()),
        };
        let rows = found
            .iter()
            .take(20)
            .map(|(guid, rows)| vec![guid.clone(), rows.len().to_string(), rows[0].to_string()])
            .collect();
        let json = json!({"documents": texts.len(), "canaries": found});
        Ok(Answer::new(json)
            .line(first)
            .table(&["GUID", "documents", "first row"], rows, &[1, 2])
            .alarm(!found.is_empty()))
    }

    fn probe(&self, source: &Table, scores: &str, own: &str) -> Result<Answer, Failure> {
        let (scores, own_flags) = (source.numbers(scores)?, source.flags(own, None)?);
        let (mut truth, mut others) = (Vec::new(), Vec::new());
        for (row, (score, own)) in scores.iter().zip(own_flags).enumerate() {
            let (Some(score), Some(own)) = (score, own) else {
                return Err(usage(format!("{}: a probe needs a log-probability and yes or no", source.place(row))));
            };
            if own { &mut truth } else { &mut others }.push(*score);
        }
        let [truth] = truth[..] else {
            return Err(usage(format!("`{own}` says yes in {} rows: a probe has one true canary", truth.len())));
        };
        let candidates = others.len() as u64 + 1;
        let rank = canary_rank(truth, &others).ok_or_else(|| usage("a log-probability is not a number"))?;
        // Without memory the true canary is one of many like it: each rank is as likely.
        let p = rank as f64 / candidates as f64;
        let known = p <= 1.0 - self.confidence.level;
        let bits = exposure(rank, candidates);
        let json = json!({"rank": rank, "candidates": candidates, "exposure": bits, "p": p, "memorised": known});
        let line = format!(
            "rank {rank} of {candidates}, exposure {:.2} of {:.2} bits, p {p:.4}: {}",
            bits.unwrap_or(0.0),
            (candidates as f64).log2(),
            if known { "the model knows this canary" } else { "no sign that the model knows it" }
        );
        let few = (p > 0.0 && 1.0 / candidates as f64 > 1.0 - self.confidence.level).then(|| {
            format!(
                "with {candidates} candidates p cannot fall below {:.3}: probe more random ones",
                1.0 / candidates as f64
            )
        });
        Ok(Answer::new(json).line(line).lines(few).alarm(known))
    }
}
