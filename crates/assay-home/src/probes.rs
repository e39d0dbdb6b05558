//! What moves a judge beside the quality of an answer, read off stored verdicts and labels: no model is asked.
//!
//! Biases are read off judge − people on labelled answers: does it move with the answer's length, its format, the slice, or
//! whether the judge's own family of models wrote it? Order needs verdicts with the pairs turned round, flips need repeats.

use std::collections::{BTreeSet, HashMap};

use assay_analysis::labels::{Coding, Truth, together};
use assay_analysis::{Certificate, Standing, standing};
use assay_core::score::ScorerRecord;
use assay_core::{Digest, ScoreKind};
use assay_engine::execute::now_us;
use assay_stats::Interval;
use assay_stats::calibration::{flip_rate, position_bias};
use assay_stats::correlation::{Coefficient, interval as correlation_interval, pearson};
use assay_stats::judges::{group_difference, verbosity};
use assay_stats::multiplicity::holm;
use assay_stats::proportion::{critical, wilson};
use assay_stats::special::normal_cdf;
use assay_store::{Check, StoredCertificate};
use serde::Serialize;

use crate::judged::{Gathered, coded, find, gather};
use crate::{Failure, Home, usage};

/// The least answers on either side of a comparison.
const LEAST: usize = 10;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Probing {
    /// The runs; the complete runs with this judge when there is none.
    pub runs: Vec<String>,
    /// Targets of the judge's own family: those whose names hold this word.
    pub family: Option<String>,
    /// The judge's verdicts with the order of each pair turned round: another scorer of the same runs.
    pub swapped: Option<String>,
    /// Only slices of these metadata keys; all declared keys when there is none.
    pub slice: Vec<String>,
    /// Confidence of the intervals.
    pub confidence: f64,
}

impl Default for Probing {
    fn default() -> Self {
        Self { runs: Vec::new(), family: None, swapped: None, slice: Vec::new(), confidence: 0.95 }
    }
}

/// What a probe found.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "JudgeProbe")]
pub struct Found {
    /// `order`, `length`, `own family`, `format`, `slice` or `flips`.
    pub probe: String,
    /// What the number is.
    pub what: String,
    /// The number; none where it is not defined.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// The p-value of no bias, adjusted over all probes together (Holm).
    pub p: Option<f64>,
    /// Answers behind it.
    pub answers: usize,
}

/// What was found of a judge.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "JudgeProbes")]
pub struct Probed {
    /// The judge.
    pub judge: String,
    /// Judged answers that carry a label.
    pub labelled: usize,
    /// What was found.
    pub probes: Vec<Found>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// A labelled answer as it was judged.
struct Judged {
    item: Digest,
    arm: usize,
    case: u32,
    judge: f64,
    people: f64,
    metadata: Vec<(String, String)>,
}

impl Probing {
    /// Looks for biases of a judge.
    ///
    /// # Errors
    /// A confidence that is none, runs without the judge, or a workspace that cannot be read.
    pub async fn of(&self, home: &Home, scorer: ScorerRecord) -> Result<Probed, Failure> {
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(usage("the confidence lies between 0 and 1".into()));
        }
        let gathered = gather(home, scorer, &self.runs).await?;
        let certificate = home.state.certificate::<Certificate>(gathered.scorer.fingerprint).await?;
        let truths = match &certificate {
            Some(stored) => home.truths(&stored.certificate).await?.0,
            None => of_name(home, &gathered).await?,
        };
        let judged = labelled(&gathered, &truths);
        let mut notes = gathered.notes.clone();
        if judged.is_empty() {
            notes.push(
                "no judged answer carries a label: without people nobody knows whether longer answers are preferred or better"
                    .into(),
            );
        }
        let mut found = Vec::new();
        self.order(home, &gathered, &mut found, &mut notes).await?;
        self.length(&gathered, &judged, &mut found);
        self.family(&gathered, &judged, &mut found, &mut notes);
        let marked = |j: &Judged| gathered.answers.get(&j.item).is_some_and(|answer| answer.marks > 0.0);
        self.apart("format", "answers with lists or Markdown", &judged, &marked, &mut found);
        self.slices(&gathered, &judged, &mut found);
        flips(&gathered, self.confidence, &mut found, &mut notes);
        let p: Vec<f64> = found.iter().filter_map(|one| one.p).collect();
        let mut adjusted = holm(&p).into_iter();
        for one in found.iter_mut().filter(|one| one.p.is_some()) {
            one.p = adjusted.next();
        }
        Ok(Probed { judge: gathered.scorer.name, labelled: judged.len(), probes: found, notes })
    }

    async fn order(
        &self,
        home: &Home,
        gathered: &Gathered,
        found: &mut Vec<Found>,
        notes: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let mut pairs: Vec<(f64, f64)> = gathered.orders.iter().map(|(a, b, _)| (*a, *b)).collect();
        if let Some(name) = &self.swapped {
            let runs: Vec<String> = gathered.runs.iter().map(|run| run.id.to_string()).collect();
            let other = gather(home, find(home, name).await?, &runs).await?;
            let turned: HashMap<(&str, Digest, u32), f64> = other
                .verdicts
                .iter()
                .filter_map(|v| Some(((other.arms[v.arm].as_str(), v.item, v.epoch), v.value.ok()?)))
                .collect();
            pairs = gathered
                .verdicts
                .iter()
                .filter_map(|v| Some((v.value.ok()?, *turned.get(&(gathered.arms[v.arm].as_str(), v.item, v.epoch))?)))
                .collect();
            if pairs.is_empty() {
                notes.push(format!("no answer has verdicts of both `{}` and `{name}`", gathered.scorer.name));
            }
        }
        let Some(bias) = position_bias(&pairs) else { return Ok(()) };
        let z = critical(self.confidence);
        let n = bias.pairs as f64;
        let mut add = |what: &str, value: f64, of: f64, p: Option<f64>| {
            found.push(Found {
                probe: "order".into(),
                what: what.into(),
                value: Some(value),
                interval: wilson(value * of, of, z),
                p,
                answers: of as usize,
            });
        };
        add("same verdict in both orders", bias.consistent, n, None);
        if let Some(first) = bias.first_place {
            let flipped = n - (bias.consistent * n).round();
            let score = (first - 0.5).abs() / (0.25 / flipped).sqrt();
            add("of the flips, those for the first place", first, flipped, Some(2.0 * normal_cdf(-score)));
        }
        Ok(())
    }

    fn length(&self, gathered: &Gathered, judged: &[Judged], found: &mut Vec<Found>) {
        let length =
            |j: &Judged| gathered.answers.get(&j.item).map_or(0.0, |answer| (answer.length as f64).max(1.0).ln());
        if judged.len() < 2 * LEAST {
            return;
        }
        let logs: Vec<f64> = judged.iter().map(length).collect();
        if gathered.scorer.score == ScoreKind::Binary {
            let passes: Vec<bool> = judged.iter().map(|j| j.judge == 1.0).collect();
            let people: Vec<f64> = judged.iter().map(|j| j.people).collect();
            let bias = verbosity(&passes, &people, &logs, self.confidence);
            found.push(Found {
                probe: "length".into(),
                what: "log odds of a pass for an answer e times as long, people's verdict held fixed".into(),
                value: bias.as_ref().map(|b| b.coefficient),
                interval: bias.as_ref().map(|b| b.interval),
                p: bias.as_ref().map(|b| b.p),
                answers: judged.len(),
            });
            return;
        }
        let residual: Vec<f64> = judged.iter().map(|j| j.judge - j.people).collect();
        let r = pearson(&residual, &logs);
        let z = r.map(|r| r.clamp(-0.999_999, 0.999_999).atanh() * (judged.len() as f64 - 3.0).sqrt());
        found.push(Found {
            probe: "length".into(),
            what: "correlation of judge − people with log-length".into(),
            value: r,
            interval: r.and_then(|r| correlation_interval(r, judged.len(), Coefficient::Pearson, self.confidence)),
            p: z.map(|z| 2.0 * normal_cdf(-z.abs())),
            answers: judged.len(),
        });
    }

    fn family(&self, gathered: &Gathered, judged: &[Judged], found: &mut Vec<Found>, notes: &mut Vec<String>) {
        let Some(word) = &self.family else { return };
        let own: Vec<bool> =
            gathered.arms.iter().map(|arm| arm.to_lowercase().contains(&word.to_lowercase())).collect();
        if own.iter().all(|own| *own) || !own.contains(&true) {
            let names = gathered.arms.join(", ");
            notes.push(format!(
                "`{word}` is in the names of all targets or of none ({names}): there is nothing to compare"
            ));
            return;
        }
        let what = format!("answers of targets with `{word}` in their names");
        self.apart("own family", &what, judged, &|j| own[j.arm], found);
    }

    fn slices(&self, gathered: &Gathered, judged: &[Judged], found: &mut Vec<Found>) {
        let declared = gathered.runs.iter().flat_map(|run| &run.slices).filter_map(|slice| match slice {
            assay_core::SliceDecl::Key(key) => Some(key.clone()),
            assay_core::SliceDecl::Where { .. } => None,
        });
        let keys: BTreeSet<String> =
            if self.slice.is_empty() { declared.collect() } else { self.slice.iter().cloned().collect() };
        for key in keys {
            let tag = |j: &Judged| j.metadata.iter().find(|(known, _)| *known == key).map(|(_, value)| value.clone());
            let values: BTreeSet<String> = judged.iter().filter_map(tag).collect();
            for value in values {
                let what = format!("{key} = {value}");
                self.apart("slice", &what, judged, &|j| tag(j).as_deref() == Some(value.as_str()), found);
            }
        }
    }

    /// Judge − people where something holds, less the same elsewhere.
    fn apart(
        &self,
        probe: &str,
        what: &str,
        judged: &[Judged],
        holds: &dyn Fn(&Judged) -> bool,
        found: &mut Vec<Found>,
    ) {
        let second: Vec<bool> = judged.iter().map(holds).collect();
        let those = second.iter().filter(|held| **held).count();
        if those < LEAST || judged.len() - those < LEAST {
            return;
        }
        let residual: Vec<f64> = judged.iter().map(|j| j.judge - j.people).collect();
        let clusters: Vec<u32> = judged.iter().map(|j| j.case).collect();
        let effect = group_difference(&residual, &second, &clusters, self.confidence).ok();
        found.push(Found {
            probe: probe.into(),
            what: format!("judge − people for {what}, less the same for others"),
            value: effect.map(|e| e.value),
            interval: effect.map(|e| e.interval),
            p: effect.map(|e| e.p),
            answers: those,
        });
    }
}

fn flips(gathered: &Gathered, confidence: f64, found: &mut Vec<Found>, notes: &mut Vec<String>) {
    let mut repeats: HashMap<(usize, Digest), HashMap<u32, f64>> = HashMap::new();
    for verdict in &gathered.verdicts {
        if let Ok(value) = verdict.value {
            repeats.entry((verdict.arm, verdict.item)).or_default().entry(verdict.epoch).or_insert(value);
        }
    }
    let rows: Vec<Vec<f64>> =
        repeats.into_values().filter(|of| of.len() > 1).map(|of| of.into_values().collect()).collect();
    let Some(rate) = flip_rate(&rows, gathered.scorer.score.tolerance()) else {
        notes.push(
            "no answer was judged twice: `epochs`, or `assay judge check`, show how often a verdict flips".into(),
        );
        return;
    };
    let n = rows.len() as f64;
    found.push(Found {
        probe: "flips".into(),
        what: "verdict differs when asked again".into(),
        value: Some(rate),
        interval: wilson(rate * n, n, critical(confidence)),
        p: None,
        answers: rows.len(),
    });
}

/// The labelled answers, each arm's once.
fn labelled(gathered: &Gathered, truths: &HashMap<Digest, Truth>) -> Vec<Judged> {
    let mut seen = BTreeSet::new();
    let verdicts = gathered.verdicts.iter().filter(|verdict| verdict.value.is_ok());
    verdicts
        .filter(|verdict| seen.insert((verdict.arm, verdict.item)))
        .filter_map(|verdict| {
            let truth = truths.get(&verdict.item)?;
            Some(Judged {
                item: verdict.item,
                arm: verdict.arm,
                case: verdict.cluster,
                judge: verdict.value.ok()?,
                people: truth.value?,
                metadata: verdict.metadata.clone(),
            })
        })
        .collect()
}

/// Labels of the judge's name, for a judge without a certificate.
pub async fn of_name(home: &Home, gathered: &Gathered) -> Result<HashMap<Digest, Truth>, Failure> {
    let coding = Coding { score: gathered.scorer.score, positive: Vec::new(), scale: None };
    let stored = home.state.labels(&gathered.scorer.name).await?;
    let coded: Vec<_> = stored.into_iter().filter_map(|label| coded(&coding, label)).collect();
    Ok(together(&coded, coding.score).0)
}

impl Home {
    /// What a certificate is worth now, with the checks of its frozen verdicts.
    ///
    /// # Errors
    /// The database fails.
    pub async fn standing(&self, stored: &StoredCertificate<Certificate>) -> Result<(Standing, Vec<Check>), Failure> {
        let checks = self.state.checks(stored.id).await?;
        let same: Vec<Vec<bool>> = checks.iter().map(|check| check.same.clone()).collect();
        Ok((standing(&stored.certificate, &same, now_us()), checks))
    }
}
