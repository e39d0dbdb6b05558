//! Intervals of rates.

use assay_stats::Interval;
use assay_stats::proportion::{self, critical};
use pyo3::prelude::*;

use crate::arrays::{count, finite, level};
use crate::results::{Ends, ends, number, refused};

#[pyfunction]
fn wilson(successes: f64, n: f64, confidence: f64) -> PyResult<Ends> {
    let z = critical(level(confidence)?);
    if !(n >= 0.0 && n.is_finite()) {
        return Err(refused(format!("n must be a number of at least 0, not {n}")));
    }
    // A mean of scores times their number may exceed the number by its last bit.
    if !(successes >= 0.0 && successes <= n * (1.0 + 1e-12)) {
        return Err(refused(format!("successes must be from 0 to n = {n}, not {successes}")));
    }
    Ok(ends(proportion::wilson(successes, n, z)))
}

/// Successes and cases.
fn rate(names: [&str; 2], successes: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>) -> PyResult<(u64, u64)> {
    let (k, of): (u64, u64) = (count(names[0], successes, 0)?, count(names[1], n, 0)?);
    if k > of {
        return Err(refused(format!("{} must be from 0 to {} = {of}, not {k}", names[0], names[1])));
    }
    Ok((k, of))
}

#[pyfunction]
fn clopper_pearson(successes: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>, confidence: f64) -> PyResult<Ends> {
    let (k, n) = rate(["successes", "n"], successes, n)?;
    Ok(ends(proportion::clopper_pearson(k, n, level(confidence)?)))
}

#[pyfunction]
fn jeffreys(successes: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>, confidence: f64) -> PyResult<Ends> {
    let (k, n) = rate(["successes", "n"], successes, n)?;
    Ok(ends(proportion::jeffreys(k, n, level(confidence)?)))
}

#[pyfunction]
fn zero_of_n_upper(n: &Bound<'_, PyAny>, confidence: f64) -> PyResult<f64> {
    Ok(number(proportion::zero_of_n_upper(count("n", n, 0)?, level(confidence)?)))
}

/// The arms of a comparison: (successes, n) of the candidate, then of the baseline.
#[derive(FromPyObject)]
struct Arms<'py>(Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

impl Arms<'_> {
    fn read(&self) -> PyResult<[(u64, u64); 2]> {
        Ok([rate(["successes", "n"], &self.0, &self.1)?, rate(["baseline_successes", "baseline_n"], &self.2, &self.3)?])
    }
}

#[pyfunction]
fn newcombe(arms: Arms<'_>, confidence: f64) -> PyResult<Ends> {
    let ([c, b], z) = (arms.read()?, critical(level(confidence)?));
    let of = |(k, n): (u64, u64)| Some((k as f64 / n as f64, proportion::wilson(k as f64, n as f64, z)?));
    Ok(of(c).zip(of(b)).and_then(|((p, c), (q, b))| ends(proportion::mover(p, c, q, b))))
}

#[pyfunction]
fn mover(candidate: f64, c: (f64, f64), baseline: f64, b: (f64, f64)) -> PyResult<Ends> {
    let of = |name: &str, rate: f64, (lower, upper): (f64, f64)| {
        finite(name, rate)?;
        if lower <= rate + 1e-12 && rate <= upper + 1e-12 {
            return Ok(Interval { lower, upper });
        }
        Err(refused(format!("{name} = {rate} is not within its interval, {lower} to {upper}")))
    };
    Ok(ends(proportion::mover(candidate, of("candidate", candidate, c)?, baseline, of("baseline", baseline, b)?)))
}

#[pyfunction]
fn agresti_caffo(arms: Arms<'_>, confidence: f64) -> PyResult<Ends> {
    let [c, b] = arms.read()?;
    Ok(ends(proportion::agresti_caffo(c, b, critical(level(confidence)?))))
}

#[pyfunction]
fn miettinen_nurminen(arms: Arms<'_>, confidence: f64) -> PyResult<Ends> {
    let [c, b] = arms.read()?;
    Ok(ends(proportion::miettinen_nurminen(c, b, critical(level(confidence)?))))
}

#[pyfunction]
fn miettinen_nurminen_z(arms: Arms<'_>, delta: f64) -> PyResult<f64> {
    let [c, b] = arms.read()?;
    if !(-1.0..=1.0).contains(&delta) {
        return Err(refused(format!("delta must be from -1 to 1, not {delta}")));
    }
    Ok(number(proportion::miettinen_nurminen_z(c, b, delta)))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(wilson, module)?)?;
    module.add_function(wrap_pyfunction!(clopper_pearson, module)?)?;
    module.add_function(wrap_pyfunction!(jeffreys, module)?)?;
    module.add_function(wrap_pyfunction!(zero_of_n_upper, module)?)?;
    module.add_function(wrap_pyfunction!(newcombe, module)?)?;
    module.add_function(wrap_pyfunction!(mover, module)?)?;
    module.add_function(wrap_pyfunction!(agresti_caffo, module)?)?;
    module.add_function(wrap_pyfunction!(miettinen_nurminen, module)?)?;
    module.add_function(wrap_pyfunction!(miettinen_nurminen_z, module)?)
}
