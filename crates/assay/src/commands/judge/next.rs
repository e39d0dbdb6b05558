//! Which answers people should label next.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::Path;

use assay_analysis::labels::Truth;
use assay_core::{Digest, Drawn, Label};
use assay_stats::judges::{Pool, next_labels};
use assay_store::StoredLabel;
use serde_json::{Value, json};

use super::super::Failure;
use assay_home::judged::Gathered;
use assay_home::usage;

/// The share of items that is drawn by size alone, so that estimates stay unbiased whatever the guesses are worth.
const UNIFORM: f64 = 0.2;
/// A judged answer: the item, its arm, the verdict, whether it carries a label drawn by chance.
#[derive(Clone, Copy)]
struct Judged {
    item: Digest,
    arm: usize,
    verdict: f64,
    labelled: bool,
}

/// A case with all its judged answers.
struct Unit {
    case: Digest,
    answers: Vec<Judged>,
}

impl Unit {
    fn open(&self) -> bool {
        self.answers.iter().any(|answer| !answer.labelled)
    }
}

/// Draws cases with all their answers, so that differences between arms gain most: by what the judge said (low, middle,
/// high) and whether the arms' verdicts differ, by Neyman's rule on how often the judge was wrong there, a fifth by size
/// alone. The chance of an answer is the share of its stratum's and arm's answers that carry labels after the draw; labels
/// from before stand in the file with the chances that all draws together give them.
pub fn draw(
    gathered: &Gathered,
    criterion: &str,
    truths: &HashMap<Digest, Truth>,
    stored: &[StoredLabel],
    wanted: u64,
    seed: u64,
) -> Result<Vec<Label>, Failure> {
    let mut units: BTreeMap<Digest, Unit> = BTreeMap::new();
    let mut seen: BTreeSet<Digest> = BTreeSet::new();
    for verdict in &gathered.verdicts {
        let (Ok(value), Some(answer)) = (verdict.value, gathered.answers.get(&verdict.item)) else { continue };
        let new = || Unit { case: answer.case_digest, answers: Vec::new() };
        let unit = units.entry(answer.case_digest).or_insert_with(new);
        if seen.insert(verdict.item) {
            let labelled = truths.get(&verdict.item).is_some_and(|truth| truth.random);
            unit.answers.push(Judged { item: verdict.item, arm: verdict.arm, verdict: value, labelled });
        }
    }
    let all = || units.values().flat_map(|unit| &unit.answers);
    let (lo, hi) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), a| (lo.min(a.verdict), hi.max(a.verdict)));
    let width = (hi - lo).max(f64::MIN_POSITIVE);
    let stratum = |unit: &Unit| {
        let verdicts = || unit.answers.iter().map(|answer| answer.verdict);
        let mean = verdicts().sum::<f64>() / unit.answers.len() as f64;
        let (least, most) = (verdicts().fold(f64::INFINITY, f64::min), verdicts().fold(f64::NEG_INFINITY, f64::max));
        (most - least > 0.25 * width, (3.0 * (mean - lo) / width).clamp(0.0, 2.0) as u8)
    };
    let mut strata: BTreeMap<(bool, u8), Vec<&Unit>> = BTreeMap::new();
    units.values().for_each(|unit| strata.entry(stratum(unit)).or_default().push(unit));
    let open = all().filter(|answer| !answer.labelled).count() as f64;
    let each = open / units.values().filter(|unit| unit.open()).count().max(1) as f64;
    let cases = (wanted as f64 / each.max(1.0)).ceil() as u64;
    let mut pools = Vec::new();
    for units in strata.values() {
        // How far the judge was off here, with one right and one wrong verdict beside what is known.
        let off: Vec<f64> = units
            .iter()
            .flat_map(|unit| &unit.answers)
            .filter_map(|a| Some(((a.verdict - truths.get(&a.item)?.value?) / width).abs().min(1.0)))
            .collect();
        let p = (off.iter().sum::<f64>() + 1.0) / (off.len() as f64 + 2.0);
        let open = units.iter().filter(|unit| unit.open()).count() as u64;
        pools.push(Pool { cases: open, sd: (p * (1.0 - p)).sqrt() });
    }
    let Some(counts) = next_labels(&pools, cases, UNIFORM) else {
        return Err(usage("every judged answer is labelled already: there is nothing to draw".into()));
    };
    let (mut drawn, mut chances): (Vec<(Digest, f64)>, HashMap<Digest, f64>) = (Vec::new(), HashMap::new());
    for (units, count) in strata.values().zip(counts) {
        let mut open: Vec<&&Unit> = units.iter().filter(|unit| unit.open()).collect();
        // A digest of seed and case is as good as chance, and the same for the same seed.
        open.sort_by_key(|unit| Digest::of_json(&json!([seed, unit.case])));
        let taken: BTreeSet<Digest> = open.into_iter().take(count as usize).map(|unit| unit.case).collect();
        let mut shares: HashMap<usize, (f64, f64)> = HashMap::new();
        for unit in units {
            for answer in &unit.answers {
                let share = shares.entry(answer.arm).or_default();
                share.0 += f64::from(u8::from(answer.labelled || taken.contains(&unit.case)));
                share.1 += 1.0;
            }
        }
        for unit in units {
            for answer in &unit.answers {
                let chance = shares[&answer.arm].0 / shares[&answer.arm].1;
                chances.insert(answer.item, chance);
                if !answer.labelled && taken.contains(&unit.case) {
                    drawn.push((answer.item, chance));
                }
            }
        }
    }
    let line = |item: Digest, label: Value, rater: &str, chance: f64, labelled: Option<i64>| {
        let answer = gathered.answers.get(&item);
        Label {
            item: Some(item),
            case: answer.map(|answer| answer.case.clone()),
            target: answer.and_then(|answer| answer.targets.first().cloned()),
            criterion: Some(criterion.to_owned()),
            label,
            rater: (!rater.is_empty()).then(|| rater.to_owned()),
            drawn: Drawn::Random,
            chance: Some(chance),
            labelled,
        }
    };
    let mut lines: Vec<Label> =
        drawn.iter().map(|(item, chance)| line(*item, Value::Null, "", *chance, None)).collect();
    let earlier = stored.iter().filter(|label| label.drawn == Drawn::Random);
    lines.extend(
        earlier.filter_map(|l| Some(line(l.item, l.label.clone(), &l.rater, *chances.get(&l.item)?, l.labelled_us))),
    );
    Ok(lines)
}

/// Writes labels as JSON lines.
pub fn write(path: &Path, labels: &[Label]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| -> Failure { format!("{}: {error}", path.display()).into() };
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).map_err(failed)?);
    for label in labels {
        writeln!(file, "{}", serde_json::to_string(label)?).map_err(failed)?;
    }
    file.flush().map_err(failed)
}
