//! Sample sizes and power.

use assay_stats::power::{self, Goal};
use pyo3::prelude::*;

use crate::arrays::{at_least_zero, count, finite, inside, level};
use crate::results::{number, refused};

/// (confidence, power, margin, effect).
fn goal((confidence, power, margin, effect): (f64, f64, f64, f64)) -> PyResult<Goal> {
    Ok(Goal {
        confidence: level(confidence)?,
        power: inside("power", power)?,
        margin: at_least_zero("margin", margin)?,
        effect: finite("effect", effect)?,
    })
}

type Numbers = (f64, f64, f64, f64);

#[pyfunction]
fn paired_cases(sd: f64, wanted: Numbers) -> PyResult<Option<u64>> {
    Ok(power::paired_cases(at_least_zero("sd", sd)?, goal(wanted)?))
}

fn discordance(psi: f64) -> PyResult<f64> {
    if (0.0..=1.0).contains(&psi) {
        return Ok(psi);
    }
    Err(refused(format!("discordance must be from 0 to 1, not {psi}")))
}

#[pyfunction]
fn paired_binary_cases(py: Python<'_>, psi: f64, wanted: Numbers) -> PyResult<Option<u64>> {
    let (psi, goal) = (discordance(psi)?, goal(wanted)?);
    Ok(py.detach(|| power::paired_binary_cases(psi, goal)))
}

#[pyfunction]
fn paired_power(py: Python<'_>, n: &Bound<'_, PyAny>, psi: f64, wanted: Numbers) -> PyResult<f64> {
    let n: u64 = count("n", n, 1)?;
    // The sum over all outcomes takes seconds from there on.
    if n > 20_000 {
        return Err(refused(format!("n must be 20,000 at most, not {n}: approximate_power has no limit")));
    }
    let (psi, goal) = (discordance(psi)?, goal(wanted)?);
    if goal.effect.abs() > psi {
        let effect = goal.effect;
        return Err(refused(format!("an effect of {effect} needs a discordance of at least as much, not {psi}")));
    }
    Ok(number(py.detach(|| power::paired_power(n, psi, goal))))
}

#[pyfunction]
fn detectable_effect(n: &Bound<'_, PyAny>, sd: f64, confidence: f64, chance: f64) -> PyResult<f64> {
    let n = count("n", n, 1)?;
    Ok(number(power::detectable(n, at_least_zero("sd", sd)?, level(confidence)?, inside("power", chance)?)))
}

#[pyfunction]
fn rate_cases(rate: f64, half_width: f64, confidence: f64) -> PyResult<Option<u64>> {
    if !(0.0..=1.0).contains(&rate) {
        return Err(refused(format!("rate must be from 0 to 1, not {rate}")));
    }
    if !(1e-6..0.5).contains(&half_width) {
        return Err(refused(format!("half_width must be from 1e-6 to below 0.5, not {half_width}")));
    }
    Ok(power::rate_cases(rate, half_width, level(confidence)?))
}

#[pyfunction]
fn all_pass_cases(threshold: f64, confidence: f64) -> PyResult<Option<u64>> {
    Ok(power::all_pass_cases(inside("threshold", threshold)?, level(confidence)?))
}

#[pyfunction]
fn unpaired_cases(sd: f64, baseline_sd: f64, wanted: Numbers) -> PyResult<Option<u64>> {
    let sd = (at_least_zero("sd", sd)?, at_least_zero("baseline_sd", baseline_sd)?);
    Ok(power::unpaired_cases(sd, goal(wanted)?))
}

#[pyfunction]
fn clustered_cases(n: &Bound<'_, PyAny>, effect: f64) -> PyResult<Option<u64>> {
    if !(effect > 0.0 && effect.is_finite()) {
        return Err(refused(format!("design_effect must be a number above 0, not {effect}")));
    }
    Ok(power::scaled(count("n", n, 0)?, effect))
}

#[pyfunction]
fn design_effect(size: f64, icc: f64) -> PyResult<f64> {
    if !(size >= 1.0 && size.is_finite() && (0.0..=1.0).contains(&icc)) {
        return Err(refused(format!("size must be at least 1 and icc from 0 to 1, not {size} and {icc}")));
    }
    Ok(number(power::design_effect(size, icc)))
}

#[pyfunction]
fn approximate_power(n: f64, sd: f64, confidence: f64, margin: f64, effect: f64) -> PyResult<f64> {
    if !(n > 0.0 && n.is_finite() && sd > 0.0 && sd.is_finite()) {
        return Err(refused(format!("n and sd must be numbers above 0, not {n} and {sd}")));
    }
    Ok(number(power::approximate_power(n, sd, goal((confidence, 0.5, margin, effect))?)))
}

#[pyfunction]
fn difference_sd(between: f64, correlation: f64, within: f64, repeats: &Bound<'_, PyAny>) -> PyResult<f64> {
    if !(-1.0..=1.0).contains(&correlation) {
        return Err(refused(format!("correlation must be from -1 to 1, not {correlation}")));
    }
    let (between, within) = (at_least_zero("between", between)?, at_least_zero("within", within)?);
    Ok(number(power::difference_sd(between, correlation, within, count("repeats", repeats, 1)?)))
}

#[pyfunction]
fn best_repeats(case_cost: f64, epoch_cost: f64, within: f64, between: f64) -> PyResult<f64> {
    let costs = (at_least_zero("case_cost", case_cost)?, at_least_zero("epoch_cost", epoch_cost)?);
    let (within, between) = (at_least_zero("within", within)?, at_least_zero("between", between)?);
    Ok(number(power::best_repeats(costs.0, costs.1, within, between)))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(paired_cases, module)?)?;
    module.add_function(wrap_pyfunction!(paired_binary_cases, module)?)?;
    module.add_function(wrap_pyfunction!(paired_power, module)?)?;
    module.add_function(wrap_pyfunction!(detectable_effect, module)?)?;
    module.add_function(wrap_pyfunction!(rate_cases, module)?)?;
    module.add_function(wrap_pyfunction!(all_pass_cases, module)?)?;
    module.add_function(wrap_pyfunction!(unpaired_cases, module)?)?;
    module.add_function(wrap_pyfunction!(clustered_cases, module)?)?;
    module.add_function(wrap_pyfunction!(design_effect, module)?)?;
    module.add_function(wrap_pyfunction!(approximate_power, module)?)?;
    module.add_function(wrap_pyfunction!(difference_sd, module)?)?;
    module.add_function(wrap_pyfunction!(best_repeats, module)?)
}
