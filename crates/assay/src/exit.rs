//! Errors as they are printed, and the exit code of each.

use std::error::Error;
use std::io::IsTerminal;

use assay_datasets::DatasetError;
use assay_engine::EngineError;
use assay_home::calibration::Faults;
use assay_review::ReviewError;
use assay_store::StoreError;
use assay_suite::Diagnostics;

pub use assay_home::exit::*;

/// The table, for `--help`.
pub const TABLE: &str = "\
Exit codes: 0 pass or done, 1 gate failed, 2 wrong usage, suite or data, 3 inconclusive, 4 infrastructure or provider, \
5 nothing selected, 6 budget reached before a verdict, 130 interrupted (resumable).";

/// Prints an error and chooses its code.
pub fn report(error: &(dyn Error + 'static)) -> u8 {
    if let Some(diagnostics) = diagnostics(error) {
        if std::io::stderr().is_terminal() {
            eprint!("{}", diagnostics.graphical(std::env::var_os("NO_COLOR").is_none()));
        } else {
            eprint!("{}", diagnostics.plain());
        }
        return USAGE;
    }
    if let Some(dataset) = error.downcast_ref::<DatasetError>() {
        return report(&EngineError::Dataset(dataset.clone()));
    }
    if let Some(review) = error.downcast_ref::<ReviewError>() {
        return self::review(review);
    }
    if let Some(faults) = error.downcast_ref::<Faults>() {
        eprintln!("{}", faults.lines.join("\n"));
        if faults.more > 0 {
            eprintln!("… and {} more", faults.more);
        }
        eprintln!("error: {}", assay_report::plain(&faults.what, 4_000));
        return USAGE;
    }
    eprintln!("error: {}", assay_report::plain(&error.to_string(), 4_000));
    match error.downcast_ref::<EngineError>() {
        Some(EngineError::Dataset(_) | EngineError::Usage(_) | EngineError::Suite(_)) => USAGE,
        Some(EngineError::NothingSelected(_)) => NOTHING,
        Some(EngineError::Store(error)) => store(error),
        Some(_) => INFRASTRUCTURE,
        None => match error.downcast_ref::<StoreError>() {
            Some(error) => store(error),
            None => match error.downcast_ref::<assay_lake::LakeError>() {
                Some(assay_lake::LakeError::Query(_)) => USAGE,
                Some(_) => INFRASTRUCTURE,
                None => USAGE,
            },
        },
    }
}

fn review(error: &ReviewError) -> u8 {
    if let ReviewError::Data(dataset) = error {
        return report(dataset);
    }
    // An import tells each of its faults on a line of its own.
    for (at, line) in error.to_string().lines().enumerate() {
        eprintln!("{}{}", if at == 0 { "error: " } else { "  " }, assay_report::plain(line, 2_000));
    }
    match error {
        ReviewError::Usage(_) | ReviewError::Missing(_) | ReviewError::Conflict(_) | ReviewError::Data(_) => USAGE,
        ReviewError::Nothing(_) => NOTHING,
        ReviewError::Budget(_) => BUDGET,
        ReviewError::Io { .. } => INFRASTRUCTURE,
        ReviewError::Store(error) => store(error),
    }
}

fn store(error: &StoreError) -> u8 {
    if error.is_disk_full() {
        eprintln!("The disk is full. What was recorded is kept: make room and go on with `assay resume`.");
    }
    match error {
        StoreError::DuplicateId { .. } | StoreError::NoSuchRun(_) => USAGE,
        _ => INFRASTRUCTURE,
    }
}

fn diagnostics<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Diagnostics> {
    match error.downcast_ref::<EngineError>() {
        Some(EngineError::Suite(diagnostics)) => Some(diagnostics),
        _ => error.downcast_ref::<Diagnostics>(),
    }
}
