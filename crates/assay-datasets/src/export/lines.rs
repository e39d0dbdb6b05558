//! JSONL, JSON and YAML: one object a case, which reads back as the same case.

use std::path::Path;

use assay_core::Case;
use serde_json::{Map, Value, json};

use super::{Cases, failed, whole};
use crate::{DatasetError, Format, yaml};

/// A case as a row that the usual field names read back as the same case.
pub(crate) fn row(case: &Case) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("id".into(), json!(case.id));
    row.insert("inputs".into(), Value::Object(case.inputs.clone()));
    if let Some(expected) = &case.expected {
        row.insert("expected".into(), expected.clone());
    }
    if !case.contexts.is_empty() {
        row.insert("contexts".into(), json!(case.contexts));
    }
    if !case.metadata.is_empty() {
        row.insert("metadata".into(), Value::Object(case.metadata.clone()));
    }
    if let Some(cluster) = &case.cluster {
        row.insert("cluster".into(), json!(cluster));
    }
    if case.weight != 1.0 {
        row.insert("weight".into(), json!(case.weight));
    }
    if case.critical {
        row.insert("critical".into(), json!(true));
    }
    if !case.recorded.is_empty() {
        row.insert("outputs".into(), Value::Object(case.recorded.clone()));
    }
    row
}

pub(crate) fn write(format: Format, cases: &mut Cases<'_>, out: &Path, overwrite: bool) -> Result<u64, DatasetError> {
    write_with(format, cases, out, overwrite, |case| Ok(Some(Value::Object(row(&case)))))
}

/// Writes what `make` makes of each case; `None` leaves the case out.
pub(crate) fn write_with(
    format: Format,
    cases: &mut Cases<'_>,
    out: &Path,
    overwrite: bool,
    mut make: impl FnMut(Case) -> Result<Option<Value>, DatasetError>,
) -> Result<u64, DatasetError> {
    whole(out, overwrite, |writer| {
        let mut count = 0;
        let io = |error: std::io::Error| failed(out, &error);
        for case in cases {
            let Some(value) = make(case?)? else { continue };
            let text = match format {
                Format::Json if count == 0 => format!("[\n{value}"),
                Format::Json => format!(",\n{value}"),
                Format::Yaml => yaml::item(&value),
                _ => format!("{value}\n"),
            };
            writer.write_all(text.as_bytes()).map_err(io)?;
            count += 1;
        }
        let end = match format {
            Format::Json if count == 0 => "[]\n",
            Format::Json => "\n]\n",
            Format::Yaml if count == 0 => "[]\n",
            _ => "",
        };
        writer.write_all(end.as_bytes()).map_err(io)?;
        writer.flush().map_err(io)?;
        Ok(count)
    })
}
