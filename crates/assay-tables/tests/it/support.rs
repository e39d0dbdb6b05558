//! Runs a command as the binary does, in this process.

use std::path::Path;

use assay_tables::{Answer, Command};
use clap::Parser;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// A folder with files, removed at the end.
pub struct Folder(tempfile::TempDir);

#[allow(dead_code, reason = "each file uses what it needs")]
impl Folder {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// The answer of `assay stats ARGUMENTS`, or the message of its failure.
pub fn ask(arguments: &[&str]) -> Result<Answer, String> {
    let all = std::iter::once("stats").chain(arguments.iter().copied());
    let cli = Cli::try_parse_from(all).map_err(|error| error.to_string())?;
    cli.command.answer().map_err(|error| error.to_string())
}

/// A folder of real data beside the project, or a printed reason to skip.
#[allow(dead_code, reason = "each file uses what it needs")]
pub fn data(name: &str) -> Option<std::path::PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: ../shared/data/{name} is not there");
    None
}
