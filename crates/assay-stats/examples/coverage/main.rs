//! Measures what intervals cover and how often tests raise a false alarm, and writes the page.
//!
//! `cargo run --release -p assay-stats --example coverage -- [--trials N] [--write FILE] [STUDY …]`

mod page;
mod studies;

use std::process::ExitCode;
use std::time::Instant;

/// Trials of the cheapest methods.
const TRIALS: usize = 20_000;

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let (mut trials, mut file, mut names) = (TRIALS, None, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--trials" => {
                let value = arguments.next().unwrap_or_default();
                trials = value.parse().map_err(|_| format!("--trials {value}: give a number, such as {TRIALS}"))?;
            }
            "--write" => {
                file = Some(arguments.next().ok_or("--write needs a file, such as docs/reference/coverage.md")?)
            }
            name if studies::STUDIES.iter().any(|(study, _)| *study == name) => names.push(argument),
            other => {
                let known: Vec<&str> = studies::STUDIES.iter().map(|(name, _)| *name).collect();
                return Err(format!("{other}: no such study; there are {}", known.join(", ")));
            }
        }
    }
    let mut text = page::head(trials);
    for (name, study) in studies::STUDIES {
        if names.is_empty() || names.iter().any(|asked| asked == name) {
            let start = Instant::now();
            text.push_str(&page::section(&study(trials)));
            eprintln!("{name}: {:.1} s", start.elapsed().as_secs_f64());
        }
    }
    match file {
        Some(file) => std::fs::write(&file, text).map_err(|error| format!("{file}: {error}")),
        None => {
            print!("{text}");
            Ok(())
        }
    }
}
