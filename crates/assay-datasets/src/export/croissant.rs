//! Croissant 1.0: JSON-LD that describes a dataset (`http://mlcommons.org/croissant/1.0`).
//!
//! Writes a folder with `cases.jsonl` and `metadata.json`. Every column of the lines that any case fills is a field; its
//! type is that of its values, text where they differ. Lists and objects stand as JSON text, which our reader takes apart.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use assay_core::Digest;
use serde_json::{Value, json};

use super::{Cases, failed, lines};
use crate::DatasetError;
use crate::losses::Losses;
use crate::tools::suite_parts::slug;

const CASES: &str = "cases.jsonl";
const DESCRIPTION: &str = "metadata.json";

pub(crate) fn write(
    name: &str,
    cases: &mut Cases<'_>,
    out: &Path,
    overwrite: bool,
    losses: &mut Losses,
) -> Result<u64, DatasetError> {
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let made = tempfile::Builder::new().prefix(".croissant").tempdir_in(folder).map_err(|error| failed(out, &error))?;
    let file = made.path().join(CASES);
    let io = |error: std::io::Error| failed(out, &error);
    let mut writer = BufWriter::new(File::create(&file).map_err(io)?);
    let mut fields: BTreeMap<String, &'static str> = BTreeMap::new();
    let mut count = 0;
    for case in cases {
        let mut row = lines::row(&case?);
        for (column, value) in &mut row {
            // Croissant's readers take a column of texts for texts, not for nested values.
            if value.is_array() || value.is_object() {
                losses.add("a value that stands as JSON text", column, u64::from(column == "expected"));
                *value = Value::String(value.to_string());
            }
        }
        for (column, value) in &row {
            let kind = match value {
                Value::Bool(_) => "sc:Boolean",
                Value::Number(number) if number.is_f64() => "sc:Float",
                Value::Number(_) => "sc:Integer",
                _ => "sc:Text",
            };
            fields
                .entry(column.clone())
                .and_modify(|known| {
                    if *known != kind {
                        *known = "sc:Text"
                    }
                })
                .or_insert(kind);
        }
        serde_json::to_writer(&mut writer, &row).map_err(|error| failed(out, &error))?;
        writer.write_all(b"\n").map_err(io)?;
        count += 1;
    }
    writer.flush().map_err(io)?;
    drop(writer);
    let (digest, size) = digest_of(&file).map_err(io)?;
    let description = describe(name, &fields, &digest, size);
    let text = serde_json::to_string_pretty(&description).map_err(|error| failed(out, &error))?;
    std::fs::write(made.path().join(DESCRIPTION), text + "\n").map_err(io)?;
    if overwrite && out.is_dir() {
        // Only what an export has made is replaced; other files of the folder stay.
        for name in [CASES, DESCRIPTION] {
            std::fs::rename(made.path().join(name), out.join(name)).map_err(io)?;
        }
    } else {
        let made = made.keep();
        std::fs::rename(&made, out).map_err(|error| {
            let _ = std::fs::remove_dir_all(&made);
            io(error)
        })?;
    }
    Ok(count)
}

fn digest_of(path: &Path) -> std::io::Result<(Digest, u64)> {
    let mut file = File::open(path)?;
    let mut stream = Digest::stream();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((stream.finish(), size));
        }
        stream.update(&buffer[..read]);
        size += read as u64;
    }
}

/// The context is that of the specification's examples, cut to the terms used here.
fn describe(name: &str, fields: &BTreeMap<String, &'static str>, digest: &Digest, size: u64) -> Value {
    let field = |(column, kind): (&String, &&str)| {
        json!({
            "@type": "cr:Field", "@id": format!("cases/{column}"), "name": column, "dataType": kind,
            "source": {"fileObject": {"@id": CASES}, "extract": {"column": column}},
        })
    };
    json!({
        "@context": {
            "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
            "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/", "data": {"@id": "cr:data", "@type": "@json"},
            "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
            "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field",
            "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet", "format": "cr:format",
            "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath", "key": "cr:key",
            "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path", "rai": "http://mlcommons.org/croissant/RAI/",
            "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated",
            "replace": "cr:replace", "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source",
            "subField": "cr:subField", "transform": "cr:transform",
        },
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": slug(name),
        "description": format!("Evaluation cases of the dataset {name}."),
        "version": "1.0.0",
        "distribution": [{
            "@type": "cr:FileObject", "@id": CASES, "name": CASES, "contentUrl": CASES,
            "contentSize": format!("{size} B"), "encodingFormat": "application/jsonlines", "sha256": digest.to_string(),
        }],
        "recordSet": [{
            "@type": "cr:RecordSet", "@id": "cases", "name": "cases", "description": "One evaluation case a record.",
            "field": fields.iter().map(field).collect::<Vec<_>>(),
        }],
    })
}
