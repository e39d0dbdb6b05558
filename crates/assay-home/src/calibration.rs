//! A judge's stored verdicts against labels by people: labels are matched to answers, kept, and read into a certificate.

pub mod label_file;
mod matching;

use std::collections::{HashMap, HashSet};

use assay_analysis::labels::{Coded, Coding, Truth, together};
use assay_analysis::{Calibrating, Certificate, Standing, standing};
use assay_core::score::ScorerRecord;
use assay_core::{Digest, Drawn, RunRecord, ScoreKind};
use assay_engine::execute::now_us;
use assay_store::labels::{Added, Conflict};
use assay_store::{Population, StoredLabel};
use serde_json::json;

use crate::judged::{Gathered, find, gather};
use crate::{Failure, Home, usage, waiting};

use label_file::faults;
pub use label_file::{Faults, LabelFile, ProjectLabels};

/// How a judge is calibrated.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The runs that labels were drawn from; the complete runs with this judge when empty.
    pub runs: Vec<String>,
    /// The criterion whose labels are taken; the last certificate's, else the judge's name.
    pub criterion: Option<String>,
    /// How the labelled items were chosen, where the lines do not say.
    pub drawn: Option<Drawn>,
    /// Labels that mean a pass; others mean a fail.
    pub positive: Vec<String>,
    /// The scale of the labels, where it is not the judge's.
    pub scale: Option<(f64, f64)>,
    /// Whether a new label replaces one of the same item and rater that says something else.
    pub replace: bool,
    /// Whether labels of cases and items that no run has are left out.
    pub skip_unknown: bool,
    /// Whether a file is taken of which more than a tenth of the lines have no label yet.
    pub unfinished: bool,
    /// The judge's verdicts with the order of each pair turned round: another scorer of the same runs.
    pub swapped: Option<String>,
    /// The margin of the differences that it is to decide; that of the suite's gate, else 0.05.
    pub margin: Option<f64>,
    /// What a person costs more, for the alt-test.
    pub epsilon: f64,
    /// Confidence of the intervals; the strictest of the suites' gates by default.
    pub confidence: Option<f64>,
    /// Verdicts to freeze.
    pub canaries: usize,
    /// Whether items are to be drawn for labels: that needs no label yet, and no run over a sealed part.
    pub draws: bool,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            runs: Vec::new(),
            criterion: None,
            drawn: None,
            positive: Vec::new(),
            scale: None,
            replace: false,
            skip_unknown: false,
            unfinished: false,
            swapped: None,
            margin: None,
            epsilon: 0.15,
            confidence: None,
            canaries: 50,
            draws: false,
        }
    }
}

impl Asked {
    fn check(&self) -> Result<(), Failure> {
        let unit = |x: f64| x > 0.0 && x < 1.0;
        if !self.confidence.is_none_or(unit)
            || !unit(self.epsilon)
            || self.margin.is_some_and(|margin| !(margin >= 0.0 && margin.is_finite()))
        {
            return Err(usage(
                "--confidence and --epsilon lie between 0 and 1, --margin is a number of at least 0".into(),
            ));
        }
        Ok(())
    }

    /// What is asked for now, else what the last certificate used.
    fn coding(&self, score: ScoreKind, known: Option<&Certificate>, criterion: &str) -> Coding {
        let before = known.filter(|known| known.criterion == criterion).map(|known| known.coding.clone());
        let said = !self.positive.is_empty() || self.scale.is_some();
        before.filter(|_| !said).unwrap_or_else(|| Coding {
            score,
            positive: self.positive.clone(),
            scale: self.scale.filter(|_| score != ScoreKind::Binary),
        })
    }
}

/// A judge that was compared with people.
pub struct Calibrated {
    /// What it may be used for and why. Its notes begin with those of what happened on the way.
    pub certificate: Certificate,
    /// What that is worth now, before anything was asked again.
    pub standing: Standing,
    /// What happened on the way.
    pub notes: Vec<String>,
    /// What became of the labels that were handed over.
    pub added: Added,
    /// What the runs hold of it.
    pub gathered: Gathered,
    /// What people say, by item.
    pub truths: HashMap<Digest, Truth>,
    /// Every label of the criterion.
    pub stored: Vec<StoredLabel>,
}

/// Compares a judge with people: those whose labels are handed over now, and those whose labels are kept already.
///
/// # Errors
/// Lines that cannot be used or that contradict what was said before ([`Faults`]), no labels at all, a judge or run that is not
/// there, numbers out of range: nothing is stored then. The workspace fails.
pub async fn calibrate(
    home: &Home,
    scorer: ScorerRecord,
    labels: Option<LabelFile>,
    asked: &Asked,
) -> Result<Calibrated, Failure> {
    asked.check()?;
    let mut gathered = gather(home, scorer, &asked.runs).await?;
    let known = home.state.certificate::<Certificate>(gathered.scorer.fingerprint).await?.map(|s| s.certificate);
    let criterion = match (&asked.criterion, &known) {
        (Some(criterion), _) => criterion.clone(),
        (None, Some(known)) => known.criterion.clone(),
        (None, None) => gathered.scorer.name.clone(),
    };
    let coding = asked.coding(gathered.scorer.score, known.as_ref(), &criterion);
    if asked.draws && gathered.runs.iter().any(|run| run.sealed().is_some()) {
        return Err(usage(
            "a run is over a sealed part, whose cases are not to be seen: name others with `--run`".into(),
        ));
    }
    let turned = match &asked.swapped {
        None => None,
        Some(name) => Some(find(home, name).await?),
    };
    let added = match labels {
        None => Added::default(),
        Some(file) => {
            let name = file.name.clone();
            let new = matching::matched(file, asked, &criterion, &coding, &mut gathered)?;
            keep(home, (&name, &criterion), &coding, &new, asked.replace, &mut gathered.notes).await?
        }
    };
    let stored = home.state.labels(&criterion).await?;
    if stored.is_empty() && !asked.draws {
        return Err(usage(format!(
            "there are no labels for `{criterion}` yet: `--labels FILE` brings some, `--next FILE` draws the items to label"
        )));
    }
    let coded: Vec<Coded> = stored.iter().map(|label| coded(&coding, label)).collect::<Result<_, _>>()?;
    let (truths, raters) = together(&coded, coding.score);
    gathered.leave_out_unlabelled(&truths);
    let swapped = match turned {
        None => None,
        Some(scorer) => Some(other_order(home, &gathered, scorer).await?),
    };
    let rule = |record: &RunRecord| {
        record.gate.rules.iter().find_map(|rule| rule.margin.filter(|_| rule.scorer == gathered.scorer.name))
    };
    let margin = asked.margin.or_else(|| gathered.runs.iter().rev().find_map(rule)).unwrap_or(0.05);
    // A gate that is stricter than the certificate could not use it.
    let strictest = gathered.runs.iter().map(RunRecord::declared_confidence).fold(0.0, f64::max);
    let slices = gathered.runs.last().map(|run| run.slices.clone()).unwrap_or_default();
    let calibrating = Calibrating {
        judge: &gathered.scorer.name,
        fingerprint: gathered.scorer.fingerprint,
        criterion: &criterion,
        coding,
        direction: gathered.scorer.direction,
        threshold: gathered.scorer.threshold,
        runs: gathered.runs.iter().map(|run| run.id).collect(),
        arms: gathered.arms.clone(),
        verdicts: &gathered.verdicts,
        truths: (&truths, &raters),
        swapped: swapped.as_ref(),
        orders: &gathered.orders,
        slices: &slices,
        margin,
        confidence: asked.confidence.unwrap_or(strictest),
        epsilon: asked.epsilon,
        now_us: now_us(),
        labels_digest: Digest::of_json(&json!(stored)),
        canaries: asked.canaries,
    };
    let mut certificate = waiting(|| calibrating.certificate());
    let mut notes = gathered.notes.clone();
    certificate.notes.splice(0..0, notes.iter().cloned());
    let population = Population::new(gathered.verdicts.iter().map(|verdict| verdict.item));
    // Nothing new is known of the judge by reading the same labels again: its age and its checks stay what they are.
    let known = home.state.certificate::<Certificate>(certificate.fingerprint).await?;
    let same = known.is_some_and(|known| {
        let known = known.certificate;
        (known.labels_digest, &known.runs) == (certificate.labels_digest, &certificate.runs)
            && (&known.criterion, &known.coding) == (&certificate.criterion, &certificate.coding)
            && (known.margin, known.confidence) == (certificate.margin, certificate.confidence)
            // Earlier versions counted a label once for each target that gave the answer.
            && known.labels == certificate.labels
    });
    if same {
        let why = "no label, run or margin is new: the certificate that is known stays";
        certificate.notes.push(why.into());
        notes.push(why.into());
    } else if !stored.is_empty() {
        let (judge, made) = (&certificate.judge, certificate.made_us);
        home.state.add_certificate(certificate.fingerprint, judge, made, &certificate, &population).await?;
    }
    let standing = standing(&certificate, &[], certificate.made_us);
    Ok(Calibrated { certificate, standing, notes, added, gathered, truths, stored })
}

/// A stored label on the judge's scale.
fn coded(coding: &Coding, label: &StoredLabel) -> Result<Coded, Failure> {
    let value = coding.code(&label.label).map_err(|why| usage(format!("{}: {why}", label.source)))?;
    Ok(Coded {
        item: label.item,
        rater: label.rater.clone(),
        value,
        drawn: label.drawn,
        chance: label.chance,
        labelled_us: label.labelled_us,
    })
}

/// Keeps new labels, all or none.
async fn keep(
    home: &Home,
    (name, criterion): (&str, &str),
    coding: &Coding,
    new: &[StoredLabel],
    replace: bool,
    notes: &mut Vec<String>,
) -> Result<Added, Failure> {
    // Labels that were there before are read with these: what cannot be is found before anything is stored.
    let spoken: HashSet<(Digest, &str)> = new.iter().map(|label| (label.item, label.rater.as_str())).collect();
    for label in home.state.labels(criterion).await? {
        if !spoken.contains(&(label.item, label.rater.as_str())) {
            coded(coding, &label)?;
        }
    }
    let added = home.state.add_labels(criterion, new, replace, now_us()).await?;
    if !added.conflicts.is_empty() {
        let line = |source: &str| source.rsplit(':').next().and_then(|n| n.parse().ok()).unwrap_or_default();
        let said = |c: &Conflict| {
            format!(
                "the label {} was {} before ({}): `--replace` takes the new one and keeps the old in the history",
                c.new.label, c.old.label, c.old.source
            )
        };
        let found = added.conflicts.iter().map(|c| (line(&c.new.source), said(c))).collect();
        return Err(faults(name, &format!("{} labels say something else than before", added.conflicts.len()), found));
    }
    notes.push(format!(
        "{} new labels{}{}",
        added.new,
        if added.same > 0 { format!(", {} known already", added.same) } else { String::new() },
        if added.replaced > 0 { format!(", {} replaced", added.replaced) } else { String::new() },
    ));
    Ok(added)
}

/// The verdicts of another scorer on the same answers.
async fn other_order(
    home: &Home,
    gathered: &Gathered,
    scorer: ScorerRecord,
) -> Result<HashMap<(usize, Digest), f64>, Failure> {
    let runs: Vec<String> = gathered.runs.iter().map(|run| run.id.to_string()).collect();
    let other = gather(home, scorer, &runs).await?;
    let verdicts = other.verdicts.iter().filter_map(|verdict| {
        let arm = gathered.arms.iter().position(|arm| *arm == other.arms[verdict.arm])?;
        Some(((arm, verdict.item), verdict.value.ok()?))
    });
    Ok(verdicts.collect())
}
