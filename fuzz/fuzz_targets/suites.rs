//! Suite files: what is refused is refused with a place in the text.

#![no_main]

use std::path::Path;

use assay_suite::Suite;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(found) = Suite::from_text(text, Path::new("assay.yaml")) {
        assert!(!found.problems.is_empty());
        // The place is looked up only when it is shown.
        let _ = format!("{found}");
    }
});
