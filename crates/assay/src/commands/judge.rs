//! `assay judge`: judges as files.

mod files;

use clap::{Args, Subcommand};

use super::Failure;

/// Shows and copies judges.
#[derive(Args)]
pub struct JudgeCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the built-in judges
    List(files::List),
    /// Print a judge: a built-in one, or a file, which is checked
    Show(files::Show),
    /// Copy a judge into a file of your own
    Copy(files::Copy),
}

impl JudgeCommand {
    pub async fn run(self) -> Result<u8, Failure> {
        match self.what {
            What::List(command) => command.run(),
            What::Show(command) => command.run(),
            What::Copy(command) => command.run(),
        }
    }
}
