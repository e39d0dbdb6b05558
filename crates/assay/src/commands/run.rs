//! `assay run`: execute a suite.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use assay_core::RunStatus;
use assay_engine::earlier::EarlierRun;
use assay_engine::execute::now_us;
use assay_engine::{EngineError, Finished, Options, Prepared, Progress, Runner, Steering};
use assay_report::{plain, terminal};
use assay_stats::VerdictKind;
use assay_store::Outgoing;
use assay_store::outbox::run_subject;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Failure, plan, say};
use crate::exit;
use crate::referee::GateReferee;
use assay_home::audit::{self, Action};
use assay_home::home::library_of;
use assay_home::{Against, Candidate, Home, usage};

/// Runs a suite: every case against every target, scored, with intervals.
#[derive(Args)]
pub struct Run {
    #[command(flatten)]
    selection: Selection,
    /// Run this tier; several, such as `smoke,full`, one after another, until the gate of one fails.
    #[arg(long = "tier", value_name = "TIER", value_delimiter = ',')]
    tiers: Vec<String>,
    /// Give the run a label.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Take over the answers of an earlier run where target and case are what they were, and call targets for the rest
    /// only. Everything is scored anew. Without a run: the newest complete one of the suite and tier.
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "", conflicts_with = "rescore")]
    changed_only: Option<String>,
    /// Score the answers of an earlier run. No target is called.
    #[arg(long, value_name = "RUN")]
    rescore: Option<String>,
    #[command(flatten)]
    outcome: Outcome,
}

/// What to run.
#[derive(Args)]
pub struct Selection {
    /// The suite file; `-` for standard input, whose paths start here.
    #[arg(default_value = "assay.yaml")]
    pub suite: PathBuf,
    /// What standard input held.
    #[arg(skip)]
    piped: OnceLock<String>,
    /// At most this many cases, in the seeded order.
    #[arg(long)]
    limit: Option<u64>,
    /// Repeats of each case.
    #[arg(long)]
    epochs: Option<u32>,
    /// Only these targets.
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// Trials in flight at once.
    #[arg(short = 'j', long)]
    concurrency: Option<usize>,
    /// Seed of the order of cases.
    #[arg(long)]
    seed: Option<u64>,
    /// Do not answer from the cache, and do not fill it.
    #[arg(long)]
    no_cache: bool,
    /// Refuse every connection that is not to this machine.
    #[arg(long, env = "ASSAY_OFFLINE")]
    offline: bool,
    /// Dollars that may be spent, instead of the suite's budget.
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// The most that the response cache may take on disk, least recently used answers removed first [default: 4GiB].
    #[arg(long, env = "ASSAY_CACHE_MAX", value_name = "SIZE", value_parser = super::cache::size)]
    cache_max: Option<u64>,
}

/// What happens after the trials.
#[derive(Args)]
pub struct Outcome {
    /// Let the gate decide the exit code.
    #[arg(long)]
    gate: bool,
    /// Compare with this run, and target after a colon, or with the baseline of this name, instead of the baseline
    /// `main`; or with the newest run at a branch, tag or commit, after `@`.
    #[arg(long, value_name = "RUN[:TARGET]|NAME|@REF")]
    baseline: Option<String>,
    /// Print events and the result as JSON lines.
    #[arg(long)]
    json: bool,
    /// Seconds between two events of progress, with `--json`.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    every: f64,
    /// No progress.
    #[arg(long, short)]
    quiet: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.05..=3_600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number from 0.05 to 3600 is expected".into()),
    }
}

impl Outcome {
    /// No gate, no baseline of its own; JSON or text.
    pub fn shown(json: bool) -> Self {
        Self { gate: false, baseline: None, json, every: 5.0, quiet: false }
    }

    /// How progress is shown.
    fn shape(&self) -> Shape {
        match (self.json, self.quiet) {
            (true, _) => Shape::Events(Duration::from_secs_f64(self.every)),
            (false, true) => Shape::Nothing,
            (false, false) if std::io::stderr().is_terminal() => Shape::Bar,
            (false, false) => Shape::Lines,
        }
    }

    /// What the run is compared with.
    pub fn against(&self) -> Against {
        Against::said(self.baseline.clone())
    }

    /// That there is what the run shall be compared with, before anything is spent. `latest` is the newest run as it is now, but
    /// with a target that the run has, too, it is that of the run itself.
    async fn settle(&mut self, home: &Home, prepared: &Prepared) -> Result<(), Failure> {
        let Some(word) = self.baseline.clone() else { return Ok(()) };
        let own = word.strip_prefix("latest:");
        if own.is_some_and(|target| prepared.targets.iter().any(|(name, _)| name == target)) {
            return Ok(());
        }
        let path = home.workspace.recorded(&prepared.path);
        let (suite, tier) = (prepared.suite.name.as_str(), prepared.tier.as_deref());
        let candidate = Candidate { suite, suite_path: &path, tier, narrowed: None, run: None };
        if let Some((row, target)) = home.baseline_for(&candidate, &self.against()).await?
            && !word.starts_with('@')
        {
            let id = row.record.id;
            self.baseline = Some(target.map_or_else(|| id.to_string(), |target| format!("{id}:{target}")));
        }
        Ok(())
    }
}

impl Selection {
    /// Reads and checks the suite, or a tier of it.
    pub fn load(&self, tier: Option<&str>, workspace: Option<&Path>) -> Result<Prepared, EngineError> {
        let options = Options {
            tier: tier.map(str::to_owned),
            limit: self.limit,
            epochs: self.epochs,
            concurrency: self.concurrency,
            seed: self.seed,
            no_cache: self.no_cache,
            offline: self.offline,
            targets: self.targets.clone(),
            max_usd: self.max_cost,
            cache_most: self.cache_max,
            library: Some(library_of(workspace, self.suite.parent().unwrap_or(Path::new(".")))),
        };
        if self.suite != Path::new("-") {
            return Prepared::load(&self.suite, &options);
        }
        let text = match self.piped.get() {
            Some(text) => text,
            None => {
                let text = std::io::read_to_string(std::io::stdin())
                    .map_err(|error| EngineError::Usage(format!("standard input: {error}")))?;
                self.piped.get_or_init(|| text)
            }
        };
        Prepared::from_text(text, &self.suite, &options)
    }
}

impl Run {
    /// What the command changes.
    pub fn mutates(&self) -> Action {
        let near = self.selection.suite.parent().unwrap_or(Path::new(".")).to_owned();
        Action { near, ..Action::new("run").beginning_itself() }
    }

    pub async fn run(mut self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let near = self.selection.suite.parent().unwrap_or(Path::new("."));
        let tiers: Vec<Option<&str>> = match self.tiers.as_slice() {
            [] => vec![None],
            tiers => tiers.iter().map(|tier| Some(tier.as_str())).collect(),
        };
        // What is wrong with a later tier is said before the first one spends anything.
        let all =
            tiers.iter().map(|tier| self.selection.load(*tier, workspace.as_deref())).collect::<Result<Vec<_>, _>>()?;
        let home = Home::open(workspace, near).await?;
        let last = all.len() - 1;
        let mut ready = Vec::new();
        for mut prepared in all {
            prepared.labels = self.labels.iter().cloned().collect();
            // Chosen before the first tier becomes a run of its own.
            prepared.earlier = self.earlier(&home, &prepared).await?;
            self.outcome.settle(&home, &prepared).await?;
            ready.push(prepared);
        }
        for (at, prepared) in ready.into_iter().enumerate() {
            if !self.outcome.quiet && !self.outcome.json && at == 0 {
                prepared.warnings.iter().for_each(|warning| eprintln!("note: {warning}"));
            }
            prepared.preflight().await?;
            let runner = Runner::start(&home.workspace, &home.state, prepared).await?;
            let ended = execute(&home, runner, &self.outcome).await?;
            let stopped =
                ended.verdict == Some(VerdictKind::Fail) || !matches!(ended.code, exit::PASS | exit::INCONCLUSIVE);
            if at == last || stopped {
                if at < last && !self.outcome.json {
                    eprintln!("tier `{}` ends it: not run: {}", self.tiers[at], self.tiers[at + 1..].join(", "));
                }
                // A tier that fails is a failure, whoever asked for the gate.
                let failed = at < last && ended.verdict == Some(VerdictKind::Fail);
                return Ok(if failed { exit::FAIL } else { ended.code });
            }
        }
        Ok(exit::PASS)
    }

    /// The run whose answers are taken over.
    async fn earlier(&self, home: &Home, prepared: &Prepared) -> Result<Option<EarlierRun>, Failure> {
        let (word, only) = match (&self.changed_only, &self.rescore) {
            (Some(word), _) => (word.as_str(), false),
            (None, Some(word)) => (word.as_str(), true),
            (None, None) => return Ok(None),
        };
        let row = if word.is_empty() {
            let rows = home.state.runs(Some(&prepared.suite.name), None, 100).await?;
            rows.into_iter().find(|row| {
                row.status == RunStatus::Sealed && row.totals.cancelled == 0 && row.record.tier == prepared.tier
            })
        } else {
            Some(home.state.find_run(word).await?)
        };
        let Some(row) = row else {
            return Err(usage(format!("the suite `{}` has no complete run yet", prepared.suite.name)));
        };
        if only
            && let Some((name, _)) =
                prepared.targets.iter().find(|(name, _)| !row.record.targets.iter().any(|t| t.name == *name))
        {
            return Err(usage(format!("run {} has no target `{name}`", row.record.id.short())));
        }
        Ok(Some(EarlierRun { run: row.record, only }))
    }
}

/// `KEY=VALUE` of a label.
pub fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a label is KEY=VALUE".into()),
    }
}

/// How a run ended.
pub struct Ended {
    /// The exit code.
    pub code: u8,
    /// The gate's verdict, where there is a gate.
    pub verdict: Option<VerdictKind>,
}

/// Executes a run to its end or to the first Ctrl-C, and shows what came of it.
pub async fn execute(home: &Home, runner: Runner, outcome: &Outcome) -> Result<Ended, Failure> {
    audit::began(&runner.record)?;
    let steering = Steering::default();
    let id = runner.record.id;
    if outcome.gate && assay_home::ladder::of(&home.library(), &runner.record)?.is_some() {
        return Err(usage(
            "a part with a ladder decides no gate: use `assay run`, which tells what beats the best".into(),
        ));
    }
    let signals = tokio::spawn(listen(steering.clone(), outcome.json));
    let attended = tokio::spawn(attend(steering.clone()));
    let show = tokio::spawn(show(runner.progress.clone(), runner.record.id.short(), outcome.shape()));
    // Nobody sees it otherwise; and a run does not fail because its size cannot be told.
    let estimate = match outcome.quiet && !outcome.json {
        true => None,
        false => runner.estimate().await.map_err(|error| eprintln!("note: no estimate: {error}")).ok(),
    };
    if outcome.json {
        let planned = runner.record.planned();
        say(&json!({"event": "started", "run": id, "planned": planned, "estimate": estimate}).to_string());
    } else if let Some(estimate) = estimate.filter(|estimate| !estimate.lines.is_empty()) {
        eprintln!("run {}: {}", id.short(), plan::total(&estimate));
        estimate.over.iter().for_each(|over| eprintln!("warning: {over}"));
    }
    let referee = GateReferee { home, against: outcome.against(), json: outcome.json };
    let result = runner.execute(steering.clone(), &referee).await;
    signals.abort();
    attended.abort();
    show.abort();
    let _ = show.await;
    let finished = match result {
        Ok(finished) => finished,
        Err(error) => {
            eprintln!("what was recorded is kept: `assay resume {}` goes on", id.short());
            return Err(error.into());
        }
    };
    if !finished.complete {
        let text = terminal::totals(&finished.record, &finished.totals);
        if outcome.json {
            say(&json!({"event": "interrupted", "run": id, "totals": finished.totals}).to_string());
        } else {
            say(&format!("stopped: {text}\nfinished trials are sealed; go on with `assay resume {}`", id.short()));
        }
        return Ok(Ended { code: exit::INTERRUPTED, verdict: None });
    }
    crate::give_memory_back();
    conclude(home, finished, outcome).await
}

/// Shows levels, comparison and gate; writes the HTML report; chooses the exit code.
async fn conclude(home: &Home, finished: Finished, outcome: &Outcome) -> Result<Ended, Failure> {
    if let Some(ladder) = assay_home::ladder::of(&home.library(), &finished.record)? {
        let told = ladder.climb(home, &finished.record).await?;
        if outcome.json {
            say(&json!({"event": "finished", "run": finished.record.id, "ladder": told}).to_string());
        } else {
            told.iter().for_each(|told| say(&told.sentence()));
            say(&terminal::totals(&finished.record, &finished.totals));
        }
        let code = if finished.totals.cancelled > 0 { exit::INTERRUPTED } else { exit::PASS };
        return Ok(Ended { code, verdict: None });
    }
    let row = home.state.find_run(&finished.record.id.to_string()).await?;
    let (report, _) = home.report(row, None, outcome.against()).await?;
    let path = home.workspace.reports().join(format!("{}.html", finished.record.id));
    std::fs::write(&path, assay_report::html::render(&report)?)?;
    step_summary(&report)?;
    if let Some(told) = verdict_told(&report) {
        home.state.tell(&told).await?;
    }
    let totals = finished.totals;
    let code = code(&report, outcome.gate);
    if outcome.json {
        say(&json!({"event": "finished", "run": finished.record.id, "report": path, "result": report.json()})
            .to_string());
    } else {
        say(&terminal::summary(&report.summary, report.gate.confidence));
        if let Some(comparison) = &report.comparison {
            say(&format!("\n{}", terminal::comparison(comparison, 10)));
        }
        if report.gate.verdict.is_some() {
            say(&format!("\n{}", terminal::gate(&report.gate)));
        }
        say(&format!("\n{}", terminal::totals(&finished.record, &totals)));
        say(&format!("run {}   report {}", finished.record.id.short(), shorter(&path)));
    }
    let verdict = report.gate.verdict;
    let ended = |code| Ok(Ended { code, verdict });
    if totals.cancelled > 0 {
        return ended(exit::INTERRUPTED);
    }
    // Every trial failing is no measurement of anything.
    if totals.ok == 0 && totals.errors > 0 {
        if let Some(first) = report.failing.first() {
            eprintln!("every trial failed; the first: {}: {}", first.scorer, assay_report::plain(&first.why, 300));
        }
        return ended(exit::INFRASTRUCTURE);
    }
    if totals.refused > 0 && code != exit::FAIL {
        eprintln!(
            "a budget refused {} trials: raise it and go on with `assay resume {} --retry-errors`",
            totals.refused,
            finished.record.id.short()
        );
        return ended(exit::BUDGET);
    }
    if outcome.gate {
        verdict_line(&report, code);
    }
    ended(code)
}

/// What others are told of the gate's verdict.
fn verdict_told(report: &assay_report::Report) -> Option<Outgoing> {
    /// Those that do not pass come first.
    const MOST: usize = 25;
    let (verdict, record) = (report.gate.verdict?, &report.run);
    let mut criteria: Vec<_> = report.gate.criteria.iter().collect();
    criteria.sort_by_key(|criterion| criterion.verdict.kind == VerdictKind::Pass);
    let rules = criteria.iter().take(MOST).map(|of| {
        json!({
            "name": plain(&of.name, 150), "target": plain(&of.target, 100), "scorer": plain(&of.scorer, 100),
            "verdict": of.verdict.kind, "value": of.value, "lower": of.interval.map(|of| of.lower),
            "upper": of.interval.map(|of| of.upper), "n": of.n, "found": plain(&of.found, 150),
        })
    });
    Some(Outgoing {
        kind: "run.verdict",
        subject: run_subject(record.id),
        at_us: now_us(),
        data: json!({
            "run": record.id, "suites": [&record.suite], "tier": record.tier, "git": record.git, "verdict": verdict,
            "rules": rules.collect::<Vec<_>>(), "rules_in_all": criteria.len(),
        }),
    })
}

/// The machine-readable last line of a gate.
pub fn verdict_line(report: &assay_report::Report, code: u8) {
    let verdict = report.gate.verdict.map_or("none", VerdictKind::as_str);
    eprintln!("assay-verdict: {}", json!({"run": report.run.id, "verdict": verdict, "exit": code}));
}

/// The exit code of a gate.
pub fn code(report: &assay_report::Report, gate: bool) -> u8 {
    match report.gate.verdict {
        _ if !gate => exit::PASS,
        None | Some(VerdictKind::Pass) => exit::PASS,
        Some(VerdictKind::Fail) => exit::FAIL,
        Some(VerdictKind::Inconclusive) => match report.run.gate.on_inconclusive {
            assay_core::OnInconclusive::Block => exit::INCONCLUSIVE,
            assay_core::OnInconclusive::Warn => exit::PASS,
        },
    }
}

/// Appends the report to GitHub's step summary, where there is one.
pub fn step_summary(report: &assay_report::Report) -> Result<(), Failure> {
    use std::io::Write;
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
        let there = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        file.write_all(assay_report::markdown::render_within(report, there).as_bytes())?;
    }
    Ok(())
}

/// A path relative to here, where that is shorter.
pub fn shorter(path: &Path) -> String {
    let here = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    here.unwrap_or_else(|| path.to_owned()).display().to_string()
}

/// Stops a run when the process is gone whose functions it calls: what it did not answer has no outcome.
async fn attend(steering: Steering) {
    assay_models::attached::gone().await;
    // Abandons what is in flight, too.
    steering.stop();
    steering.stop();
}

async fn listen(steering: Steering, json: bool) {
    let mut asked = 0;
    loop {
        let signal = async {
            #[cfg(unix)]
            {
                use tokio::signal::unix::{SignalKind, signal};
                let (Ok(mut term), Ok(mut hup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
                else {
                    return tokio::signal::ctrl_c().await.is_ok();
                };
                tokio::select! {
                    done = tokio::signal::ctrl_c() => done.is_ok(),
                    _ = term.recv() => true,
                    _ = hup.recv() => true,
                }
            }
            #[cfg(not(unix))]
            tokio::signal::ctrl_c().await.is_ok()
        };
        if !signal.await {
            return;
        }
        asked += 1;
        if !json && asked == 1 {
            eprintln!("stopping: waiting for calls in flight (again to abandon them)");
        }
        steering.stop();
    }
}

/// How progress is shown.
enum Shape {
    Nothing,
    Bar,
    Lines,
    Events(Duration),
}

/// Live progress: a bar in a terminal, a line every few seconds elsewhere, events as JSON.
async fn show(progress: Arc<Progress>, run: String, shape: Shape) {
    let every = match shape {
        Shape::Nothing => return,
        Shape::Events(every) => every,
        Shape::Bar => Duration::from_millis(120),
        Shape::Lines => Duration::from_secs(5),
    };
    let started = Instant::now();
    let first = progress.snapshot();
    let bar = matches!(shape, Shape::Bar).then(|| {
        let bar = ProgressBar::new(first.planned);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        bar
    });
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    loop {
        ticks.tick().await;
        let now = progress.snapshot();
        let done = now.totals.finished();
        let rate = (done - now.before.min(done)) as f64 / started.elapsed().as_secs_f64().max(1e-3);
        let left = now.planned.saturating_sub(done) as f64 / rate.max(1e-9);
        let estimates: Vec<String> = now
            .running
            .iter()
            .filter(|running| running.n > 1)
            .take(3)
            .map(|r| {
                let se = (r.squares / (r.n - 1) as f64 / r.n as f64).sqrt();
                let half = assay_stats::special::t_quantile(0.975, (r.n - 1) as f64) * se;
                format!("{} {:.3} ± {:.3}", r.scorer, r.mean, half)
            })
            .collect();
        if matches!(shape, Shape::Events(_)) {
            say(&json!({"event": "progress", "run": run, "done": done, "planned": now.planned, "rate": rate,
                        "errors": now.totals.errors, "cost_usd": now.totals.cost().dollars(),
                        "waiting": now.waiting})
            .to_string());
            continue;
        }
        let mut text = match &now.waiting {
            Some(waiting) => format!("{waiting}, {}", now.totals.cost()),
            None => format!("{rate:.1}/s, {} left, {}", duration(left), now.totals.cost()),
        };
        if now.totals.errors > 0 {
            text.push_str(&format!(", {} failed", now.totals.errors));
        }
        if !estimates.is_empty() {
            text.push_str(&format!(", {}", estimates.join(", ")));
        }
        match &bar {
            Some(bar) => {
                bar.set_position(done);
                bar.set_message(text);
            }
            None => eprintln!("{done}/{} {text}", now.planned),
        }
    }
}

/// A time for people.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() || s > 1e7 => "?".into(),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

/// Whether a run can be gone on with, in words.
pub fn resumable(status: RunStatus) -> bool {
    status != RunStatus::Sealed
}
