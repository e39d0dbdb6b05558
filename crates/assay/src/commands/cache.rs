//! `assay cache`: what is in the response cache, why a call hits or misses it, and making room.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assay_engine::execute::now_us;
use assay_engine::explain::{Explained, Why, explain};
use assay_report::{numbers, terminal};
use assay_store::Cache as Store;
use clap::{Args, Subcommand};
use serde_json::json;

use super::run::Selection;
use super::{Failure, say};
use crate::exit;
use assay_home::Home;
use assay_home::audit::Action;
use assay_home::usage;

/// Shows, explains and prunes the response cache.
#[derive(Args)]
pub struct Cache {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Why each trial of a suite would be answered from the cache or not.
    Explain(Explain),
    /// How much the cache holds, by target and judge.
    Stats {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove answers.
    Prune(Prune),
}

#[derive(Args)]
struct Explain {
    #[command(flatten)]
    selection: Selection,
    /// Of this tier.
    #[arg(long)]
    tier: Option<String>,
    /// Only the case of this id, trial by trial.
    #[arg(long)]
    case: Option<String>,
    /// Print a JSON line for each trial.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[group(id = "chosen", required = true, multiple = true)]
struct Prune {
    /// Answers that were not used for so long: `30d`, `12h`.
    #[arg(long, value_name = "AGE", value_parser = age)]
    unused_for: Option<i64>,
    /// Until the rest takes at most this, least recently used first: `500MB`, `2GB`.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,
    /// Only answers of this target or judge; all of them, when nothing else is said.
    #[arg(long, value_name = "NAME", conflicts_with = "max_size")]
    of: Option<String>,
    /// Every answer.
    #[arg(long)]
    all: bool,
}

impl Cache {
    /// What the command changes.
    pub fn mutates(&self) -> Option<Action> {
        match &self.what {
            What::Prune(prune) => {
                let action = Action::new("cache prune");
                Some(match &prune.of {
                    Some(name) => action.on("of", name),
                    None => action,
                })
            }
            What::Explain(_) | What::Stats { .. } => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        match self.what {
            What::Explain(command) => command.run(workspace).await,
            What::Stats { json } => stats(workspace, json).await,
            What::Prune(command) => command.run(workspace).await,
        }
    }
}

impl Explain {
    async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let prepared = self.selection.load(self.tier.as_deref(), workspace.as_deref())?;
        let home = Home::open(workspace, self.selection.suite.parent().unwrap_or(Path::new("."))).await?;
        let mut reasons: BTreeMap<(String, Why), (u64, Explained)> = BTreeMap::new();
        let mut seen = 0_u64;
        explain(&home.workspace, &home.state, &prepared, |explained| {
            if self.case.as_ref().is_some_and(|case| *case != explained.case) {
                return;
            }
            seen += 1;
            if self.json {
                // A line of plain fields always serialises.
                say(&serde_json::to_string(&explained).unwrap_or_default());
            } else if self.case.is_some() {
                let made = explained.made_us.map(|us| format!(", made {}", numbers::time(us))).unwrap_or_default();
                let key = explained.key.map(|key| format!("key {}", key.short())).unwrap_or_default();
                let why = assay_report::plain(&explained.why.text(), 600);
                say(&format!("{} epoch {}: {why}{made} {key}", explained.target, explained.epoch));
            } else {
                let reason = (explained.target.clone(), explained.why.clone());
                reasons.entry(reason).or_insert_with(|| (0, explained)).0 += 1;
            }
        })
        .await?;
        if seen == 0 {
            return Err(usage(match &self.case {
                Some(case) => format!("the suite has no case `{case}`"),
                None => "no case is selected".into(),
            }));
        }
        if !self.json && self.case.is_none() {
            let cells = reasons
                .iter()
                .map(|((target, why), (count, example))| {
                    let why = assay_report::plain(&why.text(), 300);
                    vec![target.clone(), count.to_string(), why, assay_report::plain(&example.case, 40)]
                })
                .collect();
            say(&terminal::table(&["target", "trials", "why", "such as"], cells, &[1]));
            if prepared.scorers.iter().any(|declared| declared.record.judge) {
                say("calls of judges depend on answers; those to the same answer are in the cache as well");
            }
        }
        Ok(exit::PASS)
    }
}

async fn stats(workspace: Option<PathBuf>, json: bool) -> Result<u8, Failure> {
    let home = Home::open(workspace, Path::new(".")).await?;
    let cache = Store::open(&home.workspace).await?;
    let (callers, size) = (cache.stats().await?, cache.size().await?);
    if json {
        say(&serde_json::to_string_pretty(&json!({"bytes": size, "callers": callers}))?);
        return Ok(exit::PASS);
    }
    let cells = callers
        .iter()
        .map(|caller| {
            vec![
                if caller.name.is_empty() { "?".into() } else { assay_report::plain(&caller.name, 60) },
                caller.fingerprint.short(),
                caller.answers.to_string(),
                bytes(caller.bytes),
                numbers::time(caller.oldest_us),
                numbers::time(caller.used_us),
            ]
        })
        .collect();
    say(&terminal::table(&["who", "fingerprint", "answers", "size", "oldest made", "last used"], cells, &[2, 3]));
    say(&format!("{} in {}", bytes(size), super::run::shorter(&home.workspace.root().join("cache.db"))));
    Ok(exit::PASS)
}

impl Prune {
    async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let cache = Store::open(&home.workspace).await?;
        let before = cache.size().await?;
        let mut removed = 0;
        let since = match self.unused_for {
            Some(age_us) => Some(now_us() - age_us),
            None if self.all || self.of.is_some() => Some(i64::MAX),
            None => None,
        };
        if let Some(since) = since {
            let callers = match &self.of {
                None => vec![None],
                Some(name) => {
                    let stats = cache.stats().await?;
                    let found: Vec<_> =
                        stats.iter().filter(|c| c.name == *name).map(|caller| Some(caller.fingerprint)).collect();
                    if found.is_empty() {
                        return Err(usage(format!(
                            "the cache holds nothing of `{name}`: `assay cache stats` lists it"
                        )));
                    }
                    found
                }
            };
            for caller in callers {
                removed += cache.remove(caller, since).await?;
            }
        }
        if let Some(most) = self.max_size {
            removed += cache.shrink(most).await?;
        }
        cache.compact().await?;
        let freed = before.saturating_sub(cache.size().await?);
        say(&format!("removed {removed} answers, {} given back", bytes(freed)));
        Ok(exit::PASS)
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        b if b < 10_000 => format!("{b} B"),
        b if b < 10_000_000 => format!("{:.1} kB", b as f64 / 1e3),
        b if b < 10_000_000_000 => format!("{:.1} MB", b as f64 / 1e6),
        b => format!("{:.1} GB", b as f64 / 1e9),
    }
}

/// A size such as `500MB` in bytes.
pub fn size(text: &str) -> Result<u64, String> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(format!("`{unit}` is no unit of size: B, kB, MB, GB, KiB, MiB, GiB")),
    };
    number.parse::<f64>().map(|number| (number * factor) as u64).map_err(|_| format!("`{text}` is no size"))
}

/// An age such as `30d` in microseconds.
fn age(text: &str) -> Result<i64, String> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => return Err("an age such as `30d`, `12h` or `90m` is expected".into()),
    };
    number.parse::<f64>().map(|number| (number * seconds * 1e6) as i64).map_err(|_| format!("`{text}` is no age"))
}
