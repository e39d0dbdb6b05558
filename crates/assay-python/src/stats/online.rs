//! Randomised online experiments.

use assay_stats::online::{self, Arm, Concern, Effect, Lift, LiftMethod, Unit};
use pyo3::prelude::*;

use crate::arrays::tables;
use crate::arrays::{choice, count, counted, counts, floats, level, optional, same_length};
use crate::results::{Record, both, number, record, refused};

/// An effect.
pub fn effect<'py>(py: Python<'py>, found: &Effect) -> Record<'py> {
    record!(py;
        estimate: found.value,
        interval: both(found.interval),
        standard_error: found.se,
        df: found.df,
        p_value: found.p,
    )
}

/// Value, variance of one unit, units.
type Parts = (f64, f64, u64);

fn arm((value, variance, n): Parts) -> Arm {
    Arm { value, variance, n }
}

fn parts(arm: Arm) -> Parts {
    (arm.value, arm.variance, arm.n)
}

#[pyfunction]
fn sample_ratio<'py>(
    py: Python<'py>,
    units: &Bound<'py, PyAny>,
    shares: &Bound<'py, PyAny>,
    concentration: f64,
) -> Record<'py> {
    let (units, shares) = (counts("counts", units)?, floats("shares", shares)?);
    same_length(("counts", units.len()), ("shares", shares.len()))?;
    let found = online::sample_ratio(&units, &shares).map_err(refused)?;
    let log_e = online::sample_ratio_log_e(&units, &shares, concentration).map_err(refused)?;
    let concern = match found.concern {
        Concern::None => "none",
        Concern::Warning => "warning",
        Concern::Alert => "alert",
    };
    record!(py; chi2: found.chi2, df: found.df, p_value: found.p, exact: number(found.exact), concern: concern, log_e: log_e)
}

#[pyfunction]
fn two_proportions(treatment: &Bound<'_, PyAny>, control: &Bound<'_, PyAny>) -> PyResult<(f64, f64)> {
    let treatment = counted("treatment", treatment)?;
    let control = counted("control", control)?;
    for (name, (successes, units)) in [("treatment", treatment), ("control", control)] {
        if units == 0 || successes > units {
            return Err(refused(format!(
                "{name} has {successes} successes of {units}: some of at least one are needed"
            )));
        }
    }
    Ok(online::two_proportions(treatment, control).unwrap_or((f64::NAN, f64::NAN)))
}

fn few(name: &str) -> PyErr {
    refused(format!("{name} must have two units or more, and numbers whose squares are finite"))
}

#[pyfunction]
fn arm_mean(py: Python<'_>, name: &str, values: &Bound<'_, PyAny>) -> PyResult<Parts> {
    let values = floats(name, values)?;
    let values = &*values;
    py.detach(|| Arm::mean(values)).map(parts).ok_or_else(|| few(name))
}

#[pyfunction]
fn arm_ratio(py: Python<'_>, numerators: &Bound<'_, PyAny>, denominators: &Bound<'_, PyAny>) -> PyResult<Parts> {
    let (numerators, denominators) = (floats("numerators", numerators)?, floats("denominators", denominators)?);
    same_length(("numerators", numerators.len()), ("denominators", denominators.len()))?;
    let units: Vec<(f64, f64)> = numerators.iter().copied().zip(denominators.iter().copied()).collect();
    py.detach(|| Arm::ratio(&units))
        .map(parts)
        .ok_or_else(|| refused("numerators must have two units or more, and denominators must not sum to 0"))
}

#[pyfunction]
fn arms_effect(
    py: Python<'_>,
    treatment: Parts,
    control: Parts,
    confidence: f64,
) -> PyResult<Option<Bound<'_, pyo3::types::PyDict>>> {
    let confidence = level(confidence)?;
    online::effect(arm(treatment), arm(control), confidence).map(|found| effect(py, &found)).transpose()
}

#[pyfunction]
fn arms_lift<'py>(py: Python<'py>, treatment: Parts, control: Parts, method: &str, confidence: f64) -> Record<'py> {
    let confidence = level(confidence)?;
    type Method = fn(Arm, Arm, f64) -> Option<Lift>;
    let methods: [(&str, Method); 3] =
        [("auto", online::lift), ("log_delta", online::log_delta), ("fieller", online::fieller)];
    let found = choice("method", method, &methods)?(arm(treatment), arm(control), confidence);
    record!(py;
        estimate: number(found.map(|found| found.value)),
        interval: found.and_then(|found| found.interval).map(both),
        method: found.map(|found| match found.method {
            LiftMethod::LogDelta => "log_delta",
            LiftMethod::Fieller => "fieller",
        }),
        g: number(found.map(|found| found.g)),
    )
}

#[pyfunction]
fn cuped<'py>(
    py: Python<'py>,
    treatment: &Bound<'py, PyAny>,
    control: &Bound<'py, PyAny>,
    treatment_covariate: &Bound<'py, PyAny>,
    control_covariate: &Bound<'py, PyAny>,
) -> Record<'py> {
    let side = |name: &str, outcomes: &Bound<'py, PyAny>, covariate: &Bound<'py, PyAny>| {
        let outcomes = floats(name, outcomes)?;
        let of = format!("{name}_covariate");
        let covariate = optional(&of, covariate)?;
        same_length((name, outcomes.len()), (&of, covariate.len()))?;
        Ok::<_, PyErr>(outcomes.iter().copied().zip(covariate).collect::<Vec<(f64, Option<f64>)>>())
    };
    let treated = side("treatment", treatment, treatment_covariate)?;
    let others = side("control", control, control_covariate)?;
    let found = py.detach(|| online::cuped(&treated, &others)).ok_or_else(|| few("each arm"))?;
    record!(py;
        treatment: parts(found.treatment),
        control: parts(found.control),
        theta: found.theta,
        variance_left: found.variance_left,
    )
}

#[pyfunction]
fn lin_adjusted<'py>(
    py: Python<'py>,
    treatment: &Bound<'py, PyAny>,
    control: &Bound<'py, PyAny>,
    treatment_covariates: Option<&Bound<'py, PyAny>>,
    control_covariates: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let side = |name: &str, outcomes: &Bound<'py, PyAny>, covariates: Option<&Bound<'py, PyAny>>| {
        let outcomes = floats(name, outcomes)?;
        let of = format!("{name}_covariates");
        let covariates = match covariates {
            Some(covariates) => tables::optional_rows(&of, covariates)?,
            None => vec![Vec::new(); outcomes.len()],
        };
        same_length((name, outcomes.len()), (&of, covariates.len()))?;
        let unit = |(outcome, covariates): (&f64, Vec<Option<f64>>)| Unit { outcome: *outcome, covariates };
        Ok::<_, PyErr>(outcomes.iter().zip(covariates).map(unit).collect::<Vec<_>>())
    };
    let treated = side("treatment", treatment, treatment_covariates)?;
    let others = side("control", control, control_covariates)?;
    let found = py.detach(|| online::lin(&treated, &others, confidence)).map_err(refused)?;
    let fields = effect(py, &found.effect)?;
    fields.set_item("treatment", found.treatment)?;
    fields.set_item("control", found.control)?;
    fields.set_item("left_out", found.left_out)?;
    Ok(fields)
}

/// Without a test of the caller's: Welch's on `values`.
#[pyfunction]
fn aa_check<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    treated: &Bound<'_, PyAny>,
    replays: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
    test: Option<&Bound<'py, PyAny>>,
) -> Record<'py> {
    let treated: usize = count("treated", treated, 0)?;
    let replays: u32 = count("replays", replays, 0)?;
    let seed: u64 = count("seed", seed, 0)?;
    let values = floats("values", values)?;
    let values = &*values;
    if treated == 0 || treated >= values.len() {
        return Err(refused(format!("treated must be from 1 to below the {} values, not {treated}", values.len())));
    }
    let found = match test {
        None => py.detach(|| {
            online::aa_check(values.len(), treated, replays, seed, |mask| {
                let side = |which: bool| {
                    let own: Vec<f64> =
                        values.iter().zip(mask).filter(|(_, one)| **one == which).map(|(value, _)| *value).collect();
                    Arm::mean(&own)
                };
                online::effect(side(true)?, side(false)?, 0.95).map(|found| found.p)
            })
        }),
        Some(test) => {
            let mut failed = None;
            let found = online::aa_check(values.len(), treated, replays, seed, |mask| {
                if failed.is_some() {
                    return None;
                }
                let p = test.call1((mask.to_vec(),)).and_then(|p| p.extract::<f64>());
                p.map_err(|error| failed = Some(error)).ok()
            });
            if let Some(error) = failed {
                return Err(error);
            }
            found
        }
    };
    let found = found.ok_or_else(|| refused("no replay has a p-value"))?;
    record!(py;
        passed: found.passed(),
        discrete: found.discrete(),
        rejected: found.rejected,
        defined: found.defined,
        distinct: found.distinct,
        distance: found.distance,
        p_value: found.p,
    )
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sample_ratio, module)?)?;
    module.add_function(wrap_pyfunction!(two_proportions, module)?)?;
    module.add_function(wrap_pyfunction!(arm_mean, module)?)?;
    module.add_function(wrap_pyfunction!(arm_ratio, module)?)?;
    module.add_function(wrap_pyfunction!(arms_effect, module)?)?;
    module.add_function(wrap_pyfunction!(arms_lift, module)?)?;
    module.add_function(wrap_pyfunction!(cuped, module)?)?;
    module.add_function(wrap_pyfunction!(lin_adjusted, module)?)?;
    module.add_function(wrap_pyfunction!(aa_check, module)?)
}
