//! From the workspace to reports: runs, scores, baselines, failing cases.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use assay_analysis::{BaselineScores, Conduct, RunScores, compare, evaluate, summarize};
use assay_core::permutation::Permutation;
use assay_core::{Digest, RunId, RunRecord, RunStatus};
use assay_datasets::Library;
use assay_datasets::library::{self, Event, Held};
use assay_lake::export::{self, Column, RecordBatch};
use assay_lake::{Lake, LakeError, Rows};
use assay_report::{Failing, Report};
use assay_store::{Baseline, PlanFile, RunLine, RunRow, State, Workspace};

use assay_engine::execute::now_us;
use assay_engine::git;

use crate::{Failure, usage};

/// The most runs that the table `runs` holds.
const MOST_RUNS: u32 = 100_000;
/// The most failing cases that a report shows.
const MOST_FAILING: usize = 100;

/// The workspace's folder: the one that is named, else the nearest above `near`, else a new one beside it.
pub fn root(named: Option<PathBuf>, near: &Path) -> PathBuf {
    let near = if near.as_os_str().is_empty() { Path::new(".") } else { near };
    let near = near.canonicalize().unwrap_or_else(|_| near.to_owned());
    named.or_else(|| Workspace::find(&near)).unwrap_or_else(|| near.join(Workspace::FOLDER))
}

/// The stored datasets of the workspace, which need not exist yet.
pub fn library_of(named: Option<&Path>, near: &Path) -> Library {
    Library::new(Workspace::datasets_in(&root(named.map(Path::to_owned), near)))
}

/// Lets cases of a sealed part be seen by somebody, for a reason that is written down.
///
/// # Errors
/// No reason is given, or it cannot be written down.
pub fn unseal(library: &Library, record: &RunRecord, by: &str, reason: Option<&str>) -> Result<(), Failure> {
    for dataset in record.datasets.iter() {
        let Some(split) = &dataset.sealed else { continue };
        let (name, _) = library::name_and_version(dataset.source.split('/').next().unwrap_or_default());
        let open = || open_sealed(library, &library.hold()?, by, name, split, dataset.version, reason);
        crate::waiting(open)?;
    }
    Ok(())
}

/// Writes down, before anything is seen, why cases of a sealed part of a version must be.
///
/// # Errors
/// No reason is given, or it cannot be written down.
pub fn open_sealed(
    library: &Library,
    held: &Held,
    by: &str,
    name: &str,
    split: &str,
    version: Digest,
    reason: Option<&str>,
) -> Result<(), Failure> {
    let Some(reason) = reason.filter(|reason| !reason.trim().is_empty()) else {
        return Err(sealed(name, split));
    };
    let opened = Event::Opened { split: split.to_owned(), version, reason: reason.to_owned() };
    library.append(held, name, by, vec![opened])?;
    crate::audit::changed("open sealed part", "sealed", format!("{name}/{split}"));
    Ok(())
}

/// What is said to somebody who wants to see cases of a sealed part and does not say why.
pub fn sealed(name: &str, split: &str) -> Failure {
    format!(
        "the part `{split}` of `{name}` is sealed: say why its cases must be seen with `--reason`, which is recorded"
    )
    .into()
}

/// What is said to somebody who names a run of several targets where one is meant.
pub fn several_targets(record: &RunRecord, word: &str) -> Failure {
    let names: Vec<&str> = record.targets.iter().map(|target| target.name.as_str()).collect();
    usage(format!("the run has several targets: say `{word}:{}`", names.join(&format!("` or `{word}:"))))
}

/// A workspace with its parts open.
pub struct Home {
    /// The folder.
    pub workspace: Workspace,
    /// Runs and baselines.
    pub state: State,
    /// Trials and scores.
    pub lake: Lake,
    /// How long is waited for who writes to the library; `None` for as long as it takes.
    pub patience: Option<Duration>,
}

impl Home {
    /// Opens the workspace: the one that is named, else the nearest above `near`, else a new one beside it.
    pub async fn open(named: Option<PathBuf>, near: &Path) -> Result<Self, Failure> {
        let workspace = Workspace::open(root(named, near))?;
        crate::audit::workspace_is_there()?;
        let state = State::open(&workspace).await?;
        let lake = Lake::new(workspace.lake());
        Ok(Self { workspace, state, lake, patience: None })
    }

    /// The stored datasets.
    pub fn library(&self) -> Library {
        Library::new(self.workspace.datasets()).patient(self.patience)
    }

    /// A run and, after a colon, one of its targets: `latest:v2`, `4f2a91c0`.
    pub async fn find(&self, word: &str) -> Result<(RunRow, Option<String>), Failure> {
        let (run, target) = match word.split_once(':') {
            Some((run, target)) => (run, Some(target.to_owned())),
            None => (word, None),
        };
        let row = self.state.find_run(run).await?;
        if let Some(target) = &target
            && !row.record.targets.iter().any(|known| known.name == *target)
        {
            let known: Vec<&str> = row.record.targets.iter().map(|target| target.name.as_str()).collect();
            return Err(usage(format!("run {run} has no target `{target}` (it has: {})", known.join(", "))));
        }
        Ok((row, target))
    }

    /// A file of the project that somebody names from afar: they reach nothing outside of it, and nothing of the workspace.
    ///
    /// # Errors
    /// It is not there, or not theirs to name.
    pub fn project_file(&self, word: &str) -> Result<PathBuf, Failure> {
        let named = Path::new(word);
        let plain = named.components().all(|part| matches!(part, Component::Normal(_)));
        let real = |path: &Path| path.canonicalize().ok();
        let found = real(&self.workspace.find_recorded(word)).filter(|path| {
            let inside = real(&self.workspace.project()).is_some_and(|project| path.starts_with(project));
            let own = real(self.workspace.root()).is_some_and(|root| path.starts_with(root));
            plain && path.is_file() && inside && !own
        });
        found.ok_or_else(|| {
            let word = assay_report::plain(word, 200);
            usage(format!("the project has no file `{word}`: name it from the project's folder on"))
        })
    }

    /// A run's scores; rows of cases that are left out do not count.
    ///
    /// # Errors
    /// A run over a part with a ladder: its scores are told by the ladder alone.
    pub async fn scores(&self, record: &RunRecord, left_out: &HashSet<Digest>) -> Result<RunScores, Failure> {
        self.tellable(record)?;
        self.all_scores(record, left_out).await
    }

    /// That a run's scores are not told by a ladder alone.
    fn tellable(&self, record: &RunRecord) -> Result<(), Failure> {
        crate::ladder::of(&self.library(), record)?.map_or(Ok(()), |ladder| Err(ladder.refused(record)))
    }

    /// As [`Home::scores`], whoever may see them.
    pub async fn all_scores(&self, record: &RunRecord, left_out: &HashSet<Digest>) -> Result<RunScores, Failure> {
        let mut scores = scores_in(self.lake.clone(), record.clone(), left_out.clone()).await?;
        self.attach_labels(&mut scores).await?;
        Ok(scores)
    }

    /// Names a complete run, and a target of it after a colon, as a baseline of its suite; an earlier one of that name is
    /// replaced.
    ///
    /// # Errors
    /// There is no such run or target, the run is not complete, or is of another suite than `suite` says.
    pub async fn name_baseline(&self, name: &str, word: &str, suite: Option<&str>) -> Result<Baseline, Failure> {
        let (row, target) = self.find(word).await?;
        let record = row.record;
        if let Some(suite) = suite.filter(|suite| *suite != record.suite) {
            return Err(usage(format!("run {} is of the suite `{}`, not `{suite}`", record.id.short(), record.suite)));
        }
        if row.status != RunStatus::Sealed {
            return Err(usage(format!("run {} is not complete", record.id.short())));
        }
        let (name, set_us) = (name.to_owned(), now_us());
        let baseline = Baseline { suite: record.suite, name, run: record.id, target, set_us };
        crate::audit::note("run", baseline.run.to_string());
        crate::audit::note("suite", &baseline.suite);
        self.state.set_baseline(&baseline).await?;
        Ok(baseline)
    }

    /// The run that a run is compared with, and a target of it.
    pub async fn baseline_run(
        &self,
        record: &RunRecord,
        against: &Against,
    ) -> Result<Option<(RunRow, Option<String>)>, Failure> {
        let candidate = Candidate {
            suite: &record.suite,
            suite_path: &record.suite_path,
            tier: record.tier.as_deref(),
            narrowed: Some(&record.narrowed),
            run: Some(record.id),
        };
        self.baseline_for(&candidate, against).await
    }

    /// As [`Home::baseline_run`], also for a run that has not begun.
    pub async fn baseline_for(
        &self,
        candidate: &Candidate<'_>,
        against: &Against,
    ) -> Result<Option<(RunRow, Option<String>)>, Failure> {
        match against {
            Against::Run(word) => match word.strip_prefix('@') {
                Some(reference) => Ok(Some(self.run_at(candidate, reference).await?)),
                None => Ok(Some(self.named_or_found(candidate.suite, word).await?)),
            },
            Against::Named(name) => match self.state.baseline(candidate.suite, name).await? {
                Some(found) if Some(found.run) != candidate.run => {
                    let (row, _) = self.find(&found.run.to_string()).await?;
                    Ok(Some((row, found.target)))
                }
                _ => Ok(None),
            },
            Against::Nothing => Ok(None),
        }
    }

    /// The suite's baseline of this name, else the run that the word names; and a target of it.
    async fn named_or_found(&self, suite: &str, word: &str) -> Result<(RunRow, Option<String>), Failure> {
        let (name, target) = match word.split_once(':') {
            Some((name, target)) => (name, Some(target.to_owned())),
            None => (word, None),
        };
        let Some(found) = self.state.baseline(suite, name).await? else { return self.find(word).await };
        match target.or(found.target) {
            Some(target) => self.find(&format!("{}:{target}", found.run)).await,
            None => self.find(&found.run.to_string()).await,
        }
    }

    /// The newest complete run of the same suite and tier at the commit where a branch, a tag or a commit and the files here
    /// parted, or at the nearest commit before it that has one. A target may be named after a colon.
    async fn run_at(&self, candidate: &Candidate<'_>, word: &str) -> Result<(RunRow, Option<String>), Failure> {
        const COMMITS: &str = "--max-count=1000";
        let (reference, target) = match word.split_once(':') {
            Some((reference, target)) => (reference, Some(target.to_owned())),
            None => (word, None),
        };
        let shown = assay_report::plain(reference, 200);
        if reference.is_empty() || reference.starts_with('-') {
            return Err(usage(format!("`@{shown}` names no branch, tag or commit")));
        }
        let suite = self.workspace.find_recorded(candidate.suite_path);
        // The suite of a run from elsewhere may be gone; the project is here.
        let folder =
            suite.parent().filter(|folder| folder.is_dir()).map_or_else(|| self.workspace.project(), Path::to_owned);
        let git = |arguments: &[&str]| crate::waiting(|| git::answer(&folder, arguments));
        let Some(base) = git(&["merge-base", reference, "HEAD"]) else {
            return Err(usage(format!(
                "git knows no commit that `{shown}` and HEAD have in common: fetch it (for actions/checkout `fetch-depth: 0`)"
            )));
        };
        let listed = git(&["rev-list", "--first-parent", COMMITS, &base]).unwrap_or_default();
        let order: HashMap<&str, usize> = listed.lines().enumerate().map(|(at, commit)| (commit, at)).collect();
        let rows = self.state.runs(Some(candidate.suite), None, 1_000).await?;
        let near = rows
            .into_iter()
            .filter(|row| row.status == RunStatus::Sealed && Some(row.record.id) != candidate.run)
            .filter(|row| row.record.tier.as_deref() == candidate.tier)
            .filter(|row| candidate.narrowed.is_none_or(|narrowed| row.record.narrowed == narrowed))
            .filter_map(|row| Some((*order.get(row.record.git.as_deref()?)?, row)))
            .min_by_key(|(at, _)| *at);
        match near {
            Some((_, row)) => Ok((row, target)),
            None => Err(usage(format!(
                "no complete run of `{}` is at `{shown}` ({}) or before it: check that commit out and run the suite there, in \
                 this workspace (`--workspace`)",
                candidate.suite,
                base.get(..12).unwrap_or(&base)
            ))),
        }
    }

    /// A run's scores without the cases beyond its last look, and those of what it is compared with.
    pub async fn compared(
        &self,
        record: &RunRecord,
        against: &Against,
    ) -> Result<(RunScores, Option<(RunId, BaselineScores)>), Failure> {
        let base = self.baseline_run(record, against).await?;
        self.compared_with(record, base).await
    }

    /// As [`Home::compared`], with a run that was found already.
    ///
    /// # Errors
    /// As [`Home::scores`].
    pub async fn compared_with(
        &self,
        record: &RunRecord,
        base: Option<(RunRow, Option<String>)>,
    ) -> Result<(RunScores, Option<(RunId, BaselineScores)>), Failure> {
        let left_out = self.beyond(record).await?;
        let Some((found, target)) = base else { return Ok((self.scores(record, &left_out).await?, None)) };
        let (scores, other) = if found.record.id == record.id {
            (self.scores(record, &left_out).await?, None)
        } else {
            // Both at once, each on a processor of its own.
            self.tellable(&found.record)?;
            let reading = tokio::spawn(scores_in(self.lake.clone(), found.record.clone(), left_out.clone()));
            let scores = self.scores(record, &left_out).await?;
            let mut other = reading.await.map_err(|error| Failure::from(error.to_string()))??;
            self.attach_labels(&mut other).await?;
            (scores, Some(other))
        };
        Ok((scores, Some((found.record.id, BaselineScores { scores: other, target }))))
    }

    /// The cases beyond the last look of a run: one that its gate ended there did not miss them, and what a run that was
    /// interrupted later has of them is no part of the look.
    pub async fn beyond(&self, record: &RunRecord) -> Result<HashSet<Digest>, Failure> {
        match record.looks.last() {
            Some(look) if look.cases < look.of => self.after(record, look.cases, look.of).await,
            _ => Ok(HashSet::new()),
        }
    }

    /// The digests of the cases between two places in a run's order.
    async fn after(&self, record: &RunRecord, from: u64, to: u64) -> Result<HashSet<Digest>, Failure> {
        const CHUNK: usize = 1_000;
        let plan = PlanFile::open(&self.workspace, record.plan).await?;
        let order = Permutation::new(plan.cases, record.seed);
        let positions: Vec<u64> = (from..to).map(|index| order.at(index)).collect();
        let mut digests = HashSet::new();
        for chunk in positions.chunks(CHUNK) {
            digests.extend(plan.cases_at(chunk).await?.into_iter().map(|at| at.digest));
        }
        Ok(digests)
    }

    /// Cases that failed: trials without an answer first, then the lowest scores.
    ///
    /// None of a run over a sealed part: its cases are not to be seen.
    pub async fn failing(&self, record: &RunRecord) -> Result<Vec<Failing>, Failure> {
        let mut failing = Vec::new();
        if record.sealed().is_some() {
            return Ok(failing);
        }
        let text = |row: &serde_json::Map<String, serde_json::Value>, key: &str| {
            row.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
        };
        let id = record.id;
        let sql = format!(
            "SELECT case_id, target, coalesce(error_kind, status) AS kind, error_message FROM trials \
             WHERE run_id = '{id}' AND status <> 'ok' ORDER BY case_id, target LIMIT {MOST_FAILING}"
        );
        for row in self.lake.query(&sql, None).await?.json().await? {
            failing.push(Failing {
                case: text(&row, "case_id"),
                target: text(&row, "target"),
                scorer: text(&row, "kind"),
                value: None,
                why: text(&row, "error_message"),
                output: String::new(),
            });
        }
        for scorer in &record.scorers {
            let Some(threshold) = scorer.threshold else { continue };
            let (sign, order) = match scorer.direction {
                assay_core::Direction::Higher => ("<", "ASC"),
                assay_core::Direction::Lower => (">", "DESC"),
            };
            let name = scorer.name.replace('\'', "''");
            let sql = format!(
                "SELECT number, case_id, target, value, rationale FROM scores \
                 WHERE run_id = '{id}' AND scorer = '{name}' AND value {sign} {threshold:?} \
                 ORDER BY value {order}, case_id, target LIMIT {MOST_FAILING}"
            );
            let rows = self.lake.query(&sql, None).await?.json().await?;
            // Joining in SQL would hold every answer of the run in memory.
            let number = |row: &serde_json::Map<String, serde_json::Value>| {
                row.get("number").and_then(serde_json::Value::as_i64).unwrap_or_default()
            };
            let numbers: Vec<String> = rows.iter().map(|row| number(row).to_string()).collect();
            let mut outputs = std::collections::HashMap::new();
            if !numbers.is_empty() {
                let sql = format!(
                    "SELECT number, substr(output, 1, 2000) AS output FROM trials \
                     WHERE run_id = '{id}' AND number IN ({})",
                    numbers.join(", ")
                );
                for row in self.lake.query(&sql, None).await?.json().await? {
                    outputs.insert(number(&row), text(&row, "output"));
                }
            }
            for row in rows {
                failing.push(Failing {
                    case: text(&row, "case_id"),
                    target: text(&row, "target"),
                    scorer: scorer.name.clone(),
                    value: row.get("value").and_then(serde_json::Value::as_f64),
                    why: text(&row, "rationale"),
                    output: outputs.remove(&number(&row)).unwrap_or_default(),
                });
            }
        }
        Ok(failing)
    }

    /// The table of runs as SQL sees it, for a statement that may speak of it.
    async fn runs_table(&self, sql: &str) -> Result<Option<RecordBatch>, Failure> {
        // Of other statements it would be read for nothing; `SHOW TABLES` names it.
        let sql = sql.to_lowercase();
        if !["runs", "information_schema", "show"].iter().any(|word| sql.contains(word)) {
            return Ok(None);
        }
        let lines = self.state.run_lines(MOST_RUNS).await?;
        let texts = |of: fn(&RunLine) -> String| Column::Texts(lines.iter().map(of).collect());
        let numbers = |of: fn(&RunLine) -> i64| Column::Numbers(lines.iter().map(of).collect());
        Ok(Some(export::batch_of(vec![
            ("run_id", texts(|line| line.id.clone())),
            ("suite", texts(|line| line.suite.clone())),
            ("status", texts(|line| line.status.clone())),
            ("started_us", numbers(|line| line.started_us)),
            ("planned", numbers(|line| line.planned)),
            ("ok", numbers(|line| line.totals.ok.cast_signed())),
            ("errors", numbers(|line| line.totals.errors.cast_signed())),
            ("cost_nanousd", numbers(|line| line.totals.cost().nanos())),
            ("git", texts(|line| line.git.clone().unwrap_or_default())),
        ])?))
    }

    /// Asks the tables `trials`, `scores` and `runs` in SQL. Runs over sealed parts have no trials and no scores; their ids are
    /// put into `hidden`.
    ///
    /// # Errors
    /// The statement is not a query, or fails.
    pub async fn ask(&self, sql: &str, hidden: &mut Vec<RunId>) -> Result<Rows, Failure> {
        self.ask_of(&self.lake, sql, hidden).await
    }

    /// As [`Home::ask`], of a lake that may be this one's within bounds.
    ///
    /// # Errors
    /// As there.
    pub async fn ask_of(&self, lake: &Lake, sql: &str, hidden: &mut Vec<RunId>) -> Result<Rows, Failure> {
        hidden.extend(self.state.sealed_runs().await?);
        Ok(lake.query_without(sql, self.runs_table(sql).await?, hidden).await?)
    }

    /// As [`Home::ask`], for somebody who has said why sealed parts must be seen.
    ///
    /// # Errors
    /// As there.
    pub async fn ask_all(&self, sql: &str) -> Result<Rows, Failure> {
        Ok(self.lake.query(sql, self.runs_table(sql).await?).await?)
    }

    /// What a reader should know of a run's judges.
    ///
    /// # Errors
    /// The lake cannot be read.
    pub async fn conduct(&self, record: &RunRecord) -> Result<Vec<String>, Failure> {
        let judges: Vec<&str> =
            record.scorers.iter().filter(|scorer| scorer.judge).map(|scorer| scorer.name.as_str()).collect();
        let mut conduct = Conduct::default();
        self.lake
            .for_each_judgement(record, &judges, |found| {
                conduct.push(found.scorer, found.label, found.reason, found.details);
            })
            .await?;
        Ok(conduct.notes())
    }

    /// The report of a run, against a baseline when there is one: a run and target that the user names, else the
    /// suite's baseline of that name.
    pub async fn report(
        &self,
        row: RunRow,
        target: Option<&str>,
        baseline: Against,
    ) -> Result<(Report, RunScores), Failure> {
        let (scores, base) = self.compared(&row.record, &baseline).await?;
        let find = |name: &str| base.as_ref()?.1.arm(&scores, name);
        let confidence = row.record.gate.confidence;
        let gate = evaluate(&scores, &find);
        let arm = scores.arm(target).or_else(|| scores.arm(None));
        let comparison = match (arm, base.is_some()) {
            (Some(arm), true) => find(arm.name()).map(|baseline| compare(arm, baseline, confidence)),
            _ => None,
        };
        let mut summary = summarize(&scores, confidence);
        summary.warnings.extend(self.conduct(&row.record).await?);
        let failing = self.failing(&row.record).await?;
        let report =
            Report { run: row.record, status: row.status, totals: row.totals, summary, comparison, gate, failing };
        Ok((report, scores))
    }
}

/// What a run is compared with.
#[derive(Clone)]
pub enum Against {
    /// A baseline of the suite by its name, a run, or after `@` a branch, tag or commit; and a target after a colon.
    Run(String),
    /// The suite's baseline of this name, when it is set.
    Named(String),
    /// Nothing.
    Nothing,
}

/// What is compared with a baseline.
pub struct Candidate<'a> {
    /// Its suite.
    pub suite: &'a str,
    /// Where the suite's file is, as runs record it.
    pub suite_path: &'a str,
    /// The tier.
    pub tier: Option<&'a str>,
    /// What the command line took less of; nothing is known of it before a run begins.
    pub narrowed: Option<&'a [String]>,
    /// The run, when it has begun.
    pub run: Option<RunId>,
}

impl Against {
    /// What `--baseline` says: a baseline's name, a run, `none`, or without it the baseline `main`.
    pub fn said(word: Option<String>) -> Self {
        match word.as_deref() {
            None => Self::Named("main".into()),
            Some("none") => Self::Nothing,
            Some(_) => word.map_or(Self::Nothing, Self::Run),
        }
    }
}

/// A run's scores in a lake, without those of some cases.
async fn scores_in(lake: Lake, record: RunRecord, left_out: HashSet<Digest>) -> Result<RunScores, LakeError> {
    let mut scores = RunScores::new(record.clone());
    lake.for_each_score(&record, |row| {
        if !left_out.contains(&row.case_digest) {
            scores.push(&row);
        }
    })
    .await?;
    Ok(scores)
}
