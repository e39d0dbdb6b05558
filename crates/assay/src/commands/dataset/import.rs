//! `assay dataset import`: what other tools wrote becomes a version and comparable runs.

use std::path::{Path, PathBuf};

use assay_datasets::Library;
use assay_datasets::library::who;
use assay_datasets::tools::{Report, Tool};
use assay_report::plain;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{count, redaction, size};
use crate::exit;
use assay_home::Home;
use assay_home::imports::{Imported, Incoming, of_tool};
use assay_home::redaction::Redaction;
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

impl Import {
    pub async fn run(self, library: &Library, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        if let Some(path) = self.suite.as_ref().filter(|path| path.exists()) {
            return Err(usage(format!("{} exists already: name another file", path.display())));
        }
        let tool = self.from.as_ref().map(|word| word.parse::<Tool>().map_err(usage)).transpose()?;
        let policy = self.redact.as_ref();
        let incoming = Incoming {
            dataset: &self.name,
            by: &who(),
            base: Path::new(""),
            path: &self.path,
            redaction: policy.map(|policy| Redaction::new(policy, &self.key_env, true)).transpose()?,
            tag: self.tag.clone(),
            note: self.message.clone(),
        };
        let Imported { arrived, report, tool, answers } = of_tool(library, incoming, tool, !self.cases_only)?;
        let (record_of, redaction) = (arrived.record, arrived.redaction);
        let which = format!("{}@{}", self.name, record_of.number);
        let run = match answers {
            Some(answers) => Some(answers.run(&Home::open(workspace, Path::new(".")).await?).await?),
            None => None,
        };
        let suite = self.write_suite(&report, &which)?;
        if self.json {
            let lost: Vec<_> = report
                .lost
                .iter()
                .map(|lost| json!({"what": lost.what, "where": lost.where_, "count": lost.count}))
                .collect();
            say(&json!({
                "version": record_of, "new": arrived.new, "new_bytes": arrived.new_bytes, "from": tool,
                "run": run.as_ref().map(|(record, ..)| record.id), "answers": report.answers, "suite": suite, "lost": lost,
                "found": redaction.as_ref().map(Redaction::kinds),
            })
            .to_string());
            return Ok(exit::PASS);
        }
        say(&format!(
            "{which} {}: {} cases from {}{}",
            record_of.version.short(),
            count(arrived.cases),
            plain(&tool, 80),
            if arrived.new { format!(", {} new on disk", size(arrived.new_bytes)) } else { ", nothing changed".into() }
        ));
        if let Some(redaction) = &redaction {
            redaction::tell(redaction, &format!("{} cases and {} answers", count(report.cases), count(report.answers)));
            if arrived.new {
                redaction::tell_audit(library, record_of.version);
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
