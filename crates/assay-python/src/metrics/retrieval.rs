//! Rankings and runs beside relevance judgements.

use std::collections::{BTreeMap, HashMap};

use assay_metrics::ranking::{Judged, alpha_ndcg};
use assay_metrics::retrieval::{Evaluation, Measure, Missing, Qrels, QueryValues, Run, judge, rank};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyDict, PyMapping, PyString};

use super::{invalid, nan, unknown};
use crate::arrays::texts::{text, texts};
use crate::arrays::wrong;

/// A dictionary, or another mapping as one.
fn mapping<'py>(name: &str, wanted: &str, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    if let Ok(fields) = value.cast::<PyDict>() {
        return Ok(fields.clone());
    }
    let other = value.cast::<PyMapping>().map_err(|_| wrong(name, wanted, value))?;
    Ok(value.py().get_type::<PyDict>().call1((other,))?.cast_into::<PyDict>()?)
}

type Documents<T> = Vec<(PyBackedStr, T)>;

/// What each query says about documents.
fn queries<T>(
    name: &str,
    value: &Bound<'_, PyAny>,
    read: impl Fn(&Bound<'_, PyAny>) -> Result<T, &'static str>,
) -> PyResult<BTreeMap<String, Documents<T>>> {
    let mut queries = BTreeMap::new();
    for (query, documents) in mapping(name, "a dictionary {query: {document: number}}", value)? {
        let query = text(&format!("a query of {name}"), &query)?;
        let place = || format!("{name}[{:?}]", &*query);
        let documents = match documents.cast_into::<PyDict>() {
            Ok(documents) => documents,
            Err(error) => mapping(&place(), "a dictionary {document: number}", &error.into_inner())?,
        };
        let mut listed = Vec::with_capacity(documents.len());
        for (document, number) in documents {
            let key = document.cast::<PyString>().ok().and_then(|text| PyBackedStr::try_from(text.clone()).ok());
            let key = key.map_or_else(|| text(&format!("a document of {}", place()), &document), Ok)?;
            let number = read(&number).map_err(|wanted| {
                let place = format!("{}[{:?}]", place(), &*key);
                match number.extract::<f64>() {
                    Ok(number) => invalid(format!("{place} is {number}: it must be {wanted}")),
                    Err(_) => wrong(&place, wanted, &number),
                }
            })?;
            listed.push((key, number));
        }
        queries.insert(query.to_string(), listed);
    }
    Ok(queries)
}

fn measures(names: &[String]) -> PyResult<Vec<Measure>> {
    let all = names.iter().map(|name| match name.as_str() {
        "all_trec" => Ok(Measure::all_trec()),
        name => name.parse().map(|measure| vec![measure]).map_err(invalid),
    });
    Ok(all.collect::<PyResult<Vec<_>>>()?.concat())
}

/// The measures' values over all queries, then by query; queries without results; queries without judgements.
type Evaluated<'py> = (Bound<'py, PyDict>, Bound<'py, PyDict>, Vec<String>, Vec<String>);

#[pyfunction]
fn evaluate_run<'py>(
    py: Python<'py>,
    qrels: &Bound<'py, PyAny>,
    run: &Bound<'py, PyAny>,
    names: Vec<String>,
    relevance_level: i64,
    depth: Option<usize>,
    missing: &str,
) -> PyResult<Evaluated<'py>> {
    let missing = match missing {
        "zero" => Missing::Zero,
        "skip" => Missing::Skip,
        other => return Err(unknown("missing", other, "zero, skip")),
    };
    let measures = measures(&names)?;
    let grade = |value: &Bound<'_, PyAny>| value.extract::<i64>().map_err(|_| "a whole number");
    let qrels = queries("qrels", qrels, grade)?;
    let score = |value: &Bound<'_, PyAny>| match value.extract::<f64>().map(|score| score as f32) {
        Ok(score) if score.is_finite() => Ok(score),
        _ => Err("a finite number"),
    };
    let mut run = queries("run", run, score)?;
    let evaluation = py.detach(|| {
        let highest = qrels.values().flatten().map(|(_, grade)| *grade).max().unwrap_or(0).max(1) as f64;
        let one = |(query, judgements): (&String, &Documents<i64>)| {
            let mut results = run.remove(query);
            let ranked = results.as_deref_mut().unwrap_or_default();
            rank(ranked);
            let ranked = &ranked[..depth.unwrap_or(usize::MAX).min(ranked.len())];
            let values = judge(judgements, ranked, &measures, relevance_level, highest);
            QueryValues { query: query.clone(), missing: results.is_none(), values }
        };
        let queries = qrels.iter().map(one).collect();
        Evaluation { measures: measures.clone(), queries, not_judged: run.into_keys().collect() }
    });
    let names: Vec<Bound<'_, PyString>> =
        evaluation.measures.iter().map(|measure| PyString::new(py, &measure.to_string())).collect();
    let summary = PyDict::new(py);
    for (at, name) in names.iter().enumerate() {
        summary.set_item(name, nan(evaluation.summary(at, missing)))?;
    }
    let by_query = PyDict::new(py);
    let mut silent = Vec::new();
    for query in evaluation.queries {
        if query.missing {
            silent.push(query.query.clone());
        }
        if query.missing && missing == Missing::Skip {
            continue;
        }
        let values = PyDict::new(py);
        for (name, value) in names.iter().zip(query.values) {
            values.set_item(name, nan(value))?;
        }
        by_query.set_item(query.query, values)?;
    }
    Ok((summary, by_query, silent, evaluation.not_judged))
}

#[pyfunction]
fn rank_measures(
    py: Python<'_>,
    ranked: &Bound<'_, PyAny>,
    grades: &Bound<'_, PyAny>,
    names: Vec<String>,
    highest: Option<f64>,
) -> PyResult<Vec<f64>> {
    let measures = measures(&names)?;
    let ranked = texts("ranked", ranked)?;
    let grades = mapping("grades", "a dictionary {document: grade}", grades)?;
    let mut read: Vec<(PyBackedStr, f64)> = Vec::with_capacity(grades.len());
    for (document, grade) in grades {
        let document = text("a document of grades", &document)?;
        let place = format!("grades[{:?}]", &*document);
        let number = grade.extract::<f64>().map_err(|_| wrong(&place, "a number", &grade))?;
        if !number.is_finite() {
            return Err(invalid(format!("{place} is {number}: it must be a finite number")));
        }
        read.push((document, number));
    }
    Ok(py.detach(|| {
        let grades: HashMap<&str, f64> = read.iter().map(|(document, grade)| (&**document, *grade)).collect();
        let top = highest.unwrap_or_else(|| grades.values().copied().fold(1.0, f64::max));
        let judged = Judged::new(ranked.iter().map(|document| &**document), &grades);
        measures.iter().map(|measure| nan(measure.of(&judged, top))).collect()
    }))
}

#[pyfunction]
fn alpha_ndcg_of(
    ranked: &Bound<'_, PyAny>,
    subtopics: &Bound<'_, PyAny>,
    alpha: f64,
    k: Option<usize>,
) -> PyResult<f64> {
    if !(0.0..=1.0).contains(&alpha) {
        return Err(invalid(format!("alpha is {alpha}: it must be from 0 to 1")));
    }
    let known = PyDict::new(subtopics.py());
    let mut covered: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (document, topics) in mapping("subtopics", "a dictionary {document: subtopics}", subtopics)? {
        let document = text("a document of subtopics", &document)?;
        let place = format!("subtopics[{:?}]", &*document);
        if topics.is_instance_of::<PyString>() {
            return Err(wrong(&place, "a set of subtopics", &topics));
        }
        let mut numbers = Vec::new();
        for topic in topics.try_iter().map_err(|_| wrong(&place, "a set of subtopics", &topics))? {
            let topic = topic?;
            let number = match known.get_item(&topic)? {
                Some(number) => number.extract::<usize>()?,
                None => {
                    known.set_item(&topic, known.len())?;
                    known.len() - 1
                }
            };
            numbers.push(number);
        }
        numbers.sort_unstable();
        numbers.dedup();
        covered.insert(document.to_string(), numbers);
    }
    let ranked = texts("ranked", ranked)?;
    let ranked: Vec<Vec<usize>> =
        ranked.iter().map(|document| covered.get(&**document).cloned().unwrap_or_default()).collect();
    let judged: Vec<Vec<usize>> = covered.into_values().collect();
    Ok(nan(alpha_ndcg(&ranked, &judged, alpha, k.unwrap_or(usize::MAX))))
}

/// Judgements or results by query, read from trec_eval's formats.
#[pyfunction]
fn parse_trec<'py>(py: Python<'py>, kind: &str, text: &str) -> PyResult<Bound<'py, PyDict>> {
    let read = PyDict::new(py);
    let bad = |bad: assay_metrics::retrieval::BadLine| invalid(format!("line {}: {}", bad.line, bad.fault));
    if kind == "qrels" {
        for (query, documents) in py.detach(|| Qrels::parse(text)).map_err(bad)?.queries() {
            let known = PyDict::new(py);
            documents.iter().try_for_each(|(document, grade)| known.set_item(document, grade))?;
            read.set_item(query, known)?;
        }
    } else {
        for (query, documents) in py.detach(|| Run::parse(text)).map_err(bad)?.queries() {
            let known = PyDict::new(py);
            documents.iter().try_for_each(|(document, score)| known.set_item(document, score))?;
            read.set_item(query, known)?;
        }
    }
    Ok(read)
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(evaluate_run, module)?)?;
    module.add_function(wrap_pyfunction!(rank_measures, module)?)?;
    module.add_function(wrap_pyfunction!(alpha_ndcg_of, module)?)?;
    module.add_function(wrap_pyfunction!(parse_trec, module)?)
}
