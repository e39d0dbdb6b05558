//! `assay ci`: everything that a CI system shows of a run, in one go.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use assay_core::RunRecord;
use assay_report::ci::{Ci, Place, Places, comment, gitlab, sarif};
use assay_report::{Failing, junit, markdown, plain};
use assay_suite::Source;
use clap::Args;
use serde_json::{Value, json};

use super::gate::decided;
use super::run::{shorter, step_summary, verdict_line};
use super::{Failure, say};
use assay_engine::git;
use assay_home::{Against, Home};

/// Writes what CI systems show of a run: JUnit, SARIF, GitLab's reports, a comment, a summary, annotations. The exit code is the
/// gate's.
#[derive(Args)]
pub struct CiCommand {
    /// The run.
    #[arg(default_value = "latest")]
    run: String,
    /// The folder to write to.
    #[arg(long, value_name = "DIR", default_value = "assay-ci")]
    out: PathBuf,
    /// Compare with this run, and target after a colon; or with the newest run at a branch, tag or commit, after `@`; or with
    /// `none`.
    #[arg(long, value_name = "RUN[:TARGET]|@REF")]
    baseline: Option<String>,
}

impl CiCommand {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let (row, target) = home.find(&self.run).await?;
        let record = row.record.clone();
        if row.status != assay_core::RunStatus::Sealed {
            let id = record.id.short();
            return Err(format!("run {id} is not complete: go on with `assay resume {id}`").into());
        }
        let against = Against::said(self.baseline);
        let before = home.baseline_run(&record, &against).await?;
        let totals = row.totals.clone();
        let (report, scores) = home.report(row, target.as_deref(), against).await?;
        let exit = decided(&report, &totals);
        let places = places(&home, &record, &report.failing);
        let cost_before =
            before.map(|(row, _)| row).filter(|row| row.record.id != record.id).map(|row| row.totals.cost());
        let ci = Ci { report: &report, places: &places, cost_before, exit };
        let annotations = ci.annotations();
        let verdict = json!({
            "run": record.id, "suite": record.suite, "verdict": ci.verdict(), "conclusion": ci.conclusion(), "exit": exit,
        });
        fs::create_dir_all(&self.out).map_err(|error| format!("{}: {error}", self.out.display()))?;
        for (name, text) in [
            ("junit.xml", junit::render(&report, &scores)?),
            ("assay.sarif", serde_json::to_string_pretty(&sarif::render(&ci))?),
            ("gl-code-quality.json", serde_json::to_string_pretty(&gitlab::code_quality(&ci))?),
            ("metrics.txt", gitlab::metrics(&ci)),
            ("comment.md", comment::render(&ci)),
            ("summary.md", markdown::render(&report)),
            ("annotations.txt", annotations.iter().map(|line| format!("{line}\n")).collect()),
            ("verdict.json", serde_json::to_string_pretty(&verdict)?),
        ] {
            let path = self.out.join(name);
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        say(&format!(
            "{}: {} ({}); wrote {}",
            plain(&record.suite, 100),
            ci.verdict(),
            ci.conclusion().as_str(),
            shorter(&self.out)
        ));
        if std::env::var_os("GITHUB_ACTIONS").is_some() {
            annotations.iter().for_each(|line| say(line));
        }
        step_summary(&report)?;
        outputs(&verdict)?;
        verdict_line(&report, exit);
        Ok(exit)
    }
}

/// Outputs of a step of GitHub Actions, where there is one: `verdict`, `conclusion`, `run` and `exit`, none of which has
/// a line's end in it.
fn outputs(verdict: &Value) -> Result<(), Failure> {
    let Some(path) = std::env::var_os("GITHUB_OUTPUT") else { return Ok(()) };
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path)?;
    for key in ["verdict", "conclusion", "run", "exit"] {
        let value = verdict[key].as_str().map_or_else(|| verdict[key].to_string(), str::to_owned);
        writeln!(file, "{key}={value}")?;
    }
    Ok(())
}

/// Where the suite says what the run shows: lines of its rules, and of the cases that failed.
fn places(home: &Home, record: &RunRecord, failing: &[Failing]) -> Places {
    let path = home.workspace.find_recorded(&record.suite_path);
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let root = git::answer(&folder, &["rev-parse", "--show-toplevel"]).map(PathBuf::from);
    let root = root.unwrap_or_else(|| home.workspace.project());
    let name = |path: &Path| {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let inside = path.strip_prefix(&root).unwrap_or(&path);
        inside.to_string_lossy().replace('\\', "/").trim_start_matches('/').to_owned()
    };
    let suite = Place { file: name(&path), line: 1 };
    let mut rules = Vec::new();
    if let Ok((value, source)) = Source::parse(&path, record.suite_text.clone()) {
        for (at, rule) in value.pointer("/gate/rules").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let Some(scorer) = rule.get("scorer").and_then(Value::as_str) else { continue };
            let (line, _) = source.line_column(source.range(&format!("/gate/rules/{at}")).start);
            rules.push((scorer.to_owned(), rule.get("margin").is_some(), Place { line, ..suite.clone() }));
        }
    }
    let wanted: HashSet<&str> = failing.iter().map(|failing| failing.case.as_str()).collect();
    let mut cases = HashMap::new();
    for dataset in record.datasets.iter().filter(|dataset| dataset.sealed.is_none()) {
        let path = folder.join(&dataset.source);
        let lines = path.extension().is_some_and(|ending| ending == "jsonl" || ending == "ndjson");
        if lines && path.is_file() {
            // With several datasets a case's id begins with the dataset's name.
            let prefix = if record.datasets.len() > 1 { format!("{}/", dataset.name) } else { String::new() };
            lines_of(&path, &name(&path), &prefix, &wanted, &mut cases);
        }
    }
    Places { suite, rules, cases }
}

/// The lines of a file of JSON lines in which wanted ids stand. A line that cannot be read is passed over: the run read it.
fn lines_of(path: &Path, name: &str, prefix: &str, wanted: &HashSet<&str>, cases: &mut HashMap<String, Place>) {
    let Ok(file) = File::open(path) else { return };
    for (at, line) in BufReader::new(file).lines().map_while(Result::ok).enumerate() {
        let Ok(Value::Object(row)) = serde_json::from_str::<Value>(&line) else { continue };
        let ids = ["id", "case_id", "name", "key"].into_iter().filter_map(|key| row.get(key));
        for id in ids.map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)) {
            let id = format!("{prefix}{id}");
            if wanted.contains(id.as_str()) {
                cases.entry(id).or_insert_with(|| Place { file: name.to_owned(), line: at + 1 });
            }
        }
    }
}
