//! A release's decision on one page.

use std::collections::{BTreeSet, HashSet};

use assay_analysis::RunScores;
use assay_core::Direction;
use assay_core::gate::Role;
use assay_release::decide::{Decision, requires};
use assay_release::record::Stand;
use assay_release::{Policy, Release, Verdict};
use assay_report::memo::{Cause, Memo};
use assay_report::{Report, numbers};
use assay_stats::VerdictKind;
use assay_store::RunRow;

use super::trade::{self, Measure};
use super::{Desk, against, observe};
use crate::{Failure, usage};

/// The most rows of a part of the memo.
const MOST: usize = 8;

impl Desk<'_> {
    /// The memo of a release as it stands.
    ///
    /// # Errors
    /// It was not evaluated, or cannot be read.
    pub async fn memo(&self, word: &str) -> Result<Memo, Failure> {
        written(self, word).await
    }
}

/// What quality and safety are read off, as far as they were found.
#[derive(Default)]
struct Measures {
    quality: Option<Measure>,
    safety: Option<Measure>,
}

async fn written(desk: &Desk<'_>, word: &str) -> Result<Memo, Failure> {
    let (number, release) = desk.find(word).await?;
    let (policy, text) = desk.policy_of(&release)?;
    let observed = observe(desk, &policy, &release).await?;
    let decision = Decision::new(&policy, &text, &release, &observed);
    let Some((_, _, verdicts)) = release.evaluation() else {
        return Err(usage(format!("release {number} was not evaluated: `assay release evaluate {number}`")));
    };
    let mut memo = head(&policy, &release, &decision, number);
    let mut measures = Measures::default();
    let blocks = decision.blocks();
    let held: HashSet<&str> = blocks.iter().map(|block| block.rule.as_str()).collect();
    for verdict in verdicts {
        memo.rules.extend(verdict.findings.iter().map(|finding| {
            [
                finding.kind.as_str().to_owned(),
                format!("{}: {}", finding.rule, requires(finding)),
                finding.found.clone(),
            ]
        }));
        memo.risks.extend(risks(verdict, &held));
        if let Some(run) = verdict.run {
            let row = desk.home.state.find_run(&run.to_string()).await?;
            measured(desk, &policy, &release, (verdict, &row), &mut memo, &mut measures).await?;
        }
    }
    if let (Some(quality), Some(safety)) = (&measures.quality, &measures.safety) {
        memo.trades.extend(quality.against_safety(safety));
    }
    memo.moved.truncate(3 * MOST);
    memo.limits.truncate(MOST);
    memo.causes.truncate(MOST);
    Ok(memo)
}

/// What changed, where it stands, what holds it up and what is waived.
fn head(policy: &Policy, release: &Release, decision: &Decision<'_>, number: u64) -> Memo {
    let opened = &release.opened;
    let blocks = decision.blocks();
    let stand = release.stand(policy.stages.len());
    let stands = match (stand, blocks.len()) {
        (Stand::Shipped | Stand::RolledBack, _) => format!("Release {number} is {}.", stand.as_str()),
        (_, 0) => format!("Release {number} is {}: nothing holds it up.", stand.as_str()),
        (_, n) => format!(
            "Release {number} is {}: {n} {} it up.",
            stand.as_str(),
            if n == 1 { "thing holds" } else { "things hold" }
        ),
    };
    let kinds: Vec<&str> = opened.changes.iter().map(|change| change.as_str()).collect();
    let people = |names: BTreeSet<String>| match names.is_empty() {
        true => "nobody".to_owned(),
        false => names.into_iter().collect::<Vec<_>>().join(", "),
    };
    let mut facts = vec![
        ("Change".to_owned(), format!("{}, {} risk", kinds.join(" and "), opened.risk.as_str())),
        ("By".to_owned(), people(release.authors())),
        ("Agree to it as it stands".to_owned(), people(release.approvers())),
        ("Policy".to_owned(), format!("{} {}", opened.policy_name, decision.digest.short())),
    ];
    if !opened.paths.is_empty() {
        let more = opened.paths.len().saturating_sub(MOST);
        let mut shown = opened.paths.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
        if more > 0 {
            shown.push_str(&format!(" and {more} more"));
        }
        facts.push(("Files".to_owned(), shown));
    }
    let waivers = release.waivers().map(|(entry, waiver)| {
        let counts =
            decision.counts(entry, waiver).err().map_or_else(String::new, |why| format!(" (does not count: {why})"));
        format!(
            "{} {}, by {} until {}: {}; {} sees to: {}{counts}",
            waiver.rule, waiver.name, entry.by, waiver.until, waiver.reason, waiver.owner, waiver.follow_up
        )
    });
    let over = matches!(stand, Stand::Shipped | Stand::RolledBack);
    let mut memo = Memo {
        title: opened.title.clone(),
        stands,
        facts,
        blocks: if over { Vec::new() } else { blocks.iter().map(ToString::to_string).collect() },
        waivers: waivers.collect(),
        ..Memo::default()
    };
    if let Some(owed) = release.owed() {
        memo.risks.push(format!("It went out as an emergency: the evidence is owed by {}.", owed.review_by));
    }
    memo
}

/// What a verdict leaves open beside what holds the release up, in sentences.
fn risks(verdict: &Verdict, held: &HashSet<&str>) -> Vec<String> {
    let passed = |kind| kind == VerdictKind::Pass;
    let open = verdict.findings.iter().filter(|of| !passed(of.kind) && !held.contains(of.rule.as_str()));
    open.map(|finding| {
        let what = match finding.kind {
            VerdictKind::Fail => "does not hold",
            _ if finding.unmeasured => "was not measured",
            _ => "is not shown",
        };
        let needed = finding.needed_n.map_or_else(String::new, |n| format!("; about {n} cases would settle it"));
        let reasons = finding.reasons.iter().map(|reason| format!("; {reason}")).collect::<String>();
        format!("{} {what}: {}{reasons}{needed}", requires(finding), finding.found)
    })
    .collect()
}

/// What a run shows beside its verdict.
async fn measured(
    desk: &Desk<'_>,
    policy: &Policy,
    release: &Release,
    (verdict, row): (&Verdict, &RunRow),
    memo: &mut Memo,
    measures: &mut Measures,
) -> Result<(), Failure> {
    let (home, record) = (desk.home, &row.record);
    let opened = release.opened.candidate.get(&record.suite);
    let target = opened.and_then(|opened| opened.target.clone()).or_else(|| release.opened.target.clone());
    let against = against(policy, release.opened.baseline.get(&record.suite));
    let before = home.baseline_run(record, &against).await?.map(|(row, _)| row);
    let (report, scores) = home.report(row.clone(), target.as_deref(), against).await?;
    let suite = &record.suite;
    let price = |row: &RunRow| format!("${:.6}", trade::per_case(row));
    let cost_before = before.as_ref().map_or_else(|| "–".to_owned(), price);
    memo.costs.push([suite.clone(), cost_before, price(row)]);
    limits(&report, memo);
    if let Some(comparison) = &report.comparison {
        for of in &comparison.rows {
            let (shown, range) = numbers::difference(&of.difference, of.score, of.direction);
            let level = |estimate| numbers::estimate(estimate, of.score).0;
            memo.moved.push([suite.clone(), of.name(), level(&of.baseline), level(&of.candidate), shown, range]);
        }
        causes(&report, &scores, memo);
    }
    let quality = trade::ruled(verdict, record, Role::Gate).or_else(|| trade::unpriced(record).next());
    if let Some(scorer) = quality.filter(|_| measures.quality.is_none()) {
        let measure = Measure::of(home, &report.summary, row, before.as_ref(), scorer).await?;
        memo.trades.extend(measure.against_cost());
        measures.quality = Some(measure);
    }
    if let Some(scorer) = trade::ruled(verdict, record, Role::Guardrail).filter(|_| measures.safety.is_none()) {
        measures.safety = Some(Measure::of(home, &report.summary, row, before.as_ref(), scorer).await?);
    }
    Ok(())
}

/// Slices that are worse than the whole beyond their intervals, the farthest first.
fn limits(report: &Report, memo: &mut Memo) {
    let mut found = Vec::new();
    for row in report.summary.rows.iter().filter(|row| !row.advisory) {
        let Some(whole) = row.estimate.value else { continue };
        let sign = if row.direction == Direction::Lower { -1.0 } else { 1.0 };
        for slice in &row.slices {
            let (Some(value), Some(interval)) = (slice.estimate.value, slice.estimate.interval) else { continue };
            let best = if sign > 0.0 { interval.upper } else { -interval.lower };
            if best < sign * whole {
                let (shown, range) = numbers::estimate(&slice.estimate, row.score);
                let cells = [
                    report.run.suite.clone(),
                    row.name(),
                    slice.slice.clone(),
                    shown,
                    range,
                    slice.estimate.n.to_string(),
                ];
                found.push((sign * (value - whole), cells));
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    memo.limits.extend(found.into_iter().map(|(_, cells)| cells));
}

/// Slices that go with a loss: those that a test over all slices and scorers finds, with cases that got worse.
fn causes(report: &Report, scores: &RunScores, memo: &mut Memo) {
    let slices = scores.slices();
    let compared = report.comparison.iter().flat_map(|comparison| &comparison.rows);
    let mut found = Vec::new();
    for row in compared {
        for slice in row.slices.iter().filter(|slice| !slice.advisory) {
            let lost = slice.difference.estimate.value.is_some_and(|value| value < 0.0);
            let Some(p) = slice.adjusted_p.filter(|p| lost && *p < 0.05) else { continue };
            let (difference, interval) = numbers::difference(&slice.difference, row.score, row.direction);
            let Some(own) = slices.iter().find(|of| of.name == slice.slice) else { continue };
            let inside: HashSet<&str> = own.cases.iter().map(|case| scores.cases.id(*case)).collect();
            let worse = row.flips.iter().filter(|flip| flip.worse && inside.contains(flip.case.as_str()));
            let examples = worse.take(3).map(|flip| flip.case.clone()).collect();
            found.push((
                p,
                Cause {
                    scorer: format!("{}, {}", report.run.suite, row.name()),
                    slice: slice.slice.clone(),
                    difference,
                    interval,
                    p: format!("{p:.2e}"),
                    examples,
                },
            ));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    memo.causes.extend(found.into_iter().map(|(_, cause)| cause));
}
