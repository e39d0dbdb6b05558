//! The field's formats: what other tools wrote becomes cases, answers and scores.
//!
//! An importer pushes what it reads into a [`Sink`] as it goes, so that a log of any length costs no memory beyond 16
//! bytes for each case and for each answer (they keep ids unique and count repeats). What has no place in a case or an
//! answer goes into the case's metadata; what cannot be kept at all is counted in [`Report::lost`].
//!
//! | module | reads |
//! |---|---|
//! | [`promptfoo`] | configs with tests inline and in files, `__expected` CSV, results JSON (2 and 3) and JSONL |
//! | [`inspect`] | Inspect AI's `.eval` and `.json` logs, dataset JSONL and CSV |
//! | [`deepeval`] | goldens (JSON, CSV, JSONL) and test runs |
//! | [`lm_eval`] | `samples_*.jsonl` with `results_*.json`, task YAML |
//! | [`openai_evals`] | samples JSONL, registry YAML, event logs |
//! | [`ragas`] | single-turn and multi-turn rows |
//! | [`pydantic_evals`] | datasets as YAML and JSON |
//! | [`trec`] | qrels and runs |
//! | [`chat`] | chat JSONL, batch requests and batch results of OpenAI and Anthropic |
//! | [`mlflow`] | evaluation dataset records |
//! | [`helm`] | run folders |
//! | [`detect`] | which of them a file is, by its content |

pub mod chat;
pub mod deepeval;
pub mod detect;
mod documents;
pub mod helm;
pub mod inspect;
pub(crate) mod intake;
pub(crate) mod json;
pub mod lm_eval;
pub mod mlflow;
pub mod openai_evals;
pub mod promptfoo;
pub mod pydantic_evals;
pub mod ragas;
mod record;
pub mod suite_parts;
pub mod trec;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use assay_core::problem::did_you_mean;
use assay_core::{Case, Money, Outcome, Score};

pub use crate::losses::Lost;
use crate::{DatasetError, Place};
use intake::Intake;
pub use suite_parts::SuiteParts;

/// A tool, or a format that several tools share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// promptfoo.
    Promptfoo,
    /// Inspect AI.
    Inspect,
    /// EleutherAI's lm-evaluation-harness.
    LmEval,
    /// openai/evals.
    OpenaiEvals,
    /// DeepEval.
    DeepEval,
    /// Ragas.
    Ragas,
    /// pydantic-evals.
    PydanticEvals,
    /// Stanford's HELM.
    Helm,
    /// `trec_eval`: qrels and runs.
    TrecEval,
    /// One conversation a line, as for fine-tuning.
    ChatJsonl,
    /// Batch requests and results of OpenAI and Anthropic.
    BatchJsonl,
    /// MLflow evaluation datasets.
    Mlflow,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Promptfoo,
        Self::Inspect,
        Self::LmEval,
        Self::OpenaiEvals,
        Self::DeepEval,
        Self::Ragas,
        Self::PydanticEvals,
        Self::Helm,
        Self::TrecEval,
        Self::ChatJsonl,
        Self::BatchJsonl,
        Self::Mlflow,
    ];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promptfoo => "promptfoo",
            Self::Inspect => "inspect",
            Self::LmEval => "lm-eval",
            Self::OpenaiEvals => "openai-evals",
            Self::DeepEval => "deepeval",
            Self::Ragas => "ragas",
            Self::PydanticEvals => "pydantic-evals",
            Self::Helm => "helm",
            Self::TrecEval => "trec-eval",
            Self::ChatJsonl => "chat-jsonl",
            Self::BatchJsonl => "batch-jsonl",
            Self::Mlflow => "mlflow",
        }
    }

    /// Which tool wrote a file or folder, by its content; `None` for plain tables and for what nobody here knows.
    ///
    /// # Errors
    /// A file that does not exist or cannot be read.
    pub fn detect(path: &Path) -> Result<Option<Self>, DatasetError> {
        detect::detect(path)
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Tool {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let plain = name.to_ascii_lowercase().replace('_', "-");
        Self::ALL.into_iter().find(|tool| tool.as_str() == plain).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str);
            match did_you_mean(&plain, names.iter().copied()) {
                Some(near) => format!("there is no importer `{name}`; did you mean `{near}`?"),
                None => format!("there is no importer `{name}`; there are: {}", names.join(", ")),
            }
        })
    }
}

/// What an importer pushes into.
pub trait Sink {
    /// A case. Its id is unique in the import.
    ///
    /// # Errors
    /// Ends the import.
    fn case(&mut self, case: Case, place: &Place) -> Result<(), DatasetError>;

    /// What a tool recorded for a case that was pushed before.
    ///
    /// # Errors
    /// Ends the import.
    fn answer(&mut self, answer: Answer) -> Result<(), DatasetError>;
}

/// What a tool recorded for one case: the trial without the parts that only a run has.
///
/// Unique on (`case_id`, `target`, `epoch`). Scores are only those that the tool recorded: two answers of one target may
/// have different scorers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The case.
    pub case_id: String,
    /// What answered: the model, or provider and prompt.
    pub target: String,
    /// The repeat number, from 0.
    pub epoch: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// When it began, in microseconds since the Unix epoch, UTC.
    pub started_us: Option<i64>,
    /// How long it took, in microseconds.
    pub latency_us: Option<u64>,
    /// What it cost; zero where the tool does not say.
    pub cost: Money,
    /// What the tool's scorers said.
    pub scores: Vec<Score>,
}

/// What an import or export did.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The tool; `None` for plain formats.
    pub tool: Option<Tool>,
    /// Its version, where the file says so.
    pub tool_version: Option<String>,
    /// Cases read or written.
    pub cases: u64,
    /// Answers read.
    pub answers: u64,
    /// Prompts and checks that a suite can take over.
    pub suite: Option<SuiteParts>,
    /// What could not be kept.
    pub lost: Vec<Lost>,
}

/// Reads what a tool wrote; without a tool, the content says which one it was.
///
/// # Errors
/// A file that no importer knows, and anything that cannot be read, with file, line and what to do. What was pushed
/// before stays pushed.
pub fn import(path: &Path, tool: Option<Tool>, sink: &mut dyn Sink) -> Result<Report, DatasetError> {
    let tool = match tool {
        Some(tool) => tool,
        None => detect::detect(path)?.ok_or_else(|| {
            let names = Tool::ALL.map(Tool::as_str).join(", ");
            DatasetError::new(Some(Place { file: path.to_owned(), line: None }), "no importer knows this content")
                .help(format!("name the tool ({names}), or read a plain table as a dataset"))
        })?,
    };
    let mut intake = Intake::new(sink);
    match tool {
        Tool::Promptfoo => promptfoo::import(path, &mut intake),
        Tool::Inspect => inspect::import(path, &mut intake),
        Tool::LmEval => lm_eval::import(path, &mut intake),
        Tool::OpenaiEvals => openai_evals::import(path, &mut intake),
        Tool::DeepEval => deepeval::import(path, &mut intake),
        Tool::Ragas => ragas::import(path, &mut intake),
        Tool::PydanticEvals => pydantic_evals::import(path, &mut intake),
        Tool::Helm => helm::import(path, &mut intake),
        Tool::TrecEval => trec::import(path, &mut intake),
        Tool::ChatJsonl => chat::import_chat(path, &mut intake),
        Tool::BatchJsonl => chat::import_batch(path, &mut intake),
        Tool::Mlflow => mlflow::import(path, &mut intake),
    }?;
    intake.report(tool, path)
}
