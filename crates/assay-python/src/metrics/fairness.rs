//! Rates of groups and the gaps between them.

use assay_metrics::classification::Undefined;
use assay_metrics::fairness::{Gap, Group, Groups, Rate};
use pyo3::prelude::*;

use super::{invalid, nan, unknown};
use crate::arrays::labels::{Labels, labels, positives};
use crate::arrays::same_length;

fn rate(name: &str) -> PyResult<Rate> {
    match name {
        "selection" => Ok(Rate::Selection),
        "true_positive" => Ok(Rate::TruePositive),
        "false_positive" => Ok(Rate::FalsePositive),
        "precision" => Ok(Rate::Precision),
        other => Err(unknown("rate", other, "selection, true_positive, false_positive, precision")),
    }
}

/// A group, its cases and its rates: selection, true-positive, false-positive, precision.
type Rates = (Py<PyAny>, f64, [f64; 4]);

/// Difference, ratio, lowest group, highest group, groups that are too small.
type Found = (f64, f64, Py<PyAny>, Py<PyAny>, Vec<Py<PyAny>>);

/// The groups' rates and the gaps of the rates that are asked for.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn fairness_gaps(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
    sensitive_features: &Bound<'_, PyAny>,
    rates: Vec<String>,
    minimum: usize,
    pos_label: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Vec<Rates>, Vec<Found>)> {
    let (truth, predicted) = (positives("y_true", y_true, pos_label)?, positives("y_pred", y_pred, pos_label)?);
    let Labels { classes, mut columns } = labels(&[("sensitive_features", sensitive_features)])?;
    let groups = columns.remove(0);
    same_length(("y_true", truth.len()), ("y_pred", predicted.len()))?;
    same_length(("y_true", truth.len()), ("sensitive_features", groups.len()))?;
    let rates = rates.iter().map(|name| rate(name)).collect::<PyResult<Vec<Rate>>>()?;
    let found = py.detach(|| -> Result<_, Undefined> {
        let groups = Groups::new(&groups, &truth, &predicted, minimum)?;
        let gaps = rates.iter().map(|rate| groups.gap(*rate)).collect::<Result<Vec<Gap<u32>>, _>>()?;
        Ok((groups, gaps))
    });
    let (groups, gaps) = found.map_err(|why| match why {
        Undefined::TooFewGroups => invalid(format!("{why}: {minimum} cases are asked for with minimum")),
        why => invalid(why),
    })?;
    let name = |group: u32| classes[group as usize].clone_ref(py);
    let all = [Rate::Selection, Rate::TruePositive, Rate::FalsePositive, Rate::Precision];
    let each = |(group, counts): (&u32, &Group)| (name(*group), counts.cases, all.map(|rate| nan(counts.rate(rate))));
    let gap = |gap: Gap<u32>| {
        let small = gap.too_small.into_iter().map(name).collect();
        (gap.difference, nan(gap.ratio), name(gap.lowest), name(gap.highest), small)
    };
    Ok((groups.groups().iter().map(each).collect(), gaps.into_iter().map(gap).collect()))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(fairness_gaps, module)?)
}
