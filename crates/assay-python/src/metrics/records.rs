//! Extracted records, JSON and tool calls beside what was expected.

use assay_metrics::corpus::of_sums;
use assay_metrics::extraction::{self, Fields, Match};
use assay_metrics::structure;
use assay_metrics::tools::{self, Call, Mode};
use pyo3::prelude::*;
use pyo3::types::PyString;
use serde_json::Value;

use super::corpus::{Cases, Level};
use super::{invalid, unknown};
use crate::arrays::json::{json, plain};
use crate::arrays::same_length;
use crate::arrays::texts::{listed, text};

fn rule(path: &str, name: &str, tolerance: f64) -> PyResult<Match> {
    Ok(match name {
        "exact" => Match::Exact,
        "normalized" => Match::Normalized,
        "number" => Match::Number { relative: tolerance },
        "date" => Match::Date,
        "anls" => Match::Anls,
        other => return Err(unknown(&format!("the rule of {path}"), other, "exact, normalized, number, date, anls")),
    })
}

/// The level of F1, then of all records: credit, expected, given, wrong, missing, invented.
type FieldScores = (Level, f64, usize, usize, Vec<Vec<String>>, Vec<Vec<String>>, Vec<Vec<String>>);

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn field_scores(
    py: Python<'_>,
    predictions: &Bound<'_, PyAny>,
    references: &Bound<'_, PyAny>,
    default: &str,
    rules: Vec<(String, String)>,
    tolerance: f64,
    groups: Option<&Bound<'_, PyAny>>,
    confidence: f64,
) -> PyResult<FieldScores> {
    if !(tolerance >= 0.0 && tolerance.is_finite()) {
        return Err(invalid(format!("tolerance is {tolerance}: it must be a finite number of 0 or more")));
    }
    let read = |name: &str, value: &Bound<'_, PyAny>| -> PyResult<Vec<Value>> {
        let list = listed(name, "a sequence of records", value)?;
        list.iter().enumerate().map(|(at, record)| json(&format!("{name}[{at}]"), &record)).collect()
    };
    let (given, expected) = (read("predictions", predictions)?, read("references", references)?);
    same_length(("predictions", given.len()), ("references", expected.len()))?;
    let cases = Cases::new("predictions", given.len(), groups, confidence)?;
    let default = rule("match", default, tolerance)?;
    let named = rules.iter().map(|(path, name)| Ok((path.as_str(), rule(path, name, tolerance)?)));
    let named: Vec<(&str, Match)> = named.collect::<PyResult<_>>()?;
    Ok(py.detach(|| {
        let rule = |path: &str| named.iter().find(|(named, _)| *named == path).map_or(default, |(_, rule)| *rule);
        let all: Vec<Fields> = given.iter().zip(&expected).map(|(g, e)| extraction::compare(g, e, &rule)).collect();
        let counts: Vec<[f64; 3]> = all.iter().map(|f| [f.credit, f.expected as f64, f.given as f64]).collect();
        let f1 = |sums: &[f64]| Some(if sums[1] + sums[2] > 0.0 { 2.0 * sums[0] / (sums[1] + sums[2]) } else { 1.0 });
        let level = cases.level(&counts, Some((0.0, 1.0)), |rows| of_sums(rows, f1));
        let (credit, expected, given) =
            all.iter().fold((0.0, 0, 0), |(c, e, g), f| (c + f.credit, e + f.expected, g + f.given));
        let mut paths = (Vec::new(), Vec::new(), Vec::new());
        for fields in all {
            paths.0.push(fields.wrong);
            paths.1.push(fields.missing);
            paths.2.push(fields.invented);
        }
        (level, credit, expected, given, paths.0, paths.1, paths.2)
    }))
}

/// Right and expected leaves; wrong, missing and extra paths.
type Comparison = (usize, usize, Vec<String>, Vec<String>, Vec<String>);

#[pyfunction]
fn compare_json(
    py: Python<'_>,
    prediction: &Bound<'_, PyAny>,
    reference: &Bound<'_, PyAny>,
    tolerance: f64,
    ignore: Vec<String>,
) -> PyResult<Comparison> {
    if !(tolerance >= 0.0 && tolerance.is_finite()) {
        return Err(invalid(format!("tolerance is {tolerance}: it must be a finite number of 0 or more")));
    }
    let (given, expected) = (json("prediction", prediction)?, json("reference", reference)?);
    let found = py.detach(|| structure::compare(&given, &expected, tolerance, &ignore));
    Ok((found.right, found.expected, found.wrong, found.missing, found.extra))
}

/// Whether there is one, and what it is.
#[pyfunction]
fn find_json<'py>(py: Python<'py>, text: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    py.detach(|| structure::find_json(text)).map(|value| plain(py, &value)).transpose()
}

/// Whether the calls agree; hits, calls made, calls expected.
#[pyfunction]
fn tool_calls(
    py: Python<'_>,
    predicted: &Bound<'_, PyAny>,
    expected: &Bound<'_, PyAny>,
    mode: &str,
    arguments: bool,
) -> PyResult<(bool, f64, f64, f64)> {
    let mode = match mode {
        "exact" => Mode::Exact,
        "any_order" => Mode::AnyOrder,
        "subset" => Mode::Subset,
        "superset" => Mode::Superset,
        other => return Err(unknown("mode", other, "exact, any_order, subset, superset")),
    };
    let (made, expected) = (calls("y_pred", predicted)?, calls("y_true", expected)?);
    Ok(py.detach(|| {
        let made: Vec<Call<'_>> = made.iter().map(|(name, arguments)| (name.as_str(), arguments)).collect();
        let expected: Vec<Call<'_>> = expected.iter().map(|(name, arguments)| (name.as_str(), arguments)).collect();
        let counts = tools::counts(&made, &expected, arguments);
        (tools::agree(&made, &expected, mode, arguments), counts.hits, counts.predicted, counts.expected)
    }))
}

/// Calls as (name, arguments), or as dictionaries with these keys; arguments may be the text of a JSON object.
fn calls(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<(String, Value)>> {
    let list = listed(name, "a sequence of calls", value)?;
    let one = |(at, call): (usize, Bound<'_, PyAny>)| {
        let name = format!("{name}[{at}]");
        let part = |place: usize, key: &str| {
            let part = if call.hasattr("keys")? { call.get_item(key) } else { call.get_item(place) };
            part.map_err(|_| invalid(format!("{name} must be (name, arguments) or have the keys name and arguments")))
        };
        let function = text(&format!("the name of {name}"), &part(0, "name")?)?.to_string();
        let arguments = part(1, "arguments")?;
        let label = format!("the arguments of {name}");
        let mut read = json(&label, &arguments)?;
        if arguments.is_instance_of::<PyString>()
            && let Value::String(written) = &read
        {
            // As models write them.
            read = serde_json::from_str(written).map_err(|error| invalid(format!("{label} are no JSON: {error}")))?;
        }
        Ok((function, read))
    };
    list.iter().enumerate().map(one).collect()
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(field_scores, module)?)?;
    module.add_function(wrap_pyfunction!(compare_json, module)?)?;
    module.add_function(wrap_pyfunction!(find_json, module)?)?;
    module.add_function(wrap_pyfunction!(tool_calls, module)?)
}
