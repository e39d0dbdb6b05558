//! `assay stats interleave`: two rankers by clicks on interleaved lists.

use std::path::PathBuf;

use assay_stats::quasi::{Impression, balanced_credit, interleaving, probabilistic_credit};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Which of two rankers people prefer, from clicks on interleaved lists: team draft with the clicks on either's picks, or
/// balanced and probabilistic lists with the rankings, what was shown and what was clicked.
#[derive(Args)]
pub struct Interleave {
    /// A table with a row per impression.
    file: PathBuf,
    /// How lists were made.
    #[arg(long, value_enum, default_value_t = How::TeamDraft)]
    method: How,
    /// The column of clicks on picks of ranker A; of its ranking, as a list such as ["d1","d2"], with another --method.
    #[arg(long)]
    a: String,
    /// The same of ranker B.
    #[arg(long)]
    b: String,
    /// The column of the list that was shown, in its order.
    #[arg(long, requires = "clicked")]
    shown: Option<String>,
    /// The column of the list of items that were clicked.
    #[arg(long, requires = "shown")]
    clicked: Option<String>,
    /// The column that says which impressions belong together, such as the user.
    #[arg(long)]
    cluster: Option<String>,
    #[command(flatten)]
    confidence: Confidence,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum How {
    /// Each ranker picks in turn; clicks on picks are counted
    TeamDraft,
    /// By turns down both lists (Joachims 2002); random clicks can prefer one of two shifted rankings
    Balanced,
    /// By lot, better ranks more likely (Hofmann 2011); a click is shared by who is likely to have put it there
    Probabilistic,
}

impl Interleave {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let credit = self.credit(&source)?;
        let clusters = self.cluster.as_deref().map(|name| source.groups(name)).transpose()?;
        let rows: Vec<Impression> = credit
            .into_iter()
            .enumerate()
            .map(|(row, (a, b))| Impression { a, b, cluster: clusters.as_ref().map(|(of, _)| of[row]) })
            .collect();
        let found = interleaving(&rows, self.confidence.level).map_err(usage)?;
        let e = &found.preference;
        let word = match e.interval {
            Some(i) if i.lower > 0.0 => "A is preferred",
            Some(i) if i.upper < 0.0 => "B is preferred",
            _ => "no preference is shown",
        };
        let p = found.p.map_or_else(String::new, |p| format!(", sign test p {p:.4}"));
        Ok(Answer::new(json!({"finding": word, "preference": e.value, "interval": bounds(e.interval), "p": found.p,
                              "wins_a": found.wins_a, "wins_b": found.wins_b, "ties": found.ties}))
        .line(format!(
            "{word}: Δ {} ({} {}{p}); {} wins of A, {} of B, {} ties",
            number(e.value),
            level(self.confidence.level),
            range(e.interval),
            found.wins_a,
            found.wins_b,
            found.ties
        )))
    }

    /// What each impression gave to the two rankers.
    fn credit(&self, source: &Table) -> Result<Vec<(f64, f64)>, Failure> {
        if self.method == How::TeamDraft {
            if self.shown.is_some() {
                return Err(usage("--shown and --clicked are for --method balanced and probabilistic"));
            }
            let (a, b) = (source.numbers(&self.a)?, source.numbers(&self.b)?);
            return Ok(a.iter().zip(&b).map(|(a, b)| (a.unwrap_or(0.0), b.unwrap_or(0.0))).collect());
        }
        let (Some(shown), Some(clicked)) = (&self.shown, &self.clicked) else {
            return Err(usage("--method balanced and probabilistic need --shown and --clicked, columns of lists"));
        };
        let (a, b) = (source.lists(&self.a)?, source.lists(&self.b)?);
        let (lists, clicks) = (source.lists(shown)?, source.lists(clicked)?);
        (0..lists.len())
            .map(|row| {
                if let Some(item) = clicks[row].iter().find(|item| !lists[row].contains(item)) {
                    let item = assay_report::plain(item, 60);
                    return Err(usage(format!("{}: `{item}` was clicked but not shown", source.place(row))));
                }
                let seen: Vec<(String, bool)> =
                    lists[row].iter().map(|item| (item.clone(), clicks[row].contains(item))).collect();
                let found = match self.method {
                    How::Balanced => balanced_credit(&a[row], &b[row], &seen),
                    _ => probabilistic_credit(&a[row], &b[row], &seen),
                };
                found.ok_or_else(|| {
                    usage(format!(
                        "{}: an item of `{shown}` is in neither ranking, or is shown twice",
                        source.place(row)
                    ))
                })
            })
            .collect()
    }
}
