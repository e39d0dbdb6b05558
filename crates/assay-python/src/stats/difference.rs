//! Differences: which interval is the decision of `assay_stats::difference`.

use assay_stats::difference::Harm;
use assay_stats::{Item, Kind, Pair};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::estimate::{Design, corpus, described, items, kind, kind_name, omits, values, within};
use crate::arrays::{count, floats, level, same_length};
use crate::results::{ends, fields, number, refused};

/// A difference as it was computed, for the verdicts on it.
#[pyclass(frozen, module = "assay._assay")]
pub struct Difference(pub assay_stats::Difference);

#[pymethods]
impl Difference {
    fn p_worse(&self, margin: f64) -> PyResult<f64> {
        Ok(number(self.0.p_worse(crate::arrays::finite("margin", margin)?)))
    }

    fn p_equivalent(&self, margin: f64) -> PyResult<f64> {
        if !(margin > 0.0 && margin.is_finite()) {
            return Err(refused(format!("margin must be a number above 0, not {margin}")));
        }
        Ok(number(self.0.p_equivalent(margin)))
    }

    #[staticmethod]
    fn _load(json: &str, harm: &str) -> PyResult<Self> {
        let found: assay_stats::Difference = serde_json::from_str(json).map_err(refused)?;
        let harm: Harm = serde_json::from_str(harm).map_err(refused)?;
        Ok(Self(assay_stats::Difference { harm, ..found }))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String, String))> {
        let load = py.get_type::<Self>().getattr("_load")?;
        let json = serde_json::to_string(&self.0).map_err(refused)?;
        Ok((load, (json, serde_json::to_string(&self.0.harm).map_err(refused)?)))
    }
}

/// A difference with its fields.
pub fn shown<'py>(
    py: Python<'py>,
    found: assay_stats::Difference,
    kind: &str,
) -> PyResult<(Difference, Bound<'py, PyDict>)> {
    let dict = described(&found.estimate, fields(py, &found)?)?;
    dict.set_item("gate_interval", ends(found.gate_interval))?;
    dict.set_item("kind", kind)?;
    Ok((Difference(found), dict))
}

/// Kind, bounds and quantile of a score.
type Score = (Option<String>, Option<(f64, f64)>, Option<f64>);

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn paired_difference<'py>(
    py: Python<'py>,
    candidate: &Bound<'py, PyAny>,
    baseline: &Bound<'py, PyAny>,
    score: Score,
    design: Design<'py>,
    confidence: f64,
    seed: &Bound<'py, PyAny>,
    nan_policy: &str,
) -> PyResult<(Difference, Bound<'py, PyDict>)> {
    let (confidence, seed, omit) = (level(confidence)?, count("seed", seed, 0)?, omits(nan_policy)?);
    let (c, b) = (values("candidate", candidate, omit)?, values("baseline", baseline, omit)?);
    same_length(("candidate", c.len()), ("baseline", b.len()))?;
    let pair = |((candidate, baseline), (cluster, weight, repeats)): ((&f64, &f64), (Option<u32>, f64, u32))| {
        let missing = candidate.is_nan() || baseline.is_nan();
        (!missing).then_some(Pair { candidate: *candidate, baseline: *baseline, repeats, cluster, weight })
    };
    let both = c.iter().zip(&b[..]);
    let pairs: Vec<Pair> = match design.is_plain() {
        true => both.zip(std::iter::repeat((None, 1.0, 1))).filter_map(pair).collect(),
        false => both.zip(design.read("candidate", c.len())?).filter_map(pair).collect(),
    };
    let both = pairs.iter().flat_map(|pair| [pair.candidate, pair.baseline]);
    let kind = kind(score.0.as_deref(), score.1, score.2, both)?;
    within("candidate", kind, c.iter().copied())?;
    within("baseline", kind, b.iter().copied())?;
    let found = py.detach(|| assay_stats::difference(&pairs, kind, confidence, seed));
    shown(py, found, kind_name(kind))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn unpaired_difference<'py>(
    py: Python<'py>,
    candidate: &Bound<'py, PyAny>,
    baseline: &Bound<'py, PyAny>,
    score: Score,
    design: Design<'py>,
    baseline_design: Design<'py>,
    confidence: f64,
    nan_policy: &str,
) -> PyResult<(Difference, Bound<'py, PyDict>)> {
    let (confidence, omit) = (level(confidence)?, omits(nan_policy)?);
    let kind_of = |c: &mut dyn Iterator<Item = f64>, b: &mut dyn Iterator<Item = f64>| match kind(
        score.0.as_deref(),
        score.1,
        score.2,
        c.chain(b),
    )? {
        Kind::Quantile { .. } => Err(refused("the difference of quantiles is computed of paired cases only")),
        kind => Ok(kind),
    };
    if design.is_plain() && baseline_design.is_plain() && !omit {
        let (c, b) = (floats("candidate", candidate)?, floats("baseline", baseline)?);
        let (c, b): (&[f64], &[f64]) = (&c, &b);
        let kind = kind_of(&mut c.iter().copied(), &mut b.iter().copied())?;
        within("candidate", kind, c.iter().copied())?;
        within("baseline", kind, b.iter().copied())?;
        let found = py.detach(|| assay_stats::unpaired_difference_of(c, b, kind, confidence));
        return shown(py, found, kind_name(kind));
    }
    let c = items("candidate", candidate, &design, omit)?;
    let b = items("baseline", baseline, &baseline_design, omit)?;
    let of = |items: &[Item]| -> Vec<f64> { items.iter().map(|item| item.value).collect() };
    let (cs, bs) = (of(&c), of(&b));
    let kind = kind_of(&mut cs.iter().copied(), &mut bs.iter().copied())?;
    within("candidate", kind, cs.iter().copied())?;
    within("baseline", kind, bs.iter().copied())?;
    let found = py.detach(|| assay_stats::unpaired_difference(&c, &b, kind, confidence));
    shown(py, found, kind_name(kind))
}

/// A metric of the corpus and what it is without each group.
type Arm<'py> = (f64, Bound<'py, PyAny>);

#[pyfunction]
fn corpus_difference<'py>(
    py: Python<'py>,
    candidate: Arm<'py>,
    baseline: Arm<'py>,
    cases: [usize; 3],
    clustered: bool,
    bounds: Option<(f64, f64)>,
    confidence: f64,
) -> PyResult<(Difference, Bound<'py, PyDict>)> {
    let confidence = level(confidence)?;
    let n: usize = cases.iter().sum();
    let n = (n > 0).then_some(n);
    let c = corpus(["candidate", "candidate_left_out"], candidate.0, &candidate.1, n, clustered, bounds)?;
    let b = corpus(["baseline", "baseline_left_out"], baseline.0, &baseline.1, n, clustered, bounds)?;
    same_length(("candidate_left_out", c.left_out.len()), ("baseline_left_out", b.left_out.len()))?;
    let found = assay_stats::corpus_difference(&c, &b, cases, confidence);
    shown(py, found, if bounds.is_some() { "bounded" } else { "unbounded" })
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Difference>()?;
    module.add_function(wrap_pyfunction!(paired_difference, module)?)?;
    module.add_function(wrap_pyfunction!(unpaired_difference, module)?)?;
    module.add_function(wrap_pyfunction!(corpus_difference, module)?)
}
