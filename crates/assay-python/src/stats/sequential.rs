//! Looks at data while they come in.

use assay_stats::sequential::{self, Bets, Side, Spending};
use pyo3::prelude::*;

use crate::arrays::{at_least_zero, count, finite, floats, inside, level, numbers};
use crate::results::column_like;
use crate::results::{Ends, ends, number, refused};

fn spending(name: &str, gamma: Option<f64>) -> PyResult<Spending> {
    match (name, gamma) {
        ("obrien_fleming", None) => Ok(Spending::OBrienFleming),
        ("pocock", None) => Ok(Spending::Pocock),
        ("hwang_shih_decani", Some(gamma)) => Ok(Spending::HwangShihDeCani(finite("gamma", gamma)?)),
        ("hwang_shih_decani", None) => Err(refused("spending='hwang_shih_decani' needs gamma")),
        ("obrien_fleming" | "pocock", Some(_)) => Err(refused("gamma goes with spending='hwang_shih_decani' only")),
        (other, _) => {
            Err(refused(format!("spending must be 'obrien_fleming', 'pocock' or 'hwang_shih_decani', not '{other}'")))
        }
    }
}

#[pyfunction]
fn error_spent(t: f64, alpha: f64, name: &str, gamma: Option<f64>) -> PyResult<f64> {
    let spent = spending(name, gamma)?.spent(inside("alpha", alpha)?, t);
    spent.ok_or_else(|| refused(format!("t must be above 0 and at most 1, and gamma at most 700 in size, not t = {t}")))
}

#[pyfunction]
fn boundaries(
    py: Python<'_>,
    information: &Bound<'_, PyAny>,
    alpha: f64,
    name: &str,
    gamma: Option<f64>,
) -> PyResult<Vec<(f64, f64, f64)>> {
    let (spending, information) = (spending(name, gamma)?, floats("information", information)?);
    let information: &[f64] = &information;
    let looks = py.detach(|| sequential::boundaries(information, alpha, spending)).map_err(refused)?;
    Ok(looks.into_iter().map(|look| (look.information, look.critical, look.spent)).collect())
}

#[pyfunction]
fn price_of_looking(
    py: Python<'_>,
    information: &Bound<'_, PyAny>,
    confidence: f64,
    name: &str,
    gamma: Option<f64>,
) -> PyResult<f64> {
    let (spending, information) = (spending(name, gamma)?, floats("information", information)?);
    let (information, confidence): (&[f64], f64) = (&information, level(confidence)?);
    let price = py.detach(|| sequential::price_of_looking(information, confidence, spending)).map_err(refused)?;
    Ok(number(price))
}

fn above_zero(name: &str, value: f64) -> PyResult<f64> {
    if value > 0.0 && value.is_finite() {
        return Ok(value);
    }
    Err(refused(format!("{name} must be a number above 0, not {value}")))
}

#[pyfunction]
fn repeated_interval(mean: f64, se: f64, critical: f64) -> PyResult<Ends> {
    if critical.is_nan() || critical <= 0.0 {
        return Err(refused(format!("critical must be above 0, not {critical}")));
    }
    let (mean, se) = (finite("mean", mean)?, at_least_zero("standard_error", se)?);
    Ok(ends(sequential::repeated_interval(mean, se, critical)))
}

#[pyfunction]
fn conditional_power(z: f64, t: f64, critical: f64) -> PyResult<f64> {
    Ok(number(sequential::conditional_power(finite("z", z)?, inside("t", t)?, finite("critical", critical)?)))
}

#[pyfunction]
fn always_valid_p<'py>(log_e: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let read = numbers("log_e", log_e)?;
    column_like(log_e, sequential::always_valid_p(read.iter().copied()))
}

#[pyfunction]
fn discordant_log_e(better: &Bound<'_, PyAny>, worse: &Bound<'_, PyAny>) -> PyResult<f64> {
    Ok(sequential::discordant_log_e(count("better", better, 0)?, count("worse", worse, 0)?))
}

fn e_values(value: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    let read = numbers("e", value)?;
    match read.iter().position(|e| e.is_nan() || *e < 0.0) {
        Some(at) => Err(refused(format!("e[{at}] is {}: e-values are at least 0", read[at]))),
        None => Ok(read.to_vec()),
    }
}

#[pyfunction]
fn merge_e_values(e: &Bound<'_, PyAny>) -> PyResult<f64> {
    Ok(number(sequential::merge_e_values(&e_values(e)?)))
}

#[pyfunction]
fn e_bh(e: &Bound<'_, PyAny>, alpha: f64) -> PyResult<Vec<bool>> {
    Ok(sequential::e_bh(&e_values(e)?, inside("alpha", alpha)?).unwrap_or_default())
}

#[pyfunction]
fn best_rho2(n: f64, alpha: f64) -> PyResult<f64> {
    Ok(number(sequential::best_rho2(above_zero("n", n)?, inside("alpha", alpha)?)))
}

#[pyfunction]
fn asymptotic_interval(mean: f64, sd: f64, n: &Bound<'_, PyAny>, rho2: f64, alpha: f64) -> PyResult<Ends> {
    let (mean, sd) = (finite("mean", mean)?, at_least_zero("sd", sd)?);
    let (rho2, alpha) = (above_zero("rho2", rho2)?, inside("alpha", alpha)?);
    Ok(ends(sequential::asymptotic_interval(mean, sd, count("n", n, 0)?, rho2, alpha)))
}

#[pyfunction]
fn msprt_log_e(mean: f64, variance: f64, n: &Bound<'_, PyAny>, null: f64, tau2: f64) -> PyResult<f64> {
    let (mean, null) = (finite("mean", mean)?, finite("null", null)?);
    let (variance, tau2) = (above_zero("variance", variance)?, above_zero("tau2", tau2)?);
    Ok(number(sequential::msprt_log_e(mean, variance, count("n", n, 0)?, null, tau2)))
}

fn bets(values: &[f64], range: (f64, f64), total: Option<&Bound<'_, PyAny>>, alpha: f64) -> PyResult<Bets> {
    let total = total.map(|total| count("total", total, 0)).transpose()?;
    let width = range.1 - range.0;
    if !(range.0.is_finite() && width.is_finite() && width > 0.0) {
        let (lo, hi) = range;
        return Err(refused(format!("bounds must be a smaller and a larger finite number, not {lo} and {hi}")));
    }
    if let Some(at) = values.iter().position(|value| *value < range.0 || *value > range.1) {
        let (lo, hi) = range;
        return Err(refused(format!("values[{at}] is {}: it must be from {lo} to {hi}", values[at])));
    }
    Bets::new(values, range, total, alpha).map_err(refused)
}

#[pyfunction]
fn betting_interval(
    py: Python<'_>,
    values: &Bound<'_, PyAny>,
    bounds: (f64, f64),
    total: Option<&Bound<'_, PyAny>>,
    confidence: f64,
) -> PyResult<Ends> {
    let values = floats("values", values)?;
    let bets = bets(&values, bounds, total, 1.0 - level(confidence)?)?;
    Ok(ends(py.detach(|| bets.interval())))
}

#[pyfunction]
fn log_capital<'py>(
    values: &Bound<'py, PyAny>,
    mean: f64,
    side: &str,
    bounds: (f64, f64),
    total: Option<&Bound<'py, PyAny>>,
    alpha: f64,
) -> PyResult<Bound<'py, PyAny>> {
    let side = match side {
        "above" => Side::Above,
        "below" => Side::Below,
        other => return Err(refused(format!("side must be 'above' or 'below', not '{other}'"))),
    };
    let read = floats("values", values)?;
    let path = bets(&read, bounds, total, inside("alpha", alpha)?)?.log_capital(finite("mean", mean)?, side);
    column_like(values, path.unwrap_or_default())
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(error_spent, module)?)?;
    module.add_function(wrap_pyfunction!(boundaries, module)?)?;
    module.add_function(wrap_pyfunction!(price_of_looking, module)?)?;
    module.add_function(wrap_pyfunction!(repeated_interval, module)?)?;
    module.add_function(wrap_pyfunction!(conditional_power, module)?)?;
    module.add_function(wrap_pyfunction!(always_valid_p, module)?)?;
    module.add_function(wrap_pyfunction!(discordant_log_e, module)?)?;
    module.add_function(wrap_pyfunction!(merge_e_values, module)?)?;
    module.add_function(wrap_pyfunction!(e_bh, module)?)?;
    module.add_function(wrap_pyfunction!(best_rho2, module)?)?;
    module.add_function(wrap_pyfunction!(asymptotic_interval, module)?)?;
    module.add_function(wrap_pyfunction!(msprt_log_e, module)?)?;
    module.add_function(wrap_pyfunction!(betting_interval, module)?)?;
    module.add_function(wrap_pyfunction!(log_capital, module)?)
}
