//! Means of cases.

use assay_stats::mean;
use assay_stats::special::t_quantile;
use pyo3::prelude::*;

use super::estimate::{Design, items};
use crate::arrays::{at_least_zero, floats, level, numbers};
use crate::results::{Ends, number, refused};

/// Mean, standard error, degrees of freedom, clusters, largest share, design effect, interval.
type Mean = (f64, f64, f64, usize, f64, f64, Ends);

#[pyfunction]
fn clustered_mean(
    py: Python<'_>,
    values: &Bound<'_, PyAny>,
    design: Design<'_>,
    confidence: f64,
) -> PyResult<Option<Mean>> {
    let confidence = level(confidence)?;
    let items = items("values", values, &design, false)?;
    Ok(py.detach(|| mean::clustered_mean(&items)).map(|found| {
        let half = t_quantile(0.5 + 0.5 * confidence, found.df) * found.se;
        let ends = half.is_finite().then_some((found.mean - half, found.mean + half));
        (found.mean, found.se, found.df, found.clusters, found.largest_share, found.design_effect, ends)
    }))
}

#[pyfunction]
fn sandwich_errors(values: &Bound<'_, PyAny>, design: Design<'_>) -> PyResult<Option<(f64, f64)>> {
    Ok(mean::sandwich_errors(&items("values", values, &design, false)?))
}

#[pyfunction]
fn intraclass_correlation(values: &Bound<'_, PyAny>, design: Design<'_>) -> PyResult<f64> {
    Ok(number(mean::intraclass_correlation(&items("values", values, &design, false)?)))
}

#[pyfunction]
fn compensated_sum(py: Python<'_>, values: &Bound<'_, PyAny>) -> PyResult<f64> {
    let values = floats("values", values)?;
    let values: &[f64] = &values;
    Ok(py.detach(|| mean::sum(values.iter().copied())))
}

/// Within, between, cases, repeats.
#[pyfunction]
fn variances(cases: &Bound<'_, PyAny>) -> PyResult<Option<(f64, f64, usize, f64)>> {
    let frame = cases.hasattr("columns")? && cases.hasattr("to_numpy")?;
    let each = if frame { cases.call_method0("to_numpy")? } else { cases.clone() };
    let Ok(each) = each.try_iter() else {
        return Err(crate::arrays::wrong("cases", "a sequence of the repeats of each case", cases));
    };
    let mut read: Vec<Vec<f64>> = Vec::new();
    for (at, case) in each.enumerate() {
        let name = format!("cases[{at}]");
        // A repeat without a score is none.
        let repeats: Vec<f64> = numbers(&name, &case?)?.iter().copied().filter(|x| !x.is_nan()).collect();
        if repeats.is_empty() || repeats.iter().any(|x| x.is_infinite()) {
            return Err(refused(format!("{name} must have finite numbers, one or more")));
        }
        read.push(repeats);
    }
    Ok(mean::variances(&read).map(|found| (found.within, found.between, found.cases, found.repeats)))
}

#[pyfunction]
fn variance_of_mean(within: f64, between: f64, cases: f64, repeats: f64) -> PyResult<f64> {
    let found = mean::Variances {
        within: at_least_zero("within", within)?,
        between: at_least_zero("between", between)?,
        cases: 0,
        repeats: 0.0,
    };
    match found.of_mean(cases, repeats) {
        Some(variance) => Ok(variance),
        None => Err(refused(format!("cases and repeats must be above 0, not {cases} and {repeats}"))),
    }
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(clustered_mean, module)?)?;
    module.add_function(wrap_pyfunction!(sandwich_errors, module)?)?;
    module.add_function(wrap_pyfunction!(intraclass_correlation, module)?)?;
    module.add_function(wrap_pyfunction!(compensated_sum, module)?)?;
    module.add_function(wrap_pyfunction!(variances, module)?)?;
    module.add_function(wrap_pyfunction!(variance_of_mean, module)?)
}
