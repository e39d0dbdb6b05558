//! Datasets in every format that is read: the first byte chooses it.

#![no_main]

use std::path::Path;

use assay_datasets::DatasetDecl;
use libfuzzer_sys::fuzz_target;

const ENDINGS: [&str; 9] = ["jsonl", "json", "yaml", "csv", "tsv", "parquet", "arrow", "feather", "xlsx"];

fuzz_target!(|bytes: &[u8]| {
    let [ending, content @ ..] = bytes else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("a.{}", ENDINGS[usize::from(*ending) % ENDINGS.len()]));
    std::fs::write(&path, content).unwrap();
    if let Ok(rows) = assay_datasets::rows(&path) {
        let _ = rows.take(1_000).count();
    }
    let declared = DatasetDecl { path: path.display().to_string(), ..Default::default() };
    if let Ok(cases) = assay_datasets::open(&declared, Path::new(""), None) {
        let _ = cases.take(1_000).count();
    }
});
