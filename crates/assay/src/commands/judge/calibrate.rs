//! `assay judge calibrate`: a judge's stored verdicts against labels by people.

use std::path::PathBuf;

use assay_core::Drawn;
use assay_stats::judges::Grade;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::next;
use crate::exit;
use assay_home::Home;
use assay_home::calibration::{Asked, Calibrated, LabelFile, calibrate};
use assay_home::judged::{drawn, find};

/// Compares a judge with people. Labels are matched to the answers that stored runs hold, by item or by case, kept in the
/// workspace, and compared with what the judge said; the certificate that comes of it says what the judge may be used for.
#[derive(Args)]
pub struct Calibrate {
    /// The judge: a scorer's name, or the beginning of its fingerprint.
    pub(super) judge: String,
    /// Labels by people, JSON lines or CSV: `item` or `case` (and `target`), `label`, and where known `rater`, `criterion`,
    /// `drawn`, `chance`. Without it the labels that are kept already count.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// The runs that labels were drawn from [default: the complete runs with this judge].
    #[arg(long = "run", value_name = "RUN")]
    runs: Vec<String>,
    /// The criterion whose labels are taken [default: the judge's name, and labels that name none].
    #[arg(long)]
    criterion: Option<String>,
    /// How the labelled items were chosen, where the lines do not say: `random` or `by_hand`.
    #[arg(long, value_name = "HOW", value_parser = drawn)]
    drawn: Option<Drawn>,
    /// A label that means a pass; others mean a fail. May be given several times.
    #[arg(long, value_name = "LABEL")]
    positive: Vec<String>,
    /// The scale of the labels, where it is not the judge's: `1..5`.
    #[arg(long, value_name = "MIN..MAX", value_parser = scale)]
    scale: Option<(f64, f64)>,
    /// Take the new label where one of the same item and rater says something else.
    #[arg(long)]
    replace: bool,
    /// Leave out labels of cases and items that no run has, instead of refusing the file.
    #[arg(long)]
    skip_unknown: bool,
    /// Take a file although more than a tenth of its lines have no label yet.
    #[arg(long)]
    unfinished: bool,
    /// The judge's verdicts with the order of each pair turned round: another scorer of the same runs.
    #[arg(long, value_name = "SCORER")]
    swapped: Option<String>,
    /// The margin of the differences that it is to decide [default: the suite's gate, else 0.05].
    #[arg(long)]
    margin: Option<f64>,
    /// What a person costs more, for the alt-test: 0.2 for experts, 0.15 for skilled, 0.1 for crowd raters.
    #[arg(long, default_value_t = 0.15)]
    epsilon: f64,
    /// Confidence of the intervals [default: the suite's gate].
    #[arg(long)]
    confidence: Option<f64>,
    /// Verdicts to freeze, for `assay judge check`.
    #[arg(long, default_value_t = 50, value_name = "N")]
    canaries: usize,
    /// Write the items to label next into this file, with the chances they were drawn with.
    #[arg(long, value_name = "FILE")]
    next: Option<PathBuf>,
    /// How many items to label next [default: as many as the next grade lacks].
    #[arg(long, value_name = "N", requires = "next")]
    next_count: Option<u64>,
    /// Seed of the draw.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn scale(text: &str) -> Result<(f64, f64), String> {
    let ends = text.split_once("..").and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    match ends {
        Some((from, to)) if from < to => Ok((from, to)),
        _ => Err("a scale is MIN..MAX, such as 1..5".into()),
    }
}

impl Calibrate {
    pub async fn run(self, home: &Home) -> Result<u8, Failure> {
        let asked = Asked {
            runs: self.runs,
            criterion: self.criterion,
            drawn: self.drawn,
            positive: self.positive,
            scale: self.scale,
            replace: self.replace,
            skip_unknown: self.skip_unknown,
            unfinished: self.unfinished,
            swapped: self.swapped,
            margin: self.margin,
            epsilon: self.epsilon,
            confidence: self.confidence,
            canaries: self.canaries,
            draws: self.next.is_some(),
        };
        let judge = find(home, &self.judge).await?;
        let labels = self.labels.as_deref().map(LabelFile::read).transpose()?;
        let found = calibrate(home, judge, labels, &asked).await?;
        let Calibrated { certificate, standing, gathered, truths, stored, .. } = found;
        if self.json {
            say(&serde_json::to_string_pretty(&json!({"certificate": certificate, "standing": standing}))?);
        } else {
            say(&assay_report::judge::text(&certificate, &standing));
            if !certificate.canaries.is_empty() && standing.grade < Grade::A {
                say(&format!("\n`assay judge check {}` asks again on the frozen verdicts", certificate.judge));
            }
        }
        if let Some(path) = &self.next {
            let wanted = self.next_count.unwrap_or_else(|| certificate.labels_to_go());
            let drawn = next::draw(&gathered, &certificate.criterion, &truths, &stored, wanted, self.seed)?;
            next::write(path, &drawn)?;
            say(&format!(
                "{} items to label are in {}: write each line's `label`, then `assay judge calibrate {} --labels {}`",
                drawn.iter().filter(|label| label.label.is_null()).count(),
                path.display(),
                certificate.judge,
                path.display()
            ));
        }
        Ok(exit::PASS)
    }
}
