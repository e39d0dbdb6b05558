//! Asks presidio-analyzer.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::generated::Labelled;
use crate::quality::Found;

/// What presidio found.
pub struct Peer {
    /// Its version and model.
    pub name: String,
    /// Over all texts, without starting.
    #[allow(dead_code, reason = "the test asks for findings only")]
    pub seconds: f64,
    pub found: Vec<Found>,
}

/// Runs presidio in `python` and keeps findings of at least `score`.
pub fn presidio(python: &str, blank: bool, texts: &[Labelled], score: f64) -> Result<Peer, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/privacy/presidio_peer.py");
    let mut command = Command::new(python);
    command.arg(script).args(blank.then_some("--blank")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("the interpreter does not start: {error}"))?;
    let all: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(serde_json::to_string(&all).expect("strings").as_bytes()).map_err(|error| error.to_string())?;
    drop(input);
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err("presidio failed, see above".to_owned());
    }
    let answer: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("presidio's answer: {error}"))?;
    let found = texts
        .iter()
        .zip(answer["found"].as_array().ok_or("no findings")?)
        .map(|(text, rows)| {
            // Python counts characters.
            let mut bytes: Vec<usize> = text.text.char_indices().map(|(at, _)| at).collect();
            bytes.push(text.text.len());
            let place = |row: &Value, at: usize| bytes[row[at].as_u64().unwrap_or_default() as usize];
            rows.as_array()
                .into_iter()
                .flatten()
                .filter(|row| row[3].as_f64().unwrap_or_default() >= score)
                .map(|row| (row[0].as_str().unwrap_or_default().to_owned(), place(row, 1)..place(row, 2)))
                .collect()
        })
        .collect();
    Ok(Peer {
        name: format!(
            "presidio-analyzer {} ({})",
            answer["version"].as_str().unwrap_or("?"),
            answer["model"].as_str().unwrap_or("?")
        ),
        seconds: answer["seconds"].as_f64().ok_or("no time")?,
        found,
    })
}
