//! Precision, recall and speed of the detector beside presidio-analyzer, on the same texts in the same run.
//!
//! `cargo bench -p assay-privacy` uses sentences made by rule; `-- --labelled PATH` a file of lines
//! `{"text": …, "spans": [{"type": …, "start": …, "end": …}]}` with offsets in characters, as presidio-research writes
//! them. `-- --misses LABEL` prints what was not found of a label, `-- --wrong LABEL` what was found and is none. `-- --by-kind` shows what each
//! kind costs. Presidio runs in the interpreter named by
//! `ASSAY_PRESIDIO_PYTHON` (`benches/privacy/install.sh` makes one); without it only our side is measured.

#[allow(dead_code, reason = "shared with the tests")]
mod generated;
mod peer;
mod quality;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use assay_privacy::{Detector, Policy, Redactor, Selection};
use generated::Labelled;
use quality::{Counts, Found, ROWS};

/// Presidio's own evaluation keeps findings from this score on.
const PRESIDIO_SCORE: f64 = 0.4;

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let option =
        |name: &str| arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
    let texts = match option("--labelled") {
        Some(path) => labelled(PathBuf::from(path))?,
        None => generated::sentences(1500, 1),
    };
    let bytes: usize = texts.iter().map(|text| text.text.len()).sum();
    let started = Instant::now();
    let detector = Detector::new(&Selection::everything()).map_err(|problem| problem.to_string())?;
    let start = started.elapsed();
    let (seconds, found) = ours(&detector, &texts);
    let default = Detector::new(&Selection::default()).map_err(|problem| problem.to_string())?;
    let (default_seconds, _) = ours(&default, &texts);
    let redactor = Redactor::new(&Policy::default(), None).map_err(|problem| problem.to_string())?;
    let redacting = fastest(|| texts.iter().map(|text| redactor.apply(&text.text).0.len()).sum::<usize>());
    println!("{} texts, {bytes} bytes, one thread", texts.len());
    println!("built in {:.1} ms", start.as_secs_f64() * 1e3);
    for (what, seconds) in
        [("all kinds", seconds), ("default kinds", default_seconds), ("redaction by default", redacting)]
    {
        println!(
            "{what}: {:.2} µs per text, {:.1} MB/s",
            seconds * 1e6 / texts.len() as f64,
            bytes as f64 / 1e6 / seconds
        );
    }
    if arguments.iter().any(|argument| argument == "--by-kind") {
        by_kind(&detector, &texts)?;
    }
    if let Some(label) = option("--misses") {
        misses(&texts, &found, label);
    }
    if let Some(label) = option("--wrong") {
        wrong(&texts, &found, label);
    }
    let peer = match std::env::var("ASSAY_PRESIDIO_PYTHON") {
        Ok(python) => Some(peer::presidio(&python, false, &texts, PRESIDIO_SCORE)?),
        Err(_) => {
            println!("presidio skipped: ASSAY_PRESIDIO_PYTHON is not set (benches/privacy/install.sh)");
            None
        }
    };
    let ours = quality::counts(&texts, &found, true);
    let theirs = peer.as_ref().map(|peer| quality::counts(&texts, &peer.found, false));
    if let Some(peer) = &peer {
        println!(
            "{}: {:.0} µs per text, findings from score {PRESIDIO_SCORE}; ratio {:.0} (all kinds), {:.0} (default kinds)",
            peer.name,
            peer.seconds * 1e6 / texts.len() as f64,
            peer.seconds / seconds,
            peer.seconds / default_seconds
        );
    }
    println!(
        "\n| label | spans | our recall | our precision | presidio's recall | presidio's precision |\n|---|---|---|---|---|---|"
    );
    for row in ROWS {
        let our = ours[row.label];
        if our.labelled == 0 {
            continue;
        }
        let their = theirs.as_ref().map(|theirs| theirs[row.label]);
        let share = |counts: Option<Counts>, what: fn(Counts) -> (usize, usize)| match counts.map(what) {
            Some((part, whole)) if whole > 0 => format!("{:.2} ({part}/{whole})", part as f64 / whole as f64),
            _ => "–".to_owned(),
        };
        println!(
            "| {} | {} | {} | {} | {} | {} |",
            row.label,
            our.labelled,
            share(Some(our), |counts| (counts.found, counts.labelled)),
            share(Some(our), |counts| (counts.right, counts.claimed)),
            share(their, |counts| (counts.found, counts.labelled)),
            share(their, |counts| (counts.right, counts.claimed)),
        );
    }
    Ok(())
}

/// The best time over all texts, and what was found.
fn ours(detector: &Detector, texts: &[Labelled]) -> (f64, Vec<Found>) {
    let seconds = fastest(|| texts.iter().map(|text| detector.detect(&text.text).len()).sum::<usize>());
    let found = texts
        .iter()
        .map(|text| {
            detector.detect(&text.text).into_iter().map(|found| (found.kind.to_string(), found.range)).collect()
        })
        .collect();
    (seconds, found)
}

/// Seconds of the best of at least three rounds.
fn fastest(mut round: impl FnMut() -> usize) -> f64 {
    let all = Instant::now();
    let (mut best, mut rounds) = (f64::INFINITY, 0);
    while rounds < 3 || all.elapsed() < Duration::from_millis(500) {
        let started = Instant::now();
        std::hint::black_box(round());
        best = best.min(started.elapsed().as_secs_f64());
        rounds += 1;
    }
    best
}

/// What each kind costs alone.
fn by_kind(detector: &Detector, texts: &[Labelled]) -> Result<(), String> {
    let mut costs = Vec::new();
    for kind in detector.kinds() {
        let only = Selection { kinds: Some(vec![kind.clone()]), ..Selection::default() };
        let alone = Detector::new(&only).map_err(|problem| problem.to_string())?;
        costs.push((fastest(|| texts.iter().map(|text| alone.detect(&text.text).len()).sum::<usize>()), kind));
    }
    costs.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (seconds, kind) in costs {
        println!("{kind}: {:.2} µs per text", seconds * 1e6 / texts.len() as f64);
    }
    Ok(())
}

fn labelled(path: PathBuf) -> Result<Vec<Labelled>, String> {
    let path = if path.is_dir() { path.join("sentences.jsonl") } else { path };
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.lines()
        .enumerate()
        .map(|(line, row)| {
            let problem = |what: &str| format!("{}:{}: {what}", path.display(), line + 1);
            let row: serde_json::Value = serde_json::from_str(row).map_err(|error| problem(&error.to_string()))?;
            let text = row["text"].as_str().ok_or_else(|| problem("no text"))?.to_owned();
            let mut bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            bytes.push(text.len());
            let spans = row["spans"].as_array().ok_or_else(|| problem("no spans"))?;
            let spans = spans
                .iter()
                .map(|span| {
                    let at = |name: &str| span[name].as_u64().and_then(|at| bytes.get(at as usize)).copied();
                    Some((span["type"].as_str()?.to_owned(), at("start")?..at("end")?))
                })
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| problem("a span needs type, start and end within the text"))?;
            Ok(Labelled { text, spans })
        })
        .collect()
}

fn misses(texts: &[Labelled], found: &[Found], label: &str) {
    for (text, found) in texts.iter().zip(found) {
        for (_, span) in text.spans.iter().filter(|(name, _)| name == label) {
            if !found.iter().any(|(_, range)| range.start < span.end && span.start < range.end) {
                println!("missed {:?} in {:?}", &text.text[span.clone()], text.text);
            }
        }
    }
}

fn wrong(texts: &[Labelled], found: &[Found], kind: &str) {
    for (text, found) in texts.iter().zip(found) {
        for (_, range) in found.iter().filter(|(name, _)| name == kind) {
            if !text.spans.iter().any(|(_, span)| range.start < span.end && span.start < range.end) {
                println!("wrong {:?} in {:?}", &text.text[range.clone()], text.text);
            }
        }
    }
}
