//! Levels: which interval is the decision of `assay_stats::level`.

use assay_stats::{Corpus, Estimate, Item, Kind, Reason};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{Floats, floats, groups, inside, level, numbers, same_length};
use crate::results::{fields, refused};

/// An estimate as it was computed, for the verdicts on it.
#[pyclass(frozen, module = "assay._assay")]
pub struct Level(pub Estimate);

#[pymethods]
impl Level {
    #[staticmethod]
    fn _load(json: &str) -> PyResult<Self> {
        serde_json::from_str(json).map(Self).map_err(refused)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let load = py.get_type::<Self>().getattr("_load")?;
        Ok((load, (serde_json::to_string(&self.0).map_err(refused)?,)))
    }
}

/// The kind of a score: as declared, else by a quantile or bounds, else pass or fail where all values are 0 or 1.
pub fn kind(
    declared: Option<&str>,
    bounds: Option<(f64, f64)>,
    q: Option<f64>,
    mut values: impl Iterator<Item = f64>,
) -> PyResult<Kind> {
    let bounded = |(lo, hi): (f64, f64)| match lo < hi && (hi - lo).is_finite() {
        true => Ok(Kind::Bounded { lo, hi }),
        false => Err(refused(format!("bounds must be a smaller and a larger finite number, not {lo} and {hi}"))),
    };
    match (declared, bounds, q) {
        (None | Some("quantile"), None, Some(q)) => Ok(Kind::Quantile { q: inside("q", q)? }),
        (_, _, Some(_)) => Err(refused("q goes with kind='quantile' only, and without bounds")),
        (Some("quantile"), _, None) => Err(refused("kind='quantile' needs q")),
        (None | Some("bounded"), Some(bounds), None) => bounded(bounds),
        (Some("bounded"), None, None) => Err(refused("kind='bounded' needs bounds")),
        (Some(_), Some(_), None) => Err(refused("bounds go with kind='bounded' only")),
        (Some("binary"), ..) => Ok(Kind::Binary),
        (Some("unbounded"), ..) => Ok(Kind::Unbounded),
        (None, None, None) => Ok(match values.all(|value| value == 0.0 || value == 1.0) {
            true => Kind::Binary,
            false => Kind::Unbounded,
        }),
        (Some(other), ..) => {
            Err(refused(format!("kind must be 'binary', 'bounded', 'unbounded' or 'quantile', not '{other}'")))
        }
    }
}

pub fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Binary => "binary",
        Kind::Bounded { .. } => "bounded",
        Kind::Unbounded => "unbounded",
        Kind::Quantile { .. } => "quantile",
    }
}

/// That values are within the range of their kind.
pub fn within(name: &str, kind: Kind, values: impl Iterator<Item = f64>) -> PyResult<()> {
    let Some((lo, hi)) = kind.range() else { return Ok(()) };
    match values.enumerate().find(|(_, value)| *value < lo || *value > hi) {
        Some((at, value)) => Err(refused(format!("{name}[{at}] is {value}: it must be from {lo} to {hi}"))),
        None => Ok(()),
    }
}

/// What goes with values: clusters, weights, and how many epochs are behind each.
#[derive(FromPyObject)]
pub struct Design<'py>(Option<Bound<'py, PyAny>>, Option<Bound<'py, PyAny>>, Option<Bound<'py, PyAny>>);

impl Design<'_> {
    /// Whether cases are independent, of one weight, and have one epoch each.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self(None, None, None))
    }

    /// (cluster, weight, repeats) of each of `n` values.
    pub fn read(&self, name: &str, n: usize) -> PyResult<Vec<(Option<u32>, f64, u32)>> {
        let Self(clusters, weights, repeats) = self;
        let clusters = groups("clusters", clusters.as_ref())?;
        if let Some(clusters) = &clusters {
            same_length((name, n), ("clusters", clusters.len()))?;
        }
        let weights = weights.as_ref().map(|weights| floats("weights", weights)).transpose()?;
        if let Some(weights) = &weights {
            same_length((name, n), ("weights", weights.len()))?;
            if let Some(at) = weights.iter().position(|weight| *weight < 0.0) {
                return Err(refused(format!("weights[{at}] is {}: it must be at least 0", weights[at])));
            }
            if n > 0 && weights.iter().all(|weight| *weight == 0.0) {
                return Err(refused("weights are all 0"));
            }
        }
        let epochs = match repeats {
            None => None,
            Some(value) => match value.extract::<f64>() {
                Ok(all) => Some(Floats::Owned(vec![all; n])),
                Err(_) => Some(floats("repeats", value)?),
            },
        };
        if let Some(epochs) = &epochs {
            same_length((name, n), ("repeats", epochs.len()))?;
            let whole = |k: &f64| *k >= 1.0 && k.fract() == 0.0 && *k <= f64::from(u32::MAX);
            if let Some(k) = epochs.iter().find(|k| !whole(k)) {
                return Err(refused(format!("repeats must be whole numbers of at least 1, not {k}")));
            }
        }
        let of = |at: usize| {
            let cluster = clusters.as_ref().map(|clusters| clusters[at]);
            let weight = weights.as_ref().map_or(1.0, |weights| weights[at]);
            (cluster, weight, epochs.as_ref().map_or(1, |epochs| epochs[at] as u32))
        };
        Ok((0..n).map(of).collect())
    }
}

/// Whether missing values are left out, as SciPy's `nan_policy` says.
pub fn omits(policy: &str) -> PyResult<bool> {
    match policy {
        "raise" => Ok(false),
        "omit" => Ok(true),
        other => Err(refused(format!("nan_policy must be 'raise' or 'omit', not '{other}'"))),
    }
}

/// Numbers, with NaN only where it is to be left out.
pub fn values<'py>(name: &str, value: &Bound<'py, PyAny>, omit: bool) -> PyResult<Floats<'py>> {
    if !omit {
        return floats(name, value);
    }
    let read = numbers(name, value)?;
    match read.iter().find(|x| x.is_infinite()) {
        Some(x) => Err(refused(format!("{name} holds {x}: numbers must be finite"))),
        None => Ok(read),
    }
}

pub fn items(name: &str, value: &Bound<'_, PyAny>, design: &Design<'_>, omit: bool) -> PyResult<Vec<Item>> {
    let read = values(name, value, omit)?;
    let plain = |value: &f64| Item { value: *value, repeats: 1, cluster: None, weight: 1.0 };
    if design.is_plain() {
        return Ok(read.iter().filter(|value| !value.is_nan()).map(plain).collect());
    }
    let design = design.read(name, read.len())?;
    let item = |(value, (cluster, weight, repeats)): (&f64, &(Option<u32>, f64, u32))| {
        (!value.is_nan()).then_some(Item { value: *value, repeats: *repeats, cluster: *cluster, weight: *weight })
    };
    Ok(read.iter().zip(&design).filter_map(item).collect())
}

/// An estimate's fields.
pub fn described<'py>(estimate: &Estimate, found: Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
    let wrong = [Reason::NotFinite, Reason::OutOfRange, Reason::Quantile, Reason::Confidence];
    if let Some(reason) = estimate.reason.filter(|reason| wrong.contains(reason)) {
        return Err(refused(reason));
    }
    found.set_item("interval", crate::results::ends(estimate.interval))?;
    Ok(found)
}

/// An estimate with its fields.
pub fn shown<'py>(py: Python<'py>, found: Estimate, kind: &str) -> PyResult<(Level, Bound<'py, PyDict>)> {
    let shown = described(&found, fields(py, &found)?)?;
    shown.set_item("kind", kind)?;
    Ok((Level(found), shown))
}

#[pyfunction]
#[pyo3(name = "level")]
fn level_of<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    score: (Option<String>, Option<(f64, f64)>, Option<f64>),
    design: Design<'py>,
    confidence: f64,
    nan_policy: &str,
) -> PyResult<(Level, Bound<'py, PyDict>)> {
    let (confidence, omit) = (level(confidence)?, omits(nan_policy)?);
    if design.is_plain() && !omit {
        let read = floats("values", values)?;
        let read: &[f64] = &read;
        let kind = kind(score.0.as_deref(), score.1, score.2, read.iter().copied())?;
        within("values", kind, read.iter().copied())?;
        return shown(py, py.detach(|| assay_stats::level_of(read, kind, confidence)), kind_name(kind));
    }
    let items = items("values", values, &design, omit)?;
    let kind = kind(score.0.as_deref(), score.1, score.2, items.iter().map(|item| item.value))?;
    within("values", kind, items.iter().map(|item| item.value))?;
    let found = py.detach(|| assay_stats::level(&items, kind, confidence));
    shown(py, found, kind_name(kind))
}

/// A corpus metric and what it is without each group.
pub fn corpus(
    names: [&str; 2],
    value: f64,
    left_out: &Bound<'_, PyAny>,
    n: Option<usize>,
    clustered: bool,
    bounds: Option<(f64, f64)>,
) -> PyResult<Corpus> {
    let defined = |value: f64| value.is_finite().then_some(value);
    let left_out: Vec<Option<f64>> = numbers(names[1], left_out)?.iter().map(|value| defined(*value)).collect();
    if let Some((lo, hi)) = bounds {
        kind(None, Some((lo, hi)), None, std::iter::empty())?;
        let given = std::iter::once(defined(value)).chain(left_out.iter().copied()).flatten();
        if let Some(odd) = given.into_iter().find(|value| *value < lo || *value > hi) {
            return Err(refused(format!("{} holds {odd}: it must be from {lo} to {hi}", names[0])));
        }
    }
    let n = n.unwrap_or(left_out.len());
    Ok(Corpus { value: defined(value), left_out, n, clustered, range: bounds })
}

#[pyfunction]
fn corpus_level<'py>(
    py: Python<'py>,
    value: f64,
    left_out: &Bound<'py, PyAny>,
    n: Option<usize>,
    clustered: bool,
    bounds: Option<(f64, f64)>,
    confidence: f64,
) -> PyResult<(Level, Bound<'py, PyDict>)> {
    let confidence = level(confidence)?;
    let corpus = corpus(["value", "left_out"], value, left_out, n, clustered, bounds)?;
    let found = assay_stats::corpus_level(&corpus, confidence);
    shown(py, found, if bounds.is_some() { "bounded" } else { "unbounded" })
}

/// Why something is undefined, in words, of the code that fields and reports have for it; other words are given as they are.
#[pyfunction]
fn reason_in_words(code: &str) -> String {
    serde_json::from_value::<Reason>(code.into()).map_or_else(|_| code.to_owned(), |reason| reason.to_string())
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Level>()?;
    module.add_function(wrap_pyfunction!(level_of, module)?)?;
    module.add_function(wrap_pyfunction!(reason_in_words, module)?)?;
    module.add_function(wrap_pyfunction!(corpus_level, module)?)
}
