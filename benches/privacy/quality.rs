//! Precision and recall by label, for findings of either tool.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::generated::Labelled;

/// One label: what each tool calls it. `finds` counts for recall; `claims` are the kinds whose precision stands in its row.
pub struct Row {
    pub label: &'static str,
    pub ours: (&'static [&'static str], &'static [&'static str]),
    pub theirs: (&'static [&'static str], &'static [&'static str]),
}

const fn same(label: &'static str, ours: &'static [&'static str], theirs: &'static [&'static str]) -> Row {
    Row { label, ours: (ours, ours), theirs: (theirs, theirs) }
}

pub const ROWS: &[Row] = &[
    same("EMAIL_ADDRESS", &["EMAIL"], &["EMAIL_ADDRESS"]),
    same("PHONE_NUMBER", &["PHONE"], &["PHONE_NUMBER"]),
    same("CREDIT_CARD", &["CREDIT_CARD"], &["CREDIT_CARD"]),
    same("IBAN_CODE", &["IBAN"], &["IBAN_CODE"]),
    same("US_SSN", &["US_SSN"], &["US_SSN"]),
    same("GB_NHS", &["GB_NHS"], &["UK_NHS"]),
    same("IP_ADDRESS", &["IP_ADDRESS"], &["IP_ADDRESS"]),
    same("MAC_ADDRESS", &["MAC_ADDRESS"], &["MAC_ADDRESS"]),
    same("CRYPTO", &["CRYPTO_ADDRESS"], &["CRYPTO"]),
    same("DOMAIN_NAME", &["URL"], &["URL"]),
    same("DATE_TIME", &["DATE", "DATE_OF_BIRTH"], &["DATE_TIME"]),
    same("AGE", &["AGE"], &["DATE_TIME"]),
    same("PERSON", &["PERSON"], &["PERSON"]),
    Row {
        label: "STREET_ADDRESS",
        ours: (&["ADDRESS", "POSTCODE", "LOCATION"], &["ADDRESS"]),
        theirs: (&["LOCATION"], &["LOCATION"]),
    },
    Row { label: "GPE", ours: (&["LOCATION", "ADDRESS"], &["LOCATION"]), theirs: (&["LOCATION"], &["LOCATION"]) },
    Row { label: "ZIP_CODE", ours: (&["POSTCODE", "ADDRESS"], &["POSTCODE"]), theirs: (&["LOCATION"], &[]) },
    same("ORGANIZATION", &["ORGANIZATION"], &["ORGANIZATION"]),
    same("NRP", &["NATIONALITY", "BELIEF"], &["NRP"]),
    same("TITLE", &[], &[]),
];

/// What one tool found in one text.
pub type Found = Vec<(String, Range<usize>)>;

/// Found of labelled, and right of claimed.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    pub labelled: usize,
    pub found: usize,
    pub claimed: usize,
    pub right: usize,
}

/// Counts by label. A labelled span is found when findings that count for it cover half of its characters or more; a
/// finding is right when spans that it counts for cover half of it or more.
pub fn counts(texts: &[Labelled], found: &[Found], ours: bool) -> BTreeMap<&'static str, Counts> {
    let mut all = BTreeMap::new();
    for row in ROWS {
        let (finds, claims) = if ours { row.ours } else { row.theirs };
        let mut counts = Counts::default();
        for (text, found) in texts.iter().zip(found) {
            let finding = |kinds: &[&str]| {
                found
                    .iter()
                    .filter(|(kind, _)| kinds.contains(&kind.as_str()))
                    .map(|(_, range)| range.clone())
                    .collect::<Vec<_>>()
            };
            let covering = finding(finds);
            for (_, span) in text.spans.iter().filter(|(label, _)| label == row.label) {
                counts.labelled += 1;
                counts.found += usize::from(covered(&text.text, span, &covering));
            }
            for (kind, range) in found.iter().filter(|(kind, _)| claims.contains(&kind.as_str())) {
                let spans: Vec<Range<usize>> = text
                    .spans
                    .iter()
                    .filter(|(label, _)| {
                        ROWS.iter().any(|row| {
                            row.label == label
                                && (if ours { row.ours.0 } else { row.theirs.0 }).contains(&kind.as_str())
                        })
                    })
                    .map(|(_, span)| span.clone())
                    .collect();
                counts.claimed += 1;
                counts.right += usize::from(covered(&text.text, range, &spans));
            }
        }
        all.insert(row.label, counts);
    }
    all
}

/// Whether the ranges cover at least half of the characters in `span` that are not white space.
fn covered(text: &str, span: &Range<usize>, ranges: &[Range<usize>]) -> bool {
    let (mut all, mut inside) = (0, 0);
    for (at, _) in text[span.clone()].char_indices().filter(|(_, c)| !c.is_whitespace()) {
        let at = span.start + at;
        all += 1;
        inside += usize::from(ranges.iter().any(|range| range.contains(&at)));
    }
    all > 0 && inside * 2 >= all
}
