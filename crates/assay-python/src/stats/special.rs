//! Distribution functions, of numbers and columns.

use assay_stats::special;
use pyo3::prelude::*;

use crate::arrays::numbers;
use crate::results::column_like;
use crate::results::refused;

/// A function of one number with its parameters.
fn function(name: &str, a: f64, b: f64) -> PyResult<Box<dyn Fn(f64) -> f64 + Send + Sync>> {
    let whole = |x: f64| (x >= 0.0 && x.fract() == 0.0 && x <= 2f64.powi(53)).then_some(x as u64);
    let n = whole(a);
    Ok(match name {
        "normal_pdf" => Box::new(special::normal_pdf),
        "normal_cdf" => Box::new(special::normal_cdf),
        "normal_quantile" => Box::new(special::normal_quantile),
        "ln_gamma" => Box::new(special::ln_gamma),
        "ln_beta" => Box::new(move |x| special::ln_beta(x, a)),
        "beta_cdf" => Box::new(move |x| special::beta_cdf(x, a, b)),
        "beta_sf" => Box::new(move |x| special::beta_sf(x, a, b)),
        "beta_quantile" => Box::new(move |p| special::beta_quantile(p, a, b)),
        "gamma_sf" => Box::new(move |x| special::gamma_sf(x, a)),
        "chi_square_sf" => Box::new(move |x| special::chi_square_sf(x, a)),
        "t_sf" => Box::new(move |t| special::t_sf(t, a)),
        "t_quantile" => Box::new(move |p| special::t_quantile(p, a)),
        "binomial_pmf" | "binomial_cdf" => {
            let n = n.ok_or_else(|| refused(format!("n must be a whole number of at least 0, not {a}")))?;
            if !(0.0..=1.0).contains(&b) {
                return Err(refused(format!("p must be from 0 to 1, not {b}")));
            }
            let of = if name == "binomial_pmf" { special::binomial_pmf } else { special::binomial_cdf };
            // Between whole numbers there is no probability, and below 0 neither.
            let pmf = name == "binomial_pmf";
            Box::new(move |k| match k {
                k if k.is_nan() => f64::NAN,
                k if k < 0.0 || (pmf && k.fract() != 0.0) => 0.0,
                k => of(k.floor() as u64, n, b),
            })
        }
        other => return Err(refused(format!("no distribution has the name {other}"))),
    })
}

#[pyfunction]
fn distribution<'py>(
    py: Python<'py>,
    name: &str,
    argument: &str,
    x: &Bound<'py, PyAny>,
    a: f64,
    b: f64,
) -> PyResult<Bound<'py, PyAny>> {
    let of = function(name, a, b)?;
    if let Ok(x) = x.extract::<f64>() {
        return Ok(of(x).into_pyobject(py)?.into_any());
    }
    let read = numbers(argument, x)?;
    let read: &[f64] = &read;
    column_like(x, py.detach(|| read.iter().map(|x| of(*x)).collect()))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(distribution, module)?)
}
