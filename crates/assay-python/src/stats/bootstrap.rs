//! The bootstrap and the jackknife.

use assay_stats::Item;
use assay_stats::bootstrap::{self, Bootstrap};
use assay_stats::jackknife::{self, Jackknife, Transform};
use assay_stats::mean::clustered_mean;
use pyo3::prelude::*;

use super::statistic::{Count, Data, Named, Statistic};
use crate::arrays::{count, floats, groups as groups_of, level};
use crate::results::{Ends, Jackknifed, ends, jackknifed, refused};

struct Draws {
    method: Method,
    confidence: f64,
    draws: u32,
    seed: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Method {
    Percentile,
    Basic,
    Bca,
}

/// Estimate, standard error, undefined draws, interval.
type Drawn = (f64, f64, u32, Ends);

impl Count<Option<Drawn>> for Draws {
    fn count(
        self,
        groups: &[Vec<usize>],
        statistic: &dyn Fn(&[usize]) -> Option<f64>,
        without: &dyn Fn() -> Option<Vec<f64>>,
    ) -> Option<Drawn> {
        let found: Bootstrap = bootstrap::bootstrap(groups, statistic, self.draws, self.seed)?;
        let interval = match self.method {
            Method::Percentile => found.percentile(self.confidence),
            Method::Basic => found.basic(self.confidence),
            Method::Bca => without()
                .or_else(|| jackknife::delete_one(groups, statistic))
                .and_then(|left_out| found.bca(&left_out, self.confidence)),
        };
        Some((found.estimate, found.se, found.undefined, ends(interval)))
    }
}

#[pyfunction]
#[pyo3(name = "bootstrap")]
#[allow(clippy::too_many_arguments)]
fn bootstrap_of<'py>(
    py: Python<'py>,
    columns: Vec<Bound<'py, PyAny>>,
    statistic: &Bound<'py, PyAny>,
    clusters: Option<&Bound<'py, PyAny>>,
    method: &str,
    n_resamples: &Bound<'py, PyAny>,
    confidence: f64,
    seed: &Bound<'py, PyAny>,
) -> PyResult<Option<Drawn>> {
    let method = match method.to_lowercase().as_str() {
        "percentile" => Method::Percentile,
        "basic" => Method::Basic,
        "bca" => Method::Bca,
        other => {
            return Err(refused(format!("method must be 'bca', 'percentile' or 'basic', not '{other}'")));
        }
    };
    let draws = Draws {
        method,
        confidence: level(confidence)?,
        draws: count("n_resamples", n_resamples, 2)?,
        seed: count("seed", seed, 0)?,
    };
    Data::read(&columns, statistic, clusters)?.run(py, draws)
}

/// The mean of cases with its CR2 standard error; the drawn clusters follow each other, whole.
fn mean_and_error(values: &[f64], clusters: Option<&[u32]>, groups: &[Vec<usize>], at: &[usize]) -> Option<(f64, f64)> {
    let mut drawn = 0;
    let item = |at: &usize| {
        let cluster = clusters.map(|_| drawn);
        if clusters.is_some_and(|clusters| groups[clusters[*at] as usize].last() == Some(at)) {
            drawn += 1;
        }
        Item { value: values[*at], repeats: 1, cluster, weight: 1.0 }
    };
    let items: Vec<Item> = at.iter().map(item).collect();
    clustered_mean(&items).map(|found| (found.mean, found.se))
}

#[pyfunction]
fn studentised_bootstrap<'py>(
    py: Python<'py>,
    columns: Vec<Bound<'py, PyAny>>,
    statistic: &Bound<'py, PyAny>,
    clusters: Option<&Bound<'py, PyAny>>,
    n_resamples: &Bound<'py, PyAny>,
    confidence: f64,
    seed: &Bound<'py, PyAny>,
) -> PyResult<Ends> {
    let (confidence, draws, seed) =
        (level(confidence)?, count("n_resamples", n_resamples, 2)?, count("seed", seed, 0)?);
    let data = Data::read(&columns, statistic, clusters)?;
    match &data.statistic {
        Statistic::Named(Named::Mean, columns) => {
            let (values, groups): (&[f64], _) = (&columns[0], &data.groups);
            let ids = groups_of("clusters", clusters)?;
            let of = |at: &[usize]| mean_and_error(values, ids.as_deref(), groups, at);
            Ok(ends(py.detach(|| bootstrap::studentised(groups, of, confidence, draws, seed))))
        }
        Statistic::Named(..) => {
            Err(refused("statistic must be 'mean', or a function that returns a number and its error"))
        }
        Statistic::Called(called) => {
            let of = |at: &[usize]| called.keep(|| called.pair(at));
            let found = bootstrap::studentised(&data.groups, of, confidence, draws, seed);
            called.finish().map(|()| ends(found))
        }
    }
}

fn transform(name: &str) -> PyResult<Transform> {
    match name {
        "identity" => Ok(Transform::Identity),
        "log_one_minus" => Ok(Transform::LogOneMinus),
        "fisher_z" => Ok(Transform::FisherZ),
        "logit" => Ok(Transform::Logit),
        other => {
            Err(refused(format!("transform must be 'identity', 'log_one_minus', 'fisher_z' or 'logit', not '{other}'")))
        }
    }
}

struct LeaveOut;

impl Count<(Option<f64>, Option<Vec<f64>>)> for LeaveOut {
    fn count(
        self,
        groups: &[Vec<usize>],
        statistic: &dyn Fn(&[usize]) -> Option<f64>,
        without: &dyn Fn() -> Option<Vec<f64>>,
    ) -> (Option<f64>, Option<Vec<f64>>) {
        let all: Vec<usize> = groups.iter().flatten().copied().collect();
        let left_out = without().or_else(|| jackknife::delete_one(groups, statistic));
        (statistic(&all), left_out)
    }
}

#[pyfunction]
#[pyo3(name = "jackknife")]
fn jackknife_of<'py>(
    py: Python<'py>,
    columns: Vec<Bound<'py, PyAny>>,
    statistic: &Bound<'py, PyAny>,
    clusters: Option<&Bound<'py, PyAny>>,
    scale: &str,
    confidence: f64,
) -> PyResult<Option<Jackknifed>> {
    let (transform, confidence) = (transform(scale)?, level(confidence)?);
    let (estimate, left_out) = Data::read(&columns, statistic, clusters)?.run(py, LeaveOut)?;
    let found: Option<Jackknife> = estimate
        .zip(left_out)
        .and_then(|(estimate, left_out)| jackknife::jackknife(estimate, &left_out, transform, confidence));
    Ok(jackknifed(found))
}

#[pyfunction]
fn jackknife_interval(
    estimate: f64,
    left_out: &Bound<'_, PyAny>,
    scale: &str,
    confidence: f64,
) -> PyResult<Option<Jackknifed>> {
    let left_out = floats("left_out", left_out)?;
    let estimate = crate::arrays::finite("estimate", estimate)?;
    Ok(jackknifed(jackknife::jackknife(estimate, &left_out, transform(scale)?, level(confidence)?)))
}

/// The statistic, and without each group; NaN where that is undefined.
#[pyfunction]
fn delete_one<'py>(
    py: Python<'py>,
    columns: Vec<Bound<'py, PyAny>>,
    statistic: &Bound<'py, PyAny>,
    clusters: Option<&Bound<'py, PyAny>>,
) -> PyResult<(f64, Vec<f64>)> {
    let data = Data::read(&columns, statistic, clusters)?;
    let groups = data.groups.len();
    let (estimate, left_out) = data.run(py, LeaveOut)?;
    Ok((crate::results::number(estimate), left_out.unwrap_or_else(|| vec![f64::NAN; groups])))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bootstrap_of, module)?)?;
    module.add_function(wrap_pyfunction!(studentised_bootstrap, module)?)?;
    module.add_function(wrap_pyfunction!(jackknife_of, module)?)?;
    module.add_function(wrap_pyfunction!(jackknife_interval, module)?)?;
    module.add_function(wrap_pyfunction!(delete_one, module)?)
}
