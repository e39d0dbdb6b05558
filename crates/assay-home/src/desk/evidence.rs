//! Which runs a release is judged by, and what the policy says of them.

use std::collections::{BTreeMap, BTreeSet};

use assay_analysis::RunScores;
use assay_core::{RunId, RunRecord, RunStatus};
use assay_release::record::NamedRun;
use assay_release::verdict::{Evidence, judge};
use assay_release::{Measured, Policy, Release, Requirement, Verdict};
use assay_stats::judges::Grade;
use assay_store::{Releases, RunRow};

use crate::{Against, Failure, Home};

/// The most runs of a suite that are looked through.
const MOST_RUNS: u32 = 10_000;

/// The run that a requirement is judged by.
pub struct Picked {
    /// The run.
    pub row: RunRow,
    /// The target of it that is the candidate.
    pub target: Option<String>,
    /// Which run of its candidate it is; counted when it is not given.
    pub attempt: Option<u32>,
}

/// The run for a requirement: the one that is named now, the one that the release was opened with, else the newest.
pub async fn pick(
    home: &Home,
    release: &Release,
    requirement: &Requirement,
    named: &[RunRow],
) -> Result<Result<Picked, String>, Failure> {
    let opened = release.opened.candidate.get(&requirement.suite);
    let mut row = named.iter().find(|row| requirement.is_for(&row.record)).cloned();
    if row.is_none()
        && let Some(opened) = opened
    {
        row = Some(home.state.find_run(&opened.run.to_string()).await?).filter(|row| requirement.is_for(&row.record));
    }
    if row.is_none() {
        row = newest(home, requirement).await?;
    }
    let Some(row) = row else {
        let tier = requirement.tier.as_ref().map_or_else(String::new, |tier| format!(" --tier {tier}"));
        return Ok(Err(format!("there is none: `assay run` the suite `{}`{tier}", requirement.suite)));
    };
    let id = row.record.id.short();
    // Who could look at parts of a run until they please could have them taken over.
    let mut taken = row.record.answers_of.as_ref().map(|of| of.run);
    while let Some(source) = taken {
        let Ok(source) = home.state.find_run(&source.to_string()).await else { break };
        if !requirement.is_for(&source.record) {
            let source = source.record.id.short();
            return Ok(Err(format!(
                "run {id} took over answers of run {source}, which was not of the whole: run the suite anew"
            )));
        }
        taken = source.record.answers_of.as_ref().map(|of| of.run);
    }
    if row.status != RunStatus::Sealed {
        return Ok(Err(format!("run {id} is not complete: go on with `assay resume {id}`")));
    }
    let target = opened.and_then(|opened| opened.target.clone()).or_else(|| release.opened.target.clone());
    if let Some(target) = target.as_deref().filter(|target| !row.record.targets.iter().any(|of| of.name == *target)) {
        return Ok(Err(format!("run {id} has no target `{target}`")));
    }
    if let Some(opened) = opened
        && !Measured::of(&row.record, target.as_deref()).same_candidate(&opened.measured)
    {
        return Ok(Err(format!("run {id} is of another candidate than the release was opened for")));
    }
    Ok(Ok(Picked { row, target, attempt: None }))
}

/// The newest complete run of a suite and tier.
pub async fn newest(home: &Home, requirement: &Requirement) -> Result<Option<RunRow>, Failure> {
    let rows = home.state.runs(Some(&requirement.suite), None, 1_000).await?;
    Ok(rows.into_iter().find(|row| row.status == RunStatus::Sealed && requirement.is_for(&row.record)))
}

/// The verdicts on runs, in the order of the requirements.
pub async fn verdicts(
    home: &Home,
    releases: &Releases,
    policy: &Policy,
    release: &Release,
    picked: Vec<(&Requirement, Result<Picked, String>)>,
) -> Result<Vec<Verdict>, Failure> {
    let (mut evidence, mut places) = (Vec::new(), Vec::new());
    for (requirement, found) in picked {
        let Picked { row, target, attempt } = match found {
            Ok(found) => found,
            Err(why) => {
                places.push(Some(Verdict::without_run(requirement, why)));
                continue;
            }
        };
        let against = against(policy, release.opened.baseline.get(&requirement.suite));
        let (scores, baseline) = home.compared(&row.record, &against).await?;
        let measured = Measured::of(&row.record, target.as_deref());
        let attempt = match attempt {
            Some(attempt) => attempt,
            None => {
                let against = home.baseline_run(&row.record, &against).await?.map(|(row, _)| row.record);
                let before =
                    looks_before(home, releases, requirement, &row.record, &measured, against.as_ref()).await?;
                u32::try_from(before.len()).unwrap_or(u32::MAX).saturating_add(1)
            }
        };
        let grades = grades(&scores);
        evidence.push(Evidence::new(policy, requirement, scores, target, baseline, attempt, grades));
        places.push(None);
    }
    let mut judged = crate::waiting(|| judge(policy, &evidence)).into_iter();
    Ok(places.into_iter().filter_map(|place| place.or_else(|| judged.next())).collect())
}

/// The runs of a candidate that a requirement could have been judged by before this one: evaluated or not, in whatever
/// release, complete or stopped on the way. Who may choose among several runs chooses the luckiest. Runs that are older than
/// the policy lets evidence be do not count. A candidate that its fingerprint does not tell from the baseline (a service
/// behind the same address) is told by the commit, and its runs count from the baseline's on.
async fn looks_before(
    home: &Home,
    releases: &Releases,
    requirement: &Requirement,
    record: &RunRecord,
    measured: &Measured,
    baseline: Option<&RunRecord>,
) -> Result<BTreeSet<RunId>, Failure> {
    let scorers = requirement.scorers();
    let targets: BTreeSet<&str> = measured.targets.keys().map(String::as_str).collect();
    // Of the same targets as this run's: another run may have more.
    let same = |other: &RunRecord| {
        let mut of = Measured::of(other, None);
        of.targets.retain(|name, _| targets.contains(name.as_str()));
        measured.same_look(&of, &scorers)
    };
    // What was changed without a commit is still of its commit.
    let commit =
        |record: &RunRecord| record.git.as_ref().map(|git| git.strip_suffix("-dirty").unwrap_or(git).to_owned());
    let behind = baseline.filter(|baseline| same(baseline) && commit(baseline) != commit(record));
    let oldest = requirement.max_age_days.map_or(i64::MIN, |days| record.started_us - i64::from(days) * 86_400_000_000);
    let rows = home.state.runs(Some(&requirement.suite), None, MOST_RUNS).await?;
    let known: BTreeMap<RunId, RunRow> = rows.into_iter().map(|row| (row.record.id, row)).collect();
    let mut looks: BTreeSet<RunId> = known
        .values()
        .filter(|row| requirement.is_for(&row.record) && row.totals.ok > 0 && same(&row.record))
        .filter(|row| behind.is_none_or(|base| row.record.id > base.id && commit(&row.record) == commit(record)))
        .map(|row| row.record.id)
        .collect();
    if behind.is_none() {
        // Runs that the workspace does not know any more.
        for number in releases.numbers().await? {
            let lines = releases.lines(number).await?;
            if let Ok(release) = Release::read(lines.iter().map(String::as_str)) {
                looks.extend(release.looks(requirement, measured));
            }
        }
    }
    looks.retain(|run| {
        let began = known.get(run).map(|row| row.record.started_us);
        *run < record.id && began.is_none_or(|began| began >= oldest)
    });
    Ok(looks)
}

/// What a suite's candidate is compared with.
pub fn against(policy: &Policy, named: Option<&NamedRun>) -> Against {
    match named {
        Some(NamedRun { run, target: Some(target), .. }) => Against::Run(format!("{run}:{target}")),
        Some(NamedRun { run, target: None, .. }) => Against::Run(run.to_string()),
        None => Against::Named(policy.baseline.clone()),
    }
}

/// The run that a suite's candidate is compared with now.
pub async fn baseline_now(
    home: &Home,
    policy: &Policy,
    release: &Release,
    row: &RunRow,
) -> Result<Option<RunId>, Failure> {
    let against = against(policy, release.opened.baseline.get(&row.record.suite));
    Ok(home.baseline_run(&row.record, &against).await?.map(|(row, _)| row.record.id))
}

/// The grades of a run's judges, as their certificates are worth today.
fn grades(scores: &RunScores) -> BTreeMap<String, Grade> {
    let judges = scores.record.scorers.iter().enumerate().filter(|(_, scorer)| scorer.judge);
    judges.map(|(at, scorer)| (scorer.name.clone(), scores.grade(at))).collect()
}
