//! Seeded studies of what intervals cover and how often tests raise a false alarm: one file each. The example prints
//! them as a page, an integration test runs them short and holds them to their claims.

mod agreement;
mod arena;
mod binomial;
mod clusters;
mod corpus;
mod drops;
mod gates;
mod judges;
mod means;
mod paired;
mod peeking;
mod quantiles;
mod rates;
mod tests;

use assay_stats::{Interval, Item};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The level of all intervals here.
pub const CONFIDENCE: f64 = 0.95;

/// What must hold, within 1.5 points and three Monte Carlo standard errors.
#[derive(Clone, Copy, Debug)]
pub enum Must {
    /// Neither less nor more.
    Be(f64),
    /// At least.
    Reach(f64),
    /// At most; the slack is the Monte Carlo error alone.
    Stay(f64),
}

/// A measured share.
#[derive(Clone, Debug)]
pub struct Line {
    /// What the data are.
    pub design: String,
    /// How many.
    pub n: String,
    /// What was computed from them.
    pub method: &'static str,
    /// The share of trials in which the interval held the truth, or the alarm rang.
    pub share: f64,
    /// Its Monte Carlo standard error; 0 when it is a sum over all outcomes.
    pub error: f64,
    /// The mean width of the interval.
    pub width: Option<f64>,
    /// The smallest share over the values that were averaged.
    pub least: Option<f64>,
    /// Share of trials without an interval.
    pub undefined: f64,
    /// What it must be.
    pub must: Option<Must>,
}

impl Line {
    /// Claims something about the line, which the test checks.
    pub fn must(&mut self, must: Must) {
        self.must = Some(must);
    }

    /// Whether the claim holds.
    #[allow(dead_code, reason = "the test's question; the page shows the number")]
    pub fn holds(&self) -> bool {
        let noise = 3.0 * self.error;
        match self.must {
            None => true,
            Some(Must::Be(want)) => (self.share - want).abs() <= 0.015 + noise,
            Some(Must::Reach(want)) => self.share >= want - 0.015 - noise,
            Some(Must::Stay(most)) => self.share <= most + noise,
        }
    }
}

/// What a table's shares are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shares {
    /// Of intervals that hold the truth: this much is promised.
    Covered(f64),
    /// Of wrong decisions: no more than this is promised.
    Alarms(f64),
    /// Of right decisions: this much was planned for.
    Power(f64),
}

/// Lines of one design.
#[derive(Clone, Debug)]
pub struct Table {
    /// What is in it.
    pub caption: &'static str,
    /// What its shares are.
    pub shares: Shares,
    /// The lines, those of one row one after the other.
    pub lines: Vec<Line>,
}

impl Table {
    fn new(caption: &'static str, shares: Shares) -> Self {
        Self { caption, shares, lines: Vec::new() }
    }

    fn line(&mut self, design: &str, n: impl ToString, method: &'static str, tally: &Tally) -> &mut Line {
        let share = tally.covered / tally.defined;
        self.lines.push(Line {
            width: (tally.width > 0.0).then(|| tally.width / tally.defined),
            undefined: tally.undefined / (tally.defined + tally.undefined),
            ..blank(design, n.to_string(), method, share, if tally.exact { 0.0 } else { tally.defined })
        });
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }

    /// A share that was computed, not counted.
    fn share(&mut self, design: &str, n: impl ToString, method: &'static str, share: f64) -> &mut Line {
        self.lines.push(blank(design, n.to_string(), method, share, 0.0));
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }
}

fn blank(design: &str, n: String, method: &'static str, share: f64, trials: f64) -> Line {
    let error = if trials > 0.0 { (share * (1.0 - share) / trials).sqrt() } else { 0.0 };
    Line { design: design.to_owned(), n, method, share, error, width: None, least: None, undefined: 0.0, must: None }
}

/// A question with its answers.
#[derive(Clone, Debug)]
pub struct Study {
    /// Its heading.
    pub title: &'static str,
    /// What it means for a user.
    pub text: &'static str,
    /// The numbers.
    pub tables: Vec<Table>,
}

/// A study by name, and what runs it: the argument is the number of trials of the cheapest methods.
type Named = (&'static str, fn(usize) -> Study);

/// All studies.
pub const STUDIES: &[Named] = &[
    ("binomial", binomial::study),
    ("paired", paired::study),
    ("gates", gates::study),
    ("clusters", clusters::study),
    ("rates", rates::study),
    ("means", means::study),
    ("drops", drops::study),
    ("judges", judges::study),
    ("corpus", corpus::study),
    ("agreement", agreement::study),
    ("peeking", peeking::study),
    ("quantiles", quantiles::study),
    ("arena", arena::study),
    ("tests", tests::study),
];

/// Counts intervals that hold the truth.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    defined: f64,
    undefined: f64,
    covered: f64,
    above: f64,
    width: f64,
    exact: bool,
}

impl Tally {
    /// One trial's interval.
    fn interval(&mut self, interval: Option<Interval>, truth: f64) {
        self.outcome(interval, truth, 1.0);
    }

    /// One outcome's interval, weighted by the outcome's probability.
    fn outcome(&mut self, interval: Option<Interval>, truth: f64, weight: f64) {
        let Some(Interval { lower, upper }) = interval else {
            self.undefined += weight;
            return;
        };
        // Ends that equal the truth but for rounding hold it.
        const ROUNDING: f64 = 1e-9;
        self.defined += weight;
        self.above += if lower > truth + ROUNDING { weight } else { 0.0 };
        self.covered += if lower <= truth + ROUNDING && truth - ROUNDING <= upper { weight } else { 0.0 };
        self.width += weight * (upper - lower);
    }

    /// One trial's decision.
    fn event(&mut self, happened: bool) {
        self.defined += 1.0;
        self.covered += f64::from(u8::from(happened));
    }

    /// The share of intervals that lie above the truth: what a gate on the lower end gets wrong.
    fn too_high(&self) -> Self {
        Self { covered: self.above, width: 0.0, ..*self }
    }

    fn exact() -> Self {
        Self { exact: true, ..Self::default() }
    }
}

/// The stream of one cell of a study.
fn stream(study: u32, cell: usize) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(u64::from(study) << 32 | cell as u64)
}

/// Trials of a method that costs `times` as much as the cheapest; never so few that nothing can be seen.
fn fewer(trials: usize, times: usize) -> usize {
    (trials / times).max(100)
}

/// Whether this is the short run of a test, which leaves out what takes long and claims nothing.
fn brief(trials: usize) -> bool {
    trials < 10_000
}

fn item(value: f64, cluster: Option<u32>) -> Item {
    Item { value, repeats: 1, cluster, weight: 1.0 }
}

/// Each value a group of its own.
fn singletons(n: usize) -> Vec<Vec<usize>> {
    (0..n).map(|at| vec![at]).collect()
}

fn around(centre: f64, half: f64) -> Interval {
    Interval { lower: centre - half, upper: centre + half }
}

fn mean_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

/// Calls with every outcome (better, worse) of `n` paired cases and its probability, the negligible ones left out.
fn paired_outcomes(n: u64, better: f64, worse: f64, mut each: impl FnMut(u64, u64, f64)) {
    use assay_stats::special::binomial_pmf;
    for b in 0..=n {
        let pb = binomial_pmf(b, n, better);
        if pb < 1e-10 {
            continue;
        }
        for c in 0..=n - b {
            let p = pb * binomial_pmf(c, n - b, worse / (1.0 - better));
            if p > 1e-11 {
                each(b, c, p);
            }
        }
    }
}
