//! The statistics against their Python references: `cargo bench -p assay-stats --bench stats -- [NAME …]`. Prints a JSON
//! line for each race; the ratio is their time over ours.

#[path = "../race.rs"]
mod race;

mod agreement;
mod bars;
mod drift;
mod integrity;
mod online;
mod people;
mod slices;

fn main() {
    let Some(races) = race::Races::from_arguments() else { return };
    agreement::run(&races);
    people::run(&races);
    integrity::run(&races);
    drift::run(&races);
    bars::run(&races);
    online::run(&races);
    slices::run(&races);
}
