//! `assay schedule`: runs at set times.
//!
//! `assay schedule run` executes what is due and ends, so that any cron, a systemd timer or a CI job can drive it;
//! `--wait` stays and does it itself.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;
use std::time::Duration;

use assay_engine::execute::now_us;
use assay_report::{numbers, plain, terminal};
use assay_store::Schedule as Row;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use croner::Cron;
use serde_json::json;

use super::{Failure, say};
use crate::exit;
use assay_home::Home;
use assay_home::audit::Action;
use assay_home::usage;

/// Runs suites at set times.
#[derive(Args)]
pub struct Schedule {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Add a schedule, or replace the one of this name.
    Add(Add),
    /// List schedules, with when each ran last and runs next.
    List {
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Remove a schedule.
    Rm {
        /// Its name.
        name: String,
    },
    /// Execute what is due, one after another. What was due several times since is executed once.
    Run {
        /// Stay, and execute whatever comes due.
        #[arg(long)]
        wait: bool,
    },
}

#[derive(Args)]
struct Add {
    /// Its name.
    name: String,
    /// Minute, hour, day of month, month, day of week, in UTC: `0 2 * * MON-FRI`.
    #[arg(long, value_name = "EXPRESSION")]
    cron: String,
    /// What `assay run` is given: the suite and options.
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

impl Schedule {
    /// What the command changes. What `schedule run` starts records itself.
    pub fn mutates(&self) -> Option<Action> {
        match &self.what {
            What::Add(add) => Some(Action::new("schedule add").on("schedule", &add.name).on("cron", &add.cron)),
            What::Rm { name } => Some(Action::new("schedule rm").on("schedule", name)),
            What::List { .. } | What::Run { .. } => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        match self.what {
            What::Add(add) => add.run(&home).await,
            What::List { json } => list(&home, json).await,
            What::Rm { name } => {
                if !home.state.remove_schedule(&name).await? {
                    return Err(usage(format!("there is no schedule `{name}`: `assay schedule list` lists them")));
                }
                say(&format!("schedule {name} is removed"));
                Ok(exit::PASS)
            }
            What::Run { wait } => run(&home, wait).await,
        }
    }
}

impl Add {
    async fn run(self, home: &Home) -> Result<u8, Failure> {
        parse(&self.cron)?;
        let row = Row {
            name: self.name,
            cron: self.cron,
            folder: std::env::current_dir()?.display().to_string(),
            arguments: self.arguments,
            // Nothing from before is made up for.
            last_us: now_us(),
            last_exit: None,
        };
        home.state.set_schedule(&row).await?;
        say(&format!("schedule {} runs next at {}", plain(&row.name, 80), numbers::time(next(&row)?)));
        Ok(exit::PASS)
    }
}

fn parse(cron: &str) -> Result<Cron, Failure> {
    Cron::from_str(cron).map_err(|error| {
        usage(format!(
            "`{cron}` is no cron expression: {error}. Five fields are expected: minute, hour, day of month, month, day \
             of week"
        ))
    })
}

/// When a schedule is due next after it ran last.
fn next(row: &Row) -> Result<i64, Failure> {
    let last = DateTime::<Utc>::from_timestamp_micros(row.last_us).ok_or("a stored time cannot be read")?;
    let next = parse(&row.cron)?.find_next_occurrence(&last, false);
    Ok(next.map_err(|error| usage(format!("`{}` never comes: {error}", row.cron)))?.timestamp_micros())
}

async fn list(home: &Home, json: bool) -> Result<u8, Failure> {
    let rows = home.state.schedules().await?;
    if json {
        for row in &rows {
            say(&json!({"schedule": row, "next_us": next(row)?}).to_string());
        }
        return Ok(exit::PASS);
    }
    if rows.is_empty() {
        say("there are no schedules: add one with `assay schedule add NAME --cron '0 2 * * *' -- assay.yaml`");
        return Ok(exit::PASS);
    }
    let mut cells = Vec::new();
    for row in &rows {
        cells.push(vec![
            plain(&row.name, 60),
            row.cron.clone(),
            plain(&row.arguments.join(" "), 80),
            numbers::time(next(row)?),
            row.last_exit
                .map_or_else(|| "never ran".into(), |code| format!("{} exit {code}", numbers::time(row.last_us))),
        ]);
    }
    say(&terminal::table(&["schedule", "cron (UTC)", "assay run", "next", "last"], cells, &[]));
    Ok(exit::PASS)
}

async fn run(home: &Home, wait: bool) -> Result<u8, Failure> {
    let mut worst = exit::PASS;
    loop {
        let mut soonest = i64::MAX;
        for row in home.state.schedules().await? {
            let due = match next(&row) {
                Ok(due) => due,
                Err(error) => {
                    eprintln!("schedule {}: {error}", plain(&row.name, 80));
                    worst = worst.max(exit::USAGE);
                    continue;
                }
            };
            if due > now_us() {
                soonest = soonest.min(due);
                continue;
            }
            // Whoever moves the time on executes it: two crons do not both.
            if !home.state.claim_schedule(&row.name, row.last_us, now_us()).await? {
                continue;
            }
            let code = execute(home, &row).await.unwrap_or_else(|error| {
                eprintln!("schedule {}: {error}", plain(&row.name, 80));
                exit::INFRASTRUCTURE
            });
            home.state.end_schedule(&row.name, code).await?;
            worst = worst.max(code);
            soonest = soonest.min(now_us());
        }
        if !wait {
            return Ok(worst);
        }
        // A schedule that is added meanwhile is found within a minute.
        let left = u64::try_from(soonest.saturating_sub(now_us())).unwrap_or(0);
        tokio::time::sleep(Duration::from_micros(left).clamp(Duration::from_millis(50), Duration::from_secs(60))).await;
    }
}

/// Executes `assay run` as a process of its own, in the folder where the schedule was added.
async fn execute(home: &Home, row: &Row) -> Result<u8, Failure> {
    eprintln!("schedule {}: assay run {}", plain(&row.name, 80), plain(&row.arguments.join(" "), 200));
    let status = tokio::process::Command::new(std::env::current_exe()?)
        .arg("--workspace")
        .arg(home.workspace.root().canonicalize()?)
        .args(["run", "--label", &format!("schedule={}", row.name)])
        .args(&row.arguments)
        .current_dir(&row.folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|error| format!("{}: {error}", row.folder))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::INFRASTRUCTURE))
}
