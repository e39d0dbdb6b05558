//! Item response theory: abilities of runs and difficulties of items on one scale.
//!
//! P(pass) = 1 / (1 + exp(−a (θ − b))) with ability θ ~ N(0, 1) over runs, difficulty b and discrimination a. Marginal
//! maximum likelihood by EM (Bock & Aitkin 1981; Baker & Kim 2004). The integral over θ is a sum over even steps with normal weights:
//! it converges as fast as Gauss–Hermite and does not become too coarse when hundreds of items make a posterior narrow.
//!
//! Per run only Σ a and Σ a·b over the passed items enter the likelihood, and per item only the passes and the sum of
//! the posterior means of the runs that passed, so a step costs O(runs · items + nodes · (runs + items)).

use std::fmt;

/// What the items have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Discrimination 1 for all items.
    Rasch,
    /// One discrimination for all items (1PL): for fewer than about 30 runs.
    OneParameter,
    /// A discrimination for each item (2PL): needs about 30 runs or more.
    TwoParameter,
}

/// How to fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// What the items have in common.
    pub model: Model,
    /// The standard deviation of ln a in the prior a ~ LogNormal(0, σ); `None` for no prior.
    pub prior: Option<f64>,
    /// Largest change of a parameter at the end.
    pub tolerance: f64,
    /// Most EM steps.
    pub steps: usize,
}

impl Fit {
    /// The model with the prior a ~ LogNormal(0, 0.5).
    ///
    /// # Examples
    /// ```
    /// use assay_stats::irt::{Fit, Model};
    /// assert_eq!(Fit::new(Model::Rasch).prior, Some(0.5));
    /// ```
    pub fn new(model: Model) -> Self {
        Self { model, prior: Some(0.5), tolerance: 1e-6, steps: 5_000 }
    }
}

/// Why there is no fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IrtError {
    /// A run has another number of items than the first.
    Ragged {
        /// The run.
        run: usize,
    },
    /// Fewer than two runs, or fewer than two items that some runs pass and others fail.
    TooFew {
        /// Runs with an answer.
        runs: usize,
        /// Items that some runs pass and others fail.
        items: usize,
    },
    /// Still changing after the last step.
    NotConverged,
    /// The prior or the tolerance is not above 0.
    Options,
}

impl fmt::Display for IrtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ragged { run } => write!(f, "run {run} has another number of items than the first"),
            Self::TooFew { runs, items } => {
                write!(f, "{runs} runs and {items} items that some runs pass and others fail: two of each are needed")
            }
            Self::NotConverged => f.write_str("the fit did not settle"),
            Self::Options => f.write_str("the prior and the tolerance must be above 0"),
        }
    }
}

impl std::error::Error for IrtError {}

/// An item's parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItemParameters {
    /// Discrimination a.
    pub discrimination: f64,
    /// Its standard error; `None` where a is fixed or common to all items.
    pub discrimination_se: Option<f64>,
    /// Difficulty b.
    pub difficulty: f64,
    /// Its standard error from the observed information of this item, the others held; `None` where that is not
    /// positive.
    pub difficulty_se: Option<f64>,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Irt {
    /// For each item; `None` for items that all runs pass or all fail, whose difficulty has no end.
    pub items: Vec<Option<ItemParameters>>,
    /// For each run the posterior mean of its ability and its posterior standard deviation.
    pub abilities: Vec<(f64, f64)>,
    /// Marginal log-likelihood, without the prior.
    pub log_likelihood: f64,
    /// EM steps.
    pub steps: usize,
}

/// Grid over abilities: even steps with normal weights.
struct Grid {
    theta: Vec<f64>,
    log_weight: Vec<f64>,
}

impl Grid {
    /// Steps of about a third of the narrowest posterior that so many items of discrimination 1 give, or less.
    fn new(items: usize) -> Self {
        let n = ((12.0 * (items as f64).sqrt()) as usize).clamp(60, 1_000) / 2 * 2 + 1;
        let theta: Vec<f64> = (0..n).map(|q| -6.0 + 12.0 * q as f64 / (n as f64 - 1.0)).collect();
        let total: f64 = theta.iter().map(|t| (-0.5 * t * t).exp()).sum();
        let log_weight = theta.iter().map(|t| -0.5 * t * t - total.ln()).collect();
        Self { theta, log_weight }
    }
}

/// Fits abilities and items to `responses`, runs × items, `None` where a run has no answer.
///
/// # Errors
/// See [`IrtError`].
///
/// # Examples
/// ```
/// use assay_stats::irt::{Fit, Model, fit};
/// // The second item is passed by fewer runs: it is harder.
/// let runs: Vec<Vec<Option<bool>>> =
///     (0..12).map(|run| vec![Some(run > 2), Some(run > 8), Some(run > 4), Some(true)]).collect();
/// let found = fit(&runs, Fit::new(Model::OneParameter)).unwrap();
/// assert!(found.items[1].unwrap().difficulty > found.items[0].unwrap().difficulty);
/// assert!(found.items[3].is_none() && found.abilities[11].0 > found.abilities[0].0);
/// ```
pub fn fit(responses: &[Vec<Option<bool>>], fit: Fit) -> Result<Irt, IrtError> {
    if fit.prior.is_some_and(|sd| !(sd > 0.0 && sd.is_finite())) || fit.tolerance.is_nan() || fit.tolerance <= 0.0 {
        return Err(IrtError::Options);
    }
    let columns = responses.first().map_or(0, Vec::len);
    if let Some(run) = responses.iter().position(|row| row.len() != columns) {
        return Err(IrtError::Ragged { run });
    }
    let (mut yes, mut no) = (vec![0usize; columns], vec![0usize; columns]);
    for row in responses {
        for (item, answer) in row.iter().enumerate() {
            match answer {
                Some(true) => yes[item] += 1,
                Some(false) => no[item] += 1,
                None => {}
            }
        }
    }
    let kept: Vec<usize> = (0..columns).filter(|item| yes[*item] > 0 && no[*item] > 0).collect();
    let runs = responses.iter().filter(|row| row.iter().any(Option::is_some)).count();
    if runs < 2 || kept.len() < 2 {
        return Err(IrtError::TooFew { runs, items: kept.len() });
    }
    let passed = responses.iter().map(|row| (0..kept.len()).filter(|k| row[kept[*k]] == Some(true)).collect());
    let missing = responses.iter().map(|row| (0..kept.len()).filter(|k| row[kept[*k]].is_none()).collect());
    let mut state = State {
        grid: Grid::new(kept.len()),
        passed: passed.collect(),
        missing: missing.collect(),
        passes: kept.iter().map(|item| yes[*item] as f64).collect(),
        slope: vec![1.0; kept.len()],
        intercept: kept.iter().map(|item| (yes[*item] as f64 / no[*item] as f64).ln()).collect(),
        fit,
    };
    let mut steps = 0;
    loop {
        let expected = state.expect();
        let moved = state.maximise(&expected);
        steps += 1;
        if moved < fit.tolerance {
            break;
        }
        if steps >= fit.steps || !moved.is_finite() {
            return Err(IrtError::NotConverged);
        }
    }
    let expected = state.expect();
    let mut items = vec![None; columns];
    for (k, parameters) in state.standard_errors(&expected).into_iter().enumerate() {
        items[kept[k]] = Some(parameters);
    }
    Ok(Irt { items, abilities: expected.abilities, log_likelihood: expected.log_likelihood, steps })
}

struct State {
    grid: Grid,
    /// For each run the items passed.
    passed: Vec<Vec<usize>>,
    /// For each run the items without an answer.
    missing: Vec<Vec<usize>>,
    passes: Vec<f64>,
    slope: Vec<f64>,
    intercept: Vec<f64>,
    fit: Fit,
}

struct Expected {
    /// Runs × nodes.
    posterior: Vec<f64>,
    abilities: Vec<(f64, f64)>,
    /// Expected runs at each node.
    at_node: Vec<f64>,
    /// The same for items that not all runs answered: what to take away.
    absent: Vec<Option<Vec<f64>>>,
    /// For each item the posterior means of the runs that passed, summed.
    theta_passed: Vec<f64>,
    log_likelihood: f64,
}

/// ln(1 + eˣ) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl State {
    fn log_failure(&self, item: usize, theta: f64) -> f64 {
        -softplus(self.slope[item] * theta + self.intercept[item])
    }

    fn expect(&self) -> Expected {
        let Grid { theta, log_weight } = &self.grid;
        let (nodes, items) = (theta.len(), self.slope.len());
        let base: Vec<f64> = theta
            .iter()
            .zip(log_weight)
            .map(|(t, w)| w + (0..items).map(|item| self.log_failure(item, *t)).sum::<f64>())
            .collect();
        let mut posterior = vec![0.0; nodes * self.passed.len()];
        let mut abilities = Vec::with_capacity(self.passed.len());
        let (mut at_node, mut theta_passed) = (vec![0.0; nodes], vec![0.0; items]);
        let mut absent: Vec<Option<Vec<f64>>> = vec![None; items];
        let mut log_likelihood = 0.0;
        for (run, row) in posterior.chunks_exact_mut(nodes).enumerate() {
            let slope: f64 = self.passed[run].iter().map(|item| self.slope[*item]).sum();
            let intercept: f64 = self.passed[run].iter().map(|item| self.intercept[*item]).sum();
            for (q, cell) in row.iter_mut().enumerate() {
                let gone: f64 = self.missing[run].iter().map(|item| self.log_failure(*item, theta[q])).sum();
                *cell = base[q] - gone + slope * theta[q] + intercept;
            }
            let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.iter_mut().for_each(|cell| *cell = (*cell - top).exp());
            let total: f64 = row.iter().sum();
            log_likelihood += top + total.ln();
            row.iter_mut().for_each(|cell| *cell /= total);
            let mean: f64 = row.iter().zip(theta).map(|(p, t)| p * t).sum();
            let variance: f64 = row.iter().zip(theta).map(|(p, t)| p * (t - mean).powi(2)).sum();
            abilities.push((mean, variance.sqrt()));
            self.passed[run].iter().for_each(|item| theta_passed[*item] += mean);
            at_node.iter_mut().zip(row.iter()).for_each(|(sum, p)| *sum += p);
            for item in &self.missing[run] {
                let sums = absent[*item].get_or_insert_with(|| vec![0.0; nodes]);
                sums.iter_mut().zip(row.iter()).for_each(|(sum, p)| *sum += p);
            }
        }
        Expected { posterior, abilities, at_node, absent, theta_passed, log_likelihood }
    }

    /// Gradient of an item's expected log-likelihood by (slope, intercept) and the negated second derivatives
    /// (slope², slope·intercept, intercept²).
    fn derivatives(&self, expected: &Expected, item: usize) -> ([f64; 2], [f64; 3]) {
        let (mut g, mut h) = ([expected.theta_passed[item], self.passes[item]], [0.0; 3]);
        for (q, theta) in self.grid.theta.iter().enumerate() {
            let n = expected.at_node[q] - expected.absent[item].as_ref().map_or(0.0, |absent| absent[q]);
            let p = logistic(self.slope[item] * theta + self.intercept[item]);
            g[0] -= n * p * theta;
            g[1] -= n * p;
            let w = n * p * (1.0 - p);
            h[0] += w * theta * theta;
            h[1] += w * theta;
            h[2] += w;
        }
        (g, h)
    }

    /// Derivative of the log prior of a slope and its negated second derivative, where that is positive.
    fn prior(&self, slope: f64) -> (f64, f64) {
        let Some(sd) = self.fit.prior else { return (0.0, 0.0) };
        let pull = slope.ln() / (sd * sd);
        (-(1.0 + pull) / slope, (1.0 / (sd * sd) - 1.0 - pull) / (slope * slope))
    }

    /// With a prior a slope stays above 0: it moves at most to half or twice.
    fn moved_slope(&self, slope: f64, step: f64) -> f64 {
        let next = slope + step;
        if self.fit.prior.is_some() { next.clamp(0.5 * slope, 2.0 * slope) } else { slope + step.clamp(-1.0, 1.0) }
    }

    /// One Newton step for each item, and the largest change of a parameter: EM needs no more to rise (Lange 1995).
    fn maximise(&mut self, expected: &Expected) -> f64 {
        let items = self.slope.len();
        let all: Vec<_> = (0..items).map(|item| self.derivatives(expected, item)).collect();
        let mut moved = 0.0_f64;
        let mut change = |from: &mut f64, to: f64| {
            // NaN must not look like no change.
            moved = if (to - *from).is_nan() { f64::NAN } else { moved.max((to - *from).abs()) };
            *from = to;
        };
        match self.fit.model {
            Model::Rasch => {
                for (item, (g, h)) in all.iter().enumerate() {
                    let to = self.intercept[item] + (g[1] / h[2]).clamp(-1.0, 1.0);
                    change(&mut self.intercept[item], to);
                }
            }
            Model::OneParameter => {
                // The intercepts are eliminated: the common slope has the Schur complement as its information.
                let (pull, curvature) = self.prior(self.slope[0]);
                let (mut g, mut h) = (pull, curvature.max(0.0));
                for (gradient, information) in &all {
                    g += gradient[0] - information[1] * gradient[1] / information[2];
                    h += information[0] - information[1] * information[1] / information[2];
                }
                let slope = self.moved_slope(self.slope[0], g / h);
                let step = slope - self.slope[0];
                for (item, (g, h)) in all.iter().enumerate() {
                    let to = self.intercept[item] + ((g[1] - h[1] * step) / h[2]).clamp(-1.0, 1.0);
                    change(&mut self.intercept[item], to);
                    change(&mut self.slope[item], slope);
                }
            }
            Model::TwoParameter => {
                for (item, (g, h)) in all.iter().enumerate() {
                    let (pull, curvature) = self.prior(self.slope[item]);
                    let (g0, h0) = (g[0] + pull, h[0] + curvature.max(0.0));
                    let step = (g0 - h[1] * g[1] / h[2]) / (h0 - h[1] * h[1] / h[2]);
                    let slope = self.moved_slope(self.slope[item], step);
                    let rest = (g[1] - h[1] * (slope - self.slope[item])) / h[2];
                    let to = self.intercept[item] + rest.clamp(-1.0, 1.0);
                    change(&mut self.intercept[item], to);
                    change(&mut self.slope[item], slope);
                }
            }
        }
        moved
    }

    /// Observed information of each item by Louis 1982: complete information minus the posterior variance of the score.
    /// O(runs · items · nodes).
    fn standard_errors(&self, expected: &Expected) -> Vec<ItemParameters> {
        let nodes = self.grid.theta.len();
        let runs = self.passed.len();
        let mut answers = vec![0u8; runs];
        (0..self.slope.len())
            .map(|item| {
                for (run, answer) in answers.iter_mut().enumerate() {
                    let is_missing = self.missing[run].binary_search(&item).is_ok();
                    *answer = if is_missing { 2 } else { u8::from(self.passed[run].binary_search(&item).is_ok()) };
                }
                let (a, c) = (self.slope[item], self.intercept[item]);
                let p: Vec<f64> = self.grid.theta.iter().map(|theta| logistic(a * theta + c)).collect();
                let mut h = [0.0; 3];
                for (run, row) in expected.posterior.chunks_exact(nodes).enumerate() {
                    if answers[run] == 2 {
                        continue;
                    }
                    let answer = f64::from(answers[run]);
                    let (mut s, mut ss, mut b) = ([0.0; 2], [0.0; 3], [0.0; 3]);
                    for ((weight, theta), p) in row.iter().zip(&self.grid.theta).zip(&p) {
                        let residual = answer - p;
                        let (w, information) = (weight * residual * residual, weight * p * (1.0 - p));
                        s[0] += weight * residual * theta;
                        s[1] += weight * residual;
                        ss[0] += w * theta * theta;
                        ss[1] += w * theta;
                        ss[2] += w;
                        b[0] += information * theta * theta;
                        b[1] += information * theta;
                        b[2] += information;
                    }
                    h[0] += b[0] - (ss[0] - s[0] * s[0]);
                    h[1] += b[1] - (ss[1] - s[0] * s[1]);
                    h[2] += b[2] - (ss[2] - s[1] * s[1]);
                }
                let root = |v: f64| (v > 0.0 && v.is_finite()).then(|| v.sqrt());
                let difficulty = -c / a;
                let (discrimination_se, difficulty_se) = if self.fit.model == Model::TwoParameter {
                    let h0 = h[0] + self.prior(a).1;
                    let determinant = h0 * h[2] - h[1] * h[1];
                    // ∂b/∂a = −b/a and ∂b/∂c = −1/a.
                    let variance = (h[2] * difficulty * difficulty - 2.0 * h[1] * difficulty + h0) / (a * a);
                    (root(h[2] / determinant), root(variance / determinant))
                } else {
                    (None, root(1.0 / (h[2] * a * a)))
                };
                ItemParameters { discrimination: a, discrimination_se, difficulty, difficulty_se }
            })
            .collect()
    }
}
