//! `assay judge list|show|copy`: the built-in judges and files of one's own.

use std::io::Write as _;
use std::path::PathBuf;

use assay_core::problem::did_you_mean;
use assay_scorers::judges::{JudgeFile, builtin, builtins};
use clap::Args;

use crate::commands::{Failure, say};
use crate::exit;

/// Lists the built-in judges.
#[derive(Args)]
pub struct List {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl List {
    pub fn run(self) -> Result<u8, Failure> {
        let judges = builtins().iter().filter_map(|(name, _)| builtin(name));
        if self.json {
            let judges: Vec<_> = judges.map(|judge| &judge.file).collect();
            say(&serde_json::to_string_pretty(&judges)?);
        } else {
            for judge in judges {
                let file = &judge.file;
                say(&format!("{:<18} {:<10} {}", file.judge, file.kind.as_str(), file.description));
            }
        }
        Ok(exit::PASS)
    }
}

/// Prints a judge.
#[derive(Args)]
pub struct Show {
    /// A built-in judge, or a file.
    judge: String,
}

impl Show {
    pub fn run(self) -> Result<u8, Failure> {
        let text = text_of(&self.judge)?;
        say(text.trim_end());
        Ok(exit::PASS)
    }
}

/// Copies a judge.
#[derive(Args)]
pub struct Copy {
    /// A built-in judge, or a file.
    judge: String,
    /// The new file; NAME.judge.yaml by default.
    file: Option<PathBuf>,
}

impl Copy {
    pub fn run(self) -> Result<u8, Failure> {
        let text = text_of(&self.judge)?;
        let name = self.judge.rsplit(['/', '\\']).next().unwrap_or(&self.judge);
        let name = name.strip_suffix(".judge.yaml").unwrap_or(name);
        let path = self.file.unwrap_or_else(|| PathBuf::from(format!("{name}.judge.yaml")));
        let mut file = match std::fs::File::create_new(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(format!("{} is there already; nothing was written", path.display()).into());
            }
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        file.write_all(text.as_bytes())?;
        say(&format!("wrote {}", path.display()));
        say(&format!("\nuse it in a suite: judge: {{use: ./{}, model: …}}", path.display()));
        Ok(exit::PASS)
    }
}

/// The text of a built-in judge, or of a file that is one.
fn text_of(name: &str) -> Result<String, Failure> {
    if let Some((_, text)) = builtins().iter().find(|(known, _)| *known == name) {
        return Ok((*text).to_owned());
    }
    let path = PathBuf::from(name);
    if !path.exists() {
        let near = did_you_mean(name, builtins().iter().map(|(name, _)| *name));
        let hint =
            near.map_or_else(|| "`assay judge list` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        return Err(format!("there is no built-in judge and no file `{name}`: {hint}").into());
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
    match JudgeFile::from_text(&text, &path) {
        Ok(_) => Ok(text),
        Err(faults) => Err(faults),
    }
}
