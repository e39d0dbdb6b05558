//! The suite as types, its defaults and its own rules.
//!
//! Datasets, targets and scorers stay raw values here: the crates that own them read them, and report problems by
//! the same pointers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assay_core::gate::Looks;
use assay_core::run::Budget;
use assay_core::{Digest, Gate, Problem, Reducer, SliceDecl, SliceExpr, problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Diagnostics, Source};

/// A part of the suite that another crate reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name: given, or made from its kind.
    pub name: String,
    /// As written, without `name` for targets.
    pub value: Value,
    /// JSON pointer in the suite.
    pub at: String,
}

/// A suite.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where cases come from.
    pub datasets: Vec<Part>,
    /// What is evaluated.
    pub targets: Vec<Part>,
    /// How.
    pub scorers: Vec<Part>,
    /// Repeats of each case.
    pub epochs: u32,
    /// Reducers over epochs, the first one leading.
    pub reducers: Vec<Reducer>,
    /// Declared slices.
    pub slices: Vec<SliceDecl>,
    /// Subsets to run.
    pub tiers: BTreeMap<String, Tier>,
    /// Hard limits.
    pub budget: Budget,
    /// Trials in flight.
    pub concurrency: usize,
    /// Seed of the order of cases.
    pub seed: u64,
    /// Whether answers may come from the cache.
    pub cache: bool,
    /// How many of its frozen verdicts a calibrated judge is asked again before a run spends anything.
    pub judge_canaries: u32,
    /// Prices by model id.
    pub prices: Value,
    /// When the run is good enough.
    pub gate: Gate,
    /// Digest of the file's bytes.
    pub digest: Digest,
}

/// A subset of a suite, such as `smoke`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// At most this many cases, taken in the seeded order.
    #[serde(default)]
    pub limit: Option<u64>,
    /// A stratified random sample of the cases.
    #[serde(default)]
    pub sample: Option<Sample>,
    /// Only cases of this slice.
    #[serde(default, rename = "where")]
    pub filter: Option<SliceExpr>,
    /// Repeats of each case.
    #[serde(default)]
    pub epochs: Option<u32>,
    /// Only these scorers.
    #[serde(default)]
    pub scorers: Option<Vec<String>>,
    /// Only these targets.
    #[serde(default)]
    pub targets: Option<Vec<String>>,
}

/// A stratified random sample: from each stratum in proportion to its size, but from small ones more, so that each can be
/// told apart. A case stands for as many as its stratum has for each that was drawn; every figure of the run is weighted
/// so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// This many cases, or all.
    pub cases: u64,
    /// The keys of metadata whose values make the strata.
    pub by: Vec<String>,
    /// At least this many from each stratum, or all it has.
    #[serde(default = "one")]
    pub at_least: u64,
}

const fn one() -> u64 {
    1
}

/// The file as written. Its JSON Schema is the published one, with the parts of other crates put in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Assay suite")]
pub(crate) struct File {
    /// The suite's name: lowercase letters, digits, `.`, `_`, `-`.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    suite: String,
    /// What the suite is for.
    #[serde(default)]
    description: Option<String>,
    /// One dataset: a path or an object.
    #[serde(default)]
    dataset: Option<Value>,
    /// Datasets: paths or objects.
    #[serde(default)]
    datasets: Option<Vec<Value>>,
    /// One target.
    #[serde(default)]
    target: Option<Value>,
    /// Targets.
    #[serde(default)]
    targets: Option<Vec<Value>>,
    /// Scorers: names or objects.
    scorers: Vec<Value>,
    /// Repeats of each case: a number, or `{count, reduce}`.
    #[serde(default)]
    epochs: Option<Value>,
    /// Metadata keys or named predicates.
    #[serde(default)]
    slices: Vec<SliceDecl>,
    /// Subsets to run with `--tier`.
    #[serde(default)]
    tiers: BTreeMap<String, Tier>,
    /// Hard limits on what a run may spend.
    #[serde(default)]
    budget: Budget,
    /// Trials in flight at once.
    #[serde(default)]
    concurrency: Option<u32>,
    /// Seed of the order of cases.
    #[serde(default)]
    seed: u64,
    /// Whether answers of models may come from the cache.
    #[serde(default)]
    cache: Option<bool>,
    /// Whether calibrated judges are asked their frozen verdicts again before a run spends anything, or how many of them.
    #[serde(default)]
    judge_canaries: Option<Canaries>,
    /// Dollars per million tokens by model id, before the built-in table.
    #[serde(default)]
    prices: Option<Value>,
    /// When the run is good enough.
    #[serde(default)]
    gate: Gate,
}

/// All of a judge's frozen verdicts, none, or so many.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Canaries {
    All(bool),
    Most(u32),
}

impl Canaries {
    const fn most(self) -> u32 {
        match self {
            Self::All(true) => u32::MAX,
            Self::All(false) => 0,
            Self::Most(most) => most,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Epochs {
    count: u32,
    #[serde(default)]
    reduce: Vec<Reducer>,
}

impl Suite {
    /// Reads a suite file.
    ///
    /// # Errors
    /// Everything that is wrong with it, or that it cannot be read.
    pub fn load(path: &Path) -> Result<(Self, Source), Box<Diagnostics>> {
        let failed = |message: String, help: &str| {
            let source = Source::parse(path, "-".into()).map_or_else(|(_, source)| source, |(_, source)| source);
            Box::new(Diagnostics { source, problems: vec![Problem::new("", message).help(help)] })
        };
        let bytes = std::fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => failed("there is no such file".into(), "`assay init` writes a first suite"),
            _ => failed(error.to_string(), "name a readable suite file"),
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            failed(format!("the file is not UTF-8: byte {at} starts no character"), "save it as UTF-8")
        })?;
        Self::from_text(&text, path)
    }

    /// Reads a suite from a text; `path` is for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_text(text: &str, path: &Path) -> Result<(Self, Source), Box<Diagnostics>> {
        let (value, source) = Source::parse(path, text.to_owned())
            .map_err(|(problems, source)| Box::new(Diagnostics { source, problems }))?;
        let mut problems = Vec::new();
        match Self::build(&value, Digest::of_bytes(text.as_bytes()), &mut problems) {
            Some(suite) if problems.is_empty() => Ok((suite, source)),
            _ => Err(Box::new(Diagnostics { source, problems })),
        }
    }

    fn build(value: &Value, digest: Digest, problems: &mut Vec<Problem>) -> Option<Self> {
        if !value.is_object() {
            problems.push(Problem::new("", "a suite is a set of keys: suite, dataset, target, scorers …"));
            return None;
        }
        let file: File = problem::read(value, "").map_err(|problem| problems.push(problem)).ok()?;
        if file.suite.is_empty()
            || !file.suite.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
            || file.suite.starts_with(['.', '-', '_'])
        {
            problems.push(
                Problem::new("/suite", format!("`{}` cannot be a suite's name", file.suite))
                    .help("use lowercase letters, digits, `.`, `_` and `-`, such as `docs-qa`"),
            );
        }
        let datasets = one_or_many(file.dataset, file.datasets, "dataset", problems);
        let targets = one_or_many(file.target, file.targets, "target", problems);
        let (count, mut reducers) = epochs(file.epochs.as_ref(), problems);
        if reducers.is_empty() {
            reducers.push(Reducer::Mean);
        }
        for (i, reducer) in reducers.iter().enumerate() {
            if reducer.needs_epochs() > count {
                problems.push(
                    Problem::new(
                        format!("/epochs/reduce/{i}"),
                        format!("`{reducer}` needs {} epochs, there are {count}", reducer.needs_epochs()),
                    )
                    .help("raise `epochs.count`"),
                );
            }
        }
        if file.scorers.is_empty() {
            problems
                .push(Problem::new("/scorers", "at least one scorer is needed").help("such as `scorers: [equals]`"));
        }
        let suite = Self {
            name: file.suite,
            description: file.description,
            datasets: datasets.into_iter().map(|(value, at)| dataset_part(value, at)).collect(),
            targets: named(targets, problems, true),
            scorers: named(
                file.scorers.into_iter().enumerate().map(|(i, v)| (v, format!("/scorers/{i}"))).collect(),
                problems,
                false,
            ),
            epochs: count,
            reducers,
            slices: file.slices,
            tiers: file.tiers,
            budget: file.budget,
            concurrency: file.concurrency.unwrap_or(16) as usize,
            seed: file.seed,
            cache: file.cache.unwrap_or(true),
            judge_canaries: file.judge_canaries.map_or(u32::MAX, Canaries::most),
            prices: file.prices.unwrap_or(Value::Null),
            gate: file.gate,
            digest,
        };
        suite.check(problems);
        Some(suite)
    }

    /// Rules that need nothing but the suite.
    fn check(&self, problems: &mut Vec<Problem>) {
        if !(1..=100_000).contains(&self.concurrency) {
            problems.push(Problem::new("/concurrency", "concurrency must be from 1 to 100,000"));
        }
        let (run, trial, month) = (self.budget.run(), self.budget.per_trial, self.budget.per_month);
        for (at, caps) in [("/budget", run), ("/budget/per_trial", trial), ("/budget/per_month", month)] {
            for (key, limit) in [("usd", caps.usd), ("minutes", caps.minutes)] {
                if limit.is_some_and(|limit| !(limit.is_finite() && limit > 0.0)) {
                    problems.push(Problem::new(format!("{at}/{key}"), "a budget must be above 0"));
                }
            }
        }
        let scorers: BTreeSet<&str> = self.scorers.iter().map(|part| part.name.as_str()).collect();
        let targets: BTreeSet<&str> = self.targets.iter().map(|part| part.name.as_str()).collect();
        let unknown = |at: String, what: &str, name: &str, known: &BTreeSet<&str>| {
            let problem = Problem::new(at, format!("there is no {what} `{name}`"));
            match problem::did_you_mean(name, known.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(format!("there are: {}", known.iter().copied().collect::<Vec<_>>().join(", "))),
            }
        };
        for (tier_name, tier) in &self.tiers {
            let at = format!("/tiers/{}", problem::pointer_step(tier_name));
            for (key, what, names, known) in
                [("scorers", "scorer", &tier.scorers, &scorers), ("targets", "target", &tier.targets, &targets)]
            {
                for (i, name) in names.iter().flatten().enumerate() {
                    if !known.contains(name.as_str()) {
                        problems.push(unknown(format!("{at}/{key}/{i}"), what, name, known));
                    }
                }
            }
            if let Some(sample) = &tier.sample {
                if tier.limit.is_some() {
                    problems.push(
                        Problem::new(format!("{at}/limit"), "a tier has either `limit` or `sample`")
                            .help("`sample.cases` says how many"),
                    );
                }
                if sample.cases == 0 || sample.by.is_empty() {
                    problems.push(
                        Problem::new(format!("{at}/sample"), "`cases` and a key in `by` are needed")
                            .help("without strata `limit: 500` draws at random"),
                    );
                }
            }
            if tier.epochs == Some(0) {
                problems.push(Problem::new(format!("{at}/epochs"), "at least one epoch is needed"));
            }
        }
        if !(0.5..1.0).contains(&self.gate.confidence) {
            problems.push(
                Problem::new("/gate/confidence", "confidence must be at least 0.5 and below 1").help("0.95 is usual"),
            );
        }
        match &self.gate.looks {
            Looks::Times(1..=20) => {}
            Looks::Times(_) => {
                problems.push(Problem::new("/gate/looks", "from 1 to 20 looks are possible").help("5 is usual"));
            }
            Looks::After(cases) if cases.is_empty() || cases.len() > 19 => {
                problems.push(Problem::new("/gate/looks", "from 1 to 19 looks are possible before the last"));
            }
            Looks::After(cases) if cases[0] == 0 || cases.windows(2).any(|pair| pair[0] >= pair[1]) => {
                problems.push(
                    Problem::new("/gate/looks", "numbers of cases that grow are expected")
                        .help("such as `[500, 1000]`"),
                );
            }
            Looks::After(_) => {}
        }
        if self.gate.stop.is_some() && self.gate.rules.is_empty() {
            problems.push(
                Problem::new("/gate/stop", "without rules nothing can be decided early")
                    .help("add `rules`, or leave out `stop`"),
            );
        }
        if !(0.0..1.0).contains(&self.gate.critical.allowed_flake) {
            problems.push(Problem::new("/gate/critical/allowed_flake", "a share from 0 to below 1 is expected"));
        }
        for (i, rule) in self.gate.rules.iter().enumerate() {
            let at = format!("/gate/rules/{i}");
            if !scorers.contains(rule.scorer.as_str()) {
                problems.push(unknown(format!("{at}/scorer"), "scorer", &rule.scorer, &scorers));
            }
            if let Some(target) = rule.target.as_deref().filter(|target| !targets.contains(target)) {
                problems.push(unknown(format!("{at}/target"), "target", target, &targets));
            }
            if let Some(reducer) = rule.reducer.filter(|reducer| !self.reducers.contains(reducer)) {
                problems.push(
                    Problem::new(format!("{at}/reducer"), format!("the suite does not reduce by `{reducer}`"))
                        .help("add it to `epochs.reduce`"),
                );
            }
            problems.extend(rule.problems(&at));
        }
    }
}

fn one_or_many(
    one: Option<Value>,
    many: Option<Vec<Value>>,
    word: &str,
    problems: &mut Vec<Problem>,
) -> Vec<(Value, String)> {
    let found = match (one, many) {
        (Some(_), Some(_)) => {
            problems.push(Problem::new(format!("/{word}"), format!("use either `{word}` or `{word}s`, not both")));
            Vec::new()
        }
        (Some(value), None) => vec![(value, format!("/{word}"))],
        (None, Some(values)) => {
            values.into_iter().enumerate().map(|(i, value)| (value, format!("/{word}s/{i}"))).collect()
        }
        (None, None) => Vec::new(),
    };
    if found.is_empty() && problems.is_empty() {
        problems.push(Problem::new("", format!("`{word}` is missing")).help(format!("a suite needs a {word}")));
    }
    found
}

fn epochs(value: Option<&Value>, problems: &mut Vec<Problem>) -> (u32, Vec<Reducer>) {
    let epochs = match value {
        None => Epochs { count: 1, reduce: Vec::new() },
        Some(Value::Number(_)) => match problem::read::<u32>(value.unwrap_or(&Value::Null), "/epochs") {
            Ok(count) => Epochs { count, reduce: Vec::new() },
            Err(problem) => {
                problems.push(problem);
                Epochs { count: 1, reduce: Vec::new() }
            }
        },
        Some(value) => problem::read(value, "/epochs").unwrap_or_else(|problem| {
            problems.push(problem);
            Epochs { count: 1, reduce: Vec::new() }
        }),
    };
    if !(1..=10_000).contains(&epochs.count) {
        problems.push(Problem::new("/epochs", "epochs must be from 1 to 10,000"));
    }
    (epochs.count.max(1), epochs.reduce)
}

fn dataset_part(value: Value, at: String) -> Part {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let path = value.as_str().or_else(|| text("path")).unwrap_or_default();
    let stem =
        || Path::new(path).file_stem().map_or_else(|| "dataset".into(), |stem| stem.to_string_lossy().into_owned());
    let stored = text("dataset").map(|word| word.split('@').next().unwrap_or(word).to_owned());
    let name = text("name").map_or_else(|| stored.unwrap_or_else(stem), str::to_owned);
    Part { name, value, at }
}

/// Keys of a scorer or target entry that are not its kind.
const SCORER_OPTIONS: [&str; 4] = ["name", "weight", "threshold", "not"];

/// Gives every entry its name: its own, else its kind; a second one of the same kind gets a number.
fn named(entries: Vec<(Value, String)>, problems: &mut Vec<Problem>, strip_name: bool) -> Vec<Part> {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let mut parts = Vec::new();
    for (mut value, at) in entries {
        let given = value.get("name").and_then(Value::as_str).map(str::to_owned);
        let kind = match &value {
            Value::String(kind) => kind.clone(),
            Value::Object(fields) => fields
                .keys()
                .find(|key| !SCORER_OPTIONS.contains(&key.as_str()))
                .cloned()
                .unwrap_or_else(|| "unnamed".into()),
            _ => {
                problems.push(Problem::new(at, "a name or a set of keys is expected"));
                continue;
            }
        };
        let name = given.clone().unwrap_or_else(|| {
            let mut name = kind.clone();
            let mut number = 2;
            while taken.contains_key(&name) {
                name = format!("{kind}-{number}");
                number += 1;
            }
            name
        });
        if name.is_empty() || name.chars().any(char::is_control) {
            problems.push(Problem::new(format!("{at}/name"), "a name must not be empty or hold control characters"));
        }
        if let Some(first) = taken.get(&name) {
            problems.push(
                Problem::new(format!("{at}/name"), format!("the name `{name}` is taken by {first}"))
                    .help("give each one its own `name`"),
            );
        }
        taken.insert(name.clone(), at.clone());
        if strip_name && let Value::Object(fields) = &mut value {
            fields.shift_remove("name");
        }
        parts.push(Part { name, value, at });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> String {
        match Suite::from_text(text, Path::new("assay.yaml")) {
            Ok(_) => String::new(),
            Err(diagnostics) => diagnostics.plain(),
        }
    }

    const FIRST: &str = "suite: first\ndataset: cases.jsonl\ntarget: {echo: \"{{ question }}\"}\nscorers: [equals]\n";

    #[test]
    fn the_short_form_is_complete() {
        let (suite, _) = Suite::from_text(FIRST, Path::new("assay.yaml")).unwrap();
        assert_eq!((suite.name.as_str(), suite.epochs, suite.concurrency), ("first", 1, 16));
        assert_eq!(suite.datasets[0].name, "cases");
        assert_eq!((suite.targets[0].name.as_str(), suite.targets[0].at.as_str()), ("echo", "/target"));
        assert_eq!(suite.reducers, [Reducer::Mean]);
    }

    #[test]
    fn the_starter_suite_is_valid() {
        let text = crate::starter::files()[0].1;
        assert_eq!(faults(text), "");
        assert!(text.lines().filter(|line| !line.starts_with('#')).count() <= 11);
    }

    #[test]
    fn every_fault_names_its_line_and_the_way_out() {
        let cases = [
            ("dataste: x\n", ""),
            ("suite: first\n", "suite: My Suite\n"),
            ("scorers: [equals]\n", "scorers: 3\n"),
            ("scorers: [equals]\n", "scorers: []\n"),
            ("scorers: [equals]\n", "scorers: [equals]\nepochs: {count: 2, reduce: [pass@3]}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\nepochs: {count: 2, reduce: [best]}\n"),
            ("scorers: [equals]\n", "scorers: [equals, {equals: {}, name: equals}]\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ngate: {rules: [{scorer: equal, min: 1}]}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ngate: {rules: [{scorer: equals}]}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ngate: {rules: [{scorer: equals, min: 0.9, max: 0.1}]}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ngate: {rules: [{scorer: equals, margin: -1}]}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ngate: {confidence: 95}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\nslices: [{name: hard, where: \"tier = \"}]\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ntiers: {smoke: {scorers: [f1]}}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\nbudget: {usd: -1}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\nbudget: {dollars: 1}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\nbudget: {per_month: {minutes: 0}}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\nbudget: {per_trial: {usd: 0}}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ngate: {stop: gs}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ntiers: {t: {limit: 5, sample: {cases: 5, by: [topic]}}}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ntiers: {t: {sample: {cases: 5, by: []}}}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ngate: {looks: 50, rules: [{scorer: equals, min: 1}]}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\ngate: {looks: [9, 9], rules: [{scorer: equals, min: 1}]}\n"),
            ("scorers: [equals]\n", "scorers: [equals]\nseed: -3\n"),
            ("dataset: cases.jsonl\n", "dataset: a.jsonl\ndatasets: [b.jsonl]\n"),
            ("dataset: cases.jsonl\n", ""),
            ("scorers: [equals]\n", "scorers: [equals\n"),
            ("scorers: [equals]\n", "scorers: [equals]\nscorers: [contains]\n"),
        ];
        let mut all = String::new();
        for (find, replace) in cases {
            let text = if FIRST.contains(find) { FIRST.replace(find, replace) } else { format!("{FIRST}{find}") };
            let found = faults(&text);
            assert!(!found.is_empty(), "no fault in:\n{text}");
            all.push_str(&found);
        }
        insta::assert_snapshot!(all);
    }
}
