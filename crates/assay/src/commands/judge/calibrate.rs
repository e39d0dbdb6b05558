//! `assay judge calibrate`: a judge's stored verdicts against labels by people.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use assay_analysis::labels::{Coded, Coding, together};
use assay_analysis::{Calibrating, Certificate, standing};
use assay_core::problem::did_you_mean;
use assay_core::{Digest, Drawn, RunRecord, ScoreKind};
use assay_engine::execute::now_us;
use assay_stats::judges::Grade;
use assay_store::{Population, StoredLabel};
use clap::Args;
use serde_json::{Value, json};

use super::super::{Failure, say};
use super::label_file::{self, Line, faults};
use super::next;
use crate::exit;
use assay_home::Home;
use assay_home::judged::{Gathered, drawn, find, gather};
use assay_home::usage;

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
        let unit = |x: f64| x > 0.0 && x < 1.0;
        if !self.confidence.is_none_or(unit)
            || !unit(self.epsilon)
            || self.margin.is_some_and(|margin| !(margin >= 0.0 && margin.is_finite()))
        {
            return Err(usage(
                "--confidence and --epsilon lie between 0 and 1, --margin is a number of at least 0".into(),
            ));
        }
        let scorer = find(home, &self.judge).await?;
        let mut gathered = gather(home, scorer, &self.runs).await?;
        let known = home.state.certificate::<Certificate>(gathered.scorer.fingerprint).await?.map(|s| s.certificate);
        let criterion = match (&self.criterion, &known) {
            (Some(criterion), _) => criterion.clone(),
            (None, Some(known)) => known.criterion.clone(),
            (None, None) => gathered.scorer.name.clone(),
        };
        let coding = self.coding(&gathered, known.as_ref(), &criterion);
        if self.next.is_some() && gathered.runs.iter().any(|run| run.sealed().is_some()) {
            return Err(usage(
                "a run is over a sealed part, whose cases are not to be seen: name others with `--run`".into(),
            ));
        }
        if let Some(path) = &self.labels {
            let stored = self.match_labels(path, &criterion, &coding, &mut gathered)?;
            let added = home.state.add_labels(&criterion, &stored, self.replace, now_us()).await?;
            if !added.conflicts.is_empty() {
                let line = |source: &str| source.rsplit(':').next().and_then(|n| n.parse().ok()).unwrap_or_default();
                let said = |c: &assay_store::labels::Conflict| {
                    format!(
                        "the label {} was {} before ({}): `--replace` takes the new one and keeps the old in the history",
                        c.new.label, c.old.label, c.old.source
                    )
                };
                let found = added.conflicts.iter().map(|c| (line(&c.new.source), said(c))).collect();
                return Err(faults(
                    path,
                    &format!("{} labels say something else than before", added.conflicts.len()),
                    found,
                ));
            }
            gathered.notes.push(format!(
                "{} new labels{}{}",
                added.new,
                if added.same > 0 { format!(", {} known already", added.same) } else { String::new() },
                if added.replaced > 0 { format!(", {} replaced", added.replaced) } else { String::new() },
            ));
        }
        let stored = home.state.labels(&criterion).await?;
        if stored.is_empty() && self.next.is_none() {
            return Err(usage(format!(
                "there are no labels for `{criterion}` yet: `--labels FILE` brings some, `--next FILE` draws the items to label"
            )));
        }
        let coded: Vec<Coded> = stored
            .iter()
            .map(|label| {
                let value = coding.code(&label.label).map_err(|why| usage(format!("{}: {why}", label.source)))?;
                Ok(Coded {
                    item: label.item,
                    rater: label.rater.clone(),
                    value,
                    drawn: label.drawn,
                    chance: label.chance,
                    labelled_us: label.labelled_us,
                })
            })
            .collect::<Result<_, Failure>>()?;
        let (truths, raters) = together(&coded, coding.score);
        gathered.leave_out_unlabelled(&truths);
        let swapped = match &self.swapped {
            None => None,
            Some(name) => Some(self.other_order(home, &gathered, name).await?),
        };
        let rule = |record: &assay_core::RunRecord| {
            record.gate.rules.iter().find_map(|rule| rule.margin.filter(|_| rule.scorer == gathered.scorer.name))
        };
        let margin = self.margin.or_else(|| gathered.runs.iter().rev().find_map(rule)).unwrap_or(0.05);
        // A gate that is stricter than the certificate could not use it.
        let strictest = gathered.runs.iter().map(RunRecord::declared_confidence).fold(0.0, f64::max);
        let confidence = self.confidence.unwrap_or(strictest);
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
            confidence,
            epsilon: self.epsilon,
            now_us: now_us(),
            labels_digest: Digest::of_json(&json!(stored)),
            canaries: self.canaries,
        };
        let mut certificate = calibrating.certificate();
        certificate.notes.splice(0..0, gathered.notes.iter().cloned());
        let population = Population::new(gathered.verdicts.iter().map(|verdict| verdict.item));
        // Nothing new is known of the judge by reading the same labels again: its age and its checks stay what they are.
        let known = home.state.certificate::<Certificate>(certificate.fingerprint).await?;
        let same = known.is_some_and(|known| {
            let known = known.certificate;
            (known.labels_digest, &known.runs) == (certificate.labels_digest, &certificate.runs)
                && (known.margin, known.confidence) == (certificate.margin, certificate.confidence)
        });
        if same {
            certificate.notes.push("no label, run or margin is new: the certificate that is known stays".into());
        } else if !stored.is_empty() {
            let (judge, made) = (&certificate.judge, certificate.made_us);
            home.state.add_certificate(certificate.fingerprint, judge, made, &certificate, &population).await?;
        }
        let standing = standing(&certificate, &[], certificate.made_us);
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
            let drawn = next::draw(&gathered, &criterion, &truths, &stored, wanted, self.seed)?;
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

    /// What is asked for now, else what the last certificate used.
    fn coding(&self, gathered: &Gathered, known: Option<&Certificate>, criterion: &str) -> Coding {
        let before = known.filter(|known| known.criterion == criterion).map(|known| known.coding.clone());
        let said = !self.positive.is_empty() || self.scale.is_some();
        before.filter(|_| !said).unwrap_or_else(|| Coding {
            score: gathered.scorer.score,
            positive: self.positive.clone(),
            scale: self.scale.filter(|_| gathered.scorer.score != ScoreKind::Binary),
        })
    }

    /// The labels of a file with the items they are of; faults name the line.
    fn match_labels(
        &self,
        path: &std::path::Path,
        criterion: &str,
        coding: &Coding,
        gathered: &mut Gathered,
    ) -> Result<Vec<StoredLabel>, Failure> {
        let lines = label_file::read(path)?;
        let all = lines.len();
        let empty = lines.iter().filter(|line| line.label.label.is_null()).count();
        if empty * 10 > all && !self.unfinished {
            return Err(usage(format!(
                "{}: {empty} of {all} lines have no label yet. Labels that are missing for a reason make the rest no chance \
                 sample: finish the file, or take it as it is with `--unfinished`",
                path.display()
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
            let item = match find_item(&label, &by_case, &gathered.answers) {
                Ok(item) => item,
                Err(Unmatched::Unknown(why)) => {
                    unknown += 1;
                    if !self.skip_unknown {
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
                drawn: if says_drawn { label.drawn } else { self.drawn.unwrap_or_default() },
                chance: label.chance,
                source: format!("{}:{number}", path.display()),
                labelled_us: label.labelled,
            });
        }
        if !wrong.is_empty() {
            let what = format!("{} of {all} labels cannot be used", wrong.len());
            return Err(faults(path, &what, wrong));
        }
        if unknown > 0 {
            gathered.notes.push(format!("{unknown} labels are of cases or answers that no run of this judge has"));
        }
        if !others.is_empty() {
            let named: Vec<String> = others.iter().map(|(name, n)| format!("`{name}` ({n})")).collect();
            let words = format!("labels of other criteria are left out: {}", named.join(", "));
            if stored.is_empty() {
                return Err(usage(format!(
                    "{}: no label is of the criterion `{criterion}`; {words}. `--criterion` chooses one",
                    path.display()
                )));
            }
            gathered.notes.push(words);
        }
        if stored.is_empty() {
            return Err(usage(format!("{}: no label is of an answer that this judge has scored", path.display())));
        }
        Ok(stored)
    }

    /// The verdicts of another scorer on the same answers.
    async fn other_order(
        &self,
        home: &Home,
        gathered: &Gathered,
        name: &str,
    ) -> Result<HashMap<(usize, Digest), f64>, Failure> {
        let runs: Vec<String> = gathered.runs.iter().map(|run| run.id.to_string()).collect();
        let other = gather(home, find(home, name).await?, &runs).await?;
        let verdicts = other.verdicts.iter().filter_map(|verdict| {
            let arm = gathered.arms.iter().position(|arm| *arm == other.arms[verdict.arm])?;
            Some(((arm, verdict.item), verdict.value.ok()?))
        });
        Ok(verdicts.collect())
    }
}

enum Unmatched {
    Unknown(String),
    Ambiguous(String),
}

/// The item that a label is of.
fn find_item(
    label: &assay_core::Label,
    by_case: &HashMap<&str, Vec<(Digest, &str)>>,
    answers: &HashMap<Digest, assay_home::judged::Answer>,
) -> Result<Digest, Unmatched> {
    if let Some(item) = label.item {
        let known = answers.contains_key(&item);
        let why = || format!("no run of this judge has the item {}", item.short());
        return if known { Ok(item) } else { Err(Unmatched::Unknown(why())) };
    }
    let case = label.case.as_deref().unwrap_or_default();
    let Some(items) = by_case.get(case) else {
        let near = did_you_mean(case, by_case.keys().copied());
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
