//! People as instruments: labels from many raters, how good and how strict each rater is, how many raters a target needs.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::agreement::Ratings;
use crate::estimate::{Interval, Item, is_level};
use crate::jackknife::{Jackknife, Transform, jackknife};
use crate::linear::Matrix;
use crate::mean::clustered_mean;
use crate::special::{beta_quantile, t_quantile};

/// Keeps logarithms finite, as crowd-kit does.
const FLOOR: f64 = 1e-10;

/// A label that a rater gave an item; numbers count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The item.
    pub item: usize,
    /// The rater.
    pub rater: usize,
    /// The label, below the number of classes.
    pub label: usize,
}

/// How many items and raters votes are about; `None` for no votes, fewer than two classes, more than 2²⁸ cells, or an
/// item without a vote.
fn sizes(votes: &[Vote], classes: usize) -> Option<(usize, usize)> {
    let items = votes.iter().map(|v| v.item).max()?.checked_add(1)?;
    let raters = votes.iter().map(|v| v.rater).max()?.checked_add(1)?;
    // Numbers are dense by contract: one far beyond the votes is a mistake, not a reason to allocate.
    let cells = classes.checked_pow(2)?.checked_mul(raters)?.max(classes.checked_mul(items)?);
    if classes < 2
        || cells > 1 << 28
        || items > votes.len()
        || raters > votes.len()
        || votes.iter().any(|v| v.label >= classes)
    {
        return None;
    }
    let mut seen = vec![false; items];
    votes.iter().for_each(|v| seen[v.item] = true);
    seen.iter().all(|seen| *seen).then_some((items, raters))
}

/// The share of an item's votes that each class got, a row per item. `None` as [`dawid_skene`]. O(votes + items ·
/// classes).
///
/// # Examples
/// ```
/// use assay_stats::raters::{Vote, shares};
/// let votes = [0, 0, 1].map(|label| Vote { item: 0, rater: label, label });
/// assert_eq!(shares(&votes, 2).unwrap(), [[2.0 / 3.0, 1.0 / 3.0]]);
/// ```
pub fn shares(votes: &[Vote], classes: usize) -> Option<Vec<Vec<f64>>> {
    let (items, _) = sizes(votes, classes)?;
    let mut shares = vec![vec![0.0; classes]; items];
    votes.iter().for_each(|v| shares[v.item][v.label] += 1.0);
    shares.iter_mut().for_each(|row| scale(row));
    Some(shares)
}

fn scale(row: &mut [f64]) {
    let total: f64 = row.iter().sum();
    row.iter_mut().for_each(|value| *value /= total);
}

/// The most probable class of each row; `None` where two or more share the first place.
///
/// # Examples
/// ```
/// use assay_stats::raters::most_probable;
/// assert_eq!(most_probable(&[vec![0.2, 0.8], vec![0.5, 0.5]]), [Some(1), None]);
/// ```
pub fn most_probable(rows: &[Vec<f64>]) -> Vec<Option<usize>> {
    let first = |row: &Vec<f64>| {
        let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut near = (0..row.len()).filter(|k| row[*k] > best - 1e-9);
        match (near.next(), near.next()) {
            (Some(at), None) => Some(at),
            _ => None,
        }
    };
    rows.iter().map(first).collect()
}

/// Labels from many raters who each confuse classes in their own way.
#[derive(Clone, Debug, PartialEq)]
pub struct DawidSkene {
    /// The probability of each class, a row per item.
    pub posteriors: Vec<Vec<f64>>,
    /// How frequent each class is.
    pub priors: Vec<f64>,
    /// `confusion[rater][truth][given]`: how often a rater gives a label to items of a class.
    pub confusion: Vec<Vec<Vec<f64>>>,
    /// The evidence lower bound for each vote.
    pub elbo: f64,
    /// Rounds of expectation and maximisation.
    pub iterations: usize,
    /// Whether the last round changed the bound by less than the tolerance.
    pub converged: bool,
    /// Whether classes had changed their names and were given them back.
    pub switched: bool,
}

impl DawidSkene {
    /// How often a rater is right: Σ_c prior_c · P(gives c | c). `None` for a rater that is none.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::raters::{Vote, dawid_skene};
    /// let votes: Vec<Vote> = (0..40).map(|i| Vote { item: i / 4, rater: i % 4, label: i / 4 % 2 }).collect();
    /// let fit = dawid_skene(&votes, 2, 100, 1e-5).unwrap();
    /// assert!(fit.accuracy(3).unwrap() > 0.99 && fit.accuracy(4).is_none());
    /// ```
    pub fn accuracy(&self, rater: usize) -> Option<f64> {
        let own = self.confusion.get(rater)?;
        Some(self.priors.iter().enumerate().map(|(c, p)| p * own[c][c]).sum())
    }
}

/// Dawid and Skene's labels by EM from the majority vote: q_i(c) ∝ p_c · Π P_r(label | c), confusion matrices from the
/// expected counts (kept above 1e-10, over the labels that a rater used), until the lower bound of the evidence for each
/// vote rises by less than `tolerance` (1e-5 is usual) or after `iterations` (100 is usual) rounds. When fitted classes
/// are a permutation of the labels that people gave for them, they get their names back. `None` for no votes, fewer than
/// two classes, a label beyond them, item or rater numbers with gaps larger than the votes, an item without a vote, no
/// round, or a tolerance that is not 0 or more. O(rounds · votes · classes). Dawid & Skene 1979. Use it with five or more raters of twenty or more labels each.
///
/// # Examples
/// ```
/// use assay_stats::raters::{Vote, dawid_skene, most_probable};
/// let votes: Vec<Vote> = (0..30)
///     .map(|i| Vote { item: i / 3, rater: i % 3, label: if i % 3 == 2 { 0 } else { i / 3 % 2 } })
///     .collect();
/// let fit = dawid_skene(&votes, 2, 100, 1e-5).unwrap();
/// assert_eq!(most_probable(&fit.posteriors)[1], Some(1));
/// assert!(fit.accuracy(0) > Some(0.99) && fit.accuracy(2) < Some(0.6));
/// ```
pub fn dawid_skene(votes: &[Vote], classes: usize, iterations: usize, tolerance: f64) -> Option<DawidSkene> {
    let (_, raters) = sizes(votes, classes).filter(|_| iterations > 0 && tolerance >= 0.0)?;
    let mut posteriors = shares(votes, classes)?;
    // `errors[(rater · classes + given) · classes + truth]`: the truths of a vote lie side by side.
    let mut errors = vec![0.0; raters * classes * classes];
    let mut used = vec![false; raters * classes];
    votes.iter().for_each(|v| used[v.rater * classes + v.label] = true);
    let mut priors = vec![0.0; classes];
    maximise(votes, &posteriors, &used, &mut priors, &mut errors);
    let (mut elbo, mut rounds, mut converged) = (f64::NEG_INFINITY, 0, false);
    while rounds < iterations && !converged {
        rounds += 1;
        expect(votes, &priors, &errors, &mut posteriors);
        maximise(votes, &posteriors, &used, &mut priors, &mut errors);
        let bound = lower_bound(votes, &posteriors, &priors, &errors) / votes.len() as f64;
        converged = bound - elbo < tolerance;
        elbo = bound;
    }
    // The label that people gave most often for each fitted class.
    let mut given = vec![vec![0.0; classes]; classes];
    for v in votes {
        for (truth, row) in given.iter_mut().enumerate() {
            row[v.label] += posteriors[v.item][truth];
        }
    }
    let names = most_probable(&given);
    let mut sorted: Vec<usize> = names.iter().flatten().copied().collect();
    sorted.sort_unstable();
    let switched = sorted.iter().copied().eq(0..classes) && names.iter().enumerate().any(|(k, name)| *name != Some(k));
    let name = |truth: usize| if switched { names[truth].unwrap_or(truth) } else { truth };
    let renamed = |row: &[f64]| {
        let mut new = vec![0.0; classes];
        row.iter().enumerate().for_each(|(truth, value)| new[name(truth)] = *value);
        new
    };
    let mut confusion = vec![vec![vec![0.0; classes]; classes]; raters];
    for (at, row) in errors.chunks(classes).enumerate() {
        for (truth, value) in row.iter().enumerate() {
            confusion[at / classes][name(truth)][at % classes] = *value;
        }
    }
    Some(DawidSkene {
        posteriors: posteriors.iter().map(|row| renamed(row)).collect(),
        priors: renamed(&priors),
        confusion,
        elbo,
        iterations: rounds,
        converged,
        switched,
    })
}

fn maximise(votes: &[Vote], posteriors: &[Vec<f64>], used: &[bool], priors: &mut [f64], errors: &mut [f64]) {
    let classes = priors.len();
    for (c, prior) in priors.iter_mut().enumerate() {
        *prior = (posteriors.iter().map(|row| row[c]).sum::<f64>() / posteriors.len() as f64).max(FLOOR);
    }
    errors.fill(0.0);
    for v in votes {
        let at = (v.rater * classes + v.label) * classes;
        errors[at..at + classes].iter_mut().zip(&posteriors[v.item]).for_each(|(e, p)| *e += p);
    }
    for (rater, own) in errors.chunks_mut(classes * classes).enumerate() {
        for truth in 0..classes {
            let mut total = 0.0;
            for given in (0..classes).filter(|given| used[rater * classes + given]) {
                let cell = &mut own[given * classes + truth];
                *cell = cell.max(FLOOR);
                total += *cell;
            }
            (0..classes).for_each(|given| own[given * classes + truth] /= total);
        }
    }
}

fn expect(votes: &[Vote], priors: &[f64], errors: &[f64], posteriors: &mut [Vec<f64>]) {
    let classes = priors.len();
    let logs: Vec<f64> = errors.iter().map(|e| e.ln()).collect();
    let start: Vec<f64> = priors.iter().map(|p| p.ln()).collect();
    posteriors.iter_mut().for_each(|row| row.copy_from_slice(&start));
    for v in votes {
        let at = (v.rater * classes + v.label) * classes;
        posteriors[v.item].iter_mut().zip(&logs[at..at + classes]).for_each(|(q, l)| *q += l);
    }
    for row in posteriors {
        let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter_mut().for_each(|q| *q = (*q - best).exp());
        scale(row);
    }
}

/// Σ q·(ln prior + Σ ln error) − Σ q·ln q. The prior counts once for each item; crowd-kit counts it once for each vote.
fn lower_bound(votes: &[Vote], posteriors: &[Vec<f64>], priors: &[f64], errors: &[f64]) -> f64 {
    let classes = priors.len();
    let logs: Vec<f64> = errors.iter().map(|e| e.ln()).collect();
    let of_items: f64 = posteriors
        .iter()
        .map(|row| row.iter().zip(priors).filter(|(q, _)| **q > 0.0).map(|(q, p)| q * (p.ln() - q.ln())).sum::<f64>())
        .sum();
    let of_votes: f64 = votes
        .iter()
        .map(|v| {
            let at = (v.rater * classes + v.label) * classes;
            let cells = posteriors[v.item].iter().zip(&logs[at..at + classes]);
            cells.filter(|(q, _)| **q > 0.0).map(|(q, l)| q * l).sum::<f64>()
        })
        .sum();
    of_items + of_votes
}

/// Labels from many raters some of whom do not look.
#[derive(Clone, Debug, PartialEq)]
pub struct Mace {
    /// The probability of each class, a row per item.
    pub posteriors: Vec<Vec<f64>>,
    /// How often each rater looks: the weight of knowing, as a share of knowing and guessing.
    pub competence: Vec<f64>,
    /// The fitted weights of (guessing, knowing) for each rater; variational, so they sum to less than 1.
    pub spamming: Vec<[f64; 2]>,
    /// The fitted weights of the labels that each rater gives when guessing.
    pub strategy: Vec<Vec<f64>>,
    /// The log-likelihood of the votes.
    pub log_likelihood: f64,
}

/// MACE: on each item a rater either knows the class or draws a label from a distribution of their own; variational
/// Bayes with priors Beta(½, ½) and Dirichlet(10), 50 rounds from each of `restarts` seeded random starts, of which the
/// one with the best log-likelihood counts. `None` as [`dawid_skene`], and for no restart. O(restarts · rounds · votes ·
/// classes). Hovy et al. 2013. crowd-kit draws the same start for each of its restarts.
///
/// # Examples
/// ```
/// use assay_stats::raters::{Vote, mace};
/// let votes: Vec<Vote> = (0..60)
///     .map(|i| Vote { item: i / 3, rater: i % 3, label: if i % 3 == 2 { 0 } else { i / 3 % 2 } })
///     .collect();
/// let fit = mace(&votes, 2, 5, 1).unwrap();
/// assert!(fit.competence[0] > fit.competence[2]);
/// ```
pub fn mace(votes: &[Vote], classes: usize, restarts: usize, seed: u64) -> Option<Mace> {
    let (items, raters) = sizes(votes, classes)?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut best: Option<Mace> = None;
    for _ in 0..restarts {
        let mut draw = |n: usize| {
            let mut row: Vec<f64> = (0..n).map(|_| 1.0 + 1.5 * random.random::<f64>()).collect();
            scale(&mut row);
            row
        };
        let spamming = (0..raters).map(|_| draw(2)).map(|row| [row[0], row[1]]).collect();
        let strategy = (0..raters).map(|_| draw(classes)).collect();
        let posteriors = vec![vec![0.0; classes]; items];
        let mut fit = Mace { posteriors, competence: Vec::new(), spamming, strategy, log_likelihood: 0.0 };
        fit.expect(votes);
        for _ in 0..50 {
            fit.maximise(votes);
            fit.expect(votes);
        }
        if best.as_ref().is_none_or(|best| fit.log_likelihood > best.log_likelihood) {
            best = Some(fit);
        }
    }
    let mut best = best?;
    best.competence = best.spamming.iter().map(|[guess, know]| know / (guess + know)).collect();
    Some(best)
}

impl Mace {
    fn expect(&mut self, votes: &[Vote]) {
        let classes = self.strategy[0].len();
        let start = -(classes as f64).ln();
        self.posteriors.iter_mut().for_each(|row| row.fill(start));
        for v in votes {
            let [guess, know] = self.spamming[v.rater];
            let guess = guess * self.strategy[v.rater][v.label];
            let (other, same) = (guess.ln(), (guess + know).ln());
            let row = &mut self.posteriors[v.item];
            row.iter_mut().for_each(|q| *q += other);
            row[v.label] += same - other;
        }
        self.log_likelihood = 0.0;
        for row in &mut self.posteriors {
            let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.iter_mut().for_each(|q| *q = (*q - best).exp());
            self.log_likelihood += best + row.iter().sum::<f64>().ln();
            scale(row);
        }
    }

    fn maximise(&mut self, votes: &[Vote]) {
        let classes = self.strategy[0].len();
        let mut knows = vec![[0.5, 0.5]; self.spamming.len()];
        let mut guesses = vec![vec![10.0; classes]; self.spamming.len()];
        for v in votes {
            let [guess, know] = self.spamming[v.rater];
            let guess = guess * self.strategy[v.rater][v.label];
            let known = self.posteriors[v.item][v.label] * know / (guess + know);
            knows[v.rater][0] += 1.0 - known;
            knows[v.rater][1] += known;
            guesses[v.rater][v.label] += 1.0 - known;
        }
        let mean = |counts: &[f64]| -> Vec<f64> {
            let total = digamma(counts.iter().sum());
            counts.iter().map(|count| (digamma(*count) - total).exp()).collect()
        };
        for rater in 0..knows.len() {
            let both = mean(&knows[rater]);
            self.spamming[rater] = [both[0], both[1]];
            self.strategy[rater] = mean(&guesses[rater]);
        }
    }
}

/// The derivative of ln Γ for x > 0: upwards recurrence to 10, then the asymptotic series.
fn digamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 10.0 {
        below -= 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = y
        * (1.0 / 12.0
            - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y * (1.0 / 240.0 - y * (1.0 / 132.0 - y * 691.0 / 32760.0)))));
    below + x.ln() - 0.5 / x - series
}

/// A score that a rater gave an item in a period, such as a week; numbers count from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The item.
    pub item: usize,
    /// The rater.
    pub rater: usize,
    /// The period; the same for all when time does not matter.
    pub period: usize,
    /// The score.
    pub score: f64,
}

/// How much higher a rater or a period scores than the mean of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Severity {
    /// The effect on the scale of the scores; positive is lenient.
    pub effect: f64,
    /// Its standard error, robust to items.
    pub se: f64,
    /// Its t interval with items − 1 degrees of freedom.
    pub interval: Interval,
}

/// The effects of raters and of periods.
#[derive(Clone, Debug, PartialEq)]
pub struct Severities {
    /// An effect for each rater.
    pub raters: Vec<Severity>,
    /// An effect for each period; empty with a single one.
    pub periods: Vec<Severity>,
}

/// Least squares of score ~ item + rater (+ period): the effect of each rater is the deviation from the mean of all
/// raters, on the same items. Standard errors are cluster-robust by item (CR1, as statsmodels). `None` for no scores,
/// one rater, a confidence outside of 0 to 1, a value that is not finite, numbers with gaps larger than the scores, raters or periods that no chain of
/// shared items connects, or no degree of freedom. Items are swept out: O(scores · ratings an item + (raters +
/// periods)³).
///
/// # Examples
/// ```
/// use assay_stats::raters::{Score, severity};
/// let noise = [0.0, 0.1, -0.1, 0.05];
/// let scores: Vec<Score> = (0..8)
///     .map(|i| Score { item: i / 2, rater: i % 2, period: 0, score: (i / 2) as f64 + (i % 2) as f64 * (1.0 + noise[i / 2]) })
///     .collect();
/// let found = severity(&scores, 0.95).unwrap();
/// assert!((found.raters[1].effect - 0.50625).abs() < 1e-9);
/// ```
pub fn severity(scores: &[Score], confidence: f64) -> Option<Severities> {
    let count = |of: fn(&Score) -> usize| scores.iter().map(of).max().and_then(|last| last.checked_add(1));
    let (items, raters, periods) = (count(|s| s.item)?, count(|s| s.rater)?, count(|s| s.period)?);
    let n = scores.len();
    if !is_level(confidence)
        || raters < 2
        || items.max(raters).max(periods) > n
        || scores.iter().any(|s| !s.score.is_finite())
    {
        return None;
    }
    let p = raters + periods - 2;
    // The columns of a score that are 1: the first rater and the first period are the reference.
    let columns = |s: &Score| {
        let rater = s.rater.checked_sub(1);
        let period = s.period.checked_sub(1).map(|period| raters - 1 + period);
        rater.into_iter().chain(period)
    };
    let mut by_item: Vec<Vec<&Score>> = vec![Vec::new(); items];
    scores.iter().for_each(|s| by_item[s.item].push(s));
    if by_item.iter().any(Vec::is_empty) {
        return None;
    }
    let total = |rows: &[&Score]| {
        let mut sums = std::collections::BTreeMap::new();
        rows.iter().flat_map(|s| columns(s)).for_each(|column| *sums.entry(column).or_insert(0.0) += 1.0);
        (sums.into_iter().collect::<Vec<(usize, f64)>>(), rows.iter().map(|s| s.score).sum::<f64>() / rows.len() as f64)
    };
    let (mut normal, mut right) = (Matrix::zeros(p), vec![0.0; p]);
    for rows in &by_item {
        let (sums, mean) = total(rows);
        for s in rows {
            let entries: Vec<(usize, f64)> = columns(s).map(|column| (column, 1.0)).collect();
            normal.add_outer(&entries, 1.0);
            columns(s).for_each(|column| right[column] += s.score - mean);
        }
        normal.add_outer(&sums, -1.0 / rows.len() as f64);
    }
    let df = n.checked_sub(items + p).filter(|df| *df > 0)?;
    // Rows and columns that no shared item ties to the others leave nothing but rounding here.
    if (0..p).any(|k| normal.at(k, k) < 1e-9) {
        return None;
    }
    let factor = normal.cholesky()?;
    let beta = factor.solve(&right);
    let mut meat = Matrix::zeros(p);
    for rows in &by_item {
        let (sums, mean) = total(rows);
        let shift: f64 = sums.iter().map(|(k, c)| c * beta[*k]).sum::<f64>() / rows.len() as f64;
        let mut score = std::collections::BTreeMap::new();
        for s in rows {
            let residual = s.score - mean - columns(s).map(|k| beta[k]).sum::<f64>() + shift;
            columns(s).for_each(|k| *score.entry(k).or_insert(0.0) += residual);
        }
        meat.add_outer(&score.into_iter().collect::<Vec<_>>(), 1.0);
    }
    let bread = factor.inverse();
    let covariance = bread.times(&meat).times(&bread);
    let g = items as f64;
    if items < 2 {
        return None;
    }
    let correction = g / (g - 1.0) * (n as f64 - 1.0) / df as f64;
    let t = t_quantile(0.5 + 0.5 * confidence, g - 1.0);
    let centred = |from: usize, levels: usize| -> Vec<Severity> {
        // The reference level has the coefficient 0.
        let coefficient = |level: usize| if level == 0 { 0.0 } else { beta[from + level - 1] };
        let mean = (0..levels).map(coefficient).sum::<f64>() / levels as f64;
        let contrast = |level: usize, k: usize| f64::from(u8::from(k + 1 == level)) - 1.0 / levels as f64;
        (0..levels)
            .map(|level| {
                let mut variance = 0.0;
                for a in 0..levels - 1 {
                    for b in 0..levels - 1 {
                        variance += contrast(level, a) * contrast(level, b) * covariance.at(from + a, from + b);
                    }
                }
                let se = (correction * variance.max(0.0)).sqrt();
                let effect = coefficient(level) - mean;
                Severity { effect, se, interval: Interval { lower: effect - t * se, upper: effect + t * se } }
            })
            .collect()
    };
    let of_periods = if periods > 1 { centred(raters - 1, periods) } else { Vec::new() };
    Some(Severities { raters: centred(0, raters), periods: of_periods })
}

/// A mean whose items and raters are both samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoWayMean {
    /// The mean of all scores.
    pub mean: f64,
    /// Its standard error over items and raters.
    pub se: f64,
    /// The smaller of the two Bell–McCaffrey degrees of freedom.
    pub df: f64,
    /// Its t interval.
    pub interval: Interval,
    /// Whether fewer than five raters make it a statement about these raters only.
    pub few_raters: bool,
}

/// The mean score with a standard error clustered by item and by rater: V_item + V_rater − V_both, each CR2, and at
/// least the larger of the first two. `None` with fewer than two items or raters, a value that is not finite, or a
/// confidence outside of 0 to 1. O(n).
/// Cameron, Gelbach & Miller 2011.
///
/// # Examples
/// ```
/// use assay_stats::raters::{Score, two_way_mean};
/// let score = |i: usize| Score { item: i / 3, rater: i % 3, period: 0, score: (i % 4) as f64 };
/// let mean = two_way_mean(&(0..12).map(score).collect::<Vec<_>>(), 0.95).unwrap();
/// assert!(mean.mean == 1.5 && mean.few_raters && mean.se > 0.0);
/// ```
pub fn two_way_mean(scores: &[Score], confidence: f64) -> Option<TwoWayMean> {
    if !is_level(confidence) || scores.iter().any(|s| !s.score.is_finite()) {
        return None;
    }
    let mut pairs: Vec<(usize, usize)> = scores.iter().map(|s| (s.item, s.rater)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let by = |cluster: &dyn Fn(&Score) -> Option<u32>| {
        let items: Option<Vec<Item>> = scores
            .iter()
            .map(|s| Some(Item { value: s.score, repeats: 1, cluster: Some(cluster(s)?), weight: 1.0 }))
            .collect();
        clustered_mean(&items?)
    };
    let item = by(&|s| u32::try_from(s.item).ok())?;
    let rater = by(&|s| u32::try_from(s.rater).ok())?;
    let both = by(&|s| pairs.binary_search(&(s.item, s.rater)).ok().and_then(|at| u32::try_from(at).ok()))?;
    let sum = item.se * item.se + rater.se * rater.se - both.se * both.se;
    let se = sum.max(item.se * item.se).max(rater.se * rater.se).sqrt();
    let df = item.df.min(rater.df);
    let half = t_quantile(0.5 + 0.5 * confidence, df) * se;
    let interval = Interval { lower: item.mean - half, upper: item.mean + half };
    Some(TwoWayMean { mean: item.mean, se, df, interval, few_raters: rater.clusters < 5 })
}

/// How often a rater is right on hidden gold items: the mean and the central interval of Beta(1 + hits, 1 + misses).
/// Suspend a rater when the upper end is below the threshold, never on the mean. `None` for a confidence outside of 0 to 1.
/// Bayes' rule with a uniform prior; Bolstad & Curran 2016, chapter 8.
///
/// # Examples
/// ```
/// let (mean, interval) = assay_stats::raters::gold_accuracy(8, 2, 0.95).unwrap();
/// assert!(mean == 0.75 && interval.lower < 0.49 && interval.upper > 0.93);
/// ```
pub fn gold_accuracy(hits: u64, misses: u64, confidence: f64) -> Option<(f64, Interval)> {
    let (a, b) = (1.0 + hits as f64, 1.0 + misses as f64);
    let tail = 0.5 * (1.0 - confidence);
    let interval = Interval { lower: beta_quantile(tail, a, b), upper: beta_quantile(1.0 - tail, a, b) };
    is_level(confidence).then_some((a / (a + b), interval))
}

/// The reliability of the mean of `raters` raters, for the reliability of one (an intra-class correlation): r·ρ/(1 +
/// (r − 1)·ρ). `None` unless 0 ≤ ρ ≤ 1 and r > 0. Spearman 1910; Brown 1910.
///
/// # Examples
/// ```
/// assert_eq!(assay_stats::raters::spearman_brown(0.5, 2.0), Some(2.0 / 3.0));
/// ```
pub fn spearman_brown(single: f64, raters: f64) -> Option<f64> {
    ((0.0..=1.0).contains(&single) && raters > 0.0 && raters.is_finite())
        .then(|| raters * single / (1.0 + (raters - 1.0) * single))
}

/// How many raters an item needs so that their mean has the reliability `target`, rounded up. `None` unless 0 < ρ ≤ 1
/// and 0 < target < 1: no number of raters makes up for a reliability of 0.
///
/// # Examples
/// ```
/// assert_eq!(assay_stats::raters::raters_for(0.4, 0.8), Some(6));
/// ```
pub fn raters_for(single: f64, target: f64) -> Option<u64> {
    let valid = single > 0.0 && single <= 1.0 && target > 0.0 && target < 1.0;
    valid.then(|| ((target * (1.0 - single) / (single * (1.0 - target)) - 1e-9).ceil() as u64).max(1))
}

/// Conger's κ for any number of raters, with missing ratings: chance agreement from each rater's own distribution of
/// labels, with the delete-one-unit jackknife interval. `None` without units of two ratings, for a rater without
/// ratings, NaN, or without variation. O(units · raters · categories). Conger 1980.
///
/// # Examples
/// ```
/// let rows: Vec<Vec<Option<f64>>> =
///     [[1, 1], [1, 2], [2, 2], [2, 2], [1, 1]].iter().map(|row| row.iter().map(|v| Some(*v as f64)).collect()).collect();
/// // With two raters it is Cohen's κ.
/// assert!((assay_stats::raters::conger(&rows).unwrap() - 0.6153846153846154).abs() < 1e-12);
/// ```
pub fn conger(ratings: &Ratings) -> Option<f64> {
    Marginals::of(ratings)?.kappa()
}

/// [`conger`] with its interval: the jackknife over units on the scale log(1 − κ), t with units − 1 degrees of freedom.
///
/// # Examples
/// ```
/// let rows: Vec<Vec<Option<f64>>> = (0..40)
///     .map(|i| vec![Some((i % 2) as f64), Some(((i + i / 7) % 2) as f64), Some((i % 2) as f64)])
///     .collect();
/// let found = assay_stats::raters::conger_interval(&rows, 0.95).unwrap();
/// assert!(found.interval.lower < found.estimate && found.estimate < found.interval.upper);
/// ```
pub fn conger_interval(ratings: &Ratings, confidence: f64) -> Option<Jackknife> {
    let mut all = Marginals::of(ratings)?;
    let estimate = all.kappa()?;
    let mut left_out = Vec::with_capacity(ratings.len());
    for unit in ratings.iter().filter(|unit| unit.iter().flatten().count() > 0) {
        all.count(unit, -1.0)?;
        left_out.push(all.kappa()?);
        all.count(unit, 1.0)?;
    }
    jackknife(estimate, &left_out, Transform::LogOneMinus, confidence)
}

struct Marginals {
    categories: Vec<f64>,
    /// Counts by rater and category.
    counts: Vec<Vec<f64>>,
    /// The sum of the shares of equal pairs over units with a pair, and the number of those.
    agreement: f64,
    pairs: f64,
}

impl Marginals {
    fn of(ratings: &Ratings) -> Option<Self> {
        let raters = ratings.first()?.len();
        let mut categories: Vec<f64> = ratings.iter().flatten().flatten().map(|v| v + 0.0).collect();
        if ratings.iter().any(|unit| unit.len() != raters) || raters < 2 || categories.iter().any(|v| !v.is_finite()) {
            return None;
        }
        categories.sort_by(f64::total_cmp);
        categories.dedup();
        let counts = vec![vec![0.0; categories.len()]; raters];
        let mut all = Self { categories, counts, agreement: 0.0, pairs: 0.0 };
        ratings.iter().try_for_each(|unit| all.count(unit, 1.0))?;
        Some(all)
    }

    fn count(&mut self, unit: &[Option<f64>], sign: f64) -> Option<()> {
        let mut own = vec![0.0; self.categories.len()];
        for (rater, rating) in unit.iter().enumerate() {
            let Some(rating) = rating else { continue };
            let at = self.categories.partition_point(|c| c < rating);
            own[at] += 1.0;
            self.counts[rater][at] += sign;
        }
        let n: f64 = own.iter().sum();
        if n > 1.0 {
            self.pairs += sign;
            self.agreement += sign * own.iter().map(|k| k * (k - 1.0)).sum::<f64>() / (n * (n - 1.0));
        }
        Some(())
    }

    fn kappa(&self) -> Option<f64> {
        let totals: Vec<f64> = self.counts.iter().map(|row| row.iter().sum()).collect();
        if self.pairs < 0.5 || totals.iter().any(|total| *total < 0.5) {
            return None;
        }
        let r = totals.len() as f64;
        let chance: f64 = (0..self.categories.len())
            .map(|k| {
                let shares = || self.counts.iter().zip(&totals).map(|(row, total)| row[k] / total);
                let mean = shares().sum::<f64>() / r;
                mean * mean - shares().map(|s| (s - mean).powi(2)).sum::<f64>() / (r * (r - 1.0))
            })
            .sum();
        (1.0 - chance > 1e-12).then(|| (self.agreement / self.pairs - chance) / (1.0 - chance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_made_of_nothing() {
        let vote = Vote { item: 0, rater: 0, label: 0 };
        assert!(dawid_skene(&[], 2, 100, 1e-5).is_none() && dawid_skene(&[vote], 1, 100, 1e-5).is_none());
        assert!(dawid_skene(&[Vote { item: 1, ..vote }], 2, 100, 1e-5).is_none());
        assert!(mace(&[Vote { label: 2, ..vote }], 2, 3, 0).is_none() && mace(&[vote], 2, 0, 0).is_none());
        let score = Score { item: 0, rater: 0, period: 0, score: 1.0 };
        assert!(severity(&[], 0.95).is_none() && severity(&[score], 0.95).is_none());
        assert!(two_way_mean(&[Score { score: f64::NAN, ..score }], 0.95).is_none());
        assert_eq!((spearman_brown(1.5, 2.0), raters_for(0.0, 0.8), conger(&[])), (None, None, None));
    }

    #[test]
    fn raters_without_a_shared_item_cannot_be_compared() {
        let score = |item, rater, score| Score { item, rater, period: 0, score };
        let apart = [score(0, 0, 1.0), score(0, 1, 2.0), score(1, 0, 1.0), score(1, 1, 3.0)];
        assert!(severity(&apart, 0.95).is_some());
        let mut more = apart.to_vec();
        more.extend([score(2, 2, 1.0), score(2, 3, 2.0), score(3, 2, 4.0), score(3, 3, 2.0)]);
        assert!(severity(&more, 0.95).is_none());
    }

    proptest! {
        #[test]
        fn posteriors_are_probabilities_and_names_do_not_matter(labels in prop::collection::vec(0usize..3, 12..90)) {
            let votes: Vec<Vote> =
                labels.iter().enumerate().map(|(i, label)| Vote { item: i / 3, rater: i % 3, label: *label }).collect();
            let fit = dawid_skene(&votes, 3, 50, 1e-7).unwrap();
            for row in fit.posteriors.iter().chain(fit.confusion.iter().flatten()).chain([&fit.priors]) {
                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-8 && row.iter().all(|p| *p >= 0.0));
            }
            let turned: Vec<Vote> = votes.iter().map(|v| Vote { rater: 2 - v.rater, ..*v }).collect();
            let other = dawid_skene(&turned, 3, 50, 1e-7).unwrap();
            prop_assert!((fit.elbo - other.elbo).abs() < 1e-6);
        }

        #[test]
        fn raters_for_is_the_inverse_of_spearman_brown(single in 0.05f64..0.95, target in 0.1f64..0.97) {
            let raters = raters_for(single, target).unwrap() as f64;
            prop_assert!(spearman_brown(single, raters).unwrap() >= target - 1e-9);
            prop_assert!(raters == 1.0 || spearman_brown(single, raters - 1.0).unwrap() < target + 1e-9);
        }
    }
}
