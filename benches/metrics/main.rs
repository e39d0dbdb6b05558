//! The metrics against their Python references: `cargo bench -p assay-metrics --bench metrics -- [NAME …]`. Prints a JSON
//! line for each race; the ratio is their time over ours.

#[path = "../race.rs"]
mod race;

mod integrity;
mod retrieval;
mod tasks;
mod text;

fn main() {
    let Some(races) = race::Races::from_arguments() else { return };
    integrity::run(&races);
    retrieval::run(&races);
    tasks::run(&races);
    text::run(&races);
}
