//! Control charts and change detectors: one class of Rust, whose kinds are classes in Python.

use assay_stats::drift::change::{Adwin, Ddm, Detector, Kswin, PageHinkley, alarms};
use assay_stats::drift::chart::{Baseline, BernoulliCusum, Cusum, Ewma, Shewhart, Sides};
use assay_stats::drift::detector::backtest;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{choice, count, floats};
use crate::results::{Record, number, record, refused};

/// A detector of some kind.
#[derive(Clone)]
enum Kind {
    PageHinkley(PageHinkley),
    Adwin(Adwin),
    Ddm(Ddm),
    Kswin(Box<Kswin>),
    Cusum(Cusum),
    Ewma(Ewma),
    Shewhart(Shewhart),
    Bernoulli(BernoulliCusum),
}

impl Kind {
    fn detector(&mut self) -> &mut (dyn Detector + Send) {
        match self {
            Self::PageHinkley(one) => one,
            Self::Adwin(one) => one,
            Self::Ddm(one) => one,
            Self::Kswin(one) => &mut **one,
            Self::Cusum(one) => one,
            Self::Ewma(one) => one,
            Self::Shewhart(one) => one,
            Self::Bernoulli(one) => one,
        }
    }
}

/// Something that watches a stream.
#[pyclass(module = "assay._assay", name = "Detector")]
struct PyDetector(Kind);

fn sides(value: &str) -> PyResult<Sides> {
    choice("sides", value, &[("both", Sides::Both), ("up", Sides::Up), ("down", Sides::Down)])
}

#[pymethods]
impl PyDetector {
    #[staticmethod]
    fn page_hinkley(min_instances: &Bound<'_, PyAny>, delta: f64, threshold: f64, alpha: f64) -> PyResult<Self> {
        let min_instances: u64 = count("min_instances", min_instances, 0)?;
        let one = PageHinkley::new(min_instances, delta, threshold, alpha).map_err(refused)?;
        Ok(Self(Kind::PageHinkley(one)))
    }

    #[staticmethod]
    fn adwin(
        delta: f64,
        clock: &Bound<'_, PyAny>,
        max_buckets: &Bound<'_, PyAny>,
        min_window: &Bound<'_, PyAny>,
        grace: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let clock: u64 = count("clock", clock, 0)?;
        let max_buckets: usize = count("max_buckets", max_buckets, 0)?;
        let min_window: u64 = count("min_window_length", min_window, 0)?;
        let grace: u64 = count("grace_period", grace, 0)?;
        Ok(Self(Kind::Adwin(Adwin::new(delta, clock, max_buckets, min_window, grace).map_err(refused)?)))
    }

    #[staticmethod]
    fn ddm(warm_start: &Bound<'_, PyAny>, threshold: f64) -> PyResult<Self> {
        let warm_start: u64 = count("warm_start", warm_start, 0)?;
        Ok(Self(Kind::Ddm(Ddm::new(warm_start, threshold).map_err(refused)?)))
    }

    #[staticmethod]
    fn kswin(
        alpha: f64,
        window_size: &Bound<'_, PyAny>,
        stat_size: &Bound<'_, PyAny>,
        seed: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let window_size: usize = count("window_size", window_size, 0)?;
        let stat_size: usize = count("stat_size", stat_size, 0)?;
        let seed: u64 = count("seed", seed, 0)?;
        let one = Kswin::new(alpha, window_size, stat_size, seed).map_err(refused)?;
        Ok(Self(Kind::Kswin(Box::new(one))))
    }

    #[staticmethod]
    fn cusum(k: f64, h: f64, of: &str) -> PyResult<Self> {
        Ok(Self(Kind::Cusum(Cusum::new(k, h, sides(of)?).map_err(refused)?)))
    }

    #[staticmethod]
    fn cusum_design(py: Python<'_>, shift: f64, arl0: f64, of: &str) -> PyResult<Self> {
        let sides = sides(of)?;
        Ok(Self(Kind::Cusum(py.detach(|| Cusum::design(shift, arl0, sides)).map_err(refused)?)))
    }

    #[staticmethod]
    fn ewma(weight: f64, limit: f64) -> PyResult<Self> {
        Ok(Self(Kind::Ewma(Ewma::new(weight, limit).map_err(refused)?)))
    }

    #[staticmethod]
    fn ewma_design(py: Python<'_>, weight: f64, arl0: f64) -> PyResult<Self> {
        Ok(Self(Kind::Ewma(py.detach(|| Ewma::design(weight, arl0)).map_err(refused)?)))
    }

    #[staticmethod]
    fn shewhart(limit: f64) -> PyResult<Self> {
        match limit > 0.0 && limit.is_finite() {
            true => Ok(Self(Kind::Shewhart(Shewhart { limit }))),
            false => Err(refused(format!("limit must be above 0, not {limit}"))),
        }
    }

    #[staticmethod]
    fn shewhart_design(arl0: f64) -> PyResult<Self> {
        Ok(Self(Kind::Shewhart(Shewhart::design(arl0).map_err(refused)?)))
    }

    #[staticmethod]
    fn bernoulli(m: &Bound<'_, PyAny>, limit: &Bound<'_, PyAny>) -> PyResult<Self> {
        let m: u64 = count("m", m, 0)?;
        let limit: u64 = count("limit", limit, 0)?;
        Ok(Self(Kind::Bernoulli(BernoulliCusum::new(m, limit).map_err(refused)?)))
    }

    #[staticmethod]
    fn bernoulli_design(py: Python<'_>, good: f64, bad: f64, arl0: f64) -> PyResult<Self> {
        Ok(Self(Kind::Bernoulli(py.detach(|| BernoulliCusum::design(good, bad, arl0)).map_err(refused)?)))
    }

    /// The settings by name.
    fn settings<'py>(&self, py: Python<'py>) -> Record<'py> {
        match &self.0 {
            Kind::PageHinkley(one) => record!(py;
                min_instances: one.min_instances,
                delta: one.delta,
                threshold: one.threshold,
                alpha: one.alpha,
            ),
            Kind::Adwin(one) => record!(py;
                delta: one.delta,
                clock: one.clock,
                max_buckets: one.max_buckets,
                min_window_length: one.min_window,
                grace_period: one.grace,
            ),
            Kind::Ddm(one) => record!(py; warm_start: one.warm_start, drift_threshold: one.threshold),
            Kind::Kswin(one) => record!(py;
                alpha: one.alpha,
                window_size: one.window_size,
                stat_size: one.stat_size,
            ),
            Kind::Cusum(one) => {
                let sides = match one.sides {
                    Sides::Up => "up",
                    Sides::Down => "down",
                    Sides::Both => "both",
                };
                record!(py; k: one.k, h: one.h, sides: sides)
            }
            Kind::Ewma(one) => record!(py; weight: one.weight, limit: one.limit),
            Kind::Shewhart(one) => record!(py; limit: one.limit),
            Kind::Bernoulli(one) => record!(py; m: one.m, limit: one.limit),
        }
    }

    fn update(&mut self, value: f64) -> PyResult<bool> {
        self.0.detector().update(value).map_err(|_| match &self.0 {
            Kind::Ddm(_) | Kind::Bernoulli(_) => {
                refused(format!("the value must be 0 (passed) or 1 (failed), not {value}"))
            }
            _ => refused(format!("the value must be a finite number, not {value}")),
        })
    }

    fn alarms(&mut self, py: Python<'_>, values: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
        let values = floats("values", values)?;
        let values = &*values;
        let detector = self.0.detector();
        py.detach(|| alarms(detector, values)).map_err(|_| refused("values must each be 0 or 1"))
    }

    fn reset(&mut self) {
        self.0.detector().reset();
    }

    /// The average run length: at a shift, or of yes or no at a rate.
    fn arl(&self, py: Python<'_>, at: f64) -> f64 {
        let kind = &self.0;
        number(py.detach(|| match kind {
            Kind::Cusum(one) => one.arl(at),
            Kind::Ewma(one) => one.arl(at),
            Kind::Shewhart(one) => one.arl(at),
            Kind::Bernoulli(one) => one.arl(at),
            _ => None,
        }))
    }

    fn backtest<'py>(
        &mut self,
        py: Python<'py>,
        quiet: &Bound<'py, PyAny>,
        shift: f64,
        injections: &Bound<'_, PyAny>,
        seed: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let injections: usize = count("injections", injections, 0)?;
        let seed: u64 = count("seed", seed, 0)?;
        let quiet = floats("quiet", quiet)?;
        let quiet = &*quiet;
        let detector = self.0.detector();
        let found = py.detach(|| backtest(detector, quiet, shift, injections, seed)).map_err(refused)?;
        record!(py;
            values: found.values,
            false_alarms: found.false_alarms,
            arl0: number(found.arl0),
            injected: found.injected,
            found: found.found,
            mean_delay: number(found.mean_delay),
            longest_delay: found.longest_delay,
        )
    }

    fn copy(&self) -> Self {
        Self(self.0.clone())
    }
}

#[pyfunction]
fn baseline(values: &Bound<'_, PyAny>) -> PyResult<(f64, f64)> {
    let values = floats("values", values)?;
    Baseline::of(&values).map(|found| (found.mean, found.sd)).map_err(refused)
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyDetector>()?;
    module.add_function(wrap_pyfunction!(baseline, module)?)
}
