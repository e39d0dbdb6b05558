//! Charts of what is given for what: runs by quality and cost, and by quality and safety.

use std::collections::BTreeMap;

use assay_analysis::{Summary, summarize};
use assay_core::gate::Role;
use assay_core::score::ScorerRecord;
use assay_core::{Digest, Direction, Reducer, RunRecord, RunStatus};
use assay_release::Verdict;
use assay_report::memo::{Across, Point, Trade};
use assay_store::RunRow;

use crate::{Against, Failure, Home};

/// The most runs on a chart beside candidate and baseline.
const MOST: usize = 8;
/// The most runs of a suite that are looked through.
const MOST_RUNS: u32 = 100;

/// What a scorer of a suite says of its newest runs: the candidate's first, then the baseline's.
pub struct Measure {
    suite: String,
    scorer: String,
    levels: Vec<Level>,
}

struct Level {
    row: RunRow,
    /// The scorer's level, higher is better.
    level: f64,
    role: &'static str,
}

/// The first scorer that the verdict's rules with a role are about, and that is not itself a price.
pub fn ruled<'a>(verdict: &Verdict, record: &'a RunRecord, role: Role) -> Option<&'a ScorerRecord> {
    let mut of = verdict.findings.iter().filter(|finding| finding.role == role);
    of.find_map(|finding| unpriced(record).find(|scorer| scorer.name == finding.scorer))
}

/// Scorers that say how good an answer is, not what it took.
pub fn unpriced(record: &RunRecord) -> impl Iterator<Item = &ScorerRecord> {
    record.scorers.iter().filter(|scorer| !matches!(scorer.kind.as_str(), "cost" | "latency" | "tokens"))
}

/// Dollars per case and repeat of one target.
pub fn per_case(row: &RunRow) -> f64 {
    row.totals.cost().dollars() / row.totals.finished().max(1) as f64
}

impl Measure {
    /// Reads levels off the candidate's run, its baseline and the newest others that measured the same by the same scorer.
    ///
    /// # Errors
    /// The workspace cannot be read.
    pub async fn of(
        home: &Home,
        summary: &Summary,
        row: &RunRow,
        before: Option<&RunRow>,
        scorer: &ScorerRecord,
    ) -> Result<Self, Failure> {
        let record = &row.record;
        let sign = if scorer.direction == Direction::Lower { -1.0 } else { 1.0 };
        let level = |summary: &Summary| {
            let mut rows = summary.rows.iter().filter(|of| of.scorer == scorer.name);
            let mean = rows.find(|of| of.reducer == Reducer::Mean && of.metric.is_none())?;
            mean.estimate.value.map(|value| sign * value)
        };
        let mut levels = Vec::new();
        levels.extend(level(summary).map(|level| Level { row: row.clone(), level, role: "candidate" }));
        let others = home.state.runs(Some(&record.suite), None, MOST_RUNS).await?.into_iter().filter(|other| {
            other.record.id != record.id
                && other.status == RunStatus::Sealed
                && other.record.tier == record.tier
                && other.record.narrowed.is_empty()
                && other.record.targets.len() == 1
                && other.record.scorers.iter().any(|of| of.fingerprint == scorer.fingerprint && of.name == scorer.name)
        });
        let is_base = |other: &RunRow| before.is_some_and(|before| before.record.id == other.record.id);
        let (base, others): (Vec<RunRow>, Vec<RunRow>) = others.partition(is_base);
        for other in base.into_iter().chain(others.into_iter().take(MOST)) {
            // A run whose scores are not to be seen is not on the chart.
            let Ok((scores, _)) = home.compared(&other.record, &Against::Nothing).await else { continue };
            if let Some(level) = level(&summarize(&scores, record.gate.confidence)) {
                let role = if is_base(&other) { "baseline" } else { "other" };
                levels.push(Level { row: other, level, role });
            }
        }
        Ok(Self { suite: record.suite.clone(), scorer: scorer.name.clone(), levels })
    }

    fn name(&self) -> String {
        format!("{}, {}", self.suite, self.scorer)
    }

    /// Quality against cost; nothing where nothing was paid.
    pub fn against_cost(&self) -> Option<Trade> {
        let points = self.levels.iter().map(|of| Point {
            name: of.row.record.id.short(),
            across: per_case(&of.row),
            level: of.level,
            role: of.role,
        });
        let points: Vec<Point> = points.collect();
        let paid = points.iter().any(|point| point.across > 0.0);
        let (title, across) = (format!("Quality against cost: {}", self.name()), Across::Cost);
        (paid && points.len() > 1).then_some(Trade { title, across, points })
    }

    /// Quality against safety: a point for each candidate that both were measured of. In two suites, runs belong together
    /// by what they measured (the fingerprints of their targets).
    pub fn against_safety(&self, safety: &Self) -> Option<Trade> {
        if self.suite == safety.suite && self.scorer == safety.scorer {
            return None;
        }
        let targets = |row: &RunRow| -> BTreeMap<String, Digest> {
            row.record.targets.iter().map(|target| (target.name.clone(), target.fingerprint)).collect()
        };
        let belongs = |a: &Level, b: &Level| match (a.role, b.role) {
            ("other", "other") if self.suite == safety.suite => a.row.record.id == b.row.record.id,
            ("other", "other") => targets(&a.row) == targets(&b.row),
            (a, b) => a == b,
        };
        let points = self.levels.iter().filter_map(|own| {
            let other = safety.levels.iter().find(|other| belongs(own, other))?;
            let name = own.row.record.id.short();
            Some(Point { name, across: other.level, level: own.level, role: own.role })
        });
        let points: Vec<Point> = points.collect();
        let title = format!("Quality against safety: {} against {}", self.name(), safety.name());
        (points.len() > 1).then_some(Trade { title, across: Across::Level, points })
    }
}
