//! `assay judge tune`: other prompts for a judge, chosen on some labelled answers and reported once on others.

mod labelled;
mod reported;
mod trying;

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use assay_analysis::Certificate;
use assay_analysis::labels::Truth;
use assay_core::Digest;
use assay_report::{plain, terminal};
use assay_scorers::judges::JudgeFile;
use assay_scorers::judges::file::Loaded;
use assay_scorers::judges::tuning::Tunable;
use assay_stats::Difference;
use clap::Args;
use serde_json::{Value, json};

use super::super::{Failure, say};
use crate::exit;
use assay_home::Home;
use assay_home::audit::Action;
use assay_home::judged::{Gathered, find, gather};
use assay_home::probes::of_name;
use assay_home::usage;
use labelled::{Parts, Split};
use reported::Reported;
use trying::{Bench, Tried};

/// Tries solved examples and other words for the prompt of a judge on labelled answers, and compares the best one with the
/// prompt as it is on labelled answers that had no part in the choice: that figure is reported, and a new judge file is
/// written only if it is shown to be better.
#[derive(Args)]
pub struct Tune {
    /// The judge: a scorer's name, or the beginning of its fingerprint.
    pub(super) judge: String,
    /// The runs whose answers are used [default: the complete runs with this judge].
    #[arg(long = "run", value_name = "RUN")]
    runs: Vec<String>,
    /// A judge file of your own to try as well; may be given several times.
    #[arg(long = "variant", value_name = "FILE")]
    variants: Vec<PathBuf>,
    /// Try the files of `--variant` only, and not the built-in changes of words.
    #[arg(long, requires = "variants")]
    only_variants: bool,
    /// How many solved examples to try; 0 for none.
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [4, 8])]
    shots: Vec<usize>,
    /// The share of the labelled cases that is held out for the report.
    #[arg(long, default_value_t = 0.5)]
    held_out: f64,
    /// The most answers that each prompt is tried on.
    #[arg(long, value_name = "N", default_value_t = 200)]
    dev: usize,
    /// Seed of which answers become examples.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Confidence of the intervals.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// The new judge file [default: NAME-vN.judge.yaml].
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Say what it would take, and ask nothing.
    #[arg(long)]
    dry_run: bool,
    /// Calls in flight at once.
    #[arg(short = 'j', long, default_value_t = 8)]
    concurrency: usize,
    /// Refuse every connection that is not to this machine.
    #[arg(long, env = "ASSAY_OFFLINE")]
    offline: bool,
    /// Dollars that may be spent, instead of the suite's budget.
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Tune {
    /// What the command changes.
    pub fn mutates(&self) -> Option<Action> {
        (!self.dry_run).then(|| Action::new("judge tune").on("judge", &self.judge))
    }

    pub async fn run(self, home: &Home) -> Result<u8, Failure> {
        let unit = |x: f64| x > 0.0 && x < 1.0;
        if !unit(self.confidence) || !(0.1..=0.9).contains(&self.held_out) || self.dev < 20 {
            return Err(usage(
                "--confidence lies between 0 and 1, --held-out between 0.1 and 0.9, and --dev is at least 20".into(),
            ));
        }
        let gathered = gather(home, find(home, &self.judge).await?, &self.runs).await?;
        if gathered.runs.iter().any(|run| run.sealed().is_some()) {
            return Err(usage(
                "a run is over a sealed part, whose cases are not to be seen: name others with `--run`".into(),
            ));
        }
        let (criterion, truths) = criterion(home, &gathered).await?;
        let bench = Bench::new(home, &gathered, self.offline, self.max_cost, self.concurrency).await?;
        let own = bench.tunable()?;
        let out = self.out.clone().unwrap_or_else(|| {
            let file = &own.loaded.file;
            let name: String = file.judge.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
            PathBuf::from(format!("{name}-v{}.judge.yaml", file.version.saturating_add(1)))
        });
        if out.exists() {
            return Err(usage(format!("{} is there already: name another with `--out`", out.display())));
        }
        let shots: Vec<usize> = self.shots.iter().copied().filter(|shots| *shots > 0 && own.takes_examples()).collect();
        let all = labelled::labelled(home, &gathered, &truths).await?;
        let reported = Reported::of(home.workspace.root(), &gathered.scorer)?;
        let split = Split {
            criterion: &criterion,
            held_out: self.held_out,
            reported: &reported.marks,
            examples: !shots.is_empty(),
            seed: self.seed,
        };
        let mut parts = split.parts(all)?;
        parts.dev.truncate(self.dev);
        let first = self.words(&own)?;
        let estimate = bench.estimate(&parts, first.len() + 1, if shots.is_empty() { 0 } else { 2 * shots.len() });
        if !self.json || self.dry_run {
            let line = format!(
                "{}: at most {} prompts on {} labelled answers, then two on {} held out: about {}",
                plain(&gathered.scorer.name, 80),
                estimate.prompts,
                parts.dev.len(),
                parts.held_out.len(),
                estimate.words()
            );
            if self.json {
                say(&json!({"estimate": estimate, "dev": parts.dev.len(), "held_out": parts.held_out.len()})
                    .to_string());
            } else {
                eprintln!("{line}");
            }
        }
        if self.dry_run {
            return Ok(exit::PASS);
        }
        can_be_written(&out)?;
        bench.affords(home, &estimate).await?;
        let result = self.choose(&bench, &own, &parts, &reported, first, &shots).await;
        let (spent, closed) = bench.close().await;
        // Why nothing came of it says more than that the month could not be closed.
        let (tried, report) = result?;
        if report.is_some() {
            reported.note(&parts.name);
        }
        let better = report.as_ref().is_some_and(Report::is_better);
        let by_hand = truths.values().any(|truth| truth.value.is_some() && !truth.random);
        let before = if report.is_some() { reported.times } else { 0 };
        let mut told = Told { tried: &tried, report: &report, better, written: None, before, by_hand };
        // What was found out is paid: it is told whatever becomes of the file.
        if !self.json {
            told.print(&gathered, &parts, self.confidence);
        }
        let written = match &report {
            Some(report) if better => Some(self.write(&out, &own, report, &criterion)),
            _ => None,
        };
        if let Some(Ok(())) = written {
            told.written = Some(&out);
        }
        if self.json {
            say(&told.json(&gathered, &parts, &spent).to_string());
        } else {
            told.print_end(&spent);
        }
        written.unwrap_or(Ok(()))?;
        closed?;
        Ok(exit::PASS)
    }

    /// The prompts in other words that are tried.
    fn words(&self, own: &Tunable) -> Result<Vec<(String, JudgeFile)>, Failure> {
        let mut found = Vec::new();
        if !self.only_variants {
            found.extend(own.loaded.file.variants().into_iter().map(|(name, file)| (name.to_owned(), file)));
        }
        for path in &self.variants {
            let text = std::fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())))?;
            let Loaded { file, .. } = JudgeFile::from_text(&text, path)?;
            let (old, new) = (&own.loaded.file, &file);
            if (old.kind, &old.verdict) != (new.kind, &new.verdict) {
                return Err(usage(format!(
                    "{}: its kind or its verdicts are not those of `{}`: that is another judge (`assay judge compare`)",
                    path.display(),
                    old.judge
                )));
            }
            found.push((path.display().to_string(), file));
        }
        Ok(found)
    }

    /// Chooses on the dev part, first among words and then among examples with the best words, and compares with the prompt as
    /// it is on the held-out part if there is anything to report.
    async fn choose(
        &self,
        bench: &Bench,
        own: &Tunable,
        parts: &Parts,
        reported: &Reported,
        words: Vec<(String, JudgeFile)>,
        shots: &[usize],
    ) -> Result<(Vec<Tried>, Option<Report>), Failure> {
        let as_is = || ("as it is".to_owned(), own.loaded.file.clone());
        let mut tried = Vec::new();
        for (name, file) in std::iter::once(as_is()).chain(words) {
            tried.push(bench.tries(name, file, &parts.dev).await?);
        }
        if !shots.is_empty() {
            let base = trying::best(&tried)?;
            let (name, file) = (tried[base].name.clone(), tried[base].file.clone());
            let sets = bench.examples(own, &file, &parts.pool, shots, self.seed).await?;
            for (what, examples) in sets {
                let mut file = file.clone();
                file.examples = examples;
                let name = if base == 0 { what } else { format!("{name}, {what}") };
                tried.push(bench.tries(name, file, &parts.dev).await?);
            }
        }
        let chosen = trying::best(&tried)?;
        if chosen == 0 {
            return Ok((tried, None));
        }
        reported.keep(&parts.marks)?;
        let (name, file) = as_is();
        let old = bench.tries(name, file, &parts.held_out).await?;
        let new = bench.tries(tried[chosen].name.clone(), tried[chosen].file.clone(), &parts.held_out).await?;
        let found = new.against(&old, &parts.held_out, self.confidence);
        let on = trying::answered([old.closeness.as_slice(), new.closeness.as_slice()]);
        let (as_it_is, tuned) = (trying::mean(&old.closeness, &on), trying::mean(&new.closeness, &on));
        let failed = parts.held_out.len() - on.len();
        Ok((tried, Some(Report { chosen: new, found, as_it_is, tuned, failed })))
    }

    /// Writes the new judge file.
    fn write(&self, out: &Path, own: &Tunable, report: &Report, criterion: &str) -> Result<(), Failure> {
        let mut file = report.chosen.file.clone();
        let old = &own.loaded.file;
        file.judge.clone_from(&old.judge);
        file.version = old.version.saturating_add(1);
        file.description = format!(
            "{} Tuned ({}) from version {} ({}) on labels of `{criterion}`: agreement with people {} on {} answers held out.",
            old.description,
            report.chosen.name,
            old.version,
            own.loaded.digest.short(),
            report.found.estimate.value.map_or_else(String::new, |value| format!("{value:+.3}")),
            report.found.estimate.n
        );
        let text = file.to_text().map_err(|why| format!("the new judge cannot be written: {why}"))?;
        let written = std::fs::File::create_new(out).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| format!("{}: {error}", out.display()).into())
    }
}

/// Whether a file can be made there: found out before anything is paid.
fn can_be_written(out: &Path) -> Result<(), Failure> {
    let tried = std::fs::File::create_new(out).and_then(|file| {
        drop(file);
        std::fs::remove_file(out)
    });
    tried.map_err(|error| usage(format!("{} cannot be written: {error}; nothing was asked", out.display())))
}

/// The prompt that was chosen, held against the one as it is. All figures are of the answers that both answered.
struct Report {
    chosen: Tried,
    found: Difference,
    as_it_is: f64,
    tuned: f64,
    /// Answers held out on which a call of either failed.
    failed: usize,
}

impl Report {
    fn is_better(&self) -> bool {
        self.found.estimate.interval.is_some_and(|interval| interval.lower > 0.0)
    }
}

/// The question that a judge's labels answer, and what people say.
async fn criterion(home: &Home, gathered: &Gathered) -> Result<(String, HashMap<Digest, Truth>), Failure> {
    Ok(match home.state.certificate::<Certificate>(gathered.scorer.fingerprint).await? {
        Some(stored) => (stored.certificate.criterion.clone(), home.truths(&stored.certificate).await?.0),
        None => (gathered.scorer.name.clone(), of_name(home, gathered).await?),
    })
}

/// What is told at the end.
struct Told<'a> {
    tried: &'a [Tried],
    report: &'a Option<Report>,
    better: bool,
    written: Option<&'a Path>,
    before: usize,
    by_hand: bool,
}

impl Told<'_> {
    /// The answers that the means of all prompts are of.
    fn on(&self) -> Vec<usize> {
        trying::answered(self.tried.iter().map(|one| one.closeness.as_slice()))
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.before > 0 {
            notes.push(format!(
                "this is report number {} on answers held out for this judge, and all of them overlap, as what was reported on \
                 stays held out: each one makes the figure more optimistic. New labels add new answers to them",
                self.before + 1
            ));
        }
        let (on, all) = (self.on().len(), self.tried.first().map_or(0, |one| one.closeness.len()));
        if on < all {
            notes.push(format!(
                "{} of the {all} answers to choose on are left out for every prompt, as a call of one of them failed",
                all - on
            ));
        }
        if let Some(report) = self.report.as_ref().filter(|report| report.failed > 0) {
            notes.push(format!("{} answers held out are left out, as a call failed on them", report.failed));
        }
        if self.by_hand {
            notes.push("some labels were chosen by hand: the figures are of what was looked at".to_owned());
        }
        if self
            .written
            .is_some_and(|_| self.report.as_ref().is_some_and(|report| !report.chosen.file.examples.is_empty()))
        {
            notes.push("the new file holds answers and questions of the cases that its examples are from".to_owned());
        }
        notes
    }

    fn json(&self, gathered: &Gathered, parts: &Parts, spent: &trying::Spent) -> Value {
        let on = self.on();
        let tried: Vec<Value> = self
            .tried
            .iter()
            .map(|one| {
                json!({"prompt": one.name, "dev": trying::mean(&one.closeness, &on), "answered": on.len(),
                       "examples": one.file.examples.len(), "unread": one.unread, "failed": one.failed()})
            })
            .collect();
        let held_out = self.report.as_ref().map(|report| {
            json!({"prompt": report.chosen.name, "as_it_is": report.as_it_is, "tuned": report.tuned,
                   "difference": report.found, "failed": report.failed})
        });
        json!({"judge": gathered.scorer.name, "tried": tried, "dev": parts.dev.len(), "pool": parts.pool.len(),
               "held_out": parts.held_out.len(), "report": held_out, "better": self.better,
               "written": self.written, "reported_before": self.before, "notes": self.notes(), "spent": spent})
    }

    fn print(&self, gathered: &Gathered, parts: &Parts, confidence: f64) {
        let on = self.on();
        let row = |one: &Tried| {
            let unread = if one.unread > 0 { one.unread.to_string() } else { String::new() };
            vec![plain(&one.name, 80), format!("{:.3}", trying::mean(&one.closeness, &on)), unread]
        };
        let head = format!("agreement on {} answers", on.len());
        say(&terminal::table(&["prompt", &head, "unread"], self.tried.iter().map(row).collect(), &[1, 2]));
        let name = plain(&gathered.scorer.name, 80);
        match self.report {
            None => say(&format!(
                "no better: no other prompt agrees with people more often than `{name}` as it is. Nothing was held against the {} \
                 answers held out, and nothing was written",
                parts.held_out.len()
            )),
            Some(report) => {
                let estimate = &report.found.estimate;
                let interval = estimate
                    .interval
                    .map_or_else(|| "no interval".to_owned(), |i| format!("{:+.3} to {:+.3}", i.lower, i.upper));
                say(&format!(
                    "on {} answers held out: as it is {:.3}, {} {:.3}; difference {} ({}% CI {interval})",
                    estimate.n,
                    report.as_it_is,
                    plain(&report.chosen.name, 80),
                    report.tuned,
                    estimate.value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:+.3}")),
                    assay_analysis::gate::percent(confidence),
                ));
                if !self.better {
                    say(
                        "no better: what looked best on the answers it was chosen on is not shown to be better on the others. \
                         Nothing was written",
                    );
                }
            }
        }
    }

    /// What became of the file, and what it took.
    fn print_end(&self, spent: &trying::Spent) {
        match self.written {
            Some(path) => say(&format!(
                "better: wrote {}. It is another judge, of grade U: use it with `use: ./{}`, and calibrate it on labels of its \
                 own",
                path.display(),
                path.display()
            )),
            None if self.better => say("better, but the new judge file could not be written"),
            None => {}
        }
        say(&format!("{} calls, {}", spent.calls, spent.cost));
        self.notes().iter().for_each(|note| say(&format!("note: {note}")));
    }
}
