//! Datasets at scale: adding, changing, comparing, de-duplicating and sampling a version, with the memory that each takes.
//!
//! `cargo bench -p assay-datasets --bench datasets -- [CASES] [PYTHON]` makes a JSONL file of so many cases (a million by
//! default; 1% of the second version differ) and measures each step as a process of its own. With a Python that has polars,
//! pandas and datasketch, the same steps are measured there in the same run: reading and writing a copy, the difference by
//! id, and MinHash LSH at the same threshold (on a hundredth of the cases, as its time and memory grow with them).

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use assay_datasets::duplicates::{Search, find};
use assay_datasets::{DatasetDecl, Library, add, diff, sample};
use assay_metrics::near_duplicates::Unit;
use serde_json::json;

/// One case in a hundred repeats the one before with a word changed.
const REPEATS: u64 = 100;

/// SplitMix64: numbers of neighbours have nothing to do with each other.
fn random(x: u64) -> u64 {
    let x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A question of some two hundred characters: a word in six is one of twenty that all texts have, three of one of 30,000,
/// as frequent as their rank says (Zipf), and two of few; so that texts meet by chance as those of a language do.
fn line(id: u64, changed: bool) -> String {
    let is_repeat = id % REPEATS == REPEATS - 1;
    let of = if is_repeat { id - 1 } else { id };
    let word = |i: u64| {
        let x = random(of * 64 + i + u64::from(is_repeat && i == 5) * 40);
        let rank = match x % 6 {
            0 => x / 6 % 20,
            1..4 => (30_000f64.powf((x >> 11) as f64 / (1u64 << 53) as f64)) as u64,
            _ => x / 6 % 100_000_000,
        };
        format!("{:x}", random(rank) >> 44)
    };
    let words: Vec<String> = (0..34).map(word).collect();
    let changed = if changed { " (changed)" } else { "" };
    json!({"id": format!("case-{id}"), "question": format!("{}{changed}", words.join(" ")), "expected": word(99),
           "metadata": {"topic": id % 17, "language": if id.is_multiple_of(5) { "de" } else { "en" }}})
    .to_string()
}

fn write(path: &Path, cases: u64, second: bool) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for id in 0..cases {
        // One in two hundred is changed, one in four hundred is gone and one is new.
        if second && id % 400 == 7 {
            writeln!(file, "{}", line(cases + id, false)).unwrap();
        } else {
            writeln!(file, "{}", line(id, second && id % 200 == 3)).unwrap();
        }
    }
}

fn step(folder: &Path, what: &str) {
    let library = Library::new(folder.join("library"));
    let version = |at: usize| library.dataset("set").unwrap().versions[at].version;
    match what {
        "add" | "add-again" => {
            let path = folder.join(if what == "add" { "a.jsonl" } else { "b.jsonl" }).display().to_string();
            let declared = DatasetDecl { path, ..DatasetDecl::default() };
            let held = library.hold().unwrap();
            let added = add::add(&library, &held, ("set", "bench"), Path::new(""), &declared, None, None).unwrap();
            println!("{} MiB new on disk", added.new_bytes >> 20);
        }
        "diff" => {
            let counts = diff::diff(&library, version(0), version(1), &mut |_| Ok(())).unwrap();
            println!("{} added, {} removed, {} changed", counts.added, counts.removed, counts.changed);
        }
        "dedupe" => {
            let search = Search { threshold: 0.8, unit: Unit::Characters, field: None };
            let found = find(&library, version(0), None, &search).unwrap();
            println!("{} repeats, {} candidates", found.surplus.len(), found.candidates);
        }
        "sample" => {
            let dataset = library.dataset("set").unwrap();
            let plan = sample::Plan { count: 1_000, by: vec!["language".into(), "topic".into()], least: 10, seed: 1 };
            let drawn = sample::draw(&library, &dataset, &dataset.versions[0], &plan).unwrap();
            let mut cases = 0;
            drawn
                .cases(&library, &dataset.versions[0], &mut |_| {
                    cases += 1;
                    Ok(())
                })
                .unwrap();
            println!("{cases} cases of {} strata", drawn.strata.len());
        }
        _ => panic!("no step {what}"),
    }
}

/// The most resident memory of this process, in MiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) >> 10
}

/// Seconds that processors worked for this process: on a busy machine the only time that says something.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets: user and system time are the 12th and 13th, in hundredths.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn measured(command: &mut Command) -> (f64, String) {
    let started = Instant::now();
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?}");
    (started.elapsed().as_secs_f64(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [what, folder, step_name] = words.as_slice()
        && what == "step"
    {
        step(Path::new(folder), step_name);
        println!("{:.0} s of processor time, {} MiB", processor_seconds(), most_memory());
        return;
    }
    let cases: u64 = words.iter().find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let python = words.iter().find(|word| word.contains("python"));
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a.jsonl"), cases, false);
    write(&folder.path().join("b.jsonl"), cases, true);
    println!("{cases} cases, {} MiB as JSONL", std::fs::metadata(folder.path().join("a.jsonl")).unwrap().len() >> 20);
    println!("| step | seconds | cases/s | what, most memory |\n|---|---:|---:|---|");
    let row = |name: &str, seconds: f64, cases: u64, said: &str| {
        println!("| {name} | {seconds:.1} | {:.0} | {} |", cases as f64 / seconds, said.replace('\n', ", "));
    };
    let this = std::env::current_exe().unwrap();
    for step in ["add", "add-again", "diff", "dedupe", "sample"] {
        let (seconds, said) = measured(Command::new(&this).arg("step").arg(folder.path()).arg(step));
        row(step, seconds, cases, &said);
    }
    let Some(python) = python else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/datasets.py");
    for (name, of) in
        [("polars-copy", cases), ("polars-diff", cases), ("pandas-diff", cases), ("datasketch", cases / 100)]
    {
        let mut command = Command::new(python);
        let (seconds, said) = measured(command.arg(&script).arg(name).arg(folder.path()).arg(of.to_string()));
        row(name, seconds, of, &said);
    }
}
