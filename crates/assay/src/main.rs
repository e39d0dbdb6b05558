//! The `assay` command. It only wires: each command is one file under [`commands`].

mod calls;
mod canaries;
mod commands;
mod exit;
mod referee;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};

use commands::{Command, Telling};

/// Decide with evidence whether a model, prompt, retrieval change or agent is good enough to ship.
#[derive(Parser)]
#[command(name = "assay", version, propagate_version = true, after_help = exit::TABLE)]
struct Cli {
    /// The workspace folder; by default `.assay` here or in a folder above.
    #[arg(long, global = true, env = "ASSAY_WORKSPACE", value_name = "DIR")]
    workspace: Option<std::path::PathBuf>,
    /// Tell nobody at the end of the command what it did; `assay notify deliver` does that later.
    #[arg(long, global = true, env = "ASSAY_NO_NOTIFY")]
    no_notify: bool,
    #[command(subcommand)]
    command: Command,
}

/// glibc gives every thread a heap of its own and hardly ever returns memory from one: the longer a run, the more. One
/// heap keeps memory flat; it costs little, since threads mostly wait.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "the only way to tell glibc without an environment variable")]
fn share_one_heap() {
    // SAFETY: sets a number inside the allocator before a second thread exists.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

/// Gives memory that is free inside the allocator back to the system: what a run needed while it executed is not what
/// its report needs.
fn give_memory_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "the allocator's own function has no safe form")]
    // SAFETY: touches free memory only, under the allocator's own locks.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Whether `--offline` was said, to whatever command, or stands in the environment.
fn is_offline(matches: &ArgMatches) -> bool {
    let no = |word: &str| matches!(word.to_lowercase().as_str(), "" | "n" | "no" | "f" | "false" | "off" | "0");
    matches.try_get_one::<bool>("offline").ok().flatten().is_some_and(|offline| *offline)
        || matches.subcommand().is_some_and(|(_, inner)| is_offline(inner))
        || std::env::var("ASSAY_OFFLINE").is_ok_and(|word| !no(&word))
}

fn main() -> ExitCode {
    // First of all: the helper must have one thread, and starts a hundred times a second.
    if assay_sandbox::serve_if_asked() {
        return ExitCode::SUCCESS;
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    share_one_heap();
    // Output into a closed pipe (`assay runs | head`) ends quietly.
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let telling = Telling { silent: cli.no_notify, offline: is_offline(&matches) };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(exit::INFRASTRUCTURE);
        }
    };
    let code = match runtime.block_on(commands::dispatch(cli.command, cli.workspace, telling)) {
        Ok(code) => code,
        Err(error) => exit::report(error.as_ref()),
    };
    // A worker process or a call that was abandoned must not hold the exit up.
    runtime.shutdown_background();
    ExitCode::from(code)
}
