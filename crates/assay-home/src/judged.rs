//! What judges said, as stored runs have it, and what people said of the same answers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use assay_analysis::certificate::Verdict;
use assay_analysis::conduct::orders as orders_in;
use assay_analysis::labels::{Coded, Coding, Truth, together};
use assay_analysis::{Calibration, Certificate, RunScores};
use assay_core::label::item;
use assay_core::row::Missing;
use assay_core::score::ScorerRecord;
use assay_core::{Digest, Drawn, Output, RunRecord, RunStatus, Silence};
use assay_engine::{Options, Prepared};
use assay_store::StoredLabel;

use crate::{Failure, Home, usage};

/// The most runs that are looked at when none is named.
const MOST_RUNS: usize = 20;
/// Answers that only one run has, from which on a run without any label among them was not drawn from.
const OWN_ANSWERS: usize = 10;

/// What is known of an answer beside its verdicts.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The case's id.
    pub case: String,
    /// The case's digest.
    pub case_digest: Digest,
    /// The targets that gave it: the same words by two targets are one item.
    pub targets: BTreeSet<String>,
    /// The answer's text.
    pub length: usize,
    /// Marks of Markdown and lists, per line.
    pub marks: f64,
}

/// Everything that runs hold of a judge.
pub struct Gathered {
    /// The judge.
    pub scorer: ScorerRecord,
    /// The runs, oldest first.
    pub runs: Vec<RunRecord>,
    /// Versions of targets.
    pub arms: Vec<String>,
    /// Every verdict.
    pub verdicts: Vec<Verdict>,
    /// For each verdict the run that holds it, by place.
    pub run_of: Vec<usize>,
    /// Every answer that was judged.
    pub answers: HashMap<Digest, Answer>,
    /// The name behind each number of [`Verdict::cluster`]: numbers of two judges do not mean the same.
    pub clusters: Vec<String>,
    /// For a judge of pairs what it said in both orders, and the number of the case's cluster.
    pub orders: Vec<(f64, f64, u32)>,
    /// What happened on the way.
    pub notes: Vec<String>,
}

/// Finds a judge by its name in the newest run that has it, or by its fingerprint.
pub async fn find(home: &Home, word: &str) -> Result<ScorerRecord, Failure> {
    let prefix = word.len() >= 8 && word.chars().all(|c| c.is_ascii_hexdigit());
    let rows = home.state.runs(None, None, 1_000).await?;
    let mut scorers = rows.iter().flat_map(|row| &row.record.scorers);
    let fits = |s: &&ScorerRecord| s.name == word || (prefix && s.fingerprint.to_string().starts_with(word));
    let Some(found) = scorers.find(fits).cloned() else {
        let known: BTreeSet<&str> = rows
            .iter()
            .flat_map(|row| &row.record.scorers)
            .filter(|scorer| scorer.judge)
            .map(|scorer| scorer.name.as_str())
            .collect();
        let known: Vec<&str> = known.into_iter().collect();
        return Err(usage(match known.is_empty() {
            true => format!("no run has a judge `{word}`: run a suite with a judge first"),
            false => format!("no run has a judge `{word}` (there are: {})", known.join(", ")),
        }));
    };
    if !found.judge {
        return Err(usage(format!(
            "`{word}` is no judge: it is a rule (`{}`), which needs no calibration",
            found.kind
        )));
    }
    Ok(found)
}

/// The runs that hold a judge's verdicts: those that are named, else the newest complete ones.
async fn runs_of(
    home: &Home,
    scorer: &ScorerRecord,
    named: &[String],
) -> Result<(Vec<RunRecord>, Vec<String>), Failure> {
    let has = |record: &RunRecord| record.scorers.iter().any(|other| other.fingerprint == scorer.fingerprint);
    let mut notes = Vec::new();
    let mut runs = Vec::new();
    for word in named {
        let record = home.state.find_run(word).await?.record;
        if !has(&record) {
            let same = record.scorer(&scorer.name).is_some();
            return Err(usage(match same {
                true => format!(
                    "in run {} the judge `{}` is another one: its model, prompt, scale or parser was different",
                    record.id.short(),
                    scorer.name
                ),
                false => format!("run {} has no judge `{}`", record.id.short(), scorer.name),
            }));
        }
        runs.push(record);
    }
    if named.is_empty() {
        let rows = home.state.runs(None, None, 1_000).await?;
        let rows = rows.into_iter().filter(|row| row.status == RunStatus::Sealed && has(&row.record));
        runs = rows.map(|row| row.record).collect();
        if runs.len() > MOST_RUNS {
            notes.push(format!(
                "{} runs have verdicts of this judge: the newest {MOST_RUNS} are looked at; `--run` names others",
                runs.len()
            ));
            runs.truncate(MOST_RUNS);
        }
    }
    runs.sort_by_key(|record| record.started_us);
    runs.dedup_by_key(|record| record.id);
    if runs.is_empty() {
        return Err(usage(format!("no complete run has verdicts of `{}`", scorer.name)));
    }
    Ok((runs, notes))
}

/// Names for the versions of targets: the target's name, with a part of its fingerprint where there are several.
fn arms_of(runs: &[RunRecord]) -> (Vec<String>, HashMap<(String, Digest), usize>) {
    let mut versions: BTreeMap<&str, Vec<Digest>> = BTreeMap::new();
    let mut order: Vec<(&str, Digest)> = Vec::new();
    for target in runs.iter().flat_map(|run| &run.targets) {
        let known = versions.entry(&target.name).or_default();
        if !known.contains(&target.fingerprint) {
            known.push(target.fingerprint);
            order.push((&target.name, target.fingerprint));
        }
    }
    let name = |(name, fingerprint): &(&str, Digest)| match versions[name].len() {
        1 => (*name).to_owned(),
        _ => format!("{name}@{}", fingerprint.short()),
    };
    let places = order.iter().enumerate().map(|(at, (name, digest))| (((*name).to_owned(), *digest), at)).collect();
    (order.iter().map(name).collect(), places)
}

/// The suite of a run as it stands today, with the place of a scorer in it; `None` where it is not what it was.
///
/// # Errors
/// Everything that is wrong with the suite.
pub fn declared(
    home: &Home,
    record: &RunRecord,
    fingerprint: Digest,
    offline: bool,
) -> Result<Option<(Prepared, usize)>, Failure> {
    let options = Options {
        tier: record.tier.clone(),
        epochs: Some(record.epochs),
        offline,
        library: Some(home.library()),
        ..Options::default()
    };
    let path = home.workspace.find_recorded(&record.suite_path);
    let prepared = Prepared::from_text(&record.suite_text, &path, &options)?;
    let place = prepared.scorer_records(&record.datasets).iter().position(|known| known.fingerprint == fingerprint);
    Ok(place.map(|place| (prepared, place)))
}

/// Everything that the runs hold of a judge.
pub async fn gather(home: &Home, scorer: ScorerRecord, named: &[String]) -> Result<Gathered, Failure> {
    let (runs, notes) = runs_of(home, &scorer, named).await?;
    let (arms, places) = arms_of(&runs);
    let mut gathered = Gathered {
        scorer,
        runs,
        arms,
        verdicts: Vec::new(),
        run_of: Vec::new(),
        answers: HashMap::new(),
        clusters: Vec::new(),
        orders: Vec::new(),
        notes,
    };
    let mut clusters: HashMap<String, u32> = HashMap::new();
    let mut number = |name: String| {
        let next = u32::try_from(clusters.len()).unwrap_or(u32::MAX);
        *clusters.entry(name).or_insert(next)
    };
    for (at, run) in gathered.runs.iter().enumerate() {
        let Some(name) = run.scorers.iter().find(|s| s.fingerprint == gathered.scorer.fingerprint).map(|s| &s.name)
        else {
            continue;
        };
        // By case, as the cluster is only known from the scores.
        let mut orders: Vec<(Digest, (f64, f64))> = Vec::new();
        let mut cluster_of: HashMap<Digest, u32> = HashMap::new();
        // Why there is no verdict, by target, case and repeat.
        let mut silent: HashMap<(String, Digest, u32), Silence> = HashMap::new();
        home.lake
            .for_each_judgement(run, &[name.as_str()], |found| {
                let Ok(case) = found.case_digest.parse::<Digest>() else { return };
                orders.extend(found.details.into_iter().flat_map(orders_in).map(|pair| (case, pair)));
                if let Some(reason) = found.reason {
                    silent.insert((found.target.to_owned(), case, found.epoch), Silence::of(reason));
                }
            })
            .await?;
        // Answers first: a verdict is on an answer.
        let mut items: HashMap<(usize, Digest, u32), Digest> = HashMap::new();
        let mut stream = home.lake.answers(run).await?;
        while let Some(batch) = stream.next().await? {
            for row in batch {
                let Some(target) = run.targets.iter().position(|target| target.name == row.target) else { continue };
                let named = item(&row.case_digest, &row.output);
                items.insert((target, row.case_digest, row.epoch), named);
                let answer = gathered.answers.entry(named).or_insert_with(|| {
                    let text = row.output.text();
                    Answer {
                        case: String::new(),
                        case_digest: row.case_digest,
                        targets: BTreeSet::new(),
                        length: text.chars().count(),
                        marks: marks(&text),
                    }
                });
                answer.targets.insert(row.target);
            }
        }
        home.lake
            .for_each_score(run, |row| {
                if row.scorer != name || !matches!(row.missing, None | Some(Missing::Unscored)) {
                    return;
                }
                let Some(target) = run.targets.iter().position(|target| target.name == row.target) else { return };
                let Some(named) = items.get(&(target, row.case_digest, row.epoch)) else { return };
                if let Some(answer) = gathered.answers.get_mut(named)
                    && answer.case.is_empty()
                {
                    row.case_id.clone_into(&mut answer.case);
                }
                let cluster = match row.cluster {
                    Some(cluster) => number(format!("cluster {cluster}")),
                    None => number(row.case_digest.to_string()),
                };
                cluster_of.insert(row.case_digest, cluster);
                gathered.run_of.push(at);
                gathered.verdicts.push(Verdict {
                    item: *named,
                    case: row.case_id.to_owned(),
                    cluster,
                    clustered: row.cluster.is_some(),
                    arm: places[&(run.targets[target].name.clone(), run.targets[target].fingerprint)],
                    epoch: row.epoch,
                    value: row.value.ok_or_else(|| {
                        let trial = (row.target.to_owned(), row.case_digest, row.epoch);
                        silent.get(&trial).copied().unwrap_or(Silence::Other)
                    }),
                    metadata: row.metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                });
            })
            .await?;
        for (case, (first, second)) in orders {
            let cluster = cluster_of.get(&case).copied().unwrap_or_else(|| number(case.to_string()));
            gathered.orders.push((first, second, cluster));
        }
    }
    gathered.settle(clusters);
    Ok(gathered)
}

/// Marks of Markdown and lists in a text, per line of it.
fn marks(text: &str) -> f64 {
    let starts = |line: &str| {
        let line = line.trim_start();
        let numbered =
            line.split_once(['.', ')']).is_some_and(|(n, _)| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()));
        line.starts_with(['-', '*', '#', '|', '>']) || line.starts_with("```") || numbered
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let (mut all, mut marked) = (0usize, 0usize);
    for line in lines {
        all += 1;
        marked += usize::from(starts(line) || line.contains("**"));
    }
    marked as f64 / all.max(1) as f64
}

impl Gathered {
    /// Puts verdicts into the order of their cases, and numbers clusters by it: trials end in any order, and what is drawn at
    /// random from the same verdicts must be the same.
    fn settle(&mut self, clusters: HashMap<String, u32>) {
        let verdicts = std::mem::take(&mut self.verdicts);
        let mut ordered: Vec<(Verdict, usize)> = verdicts.into_iter().zip(std::mem::take(&mut self.run_of)).collect();
        ordered
            .sort_by(|(a, run_a), (b, run_b)| (&a.case, a.arm, a.epoch, run_a).cmp(&(&b.case, b.arm, b.epoch, run_b)));
        (self.verdicts, self.run_of) = ordered.into_iter().unzip();
        let mut names: HashMap<u32, String> = clusters.into_iter().map(|(name, number)| (number, name)).collect();
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let with_verdicts = self.verdicts.iter_mut().map(|verdict| &mut verdict.cluster);
        for cluster in with_verdicts.chain(self.orders.iter_mut().map(|(_, _, cluster)| cluster)) {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(*cluster).or_insert(next);
            if number == next {
                self.clusters.push(names.remove(cluster).unwrap_or_default());
            }
            *cluster = number;
        }
    }

    /// Leaves out runs whose own answers carry no label while answers that they share do: labels were not drawn from them.
    pub fn leave_out_unlabelled(&mut self, truths: &HashMap<Digest, Truth>) {
        if self.runs.len() < 2 {
            return;
        }
        let mut in_runs: HashMap<Digest, BTreeSet<usize>> = HashMap::new();
        for (verdict, run) in self.verdicts.iter().zip(&self.run_of) {
            in_runs.entry(verdict.item).or_default().insert(*run);
        }
        let (mut own, mut labelled) = (vec![0usize; self.runs.len()], vec![0usize; self.runs.len()]);
        for (named, runs) in &in_runs {
            if let (1, Some(run)) = (runs.len(), runs.first()) {
                own[*run] += 1;
                labelled[*run] += usize::from(truths.contains_key(named));
            }
        }
        let out: HashSet<usize> =
            (0..self.runs.len()).filter(|run| own[*run] >= OWN_ANSWERS && labelled[*run] == 0).collect();
        if out.is_empty() || out.len() == self.runs.len() {
            return;
        }
        for run in &out {
            self.notes.push(format!(
                "run {} is left out: none of the {} answers that only it has carries a label, so that labels were not drawn \
                 from it",
                self.runs[*run].id.short(),
                own[*run]
            ));
        }
        let keep: Vec<bool> = self.run_of.iter().map(|run| !out.contains(run)).collect();
        let mut at = keep.iter();
        self.verdicts.retain(|_| *at.next().unwrap_or(&true));
        // Arms and runs are numbered anew.
        let kept: Vec<RunRecord> =
            self.runs.iter().enumerate().filter(|(run, _)| !out.contains(run)).map(|(_, run)| run.clone()).collect();
        let used: BTreeSet<usize> = self.verdicts.iter().map(|verdict| verdict.arm).collect();
        let places: HashMap<usize, usize> = used.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        self.arms = used.iter().map(|arm| self.arms[*arm].clone()).collect();
        self.verdicts.iter_mut().for_each(|verdict| verdict.arm = places[&verdict.arm]);
        let place = |old: usize| kept.iter().position(|run| run.id == self.runs[old].id).unwrap_or_default();
        self.run_of = self.run_of.iter().filter(|run| !out.contains(run)).map(|run| place(*run)).collect();
        self.runs = kept;
    }
}

impl Home {
    /// What people said under a criterion, on a judge's scale; labels that are off it are left out.
    pub async fn truths(&self, certificate: &Certificate) -> Result<(HashMap<Digest, Truth>, Vec<String>), Failure> {
        let coded: Vec<Coded> = self
            .state
            .labels(&certificate.criterion)
            .await?
            .into_iter()
            .filter_map(|stored| coded(&certificate.coding, stored))
            .collect();
        Ok(together(&coded, certificate.coding.score))
    }

    /// Attaches to a run's scores what is known of its judges: certificates, and labels of the run's answers.
    pub async fn attach_labels(&self, scores: &mut RunScores) -> Result<(), Failure> {
        let record = scores.record.clone();
        let mut known = Vec::new();
        for scorer in &record.scorers {
            let stored = match scorer.judge {
                true => self.state.certificate::<Certificate>(scorer.fingerprint).await?,
                false => None,
            };
            let Some(stored) = stored else {
                known.push(None);
                continue;
            };
            let (standing, _) = self.standing(&stored).await?;
            let population = self.state.population(stored.id).await?;
            let (truths, _) = self.truths(&stored.certificate).await?;
            known.push(Some((standing, population, truths)));
        }
        if known.iter().all(Option::is_none) {
            return Ok(());
        }
        /// An answer's part of a case: how many epochs, their labels, the least chance.
        #[derive(Clone, Copy, Default)]
        struct Part {
            answers: u32,
            labelled: u32,
            sum: f64,
            chance: Option<f64>,
        }
        let targets = record.targets.len();
        let mut parts: Vec<HashMap<(usize, usize), Part>> = vec![HashMap::new(); known.len()];
        let mut covered = vec![vec![(0u64, 0u64); targets]; known.len()];
        let mut stream = self.lake.answers(&record).await?;
        while let Some(batch) = stream.next().await? {
            for row in batch {
                let Some(target) = record.targets.iter().position(|target| target.name == row.target) else { continue };
                let Some(case) = scores.cases.position(&row.case_digest) else { continue };
                let named = item(&row.case_digest, &row.output);
                for (scorer, known) in known.iter().enumerate() {
                    let Some((_, population, truths)) = known else { continue };
                    covered[scorer][target].1 += 1;
                    covered[scorer][target].0 += u64::from(population.holds(&named));
                    let part = parts[scorer].entry((target, case)).or_default();
                    part.answers += 1;
                    let truth = truths.get(&named).filter(|truth| truth.random);
                    if let Some((value, chance)) = truth.and_then(|truth| Some((truth.value?, truth.chance))) {
                        part.labelled += 1;
                        part.sum += value;
                        part.chance = match (part.chance, chance) {
                            (Some(a), Some(b)) => Some(f64::min(a, b)),
                            (known, new) => new.or(known),
                        };
                    }
                }
            }
        }
        scores.calibrations = known
            .into_iter()
            .zip(parts)
            .zip(covered)
            .map(|((known, parts), covered)| {
                let (standing, ..) = known?;
                let whole = parts.into_iter().filter(|(_, part)| part.labelled == part.answers && part.labelled > 0);
                Some(Calibration {
                    standing,
                    truths: whole.map(|(at, p)| (at, (p.sum / f64::from(p.labelled), p.chance))).collect(),
                    covered: covered.into_iter().map(|(of, all)| of as f64 / all.max(1) as f64).collect(),
                })
            })
            .collect();
        Ok(())
    }

    /// The answers of some items, which are to cases with these ids, with the run and the repeat: the newest run's where several
    /// have one.
    pub async fn answers_to(
        &self,
        runs: &[RunRecord],
        wanted: &HashMap<Digest, &str>,
    ) -> Result<HashMap<Digest, (usize, u32, Output)>, Failure> {
        let mut found: HashMap<Digest, (usize, u32, Output)> = HashMap::new();
        for (at, run) in runs.iter().enumerate().rev() {
            let mut cases: Vec<&str> =
                wanted.iter().filter(|(item, _)| !found.contains_key(*item)).map(|(_, case)| *case).collect();
            cases.sort_unstable();
            cases.dedup();
            if cases.is_empty() {
                break;
            }
            let mut stream = self.lake.answers_to(run, &cases).await?;
            while let Some(batch) = stream.next().await? {
                for row in batch {
                    let named = item(&row.case_digest, &row.output);
                    if wanted.contains_key(&named) {
                        found.entry(named).or_insert((at, row.epoch, row.output));
                    }
                }
            }
        }
        Ok(found)
    }
}

/// A stored label on a judge's scale; `None` when it is off it.
pub fn coded(coding: &Coding, stored: StoredLabel) -> Option<Coded> {
    Some(Coded {
        item: stored.item,
        value: coding.code(&stored.label).ok()?,
        rater: stored.rater,
        drawn: stored.drawn,
        chance: stored.chance,
        labelled_us: stored.labelled_us,
    })
}

/// Whether labels say that their items were drawn by chance.
pub fn drawn(word: &str) -> Result<Drawn, String> {
    match word {
        "random" => Ok(Drawn::Random),
        "by_hand" | "by-hand" => Ok(Drawn::ByHand),
        _ => Err("`random` or `by_hand` is expected".into()),
    }
}
