//! Paired comparisons.

use assay_stats::paired;
use assay_stats::proportion::critical;
use pyo3::prelude::*;

use super::statistic::Called;
use crate::arrays::{at_least_zero, count, floats, groups, level, same_length};
use crate::results::{Ends, ends, number, refused};

/// Cases only the candidate passed, only the baseline passed, and all.
fn discordant(better: &Bound<'_, PyAny>, worse: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>) -> PyResult<[u64; 3]> {
    let (b, c, of): (u64, u64, u64) = (count("better", better, 0)?, count("worse", worse, 0)?, count("n", n, 0)?);
    if b.checked_add(c).is_none_or(|sum| sum > of) {
        return Err(refused(format!("better = {b} and worse = {c} must be n = {of} cases together at most")));
    }
    Ok([b, c, of])
}

#[pyfunction]
fn tango(better: &Bound<'_, PyAny>, worse: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>, confidence: f64) -> PyResult<Ends> {
    let [b, c, n] = discordant(better, worse, n)?;
    Ok(ends(paired::tango(b, c, n, critical(level(confidence)?))))
}

#[pyfunction]
fn bonett_price(
    better: &Bound<'_, PyAny>,
    worse: &Bound<'_, PyAny>,
    n: &Bound<'_, PyAny>,
    confidence: f64,
) -> PyResult<Ends> {
    let [b, c, n] = discordant(better, worse, n)?;
    Ok(ends(paired::bonett_price(b, c, n, critical(level(confidence)?))))
}

#[pyfunction]
fn tango_z(better: &Bound<'_, PyAny>, worse: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>, delta: f64) -> PyResult<f64> {
    let [b, c, n] = discordant(better, worse, n)?;
    if !(-1.0..=1.0).contains(&delta) {
        return Err(refused(format!("delta must be from -1 to 1, not {delta}")));
    }
    Ok(number(paired::tango_z(b as f64, c as f64, n as f64, delta)))
}

#[pyfunction]
fn tango_p_worse(
    better: &Bound<'_, PyAny>,
    worse: &Bound<'_, PyAny>,
    n: &Bound<'_, PyAny>,
    margin: f64,
) -> PyResult<f64> {
    let [b, c, n] = discordant(better, worse, n)?;
    if at_least_zero("margin", margin)? > 1.0 {
        return Err(refused(format!("margin must be from 0 to 1, not {margin}")));
    }
    Ok(number(paired::tango_p_worse(b, c, n, margin)))
}

#[pyfunction]
fn mcnemar(better: &Bound<'_, PyAny>, worse: &Bound<'_, PyAny>, exact: bool) -> PyResult<f64> {
    let (b, c) = (count("better", better, 0)?, count("worse", worse, 0)?);
    Ok(if exact { paired::mcnemar_exact(b, c) } else { paired::mcnemar_midp(b, c) })
}

/// p and whether it is exact.
#[pyfunction]
fn sign_flip(
    py: Python<'_>,
    differences: &Bound<'_, PyAny>,
    clusters: Option<&Bound<'_, PyAny>>,
    n_resamples: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> PyResult<(f64, bool)> {
    let (draws, seed) = (count("n_resamples", n_resamples, 1)?, count("seed", seed, 0)?);
    let differences = floats("differences", differences)?;
    let sums = match groups("clusters", clusters)? {
        None => differences.to_vec(),
        Some(clusters) => {
            same_length(("differences", differences.len()), ("clusters", clusters.len()))?;
            let mut sums = vec![0.0; clusters.iter().max().map_or(0, |last| *last as usize + 1)];
            clusters.iter().zip(&differences[..]).for_each(|(cluster, d)| sums[*cluster as usize] += d);
            sums
        }
    };
    Ok((number(py.detach(|| paired::sign_flip(&sums, draws, seed))), sums.len() <= 20))
}

/// Two systems' columns with the difference of a statistic of each.
enum Systems<'py> {
    /// Means of numbers: per-case differences are all that matters.
    Gains(Vec<f64>),
    /// A function of each system's column; `columns` are the candidate's and the baseline's, put together.
    Called(Called<'py>, usize),
}

impl<'py> Systems<'py> {
    fn read(
        candidate: &Bound<'py, PyAny>,
        baseline: &Bound<'py, PyAny>,
        statistic: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        let Some(function) = statistic else {
            let (c, b) = (floats("candidate", candidate)?, floats("baseline", baseline)?);
            same_length(("candidate", c.len()), ("baseline", b.len()))?;
            return Ok(Self::Gains(c.iter().zip(&b[..]).map(|(c, b)| c - b).collect()));
        };
        let lengths = (candidate.len()?, baseline.len()?);
        same_length(("candidate", lengths.0), ("baseline", lengths.1))?;
        let both = Called::new(function, &[candidate.clone(), baseline.clone()])?.joined()?;
        Ok(Self::Called(both, lengths.0))
    }

    fn cases(&self) -> usize {
        match self {
            Self::Gains(gains) => gains.len(),
            Self::Called(_, n) => *n,
        }
    }
}

/// The statistic of the candidate's answers less that of the baseline's: places below n are the candidate's.
fn difference(called: &Called<'_>, candidate: &[usize], baseline: &[usize]) -> Option<f64> {
    Some(called.of(candidate)? - called.of(baseline)?)
}

#[pyfunction]
fn approximate_randomisation<'py>(
    py: Python<'py>,
    candidate: &Bound<'py, PyAny>,
    baseline: &Bound<'py, PyAny>,
    statistic: Option<&Bound<'py, PyAny>>,
    n_resamples: &Bound<'py, PyAny>,
    seed: &Bound<'py, PyAny>,
) -> PyResult<f64> {
    let (trials, seed) = (count("n_resamples", n_resamples, 1)?, count("seed", seed, 0)?);
    let systems = Systems::read(candidate, baseline, statistic)?;
    let n = systems.cases();
    let found = match &systems {
        Systems::Gains(gains) => py.detach(|| {
            paired::approximate_randomisation(n, trials, seed, |swapped| {
                let total: f64 = gains.iter().zip(swapped).map(|(gain, swap)| if *swap { -gain } else { *gain }).sum();
                Some(total / n as f64)
            })
        }),
        Systems::Called(called, _) => {
            let (mut c, mut b) = (vec![0; n], vec![0; n]);
            let found = paired::approximate_randomisation(n, trials, seed, |swapped| {
                for (at, swap) in swapped.iter().enumerate() {
                    (c[at], b[at]) = if *swap { (n + at, at) } else { (at, n + at) };
                }
                difference(called, &c, &b)
            });
            called.finish()?;
            found
        }
    };
    Ok(number(found))
}

#[pyfunction]
fn paired_bootstrap<'py>(
    py: Python<'py>,
    candidate: &Bound<'py, PyAny>,
    baseline: &Bound<'py, PyAny>,
    statistic: Option<&Bound<'py, PyAny>>,
    n_resamples: &Bound<'py, PyAny>,
    seed: &Bound<'py, PyAny>,
) -> PyResult<f64> {
    let (draws, seed) = (count("n_resamples", n_resamples, 1)?, count("seed", seed, 0)?);
    let systems = Systems::read(candidate, baseline, statistic)?;
    let n = systems.cases();
    let found = match &systems {
        Systems::Gains(gains) => py.detach(|| {
            paired::paired_bootstrap(n, draws, seed, |drawn| {
                Some(drawn.iter().map(|at| gains[*at]).sum::<f64>() / n as f64)
            })
        }),
        Systems::Called(called, _) => {
            let mut b = vec![0; n];
            let found = paired::paired_bootstrap(n, draws, seed, |drawn| {
                b.iter_mut().zip(drawn).for_each(|(b, at)| *b = n + at);
                difference(called, drawn, &b)
            });
            called.finish()?;
            found
        }
    };
    Ok(number(found))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(tango, module)?)?;
    module.add_function(wrap_pyfunction!(bonett_price, module)?)?;
    module.add_function(wrap_pyfunction!(tango_z, module)?)?;
    module.add_function(wrap_pyfunction!(tango_p_worse, module)?)?;
    module.add_function(wrap_pyfunction!(mcnemar, module)?)?;
    module.add_function(wrap_pyfunction!(sign_flip, module)?)?;
    module.add_function(wrap_pyfunction!(approximate_randomisation, module)?)?;
    module.add_function(wrap_pyfunction!(paired_bootstrap, module)?)
}
