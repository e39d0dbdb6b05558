//! `assay judge tune`: other prompts for a judge, chosen on some labelled answers and reported once on others.

mod labelled;
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

use super::super::run::usage;
use super::super::{Failure, say};
use super::probe::of_name;
use crate::audit::{self, Action, AuditLog};
use crate::exit;
use crate::judged::{Gathered, find, gather};
use crate::load::Home;
use labelled::{Parts, Split};
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
        let split =
            Split { criterion: &criterion, held_out: self.held_out, examples: !shots.is_empty(), seed: self.seed };
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
        bench.affords(&estimate)?;
        let result = self.choose(&bench, &own, &parts, first, &shots).await;
        let (tried, report) = match result {
            Ok(found) => found,
            Err(error) => {
                bench.close().await;
                return Err(error);
            }
        };
        let before = match &report {
            Some(_) => earlier(home, &parts.name)?,
            None => 0,
        };
        if report.is_some() {
            audit::note("held_out", parts.name.to_string());
        }
        let better = report.as_ref().is_some_and(|(_, found)| found.estimate.interval.is_some_and(|i| i.lower > 0.0));
        let mut written = None;
        if let (true, Some((chosen, found))) = (better, &report) {
            let text = self.file(&own, chosen, found, &criterion, &parts)?;
            let mut file = std::fs::File::create_new(&out).map_err(|error| format!("{}: {error}", out.display()))?;
            file.write_all(text.as_bytes())?;
            written = Some(out);
        }
        let spent = bench.close().await;
        let by_hand = truths.values().any(|truth| truth.value.is_some() && !truth.random);
        let told = Told { tried: &tried, report: &report, better, written: written.as_deref(), before, by_hand };
        if self.json {
            say(&told.json(&gathered, &parts, &spent).to_string());
        } else {
            told.print(&gathered, &parts, &spent, self.confidence);
        }
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
        words: Vec<(String, JudgeFile)>,
        shots: &[usize],
    ) -> Result<(Vec<Tried>, Option<(Tried, Difference)>), Failure> {
        let as_is = || ("as it is".to_owned(), own.loaded.file.clone());
        let mut tried = Vec::new();
        for (name, file) in std::iter::once(as_is()).chain(words) {
            tried.push(bench.tries(name, file, &parts.dev).await?);
        }
        // Of equal ones the first: the prompt as it is, and the fewest examples.
        let best = |tried: &[Tried]| {
            (0..tried.len()).reduce(|a, b| if tried[b].mean() > tried[a].mean() + 1e-9 { b } else { a }).unwrap_or(0)
        };
        if !shots.is_empty() {
            let base = best(&tried);
            let (name, file) = (tried[base].name.clone(), tried[base].file.clone());
            let sets = bench.examples(own, &file, &parts.pool, shots, self.seed).await?;
            for (what, examples) in sets {
                let mut file = file.clone();
                file.examples = examples;
                let name = if base == 0 { what } else { format!("{name}, {what}") };
                tried.push(bench.tries(name, file, &parts.dev).await?);
            }
        }
        let chosen = best(&tried);
        if chosen == 0 {
            return Ok((tried, None));
        }
        let (name, file) = as_is();
        let old = bench.tries(name, file, &parts.held_out).await?;
        let mut new = bench.tries(tried[chosen].name.clone(), tried[chosen].file.clone(), &parts.held_out).await?;
        let found = new.against(&old, &parts.held_out, self.confidence);
        new.base = old.mean();
        Ok((tried, Some((new, found))))
    }

    /// The text of the new judge file.
    fn file(
        &self,
        own: &Tunable,
        chosen: &Tried,
        found: &Difference,
        criterion: &str,
        parts: &Parts,
    ) -> Result<String, Failure> {
        let mut file = chosen.file.clone();
        let old = &own.loaded.file;
        file.judge.clone_from(&old.judge);
        file.version = old.version.saturating_add(1);
        let shown = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:+.3}"));
        file.description = format!(
            "{} Tuned ({}) from version {} ({}) on labels of `{criterion}`: agreement with people {} on {} answers held out.",
            old.description,
            chosen.name,
            old.version,
            own.loaded.digest.short(),
            shown(found.estimate.value),
            parts.held_out.len()
        );
        file.to_text().map_err(|why| format!("the new judge cannot be written: {why}").into())
    }
}

/// The question that a judge's labels answer, and what people say.
async fn criterion(home: &Home, gathered: &Gathered) -> Result<(String, HashMap<Digest, Truth>), Failure> {
    Ok(match home.state.certificate::<Certificate>(gathered.scorer.fingerprint).await? {
        Some(stored) => (stored.certificate.criterion.clone(), home.truths(&stored.certificate).await?.0),
        None => (gathered.scorer.name.clone(), of_name(home, gathered).await?),
    })
}

/// How often the held-out part was reported on before, by the audit log.
fn earlier(home: &Home, name: &Digest) -> Result<usize, Failure> {
    let name = name.to_string();
    let mut count = 0;
    AuditLog::of(home.workspace.root()).for_each(0, &mut |_, entry| {
        let entry: Value = serde_json::from_slice(entry).unwrap_or_default();
        count += usize::from(entry["action"] == "judge tune" && entry["object"]["held_out"] == name.as_str());
        Ok(())
    })?;
    Ok(count)
}

/// What is told at the end.
struct Told<'a> {
    tried: &'a [Tried],
    report: &'a Option<(Tried, Difference)>,
    better: bool,
    written: Option<&'a Path>,
    before: usize,
    by_hand: bool,
}

impl Told<'_> {
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.before > 0 {
            notes.push(format!(
                "this is report number {} on these held-out answers: each one makes the figure more optimistic. New labels make \
                 new ones",
                self.before + 1
            ));
        }
        if self.by_hand {
            notes.push("some labels were chosen by hand: the figures are of what was looked at".to_owned());
        }
        if self
            .written
            .is_some_and(|_| self.report.as_ref().is_some_and(|(chosen, _)| !chosen.file.examples.is_empty()))
        {
            notes.push("the new file holds answers and questions of the cases that its examples are from".to_owned());
        }
        notes
    }

    fn json(&self, gathered: &Gathered, parts: &Parts, spent: &trying::Spent) -> Value {
        let tried: Vec<Value> = self
            .tried
            .iter()
            .map(|one| json!({"prompt": one.name, "dev": one.mean(), "examples": one.file.examples.len(), "unread": one.unread}))
            .collect();
        let held_out = self.report.as_ref().map(|(chosen, found)| {
            json!({"prompt": chosen.name, "as_it_is": chosen.base, "tuned": chosen.mean(), "difference": found})
        });
        json!({"judge": gathered.scorer.name, "tried": tried, "dev": parts.dev.len(), "pool": parts.pool.len(),
               "held_out": parts.held_out.len(), "report": held_out, "better": self.better,
               "written": self.written, "reported_before": self.before, "notes": self.notes(), "spent": spent})
    }

    fn print(&self, gathered: &Gathered, parts: &Parts, spent: &trying::Spent, confidence: f64) {
        let row = |one: &Tried| {
            let unread = if one.unread > 0 { one.unread.to_string() } else { String::new() };
            vec![plain(&one.name, 80), format!("{:.3}", one.mean()), unread]
        };
        let head = format!("agreement on {} answers", parts.dev.len());
        say(&terminal::table(&["prompt", &head, "unread"], self.tried.iter().map(row).collect(), &[1, 2]));
        let name = plain(&gathered.scorer.name, 80);
        match self.report {
            None => say(&format!(
                "no better: no other prompt agrees with people more often than `{name}` as it is. Nothing was held against the {} \
                 answers held out, and nothing was written",
                parts.held_out.len()
            )),
            Some((chosen, found)) => {
                let interval = found
                    .estimate
                    .interval
                    .map_or_else(|| "no interval".to_owned(), |i| format!("{:+.3} to {:+.3}", i.lower, i.upper));
                say(&format!(
                    "on {} answers held out: as it is {:.3}, {} {:.3}; difference {:+.3} ({}% CI {interval})",
                    parts.held_out.len(),
                    chosen.base,
                    plain(&chosen.name, 80),
                    chosen.mean(),
                    chosen.mean() - chosen.base,
                    assay_analysis::gate::percent(confidence),
                ));
                match self.written {
                    Some(path) => say(&format!(
                        "better: wrote {}. It is another judge, of grade U: use it with `use: ./{}`, and calibrate it on labels of \
                         its own",
                        path.display(),
                        path.display()
                    )),
                    None => say(
                        "no better: what looked best on the answers it was chosen on is not shown to be better on the others. \
                         Nothing was written",
                    ),
                }
            }
        }
        say(&format!("{} calls, {}", spent.calls, spent.cost));
        self.notes().iter().for_each(|note| say(&format!("note: {note}")));
    }
}
