//! `assay dataset import`: what other tools wrote becomes a version and comparable runs.

use std::path::{Path, PathBuf};

use assay_core::Case;
use assay_datasets::library::{Event, How, Lineage, check_name, who};
use assay_datasets::tools::{Answer, Report, Sink, Tool, import};
use assay_datasets::version::VersionWriter;
use assay_datasets::{DatasetError, Library, Place, add};
use assay_engine::imported::{Answers, Origin, record};
use assay_report::plain;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::redaction::Redaction;
use super::{count, size};
use crate::exit;
use assay_home::Home;
use assay_home::usage;

/// Reads files of promptfoo, Inspect, lm-eval, openai/evals, DeepEval, Ragas, pydantic-evals, HELM, trec_eval, MLflow, and
/// chat or batch JSONL. The cases become the newest version of a dataset; what the tool recorded becomes a run that can be
/// compared, queried and scored again. What could not be kept is listed.
#[derive(Args)]
pub struct Import {
    /// The dataset; made when it does not exist.
    pub(super) name: String,
    /// A file or folder that the tool wrote.
    path: PathBuf,
    /// The tool; by the content by default.
    #[arg(long, value_name = "TOOL")]
    from: Option<String>,
    /// Make no run of recorded answers.
    #[arg(long)]
    cases_only: bool,
    /// Write the prompts and checks that a suite can take over into a suite file.
    #[arg(long, value_name = "FILE")]
    suite: Option<PathBuf>,
    /// Take personal data and secrets out on the way in: a policy as of `assay dataset redact`, or `default`. What was found
    /// never reaches the disk.
    #[arg(long, value_name = "POLICY")]
    redact: Option<String>,
    /// The environment variable that holds the key (64 hexadecimal digits), for `hash` and `tokenise`.
    #[arg(long, value_name = "NAME", default_value = "ASSAY_PRIVACY_KEY")]
    key_env: String,
    /// A tag for the version.
    #[arg(long)]
    tag: Option<String>,
    /// A note for the record.
    #[arg(long, short)]
    message: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Cases go into the version as they come, answers wait for the run.
struct Intake {
    writer: VersionWriter,
    answers: Option<Answers>,
    redaction: Option<Redaction>,
}

impl Sink for Intake {
    fn case(&mut self, mut case: Case, place: &Place) -> Result<(), DatasetError> {
        if let Some(redaction) = &mut self.redaction {
            redaction.case(&mut case)?;
        }
        if let Some(answers) = &mut self.answers {
            answers.count_case();
        }
        self.writer.add(&case, Some(place))
    }

    fn answer(&mut self, mut answer: Answer) -> Result<(), DatasetError> {
        if let Some(redaction) = self.redaction.as_mut().filter(|_| self.answers.is_some()) {
            redaction.answer(&mut answer)?;
        }
        match &mut self.answers {
            None => Ok(()),
            Some(answers) => answers.add(answer).map_err(|error| DatasetError::new(None, error.to_string())),
        }
    }
}

impl Import {
    pub async fn run(self, library: &Library, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        check_name(&self.name)?;
        if let Some(tag) = &self.tag {
            assay_datasets::library::check_tag(tag)?;
        }
        if let Some(path) = self.suite.as_ref().filter(|path| path.exists()) {
            return Err(usage(format!("{} exists already: name another file", path.display())));
        }
        let tool = self.from.as_ref().map(|word| word.parse::<Tool>().map_err(usage)).transpose()?;
        let redaction = match &self.redact {
            None => None,
            Some(policy) => Some(Redaction::new(policy, &self.key_env, true)?),
        };
        let held = library.hold()?;
        let answers = if self.cases_only { None } else { Some(Answers::new()?) };
        let mut intake = Intake { writer: library.write(&held)?, answers, redaction };
        let report = import(&self.path, tool, &mut intake)?;
        if let Some(answers) = &intake.answers {
            // Before the version is added: a hostile file leaves nothing behind.
            answers.check(&self.path.display().to_string())?;
        }
        let tool = match (&report.tool, &report.tool_version) {
            (Some(tool), Some(version)) => format!("{tool} {version}"),
            (Some(tool), None) => tool.to_string(),
            (None, _) => add::tool(),
        };
        let (manifest, new_bytes) = intake.writer.finish()?;
        let mut parameters =
            json!({"from": tool, "lost": report.lost.iter().map(ToString::to_string).collect::<Vec<_>>()});
        if let Some(redaction) = &intake.redaction {
            parameters["redacted"] = redaction.parameters();
        }
        let lineage = Lineage {
            how: How::Imported,
            parents: Vec::new(),
            // A folder of files with other endings was read all the same.
            sources: add::sources(&self.path).unwrap_or_default(),
            tool: add::tool(),
            parameters,
            note: self.message.clone(),
        };
        let added = library.add(&held, &self.name, &who(), &manifest, lineage)?;
        let mut redaction = intake.redaction;
        if let (Some(redaction), Some(added)) = (&mut redaction, &added) {
            redaction.keep(library, added.version)?;
        }
        let dataset = library.dataset(&self.name)?;
        let record_of = dataset.version(None)?.clone();
        if let Some(tag) = self.tag.as_ref().filter(|tag| dataset.tags.get(*tag) != Some(&record_of.version)) {
            let event = Event::Tagged { tag: tag.clone(), version: record_of.version };
            library.append(&held, &self.name, &who(), vec![event])?;
        }
        drop(held);
        let which = format!("{}@{}", self.name, record_of.number);
        let mut run = None;
        if let Some(answers) = intake.answers.filter(|answers| !answers.is_empty()) {
            let home = Home::open(workspace, Path::new(".")).await?;
            let origin = Origin {
                dataset: which.clone(),
                suite: self.name.clone(),
                path: self.path.display().to_string(),
                tool: tool.clone(),
            };
            run = Some(record(&home.workspace, &home.state, &home.lake, library, origin, answers).await?);
        }
        let suite = self.write_suite(&report, &which)?;
        if self.json {
            let lost: Vec<_> = report
                .lost
                .iter()
                .map(|lost| json!({"what": lost.what, "where": lost.where_, "count": lost.count}))
                .collect();
            say(&json!({
                "version": record_of, "new": added.is_some(), "new_bytes": new_bytes, "from": tool,
                "run": run.as_ref().map(|(record, ..)| record.id), "answers": report.answers, "suite": suite, "lost": lost,
                "found": redaction.as_ref().map(Redaction::kinds),
            })
            .to_string());
            return Ok(exit::PASS);
        }
        say(&format!(
            "{which} {}: {} cases from {}{}",
            record_of.version.short(),
            count(manifest.cases),
            plain(&tool, 80),
            if added.is_some() { format!(", {} new on disk", size(new_bytes)) } else { ", nothing changed".into() }
        ));
        if let Some(redaction) = &redaction {
            redaction.tell(&format!("{} cases and {} answers", count(report.cases), count(report.answers)));
            if added.is_some() {
                Redaction::tell_audit(library, record_of.version);
            }
        }
        if let Some((run, totals, _)) = &run {
            let targets: Vec<String> = run.targets.iter().map(|target| plain(&target.name, 80)).collect();
            let scorers: Vec<String> = run.scorers.iter().map(|scorer| plain(&scorer.name, 80)).collect();
            say(&format!(
                "run {}: {} answers and {} failures of {}; scores: {}",
                run.id.short(),
                count(totals.ok),
                count(totals.errors),
                targets.join(", "),
                if scorers.is_empty() { "none".to_owned() } else { scorers.join(", ") }
            ));
            say(&format!(
                "    `assay show {0}` shows it, `assay compare {0} RUN` compares it, `assay run SUITE --rescore {0}` scores it again",
                run.id.short()
            ));
        }
        if let Some((.., left_out)) = &run
            && *left_out > 0
        {
            say(&format!("not in the run: {} answers to revoked, expired or sealed cases", count(*left_out)));
        }
        if let Some(path) = &suite {
            say(&format!("suite: {}", path.display()));
        } else if report.suite.is_some() {
            say("note: `--suite FILE` writes its prompts and checks as a suite");
        }
        for lost in &report.lost {
            say(&format!("not kept: {}", plain(&lost.to_string(), 300)));
        }
        Ok(exit::PASS)
    }

    fn write_suite(&self, report: &Report, which: &str) -> Result<Option<PathBuf>, Failure> {
        let Some(path) = &self.suite else { return Ok(None) };
        let Some(parts) = &report.suite else {
            say("note: the file holds no prompts and no checks that a suite could take over");
            return Ok(None);
        };
        std::fs::write(path, parts.over_stored(which))
            .map_err(|error| usage(format!("{}: {error}", path.display())))?;
        Ok(Some(path.clone()))
    }
}
