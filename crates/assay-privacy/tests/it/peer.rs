//! The detector beside presidio-analyzer on sentences made by rule.

use assay_privacy::{Detector, Selection};

use crate::generated::sentences;
use crate::{peer_tool, quality};

/// What rules can find of each label in sentences made by rule. Names are as far as the list goes.
const LEAST: &[(&str, f64, f64)] = &[
    ("EMAIL_ADDRESS", 1.0, 1.0),
    ("PHONE_NUMBER", 0.98, 0.98),
    ("CREDIT_CARD", 0.99, 0.99),
    ("IBAN_CODE", 1.0, 1.0),
    ("US_SSN", 0.99, 0.99),
    ("GB_NHS", 1.0, 1.0),
    ("IP_ADDRESS", 0.98, 0.98),
    ("MAC_ADDRESS", 1.0, 1.0),
    ("CRYPTO", 1.0, 1.0),
    ("DOMAIN_NAME", 1.0, 1.0),
    ("STREET_ADDRESS", 0.98, 0.98),
    ("PERSON", 0.7, 0.95),
];

#[test]
fn oracle_presidio_finds_no_more_of_what_has_a_pattern() {
    let texts = sentences(700, 3);
    let detector = Detector::new(&Selection::everything()).unwrap();
    let found: Vec<quality::Found> = texts
        .iter()
        .map(|text| {
            detector.detect(&text.text).into_iter().map(|found| (found.kind.to_string(), found.range)).collect()
        })
        .collect();
    let ours = quality::counts(&texts, &found, true);
    for (label, recall, precision) in LEAST {
        let counts = ours[label];
        assert!(counts.labelled > 10, "{label}");
        let (found, right) =
            (counts.found as f64 / counts.labelled as f64, counts.right as f64 / counts.claimed as f64);
        assert!(found >= *recall && right >= *precision, "{label}: recall {found}, precision {right}");
    }
    let Ok(python) = std::env::var("ASSAY_ORACLE_PYTHON") else {
        println!("skipped: ASSAY_ORACLE_PYTHON is not set (see tests/oracle/README.md)");
        return;
    };
    // Without a model: its pattern recognisers on a blank pipeline. Names and places have no part in this.
    let peer = peer_tool::presidio(&python, true, &texts, 0.4).unwrap();
    let theirs = quality::counts(&texts, &peer.found, false);
    for (label, ..) in LEAST.iter().filter(|(label, ..)| !matches!(*label, "PERSON" | "STREET_ADDRESS")) {
        let (ours, theirs) = (ours[label], theirs[label]);
        println!(
            "parity {label}: ours {}/{} found, {}/{} right; {} {}/{} found, {}/{} right",
            ours.found,
            ours.labelled,
            ours.right,
            ours.claimed,
            peer.name,
            theirs.found,
            theirs.labelled,
            theirs.right,
            theirs.claimed
        );
        assert!(ours.found >= theirs.found, "{label}: presidio finds {}, we {}", theirs.found, ours.found);
    }
}
