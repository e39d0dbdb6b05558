//! How long building and verifying a pack of 100,000 trials takes: `cargo bench -p assay-evidence --bench evidence -- [TRIALS]`.
//!
//! Fails when the verification of 100,000 trials takes 5 seconds or more.

#[path = "../crates/assay-evidence/tests/it/sample.rs"]
mod sample;

use std::time::Instant;

use assay_evidence::keys::{Signer, SigningKey};
use assay_evidence::verify;

/// Seconds that 100,000 trials may take.
const MOST: f64 = 5.0;

fn main() {
    let trials = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let parts = sample::parts(trials);
    let key = SigningKey::from_seed([7; 32]);
    let start = Instant::now();
    let pack = parts.build(&key).expect("the pack is built");
    let built = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let verified = verify(&pack, &[key.public()]).expect("the pack verifies");
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{trials} trials, {} scores, {:.1} MB: built in {built:.2} s, verified in {seconds:.2} s",
        verified.scores,
        pack.len() as f64 / 1e6
    );
    assert!(seconds < MOST * trials.max(100_000) as f64 / 1e5, "verification took {seconds:.2} s");
}
