//! Files that claim to be another tool's: the first byte chooses the importer, the second the file's ending.

#![no_main]

use assay_datasets::tools::{Answer, Sink, Tool, import};
use assay_datasets::{DatasetError, Place};
use libfuzzer_sys::fuzz_target;

/// As each importer meets them; `eval` is a zip.
const ENDINGS: [&str; 7] = ["json", "jsonl", "yaml", "csv", "txt", "eval", "xml"];

struct Any;

impl Sink for Any {
    fn case(&mut self, _: assay_core::Case, _: &Place) -> Result<(), DatasetError> {
        Ok(())
    }

    fn answer(&mut self, _: Answer) -> Result<(), DatasetError> {
        Ok(())
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [tool, ending, content @ ..] = bytes else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("a.{}", ENDINGS[usize::from(*ending) % ENDINGS.len()]));
    std::fs::write(&path, content).unwrap();
    let _ = Tool::detect(&path);
    let _ = import(&path, Some(Tool::ALL[usize::from(*tool) % Tool::ALL.len()]), &mut Any);
});
