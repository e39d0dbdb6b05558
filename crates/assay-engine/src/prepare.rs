//! Everything that can be found wrong before money is spent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assay_core::problem::did_you_mean;
use assay_core::run::{Budget as Limits, DatasetRecord, TargetRecord};
use assay_core::score::ScorerRecord;
use assay_core::{Digest, GateRule, Problem, RunId, RunRecord, problem};
use assay_datasets::library::{self, Event, Sensitivity};
use assay_datasets::{Columns, Dataset, DatasetDecl, Library};
use assay_models::{BuildContext, Built, Guarded, Price};
use assay_scorers::{Declared, ScorerContext};
use assay_store::{Cache, PlanFile, State, Workspace};
use assay_suite::suite::Part;
use assay_suite::{Diagnostics, Source, Suite};

use crate::earlier::EarlierRun;

use crate::EngineError;
use crate::freeze::{self, Taken};

/// What the command line may change.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The tier to run.
    pub tier: Option<String>,
    /// At most this many cases.
    pub limit: Option<u64>,
    /// Repeats of each case.
    pub epochs: Option<u32>,
    /// Trials in flight.
    pub concurrency: Option<usize>,
    /// Seed of the order.
    pub seed: Option<u64>,
    /// Do not use the cache.
    pub no_cache: bool,
    /// Refuse every connection that is not to this machine.
    pub offline: bool,
    /// Only these targets.
    pub targets: Vec<String>,
    /// Dollars that may be spent.
    pub max_usd: Option<f64>,
    /// The most bytes the cache may take.
    pub cache_most: Option<u64>,
    /// Where stored datasets are.
    pub library: Option<Library>,
}

/// What a suite or its tier takes when the command line says nothing.
struct Whole {
    limit: Option<u64>,
    epochs: u32,
}

/// The most bytes the cache may take when nobody says.
pub const CACHE_MOST: u64 = 4 << 30;

/// A suite whose parts are built.
pub struct Prepared {
    /// The suite with tier and options applied.
    pub suite: Suite,
    /// The file's text.
    pub text: String,
    /// The file.
    pub path: PathBuf,
    /// The folder that paths start from.
    pub base: PathBuf,
    /// The tier that was applied.
    pub tier: Option<String>,
    /// Slice of the tier.
    pub filter: Option<assay_core::SliceExpr>,
    /// Only a sample of them.
    pub sample: Option<assay_suite::Sample>,
    /// At most this many cases.
    pub limit: Option<u64>,
    /// What the tier alone would take, where the command line says otherwise.
    whole: Whole,
    /// Datasets.
    pub datasets: Vec<(String, DatasetDecl)>,
    /// Where stored ones are.
    pub library: Option<Library>,
    /// Targets with their names.
    pub targets: Vec<(String, Built)>,
    /// Scorers.
    pub scorers: Arc<Vec<Declared>>,
    /// What they were built with.
    pub context: ScorerContext,
    /// Whether answers may come from the cache.
    pub cache: bool,
    /// The most bytes the cache may take.
    pub cache_most: u64,
    /// The earlier run whose answers are taken over.
    pub earlier: Option<EarlierRun>,
    /// Labels for the run.
    pub labels: BTreeMap<String, String>,
    /// What is odd, but not wrong.
    pub warnings: Vec<String>,
}

impl Prepared {
    /// Reads and builds a suite, and checks it against the first rows of its datasets.
    ///
    /// # Errors
    /// Everything that is wrong with it, at its line and column.
    pub fn load(path: &Path, options: &Options) -> Result<Self, EngineError> {
        let (suite, source) = Suite::load(path)?;
        Self::build(suite, source, options)
    }

    /// As [`Prepared::load`], from a text that was read before.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_text(text: &str, path: &Path, options: &Options) -> Result<Self, EngineError> {
        let (suite, source) = Suite::from_text(text, path)?;
        Self::build(suite, source, options)
    }

    fn build(mut suite: Suite, source: Source, options: &Options) -> Result<Self, EngineError> {
        let mut problems = Vec::new();
        let base = source.path.parent().map(Path::to_owned).unwrap_or_default();
        // The tier drops rules; problems are reported where the rule stands in the file.
        let rules = suite.gate.rules.clone();
        let Selected { filter, sample, limit, whole } = apply(&mut suite, options)?;
        let prices = if suite.prices.is_null() {
            BTreeMap::new()
        } else {
            problem::read::<BTreeMap<String, Price>>(&suite.prices, "/prices").unwrap_or_else(|problem| {
                problems.push(problem);
                BTreeMap::new()
            })
        };
        let mut datasets = Vec::new();
        let mut warnings = Vec::new();
        let mut columns: Option<Columns> = None;
        for part in &suite.datasets {
            match DatasetDecl::read(&part.value, &part.at) {
                Err(problem) => problems.push(problem),
                Ok(mut declared) => {
                    if let Ok(Some(stored)) = assay_datasets::stored(&declared, options.library.as_ref()) {
                        declared.pinned = Some(stored.record.version);
                    }
                    match assay_datasets::columns(&declared, &base, options.library.as_ref()) {
                        Err(error) => {
                            let mut problem = Problem::new(part.at.clone(), error.to_string());
                            problem.help = error.help;
                            problems.push(problem);
                        }
                        Ok(found) => merge(&mut columns, found),
                    }
                    if let Ok(Some(stored)) = assay_datasets::stored(&declared, options.library.as_ref())
                        && let Some((allowed, taken)) = stored.looks()
                    {
                        // Bonferroni over all looks that are allowed: together they keep the error of the gate, in
                        // whatever order and for whatever candidates they are taken.
                        let confidence = 1.0 - (1.0 - suite.gate.confidence) / allowed as f64;
                        warnings.push(format!(
                            "`{}` is sealed: {taken} of {allowed} looks are taken, so intervals are at {:.2}%",
                            declared.source(),
                            100.0 * confidence
                        ));
                        suite.gate.confidence = confidence;
                    }
                    datasets.push((part.name.clone(), declared));
                }
            }
        }
        let columns = columns.filter(|_| problems.is_empty());
        let guarded = datasets.iter().filter_map(|(_, declared)| guarded(declared, options.library.as_ref())).collect();
        let context = BuildContext { base_dir: base.clone(), offline: options.offline, prices, guarded };
        let mut targets = Vec::new();
        for part in &suite.targets {
            match assay_models::build(&part.value, &context) {
                Err(found) => problems.extend(found.into_iter().map(|problem| problem.under(&part.at))),
                Ok(built) => {
                    if let Some(columns) = &columns {
                        let variables = built.target.template_variables();
                        check_variables(&variables, &part.at, columns, false, &mut problems);
                        check_recorded(&built, part, columns, &mut problems);
                    }
                    targets.push((part.name.clone(), built));
                }
            }
        }
        let context = ScorerContext { targets: context, ..ScorerContext::default() };
        let mut scorers = Vec::new();
        for part in &suite.scorers {
            match assay_scorers::build(&part.value, &part.name, &context) {
                Err(found) => problems.extend(found.into_iter().map(|problem| problem.under(&part.at))),
                Ok(declared) => {
                    check_metrics(&rules, &declared, &mut problems);
                    let Some(columns) = &columns else {
                        scorers.push(declared);
                        continue;
                    };
                    let kind_at = match part.value.is_string() {
                        true => part.at.clone(),
                        false => format!("{}/{}", part.at, problem::pointer_step(&declared.record.kind)),
                    };
                    check_variables(&declared.scorer.template_variables(), &kind_at, columns, true, &mut problems);
                    if declared.scorer.needs_expected() && !columns.has_expected {
                        problems.push(
                            Problem::new(
                                part.at.clone(),
                                format!("`{}` needs an expected output, the dataset has none", part.name),
                            )
                            .help("name the column under `fields.expected`, or give the scorer a `value`"),
                        );
                    }
                    if declared.record.kind == "retrieval" && !columns.has_contexts {
                        problems.push(
                            Problem::new(part.at.clone(), "`retrieval` needs reference contexts, the dataset has none")
                                .help("name the column under `fields.contexts`"),
                        );
                    }
                    if declared.record.judge {
                        warnings.push(format!(
                            "`{0}` is a judge: what its scores may decide follows from its calibration (`assay judge report {0}`)",
                            part.name
                        ));
                    }
                    scorers.push(declared);
                }
            }
        }
        if let Some(columns) = &columns {
            for (i, slice) in suite.slices.iter().enumerate() {
                let keys = match slice {
                    assay_core::SliceDecl::Key(key) => vec![key.as_str()],
                    assay_core::SliceDecl::Where { r#where, .. } => r#where.keys(),
                };
                for key in keys.into_iter().filter(|key| !columns.metadata.contains(*key)) {
                    let problem = Problem::new(format!("/slices/{i}"), format!("no case has the metadata key `{key}`"));
                    problems.push(match did_you_mean(key, columns.metadata.iter().map(String::as_str)) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help("name the column under `fields.metadata`"),
                    });
                }
            }
        }
        if !problems.is_empty() {
            return Err(EngineError::Suite(Box::new(Diagnostics { source, problems })));
        }
        Ok(Self {
            cache: suite.cache && !options.no_cache,
            cache_most: options.cache_most.unwrap_or(CACHE_MOST),
            scorers: Arc::new(scorers),
            tier: options.tier.clone(),
            text: source.text,
            path: source.path,
            base,
            filter,
            sample,
            limit,
            whole,
            datasets,
            library: options.library.clone(),
            targets,
            context,
            earlier: None,
            labels: BTreeMap::new(),
            warnings,
            suite,
        })
    }

    /// Freezes the datasets; gives the cases, what the run remembers of the datasets, and how many cases are selected.
    ///
    /// # Errors
    /// As [`freeze::freeze`].
    pub async fn freeze(
        &self,
        workspace: &Workspace,
        state: &State,
    ) -> Result<(PlanFile, Vec<DatasetRecord>, u64), EngineError> {
        let (base, library) = (&self.base, self.library.as_ref());
        let (plan, datasets) = freeze::freeze(workspace, state, base, &self.datasets, library, self.taken()).await?;
        let cases = self.limit.unwrap_or(u64::MAX).min(plan.cases);
        Ok((plan, datasets, cases))
    }

    /// What a run would remember of the datasets as they are now, without a plan.
    ///
    /// # Errors
    /// As [`freeze::measure`].
    pub async fn measure(&self, workspace: &Workspace, state: &State) -> Result<Vec<DatasetRecord>, EngineError> {
        let (base, library) = (&self.base, self.library.as_ref());
        freeze::measure(workspace, state, base, &self.datasets, library, self.taken()).await
    }

    /// Which cases of the datasets are taken.
    fn taken(&self) -> Taken<'_> {
        let sample = self.sample.as_ref().map(|sample| (sample, self.suite.seed));
        Taken { filter: self.filter.as_ref(), sample }
    }

    /// What the command line leaves out of the suite or its tier, when so many of all cases are selected.
    pub(crate) fn narrowed(&self, cases: u64, all: u64) -> Vec<String> {
        let mut narrowed = Vec::new();
        if cases < self.whole.limit.unwrap_or(u64::MAX).min(all) {
            narrowed.push(format!("--limit {cases}"));
        }
        if self.suite.epochs < self.whole.epochs {
            narrowed.push(format!("--epochs {}", self.suite.epochs));
        }
        narrowed
    }

    /// Whether a run that began earlier may go on: what it froze may not be used any more.
    ///
    /// # Errors
    /// A dataset whose retention is over, or a case that was revoked since the run began.
    pub(crate) fn check_resumable(&self, record: &RunRecord) -> Result<(), EngineError> {
        let Some(library) = &self.library else { return Ok(()) };
        for (_, declared) in &self.datasets {
            let Some(word) = &declared.dataset else { continue };
            let dataset = library.dataset(library::name_and_version(word).0)?;
            dataset.check_retention(&library::today())?;
            let since = dataset.log.iter().filter(|entry| entry.at_us >= record.started_us);
            let revoked = since.filter_map(|entry| match &entry.event {
                Event::Revoked { case, .. } => Some(case),
                _ => None,
            });
            if let Some(case) = revoked.into_iter().find(|case| dataset.revoked.contains_key(*case)) {
                return Err(EngineError::Usage(format!(
                    "case `{case}` of `{}` was revoked since this run began, and the run holds it: start a new run",
                    dataset.name
                )));
            }
        }
        Ok(())
    }

    /// Writes down that a run looks at the sealed parts it uses.
    ///
    /// # Errors
    /// A part whose looks are used up, or a log that cannot be written. Nothing is written then.
    pub(crate) fn take_looks(&self, run: RunId) -> Result<(), EngineError> {
        let Some(library) = &self.library else { return Ok(()) };
        if self.datasets.iter().all(|(_, declared)| declared.split.is_none()) {
            return Ok(());
        }
        let held = library.hold()?;
        let mut looks = Vec::new();
        for (_, declared) in &self.datasets {
            if let Some(stored) = assay_datasets::stored(declared, Some(library))?
                && let Some(part) = stored.part.as_ref().filter(|part| part.looks.is_some())
            {
                stored.check_looks()?;
                let look = Event::Look { split: part.name.clone(), version: stored.record.version, run };
                looks.push((stored.dataset.name.clone(), look));
            }
        }
        for (name, look) in looks {
            library.append(&held, &name, &library::who(), vec![look])?;
        }
        Ok(())
    }

    /// The targets as the run remembers them.
    pub fn target_records(&self) -> Vec<TargetRecord> {
        // Answers that are taken over are those of the targets as they were.
        let earlier = self.earlier.iter().filter(|earlier| earlier.only).flat_map(|earlier| &earlier.run.targets);
        self.targets
            .iter()
            .map(|(name, built)| {
                earlier.clone().find(|known| known.name == *name).cloned().unwrap_or_else(|| TargetRecord {
                    name: name.clone(),
                    kind: built.kind.to_owned(),
                    fingerprint: built.target.traits().fingerprint,
                    config: built.config.clone(),
                })
            })
            .collect()
    }

    /// What a run over these datasets remembers of the scorers.
    pub fn scorer_records(&self, datasets: &[DatasetRecord]) -> Vec<ScorerRecord> {
        let versions: Vec<Digest> = datasets.iter().map(|dataset| dataset.version).collect();
        self.scorers.iter().map(|declared| declared.record_over(&versions)).collect()
    }

    /// Tells the cache who its targets and judges are, so that a later miss can be explained.
    pub(crate) async fn introduce(&self, cache: &Cache) -> Result<(), EngineError> {
        for (name, built) in &self.targets {
            let traits = built.target.traits();
            if traits.remote && traits.cacheable {
                cache.introduce(traits.fingerprint, name, &built.config).await?;
            }
        }
        for declared in self.scorers.iter() {
            for asks in declared.scorer.asks() {
                cache.introduce(asks.target.traits().fingerprint, &declared.record.name, asks.config).await?;
            }
        }
        Ok(())
    }

    /// Asks every scorer whether this machine has what it needs. Calls nothing elsewhere.
    ///
    /// # Errors
    /// Everything that is missing, at its line and column.
    pub async fn check_machine(&self) -> Result<(), EngineError> {
        let mut problems = Vec::new();
        for (part, declared) in self.suite.scorers.iter().zip(self.scorers.iter()) {
            if let Err(problem) = declared.scorer.check_machine().await {
                let kind = problem::pointer_step(&declared.record.kind);
                let long = part.value.get(&declared.record.kind).is_some_and(serde_json::Value::is_object);
                let at = if long { format!("{}/{kind}", part.at) } else { part.at.clone() };
                problems.push(problem.under(&at));
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        let (_, source) = Suite::from_text(&self.text, &self.path)?;
        Err(EngineError::Suite(Box::new(Diagnostics { source, problems })))
    }

    /// Asks every target and scorer whether it would fail on every call: a missing key, a file that does not load.
    ///
    /// # Errors
    /// Everything that would fail.
    pub async fn preflight(&self) -> Result<(), EngineError> {
        self.check_machine().await?;
        let mut faults = Vec::new();
        let called = self.earlier.as_ref().is_none_or(|earlier| !earlier.only);
        for (name, built) in self.targets.iter().filter(|_| called) {
            if let Err(error) = built.target.preflight().await {
                faults.push(format!("target `{name}`: {}", error.message));
            }
        }
        for declared in self.scorers.iter() {
            if let Err(error) = declared.scorer.preflight().await {
                faults.push(format!("scorer `{}`: {error}", declared.record.name));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(EngineError::Preflight(faults.join("\n"))) }
    }
}

fn guarded(declared: &DatasetDecl, library: Option<&Library>) -> Option<Guarded> {
    guarded_dataset(&assay_datasets::stored(declared, library).ok()??.dataset)
}

/// A stored dataset that only some may receive; `None` for one that is neither confidential nor restricted.
pub fn guarded_dataset(dataset: &Dataset) -> Option<Guarded> {
    let governance = &dataset.governance;
    let sensitivity = governance.sensitivity.filter(|sensitivity| *sensitivity >= Sensitivity::Confidential)?;
    let name = &dataset.name;
    Some(Guarded {
        what: format!("the dataset `{name}`, which is {}", sensitivity.as_str()),
        hosts: governance.hosts.clone(),
        allow: format!(
            "assay dataset set {name} --hosts {}",
            governance.hosts.iter().map(|host| format!("{host},")).collect::<String>()
        ),
    })
}

/// Which cases a tier and the options take.
struct Selected {
    filter: Option<assay_core::SliceExpr>,
    sample: Option<assay_suite::Sample>,
    limit: Option<u64>,
    whole: Whole,
}

/// Applies tier and options to the suite; gives which cases they take.
fn apply(suite: &mut Suite, options: &Options) -> Result<Selected, EngineError> {
    let tier = match &options.tier {
        None => assay_suite::Tier::default(),
        Some(name) => suite.tiers.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = suite.tiers.keys().map(String::as_str).collect();
            let list =
                if known.is_empty() { "the suite has none".into() } else { format!("there are: {}", known.join(", ")) };
            EngineError::Usage(format!("there is no tier `{name}` ({list})"))
        })?,
    };
    let wanted = if options.targets.is_empty() { tier.targets.unwrap_or_default() } else { options.targets.clone() };
    for name in &wanted {
        if !suite.targets.iter().any(|part| part.name == *name) {
            let known: Vec<&str> = suite.targets.iter().map(|part| part.name.as_str()).collect();
            return Err(EngineError::Usage(format!("there is no target `{name}` (there are: {})", known.join(", "))));
        }
    }
    if !wanted.is_empty() {
        suite.targets.retain(|part| wanted.contains(&part.name));
        suite.gate.rules.retain(|rule| rule.target.as_ref().is_none_or(|target| wanted.contains(target)));
    }
    if let Some(names) = tier.scorers {
        suite.scorers.retain(|part| names.contains(&part.name));
        suite.gate.rules.retain(|rule| names.contains(&rule.scorer));
    }
    let whole = Whole { limit: tier.limit, epochs: tier.epochs.unwrap_or(suite.epochs).max(1) };
    if let Some(epochs) = options.epochs.or(tier.epochs) {
        suite.epochs = epochs.max(1);
        if let Some(reducer) = suite.reducers.iter().find(|reducer| reducer.needs_epochs() > suite.epochs) {
            return Err(EngineError::Usage(format!("`{reducer}` needs {} epochs", reducer.needs_epochs())));
        }
    }
    suite.concurrency = options.concurrency.unwrap_or(suite.concurrency).max(1);
    suite.seed = options.seed.unwrap_or(suite.seed);
    if let Some(usd) = options.max_usd {
        suite.budget = Limits { usd: Some(usd), ..suite.budget.clone() };
    }
    Ok(Selected { filter: tier.filter, sample: tier.sample, limit: options.limit.or(tier.limit), whole })
}

/// A rule's corpus metric must be one that its scorer shows.
fn check_metrics(rules: &[GateRule], declared: &Declared, problems: &mut Vec<Problem>) {
    let (record, can) = (&declared.record, declared.scorer.metrics());
    for (i, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.scorer == record.name) {
        let Some(metric) = rule.metric.filter(|metric| !record.metrics.contains(metric)) else { continue };
        let problem =
            Problem::new(format!("/gate/rules/{i}/metric"), format!("`{}` does not show `{metric}`", record.name));
        problems.push(if can.contains(&metric) {
            problem.help(format!("add it to the scorer: `metrics: [{metric}]`"))
        } else {
            let words: Vec<&str> = can.iter().map(|metric| metric.as_str()).collect();
            problem.help(match words.as_slice() {
                [] => format!("`{}` has no corpus metrics: leave out `metric`", record.kind),
                words => format!("`{}` has {}", record.kind, words.join(", ")),
            })
        });
    }
}

fn merge(columns: &mut Option<Columns>, found: Columns) {
    match columns {
        None => *columns = Some(found),
        Some(all) => {
            // A template must work for every dataset, so only what all have is known.
            all.inputs = all.inputs.intersection(&found.inputs).cloned().collect();
            all.recorded = all.recorded.intersection(&found.recorded).cloned().collect();
            all.metadata.extend(found.metadata);
            all.has_expected |= found.has_expected;
            all.has_contexts |= found.has_contexts;
        }
    }
}

fn check_variables(
    variables: &[(String, String)],
    at: &str,
    columns: &Columns,
    scorer: bool,
    problems: &mut Vec<Problem>,
) {
    const ALWAYS: [&str; 3] = ["inputs", "metadata", "case_id"];
    const SCORERS: [&str; 6] = ["output", "output_text", "expected", "contexts", "retrieved", "tool_calls"];
    for (variable, place) in variables {
        let top = variable.split('.').next().unwrap_or(variable);
        let known = columns.inputs.contains(top) || ALWAYS.contains(&top) || (scorer && SCORERS.contains(&top));
        let metadata = variable.strip_prefix("metadata.");
        if known
            && metadata.is_none_or(|key| columns.metadata.iter().any(|k| k == key || k.starts_with(&format!("{key}."))))
        {
            continue;
        }
        let problem =
            Problem::new(format!("{at}{place}"), format!("the template reads `{variable}`, which no case has"));
        problems.push(if !scorer && SCORERS.contains(&top) {
            problem.help("a target never sees what is expected or what it answered")
        } else {
            match did_you_mean(top, columns.inputs.iter().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => {
                    let inputs: Vec<&str> = columns.inputs.iter().map(String::as_str).collect();
                    problem.help(format!("inputs: {}", inputs.join(", ")))
                }
            }
        });
    }
}

fn check_recorded(built: &Built, part: &Part, columns: &Columns, problems: &mut Vec<Problem>) {
    if built.kind != "recorded" {
        return;
    }
    let name = built.config["recorded"]["output"].as_str().unwrap_or("output");
    if !columns.recorded.contains(name) {
        let problem = Problem::new(format!("{}/recorded", part.at), format!("no case has a recorded output `{name}`"));
        let known: Vec<&str> = columns.recorded.iter().map(String::as_str).collect();
        problems.push(if known.is_empty() {
            problem.help("name the column under `fields.outputs`")
        } else {
            problem.help(format!("there are: {}", known.join(", ")))
        });
    }
}
