//! `docs/reference/recognisers.md` is the table that the detector runs. With `ASSAY_WRITE_DOCS=1` the test writes the page,
//! otherwise it compares.

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/recognisers.md");
const AGAIN: &str = "ASSAY_WRITE_DOCS=1 cargo nextest run -p assay-privacy reference";

#[test]
fn reference_page_holds_every_recogniser() {
    let page = format!(
        "# Recognisers\n\nMade from the code: `{AGAIN}`. What the columns mean and what is not found is in \
         [privacy](../privacy.md).\n\n{}",
        assay_privacy::table()
    );
    if std::env::var_os("ASSAY_WRITE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(PAGE, &page).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page, "docs/reference/recognisers.md is not up to date: run {AGAIN}");
}
