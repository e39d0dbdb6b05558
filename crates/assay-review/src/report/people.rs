//! Raters: how right on gold, how strict, how fast, and what the work costs.

use std::collections::{BTreeMap, HashMap};

use assay_core::Money;
use assay_stats::design::{Timed, longest_run, speed};
use assay_stats::drift::change::alarms;
use assay_stats::drift::chart::BernoulliCusum;
use assay_stats::multiplicity::holm;
use assay_stats::raters::{Score, gold_accuracy, severity};
use serde::{Deserialize, Serialize};

use super::agreement::Matrix;
use super::{Figure, Options, Work};
use crate::onboarding::is_hit;
use crate::outcome::Snapshot;
use crate::rubric::{Criterion, Kind};
use crate::words::{Answers, Done, RaterState};

/// Gold items that a rater's accuracy needs before it is told as a number.
const LEAST_GOLD: u64 = 30;
/// Gold answers between two false alarms of a rater's chart.
const GOLD_BETWEEN_ALARMS: f64 = 500.0;
const WEEK_US: i64 = 7 * 86_400 * 1_000_000;

/// A rater.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RaterReport {
    /// The name.
    pub name: String,
    /// Where they stand.
    pub state: RaterState,
    /// Why.
    pub why: Option<String>,
    /// Items rated, gold among them.
    pub rated: u64,
    /// Item ratings that count, without gold.
    pub accepted: u64,
    /// Items skipped.
    pub skipped: u64,
    /// Hidden gold.
    pub gold: GoldReport,
    /// How much higher than others they score the same items, by criterion, with its interval.
    pub severity: BTreeMap<String, Figure>,
    /// Ratings that were given faster than items allow.
    pub fast: u64,
    /// The chance of so many fast ones, were everybody fast equally often (Holm over raters); none without times.
    pub fast_p: Option<f64>,
    /// Criteria whose longest run of one and the same answer is longer than chance explains (5%, Holm over raters).
    pub straight: Vec<String>,
    /// Seconds on an item, the median.
    pub median_seconds: Option<f64>,
    /// What they were paid.
    pub paid: Money,
}

/// A rater on hidden gold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GoldReport {
    /// Items with every answer right, since the rater qualified.
    pub hits: u64,
    /// The others.
    pub misses: u64,
    /// The accuracy; only from 30 gold items on.
    pub accuracy: Option<f64>,
    /// Its interval.
    pub interval: Option<Figure>,
    /// Whether they err more than before (CUSUM of errors on gold).
    pub drifts: bool,
}

/// Severity of raters and of weeks on one criterion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Severities {
    /// By rater.
    pub raters: BTreeMap<String, Figure>,
    /// By week, when there are several.
    pub weeks: Vec<Figure>,
}

/// Severity on a criterion, where items connect raters; weeks are those in which ratings were given.
pub fn severities(snapshot: &Snapshot, criterion: &Criterion, confidence: f64) -> Option<Severities> {
    if !matches!(criterion.kind, Kind::Ordinal | Kind::YesNo) {
        return None;
    }
    let ratings = snapshot.accepted(criterion);
    let matrix = Matrix::of(criterion, &ratings);
    let first = ratings.iter().map(|rating| rating.at_us).min()?;
    let mut weeks: Vec<i64> = ratings.iter().map(|rating| (rating.at_us - first) / WEEK_US).collect();
    weeks.sort_unstable();
    weeks.dedup();
    let scores: Vec<Score> = ratings
        .iter()
        .filter_map(|rating| {
            Some(Score {
                item: matrix.items.binary_search(&rating.item.as_str()).ok()?,
                rater: matrix.raters.binary_search(&rating.rater.as_str()).ok()?,
                period: weeks.binary_search(&((rating.at_us - first) / WEEK_US)).ok()?,
                score: criterion.number(&rating.value)?,
            })
        })
        .collect();
    let alone = || scores.iter().map(|score| Score { period: 0, ..*score }).collect::<Vec<_>>();
    // Weeks that no shared item connects leave raters comparable.
    let found = severity(&scores, confidence).or_else(|| severity(&alone(), confidence))?;
    let raters = matrix.raters.iter().zip(&found.raters);
    Some(Severities {
        raters: raters.map(|(name, one)| ((*name).to_owned(), Figure::new(one.effect, Some(one.interval)))).collect(),
        weeks: found.periods.iter().map(|one| Figure::new(one.effect, Some(one.interval))).collect(),
    })
}

pub(super) fn raters(snapshot: &Snapshot, options: &Options) -> Vec<RaterReport> {
    let gold: HashMap<&str, &Answers> =
        snapshot.items.iter().filter_map(|item| Some((item.id.as_str(), item.gold.as_ref()?))).collect();
    let rubric = &snapshot.project.rubric;
    let strict: Vec<(&Criterion, Severities)> = rubric
        .criteria
        .iter()
        .filter_map(|criterion| Some((criterion, severities(snapshot, criterion, options.confidence)?)))
        .collect();
    let paces = paces(snapshot, options.fast);
    let straight = straight(snapshot);
    let mut graded: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    let mut reports = Vec::new();
    for rater in &snapshot.raters {
        let own: Vec<&Done> = snapshot.done.iter().filter(|done| done.rater == rater.name).collect();
        let counts = !matches!(rater.state, RaterState::Suspended | RaterState::Failed);
        let answered = answers_of(snapshot, &rater.name);
        let hits: Vec<bool> = own
            .iter()
            .filter(|done| done.at_us >= rater.qualified_us)
            .filter_map(|done| {
                let given = answered.get(done.item.as_str())?;
                let right = gold.get(done.item.as_str())?;
                is_hit(rubric, &snapshot.rubrics, right, given, (done.version, done.at_us))
            })
            .collect();
        let (right, n) = (hits.iter().filter(|hit| **hit).count() as u64, hits.len() as u64);
        let interval = gold_accuracy(right, n - right, options.confidence).filter(|_| n > 0);
        let mut times: Vec<f64> = own.iter().filter_map(|done| done.took_ms).map(|ms| ms as f64 / 1000.0).collect();
        let pace = paces.get(rater.name.as_str());
        reports.push(RaterReport {
            name: rater.name.clone(),
            state: rater.state,
            why: rater.why.clone(),
            rated: own.len() as u64,
            accepted: own.iter().filter(|done| counts && !gold.contains_key(done.item.as_str())).count() as u64,
            skipped: snapshot
                .notes
                .iter()
                .filter(|note| note.rater == rater.name && note.kind == crate::words::NoteKind::Skip)
                .count() as u64,
            gold: GoldReport {
                hits: right,
                misses: n - right,
                // Below that the number says more about luck than about the rater.
                accuracy: (n >= LEAST_GOLD).then(|| right as f64 / n as f64),
                interval: interval.map(|(mean, interval)| Figure::new(mean, Some(interval))),
                drifts: false,
            },
            severity: strict
                .iter()
                .filter_map(|(criterion, found)| Some((criterion.name.clone(), *found.raters.get(&rater.name)?)))
                .collect(),
            fast: pace.map_or(0, |pace| pace.0),
            fast_p: pace.map(|pace| pace.1),
            straight: straight.get(rater.name.as_str()).cloned().unwrap_or_default(),
            median_seconds: median(&mut times),
            paid: own.iter().map(|done| done.cost).sum(),
        });
        graded.insert(&rater.name, hits);
    }
    for name in drifting(&graded, options.bad) {
        if let Some(report) = reports.iter_mut().find(|report| report.name == name) {
            report.gold.drifts = true;
        }
    }
    reports
}

fn answers_of<'a>(snapshot: &'a Snapshot, rater: &str) -> HashMap<&'a str, Answers> {
    let questions: HashMap<&str, assay_core::Digest> =
        snapshot.project.rubric.criteria.iter().map(|c| (c.name.as_str(), c.digest())).collect();
    let mut answers: HashMap<&str, Answers> = HashMap::new();
    for rating in snapshot.ratings.iter().filter(|rating| rating.rater == rater) {
        if questions.get(rating.criterion.as_str()) == Some(&rating.question) {
            answers.entry(&rating.item).or_default().insert(rating.criterion.clone(), rating.value.clone());
        }
    }
    answers
}

/// Raters whose errors on gold go up, by a chart from the rate of all of them to `bad`.
fn drifting(graded: &BTreeMap<&str, Vec<bool>>, bad: f64) -> Vec<String> {
    let all: Vec<bool> = graded.values().flatten().copied().collect();
    let errors = all.iter().filter(|hit| !**hit).count() as f64;
    // Half an error more: nobody's rate is 0.
    let good = (errors + 0.5) / (all.len() as f64 + 1.0);
    if all.is_empty() || good >= bad {
        return Vec::new();
    }
    let Ok(chart) = BernoulliCusum::design(good, bad, GOLD_BETWEEN_ALARMS) else { return Vec::new() };
    let errs = |hits: &Vec<bool>| {
        let values: Vec<f64> = hits.iter().map(|hit| f64::from(u8::from(!hit))).collect();
        alarms(&mut chart.clone(), &values).is_ok_and(|found| !found.is_empty())
    };
    graded.iter().filter(|(_, hits)| errs(hits)).map(|(name, _)| (*name).to_owned()).collect()
}

/// Each rater's fast ratings, and their chance by Holm over raters.
fn paces(snapshot: &Snapshot, share: f64) -> HashMap<&str, (u64, f64)> {
    let timed: Vec<(&Done, i64)> =
        snapshot.done.iter().filter_map(|done| Some((done, done.took_ms.filter(|ms| *ms > 0)?))).collect();
    let names = |of: fn(&Done) -> &str| -> Vec<&str> {
        let mut names: Vec<&str> = timed.iter().map(|(done, _)| of(done)).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let (items, raters) = (names(|done| &done.item), names(|done| &done.rater));
    let times: Vec<Timed> = timed
        .iter()
        .map(|(done, ms)| Timed {
            item: items.binary_search(&done.item.as_str()).unwrap_or_default(),
            rater: raters.binary_search(&done.rater.as_str()).unwrap_or_default(),
            time: *ms as f64,
        })
        .collect();
    let Some(found) = speed(&times, share) else { return HashMap::new() };
    raters.into_iter().zip(found.raters).map(|(name, pace)| (name, (pace.fast, pace.adjusted))).collect()
}

/// Criteria on which a rater gives one answer for longer than chance explains.
fn straight(snapshot: &Snapshot) -> HashMap<&str, Vec<String>> {
    let mut found: HashMap<&str, Vec<String>> = HashMap::new();
    for criterion in snapshot.project.rubric.criteria.iter().filter(|criterion| criterion.level().is_some()) {
        let categories = criterion.categories();
        let mut ratings = snapshot.accepted(criterion);
        // Ratings from a file were written down in the file's order, not in that of the work.
        ratings.retain(|rating| rating.origin != crate::words::Origin::Imported);
        ratings.sort_by_key(|rating| rating.at_us);
        let mut labels: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut shares = vec![0.0; categories.len()];
        for rating in &ratings {
            let number = criterion.number(&rating.value);
            let Some(label) = categories.iter().position(|category| Some(*category) == number) else { continue };
            labels.entry(&rating.rater).or_default().push(label);
            shares[label] += 1.0;
        }
        let total: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= total.max(1.0));
        let chances: Vec<f64> =
            labels.values().map(|own| longest_run(own, &shares).map_or(f64::NAN, |run| run.p)).collect();
        for (name, adjusted) in labels.keys().zip(holm(&chances)) {
            if adjusted < 0.05 {
                found.entry(name).or_default().push(criterion.name.clone());
            }
        }
    }
    found
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    (n > 0).then(|| 0.5 * (values[(n - 1) / 2] + values[n / 2]))
}

pub(super) fn work(snapshot: &Snapshot) -> Work {
    let mut seconds: Vec<f64> =
        snapshot.done.iter().filter_map(|done| done.took_ms).map(|ms| ms as f64 / 1000.0).collect();
    let hours = seconds.iter().sum::<f64>() / 3_600.0;
    let timed = seconds.len() as f64;
    let (progress, spent) = (&snapshot.progress, snapshot.progress.spent);
    let each = (progress.accepted > 0 && spent != Money::ZERO)
        .then(|| Money::from_dollars(spent.dollars() / progress.accepted as f64));
    Work {
        rated: snapshot.done.len() as u64,
        accepted: progress.accepted,
        median_seconds: median(&mut seconds),
        // Whoever needs less than a tenth of a second for an item is no person.
        per_hour: (hours > timed * 0.1 / 3_600.0).then(|| timed / hours),
        hours,
        spent,
        cost_per_accepted: each,
        left: each
            .map(|each| Money::from_dollars(each.dollars() * progress.wanted.saturating_sub(progress.accepted) as f64)),
    }
}
