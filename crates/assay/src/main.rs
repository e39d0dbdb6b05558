//! The `assay` command. It only wires: each command is one file under [`commands`].

mod commands;
mod exit;
mod load;

use std::process::ExitCode;

use clap::Parser;

use commands::Command;

/// Decide with evidence whether a model, prompt, retrieval change or agent is good enough to ship.
#[derive(Parser)]
#[command(name = "assay", version, propagate_version = true, after_help = exit::TABLE)]
struct Cli {
    /// The workspace folder; by default `.assay` here or in a folder above.
    #[arg(long, global = true, env = "ASSAY_WORKSPACE", value_name = "DIR")]
    workspace: Option<std::path::PathBuf>,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    // Output into a closed pipe (`assay runs | head`) ends quietly.
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(exit::INFRASTRUCTURE);
        }
    };
    let code = match runtime.block_on(commands::dispatch(cli.command, cli.workspace)) {
        Ok(code) => code,
        Err(error) => exit::report(error.as_ref()),
    };
    // A worker process or a call that was abandoned must not hold the exit up.
    runtime.shutdown_background();
    ExitCode::from(code)
}
