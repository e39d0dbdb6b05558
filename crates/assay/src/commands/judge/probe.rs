//! `assay judge probe`: what moves a judge beside the quality of an answer.

use assay_report::{plain, terminal};
use clap::Args;

use super::super::{Failure, say};
use crate::exit;
use assay_home::Home;
use assay_home::judged::find;
use assay_home::probes::{Found, Probed, Probing};

/// Biases are read off judge − people on labelled answers: does it move with the answer's length, its format, the slice, or
/// whether the judge's own family of models wrote it? All p-values are adjusted together (Holm). Order needs verdicts with the
/// pairs turned round, flips need repeats.
#[derive(Args)]
pub struct Probe {
    /// The judge: a scorer's name, or the beginning of its fingerprint.
    judge: String,
    /// The runs [default: the complete runs with this judge].
    #[arg(long = "run", value_name = "RUN")]
    runs: Vec<String>,
    /// Targets of the judge's own family: those whose names hold this word.
    #[arg(long, value_name = "WORD")]
    family: Option<String>,
    /// The judge's verdicts with the order of each pair turned round: another scorer of the same runs.
    #[arg(long, value_name = "SCORER")]
    swapped: Option<String>,
    /// Only slices of this metadata key, such as `language` [default: all declared keys].
    #[arg(long, value_name = "KEY")]
    slice: Vec<String>,
    /// Confidence of the intervals.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Probe {
    pub async fn run(self, home: &Home) -> Result<u8, Failure> {
        let Self { judge, runs, family, swapped, slice, confidence, json } = self;
        let scorer = find(home, &judge).await?;
        let probed = Probing { runs, family, swapped, slice, confidence }.of(home, scorer).await?;
        if json {
            say(&serde_json::to_string(&probed)?);
            return Ok(exit::PASS);
        }
        let Probed { probes: found, notes, .. } = probed;
        let rows = found.iter().map(|one: &Found| {
            vec![
                one.probe.clone(),
                one.what.clone(),
                one.value.map_or_else(|| "not defined".into(), |v| format!("{v:+.3}")),
                one.interval.map_or_else(String::new, |i| format!("{:+.3} to {:+.3}", i.lower, i.upper)),
                one.p.map_or_else(String::new, |p| format!("{p:.2e}")),
                one.answers.to_string(),
            ]
        });
        say(&terminal::table(
            &["probe", "what", "value", "interval", "p (Holm)", "answers"],
            rows.collect(),
            &[2, 3, 4, 5],
        ));
        let biased: Vec<&str> =
            found.iter().filter(|one| one.p.is_some_and(|p| p < 0.05)).map(|one| one.what.as_str()).collect();
        say(&match biased.is_empty() {
            true => "no bias is shown; what the intervals leave open may still be there".to_owned(),
            false => format!("bias is shown: {}", plain(&biased.join("; "), 600)),
        });
        notes.iter().for_each(|note| say(&format!("note: {}", plain(note, 400))));
        Ok(exit::PASS)
    }
}
