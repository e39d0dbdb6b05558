//! Cases as files: plain tables, Croissant metadata, the datasets of other tools.
//!
//! A file appears whole or not at all: it is written beside its place and then moved there. Every exporter streams; those
//! that must know all columns first (tables) keep the cases in a temporary file meanwhile.
//!
//! | module | writes |
//! |---|---|
//! | [`lines`] | JSONL, JSON, YAML |
//! | [`table`] | CSV, TSV, Parquet, Arrow, XLSX |
//! | [`croissant`] | a folder with JSONL and its Croissant description |
//! | [`datasets`] | promptfoo, Inspect, DeepEval, openai/evals, pydantic-evals, Ragas, MLflow, qrels, chat |

mod croissant;
mod datasets;
mod lines;
mod table;

pub use table::starts_formula;

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use assay_core::Case;
use assay_core::problem::did_you_mean;
use tempfile::NamedTempFile;

use crate::losses::Losses;
use crate::tools::{Report, Tool};
use crate::{DatasetError, Format, Place};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A plain format.
    Plain(Format),
    /// JSONL with its Croissant description, in a folder.
    Croissant,
    /// The dataset of a tool.
    Tool(Tool),
}

impl Form {
    /// All that can be written.
    pub const ALL: [Self; 18] = [
        Self::Plain(Format::Jsonl),
        Self::Plain(Format::Csv),
        Self::Plain(Format::Tsv),
        Self::Plain(Format::Parquet),
        Self::Plain(Format::Arrow),
        Self::Plain(Format::Xlsx),
        Self::Plain(Format::Yaml),
        Self::Plain(Format::Json),
        Self::Croissant,
        Self::Tool(Tool::Promptfoo),
        Self::Tool(Tool::Inspect),
        Self::Tool(Tool::DeepEval),
        Self::Tool(Tool::OpenaiEvals),
        Self::Tool(Tool::PydanticEvals),
        Self::Tool(Tool::Ragas),
        Self::Tool(Tool::TrecEval),
        Self::Tool(Tool::ChatJsonl),
        Self::Tool(Tool::Mlflow),
    ];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain(format) => format.as_str(),
            Self::Croissant => "croissant",
            Self::Tool(tool) => tool.as_str(),
        }
    }

    /// The plain format of a file by its ending.
    pub fn of(path: &Path) -> Option<Self> {
        Format::of(path).filter(|format| *format != Format::Text).map(Self::Plain)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let plain = name.to_ascii_lowercase().replace('_', "-");
        Self::ALL.into_iter().find(|form| form.as_str() == plain).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str);
            match did_you_mean(&plain, names.iter().copied()) {
                Some(near) => format!("nothing writes `{name}`; did you mean `{near}`?"),
                None => format!("nothing writes `{name}`; there are: {}", names.join(", ")),
            }
        })
    }
}

/// The cases of an export, one by one.
pub(crate) type Cases<'a> = dyn Iterator<Item = Result<Case, DatasetError>> + 'a;

/// Writes cases to `out`, under the name `name` where the format has one.
///
/// # Errors
/// A file that is there already (unless `overwrite`), one that cannot be written, a case that the format cannot hold, and
/// the first error of `cases`. What stood at `out` is then still there.
pub fn export(
    form: Form,
    name: &str,
    cases: &mut Cases<'_>,
    out: &Path,
    overwrite: bool,
) -> Result<Report, DatasetError> {
    if !overwrite && out.symlink_metadata().is_ok() {
        return Err(DatasetError::new(place(out), "the file is there already")
            .help("name another one, or overwrite it with `--overwrite`"));
    }
    let mut losses = Losses::default();
    let cases = match form {
        Form::Plain(format @ (Format::Jsonl | Format::Json | Format::Yaml)) => {
            lines::write(format, cases, out, overwrite)?
        }
        Form::Plain(Format::Text) => {
            return Err(DatasetError::new(place(out), "a text file holds no dataset").help("write jsonl"));
        }
        Form::Plain(format) => table::write(format, cases, out, overwrite, &mut losses)?,
        Form::Croissant => croissant::write(name, cases, out, overwrite, &mut losses)?,
        Form::Tool(tool) => datasets::write(tool, name, cases, out, overwrite, &mut losses)?,
    };
    let tool = match form {
        Form::Tool(tool) => Some(tool),
        _ => None,
    };
    Ok(Report { tool, tool_version: None, cases, answers: 0, suite: None, lost: losses.list() })
}

fn place(path: &Path) -> Option<Place> {
    Some(Place { file: path.to_owned(), line: None })
}

fn failed(path: &Path, error: &dyn fmt::Display) -> DatasetError {
    DatasetError::new(place(path), error.to_string())
}

/// Writes a file that is at its place only when it is whole.
fn whole(
    out: &Path,
    overwrite: bool,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<u64, DatasetError>,
) -> Result<u64, DatasetError> {
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let file = NamedTempFile::new_in(folder).map_err(|error| failed(out, &error))?;
    let mut writer = std::io::BufWriter::with_capacity(1 << 16, file);
    let cases = write(&mut writer)?;
    let file = writer.into_inner().map_err(|error| failed(out, &error))?;
    readable(&file);
    if overwrite {
        file.persist(out).map_err(|error| failed(out, &error))?;
    } else {
        file.persist_noclobber(out).map_err(|error| failed(out, &error))?;
    }
    Ok(cases)
}

/// A temporary file is for its owner only; an export is like any file that a program writes.
fn readable(file: &NamedTempFile) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Failing that, the file is merely harder to share.
        let _ = file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = file;
}
