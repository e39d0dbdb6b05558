//! `assay notify`: who is told of what happens here, and what became of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use assay_notify::{Delivered, Documents, Notify, Terms, file};
use assay_report::{numbers, plain, terminal};
use assay_store::{Outbox, Workspace};
use async_trait::async_trait;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use tokio::time::Instant;

use super::{Failure, say};
use crate::exit;
use assay_home::audit::{self, Action};
use assay_home::home::root;
use assay_home::{Home, usage};

/// How long a command that has told something waits for the endpoints at its end.
const AT_THE_END: Duration = Duration::from_secs(5);

/// Tells others what happens: webhooks, Slack, Teams, Jira, Linear, MLflow. Who is told of what stands in `notify.yaml`.
#[derive(Args)]
pub struct NotifyCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the endpoints and how each stands
    List {
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Send a test event to an endpoint at once
    Test {
        /// The endpoint.
        name: String,
        /// Refuse every connection that is not to this machine.
        #[arg(long, env = "ASSAY_OFFLINE")]
        offline: bool,
    },
    /// Make every delivery that is due; for cron
    Deliver {
        /// This endpoint only.
        #[arg(long, value_name = "NAME")]
        endpoint: Option<String>,
        /// Refuse every connection that is not to this machine.
        #[arg(long, env = "ASSAY_OFFLINE")]
        offline: bool,
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// List deliveries, the newest events first
    Log(Log),
    /// Make a delivery again: one that was given up, or made before
    Retry(Which),
    /// Give a delivery up
    Drop(Which),
    /// Send to an endpoint again that said that it is gone, or that pauses
    Enable {
        /// The endpoint.
        name: String,
    },
}

#[derive(Args)]
struct Log {
    /// Of this endpoint only.
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// In this state only.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print JSON lines, with the events.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum State {
    Due,
    Sent,
    Dead,
    Dropped,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Dropped => "dropped",
        }
    }
}

#[derive(Args)]
struct Which {
    /// The event's id or a unique ending of it, as `assay notify log` shows it.
    #[arg(required_unless_present = "dead")]
    id: Option<String>,
    /// At this endpoint only.
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Every delivery that was given up after its attempts.
    #[arg(long, conflicts_with = "id")]
    dead: bool,
}

impl NotifyCommand {
    /// What the command changes. What `deliver` sends is recorded when something was sent.
    pub fn mutates(&self) -> Option<Action> {
        let which = |name, which: &Which| {
            let action = Action::new(name).on("event", which.id.as_deref().unwrap_or("dead"));
            Some(match &which.endpoint {
                Some(endpoint) => action.on("endpoint", endpoint),
                None => action,
            })
        };
        match &self.what {
            What::Test { name, .. } => Some(Action::new("notify test").on("endpoint", name)),
            What::Retry(retry) => which("notify retry", retry),
            What::Drop(drop) => which("notify drop", drop),
            What::Enable { name } => Some(Action::new("notify enable").on("endpoint", name)),
            What::List { .. } | What::Deliver { .. } | What::Log(_) => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let outbox = Outbox::open(&home.workspace).await?;
        match self.what {
            What::List { json } => list(&Told::read(&home.workspace)?, &outbox, json).await,
            What::Test { name, offline } => {
                let told = Told::read(&home.workspace)?;
                let endpoint = told.endpoint(&name)?;
                match assay_notify::test(told.terms(offline, None), endpoint, &Memos(&home)).await {
                    Ok(()) => {
                        say(&format!("{name}: the test event is there"));
                        Ok(exit::PASS)
                    }
                    Err(failure) => {
                        eprintln!("error: {name}: {}", plain(&failure.to_string(), 1_000));
                        Ok(exit::INFRASTRUCTURE)
                    }
                }
            }
            What::Deliver { endpoint, offline, json } => {
                let told = Told::read(&home.workspace)?;
                if let Some(name) = &endpoint {
                    told.endpoint(name)?;
                }
                let terms = Terms { only: endpoint.as_deref(), ..told.terms(offline, None) };
                let delivered = assay_notify::deliver(&outbox, terms, &Memos(&home)).await?;
                Ok(shown(&delivered, json))
            }
            What::Log(log) => log.run(&outbox).await,
            What::Retry(which) => which.run(&outbox, &["dead", "dropped", "sent"], "due").await,
            What::Drop(which) => which.run(&outbox, &["due", "dead"], "dropped").await,
            What::Enable { name } => {
                Told::read(&home.workspace)?.endpoint(&name)?;
                outbox.set_gone(&name, None).await?;
                say(&format!("{name}: deliveries go on with `assay notify deliver`"));
                Ok(exit::PASS)
            }
        }
    }
}

/// The project's `notify.yaml`.
struct Told {
    notify: Notify,
    folder: PathBuf,
    since_us: i64,
}

impl Told {
    fn path(workspace: &Workspace) -> PathBuf {
        workspace.project().join(file::FILE)
    }

    /// Reads the file beside the workspace.
    fn read(workspace: &Workspace) -> Result<Self, Failure> {
        let path = Self::path(workspace);
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                usage(format!("there is no {}: it says who is told of what (docs/notifications.md)", path.display()))
            }
            _ => usage(format!("{}: {error}", path.display())),
        })?;
        let notify = Notify::from_text(&text, &path).map_err(|diagnostics| *diagnostics)?;
        let changed = std::fs::metadata(&path)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let since_us = i64::try_from(changed.as_micros()).unwrap_or(i64::MAX);
        Ok(Self { notify, folder: workspace.project(), since_us })
    }

    fn terms(&self, offline: bool, until: Option<Instant>) -> Terms<'_> {
        Terms { notify: &self.notify, folder: &self.folder, since_us: self.since_us, offline, until, only: None }
    }

    fn endpoint(&self, name: &str) -> Result<&assay_notify::Endpoint, Failure> {
        self.notify.endpoint(name).ok_or_else(|| {
            let names: Vec<&str> = self.notify.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
            usage(format!("there is no endpoint `{}` (there are: {})", plain(name, 80), names.join(", ")))
        })
    }
}

/// Reads and checks a `notify.yaml`.
///
/// # Errors
/// It cannot be read, or everything that is wrong with it.
pub fn check(path: &Path) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())))?;
    Notify::from_text(&text, path).map_err(|diagnostics| *diagnostics)?;
    Ok(())
}

/// What messages quote of a workspace.
struct Memos<'a>(&'a Home);

#[async_trait]
impl Documents for Memos<'_> {
    async fn memo(&self, release: u64) -> Option<String> {
        super::release::memo(self.0, release).await.ok()
    }
}

/// After a command that may have told something: makes what deliveries can be made soon. What goes wrong is a warning.
pub async fn after(workspace: Option<PathBuf>, near: &Path, offline: bool) {
    let root = root(workspace, near);
    if !root.is_dir() {
        return;
    }
    if let Err(error) = soon(&root, offline).await {
        eprintln!("warning: nobody was told: {}", plain(&error.to_string(), 1_000));
    }
}

async fn soon(root: &Path, offline: bool) -> Result<(), Failure> {
    let workspace = Workspace::open(root)?;
    if !Told::path(&workspace).is_file() {
        return Ok(());
    }
    let told = Told::read(&workspace)?;
    let home = Home::open(Some(root.to_owned()), Path::new(".")).await?;
    let outbox = Outbox::open(&workspace).await?;
    let terms = told.terms(offline, Some(Instant::now() + AT_THE_END));
    for of in assay_notify::deliver(&outbox, terms, &Memos(&home)).await? {
        if let Some(trouble) = &of.trouble {
            eprintln!("warning: {} was not told: {}", of.endpoint, plain(trouble, 500));
        }
    }
    Ok(())
}

/// Prints what was delivered; 4 when something was not.
fn shown(delivered: &[Delivered], json: bool) -> u8 {
    let mut sent = 0;
    for of in delivered {
        sent += of.sent;
        if json {
            say(&json!(of).to_string());
            continue;
        }
        let mut text = format!("{}: {} sent", of.endpoint, of.sent);
        for (n, what) in [(of.again, "failed and tried again"), (of.dead, "given up"), (of.due, "still due")] {
            if n > 0 {
                text.push_str(&format!(", {n} {what}"));
            }
        }
        say(&text);
        if let Some(trouble) = &of.trouble {
            eprintln!("  {}", plain(trouble, 1_000));
        }
    }
    if sent > 0 {
        audit::changed("notify deliver", "sent", sent.to_string());
    }
    if delivered.iter().any(|of| of.trouble.is_some()) { exit::INFRASTRUCTURE } else { exit::PASS }
}

async fn list(told: &Told, outbox: &Outbox, json: bool) -> Result<u8, Failure> {
    let now = assay_engine::execute::now_us();
    let mut cells = Vec::new();
    for endpoint in &told.notify.endpoints {
        let standing = outbox.standing(&endpoint.name).await?;
        if json {
            say(&json!({"endpoint": endpoint.name, "kind": endpoint.kind.as_str(), "url": endpoint.url,
                        "events": endpoint.events, "standing": standing})
            .to_string());
            continue;
        }
        let stands = match (&standing.gone, standing.pause_us > now) {
            (Some(_), _) => "gone (410)".to_owned(),
            (None, true) => format!("pauses until {}", numbers::time(standing.pause_us)),
            (None, false) => "open".to_owned(),
        };
        cells.push(vec![
            endpoint.name.clone(),
            endpoint.kind.as_str().to_owned(),
            plain(&endpoint.url, 60),
            plain(&endpoint.events.join(" "), 60),
            stands,
            standing.due.to_string(),
            standing.sent.to_string(),
            standing.dead.to_string(),
        ]);
    }
    if !json {
        let header = ["endpoint", "kind", "where", "events", "stands", "due", "sent", "dead"];
        say(&terminal::table(&header, cells, &[5, 6, 7]));
    }
    Ok(exit::PASS)
}

impl Log {
    async fn run(self, outbox: &Outbox) -> Result<u8, Failure> {
        let rows = outbox.deliveries(self.endpoint.as_deref(), self.state.map(State::as_str), self.limit).await?;
        let mut cells = Vec::new();
        for row in rows {
            if self.json {
                say(&json!(row).to_string());
                continue;
            }
            let id = &row.event.id;
            let tried = match (row.state.as_str(), row.tried_us) {
                ("due", _) if row.next_us > 0 => format!("next {}", numbers::time(row.next_us)),
                (_, Some(tried)) => numbers::time(tried),
                (_, None) => String::new(),
            };
            cells.push(vec![
                id[id.len().saturating_sub(8)..].to_owned(),
                numbers::time(row.event.at_us),
                plain(&row.event.kind, 40),
                plain(&row.event.subject, 50),
                row.endpoint.clone(),
                row.state.clone(),
                row.attempts.to_string(),
                tried,
                plain(row.said.as_deref().unwrap_or_default(), 80),
            ]);
        }
        match (self.json, cells.is_empty()) {
            (true, _) => {}
            (false, true) => say("there are no deliveries"),
            (false, false) => {
                let header = ["event", "at", "kind", "about", "endpoint", "state", "tries", "tried", "said"];
                say(&terminal::table(&header, cells, &[6]));
            }
        }
        Ok(exit::PASS)
    }
}

impl Which {
    async fn run(self, outbox: &Outbox, from: &[&str], to: &str) -> Result<u8, Failure> {
        let endpoint = self.endpoint.as_deref();
        let moved = match &self.id {
            None => outbox.set_state("", endpoint, &["dead"], to).await?,
            Some(ending) if ending.len() < 4 => {
                return Err(usage("at least 4 characters of the event's id are needed".into()));
            }
            Some(ending) => match outbox.find(ending).await?.as_slice() {
                [_] => outbox.set_state(ending, endpoint, from, to).await?,
                [] => {
                    return Err(usage(format!(
                        "there is no event `{}`: `assay notify log` lists them",
                        plain(ending, 80)
                    )));
                }
                _ => return Err(usage(format!("several events end in `{}`: give more of it", plain(ending, 80)))),
            },
        };
        let what = if to == "due" { "due again: `assay notify deliver` makes them" } else { "given up" };
        match moved {
            0 => eprintln!("no delivery of it can be moved: `assay notify log` shows how each stands"),
            n => say(&format!("{n} {what}")),
        }
        Ok(if moved == 0 { exit::NOTHING } else { exit::PASS })
    }
}
