//! `assay review report`: figures for people and programs.

use assay_core::grouped;
use assay_report::terminal::table;
use assay_review::adjudication::Dispute;
use assay_review::outcome::{Aggregate, outcomes};
use assay_review::report::{CriterionReport, Figure, Options, Ranking, RaterReport, Report, report};
use assay_review::{RaterState, Review};
use clap::Args;

use super::super::{Failure, say};
use super::adjudicate;
use crate::exit;

/// Items to discuss that are listed.
const MOST_DISCUSSED: usize = 20;

/// Reports how far raters agree, by criterion, slice and rater, with intervals; what that allows; who is strict, who errs on
/// gold; what to discuss; what a change of the rubric did; how many ratings an item needs; throughput and cost.
#[derive(Args)]
pub struct ReportCommand {
    /// The project.
    project: String,
    /// A metadata key to slice by, or several; all with 2 to 12 values by default.
    #[arg(long = "slice", value_name = "KEY", value_delimiter = ',')]
    slices: Vec<String>,
    /// The level of intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95)]
    confidence: f64,
    /// The reliability that the mean of an item's ratings shall have.
    #[arg(long, value_name = "RELIABILITY", default_value_t = 0.8)]
    target: f64,
    /// The lower bound of α from which labels may serve as gold.
    #[arg(long, value_name = "ALPHA", default_value_t = 0.8)]
    gold_at: f64,
    /// The lower bound of α from which means over three or more raters may be used.
    #[arg(long, value_name = "ALPHA", default_value_t = 0.667)]
    average_at: f64,
    /// Steps of a scale that raters may be apart without a talk.
    #[arg(long, value_name = "STEPS", default_value_t = 1.0)]
    apart: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl ReportCommand {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        let options = Options {
            confidence: self.confidence,
            gold_at: self.gold_at,
            average_at: self.average_at,
            target: self.target,
            apart: self.apart,
            slices: self.slices,
            ..Options::default()
        };
        options.check()?;
        let snapshot = review.snapshot(&self.project).await?;
        let found = report(&snapshot, &options, &outcomes(&snapshot, Aggregate::Usual));
        if self.json {
            say(&serde_json::to_string_pretty(&found)?);
        } else {
            say(text(&found, &options).trim_end());
        }
        Ok(exit::PASS)
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.3}"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{:.1}%", 100.0 * value))
}

fn range(figure: Option<Figure>) -> String {
    match figure.and_then(|figure| Some((figure.lower?, figure.upper?))) {
        Some((lower, upper)) => format!("{lower:.3} to {upper:.3}"),
        None => "–".into(),
    }
}

fn value(figure: Option<Figure>) -> String {
    number(figure.map(|figure| figure.value))
}

/// The report for people.
fn text(report: &Report, options: &Options) -> String {
    let level = format!("{}% interval", (1000.0 * options.confidence).round() / 10.0);
    let progress = &report.progress;
    let mut parts = vec![format!(
        "project {} (rubric version {}): {} of {} ratings, {} of {} items complete",
        report.project,
        report.version,
        grouped(progress.accepted),
        grouped(progress.wanted),
        grouped(progress.complete),
        grouped(progress.items)
    )];
    let rows = report
        .criteria
        .iter()
        .filter(|criterion| criterion.level.is_some())
        .map(|criterion| {
            vec![
                criterion.name.clone(),
                criterion.level.clone().unwrap_or_default(),
                criterion.paired.to_string(),
                value(criterion.alpha),
                range(criterion.alpha),
                value(criterion.gwet),
                range(criterion.gwet),
                percent(criterion.agreement),
            ]
        })
        .collect::<Vec<_>>();
    if !rows.is_empty() {
        let header =
            ["criterion", "level", "items with 2+", "α", level.as_str(), "Gwet's AC", level.as_str(), "same answer"];
        parts.push(table(&header, rows, &[2, 3, 4, 5, 6, 7]));
    }
    report.criteria.iter().for_each(|criterion| parts.extend(of_criterion(criterion, options)));
    parts.extend(slices(report, &level));
    parts.extend(left_out(report));
    if !report.raters.is_empty() {
        parts.push(raters(&report.raters, &level));
    }
    for impact in &report.impact {
        let shift = impact.shift.map_or_else(String::new, |shift| format!(", by {shift:+.2} on average"));
        parts.push(format!(
            "rubric version {} asks {} otherwise: {} of {} answers changed{shift}; α of these items {} before, {} after",
            impact.version,
            impact.criterion,
            impact.changed,
            impact.answered_again,
            value(impact.alpha_before),
            value(impact.alpha_after)
        ));
    }
    for (criterion, count) in &report.split {
        parts.push(format!(
            "{criterion}: raters are split on {count} items, which have no label until they are settled"
        ));
    }
    if report.discuss.is_empty() {
        parts.push(format!("nothing is open for discussion, {} questions were settled", report.settled));
    } else {
        parts.push(format!("to discuss: {} questions ({} were settled)", report.discuss.len(), report.settled));
        let open: Vec<&Dispute> = report.discuss.iter().collect();
        parts.push(adjudicate::table(&open, MOST_DISCUSSED));
    }
    let work = &report.work;
    let pace = match (work.median_seconds, work.per_hour) {
        (Some(seconds), Some(per_hour)) => format!(", {seconds:.1} s an item (median), {per_hour:.0} items an hour"),
        _ => String::new(),
    };
    let cost = match (work.cost_per_accepted, work.left) {
        (Some(each), Some(left)) => {
            format!("; spent {}, {each} for a rating that counts, about {left} to go", work.spent)
        }
        _ => String::new(),
    };
    parts.push(format!("{} items rated{pace}{cost}", grouped(work.rated)));
    parts.extend(report.notes.iter().map(|note| format!("note: {note}")));
    parts.join("\n")
}

fn of_criterion(criterion: &CriterionReport, options: &Options) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(spans) = criterion.spans {
        lines.push(format!(
            "{}: marked characters are the same to {} (mean over {} pairs of raters)",
            criterion.name,
            percent(Some(spans.overlap)),
            spans.pairs
        ));
    }
    if criterion.level.is_none() {
        if criterion.spans.is_none() {
            lines.push(format!("{}: {} answers", criterion.name, criterion.ratings));
        }
        return lines;
    }
    lines.push(format!("{}: {}", criterion.name, criterion.decision));
    let specific: Vec<String> = criterion
        .specific
        .iter()
        .filter(|one| one.ratings > 0)
        .map(|one| {
            format!("{} {} ({} ratings)", assay_report::plain(&one.answer, 40), percent(one.agreement), one.ratings)
        })
        .collect();
    if !specific.is_empty() {
        lines.push(format!("  another rater says so too: {}", specific.join(", ")));
    }
    if let Some(mean) = criterion.mean {
        lines.push(format!("  mean {:.3} ({}) over items and raters", mean.value, range(Some(mean))));
    }
    if let Some(single) = criterion.reliability {
        let needed = match criterion.raters_needed {
            Some(needed) => format!("{} needs {needed} ratings an item", options.target),
            None => format!("no number of ratings reaches {}", options.target),
        };
        lines.push(format!(
            "  one rating has the reliability {single:.3}, the mean of an item's {}; {needed}",
            number(criterion.reliability_of_mean)
        ));
    }
    if let Some(weighed) = &criterion.weighed {
        let caution = weighed.caution.as_deref().map_or_else(String::new, |caution| format!(" (with care: {caution})"));
        lines.push(format!(
            "  Dawid and Skene's label differs from the majority's for {} of {} items{caution}",
            weighed.changed.len(),
            weighed.items
        ));
    }
    if let Some(first) = criterion.shown_first {
        lines.push(format!(
            "  the answer that was shown first won {} ({})",
            percent(Some(first.value)),
            range(Some(first))
        ));
    }
    if let Some(ranking) = &criterion.ranking {
        lines.extend(ranked(ranking, options));
    }
    lines
}

/// Targets by strength.
fn ranked(ranking: &Ranking, options: &Options) -> Vec<String> {
    let counted =
        format!("{} comparisons on {} cases", grouped(ranking.comparisons as u64), grouped(ranking.cases as u64));
    if let Some(why) = &ranking.why_not {
        return vec![format!("  no ranking from {counted}: {}", assay_report::plain(why, 400))];
    }
    let rows = ranking.targets.iter().map(|one| {
        let (best, worst) = one.ranks;
        let interval = one.elo.lower.zip(one.elo.upper);
        vec![
            if best == worst { best.to_string() } else { format!("{best} to {worst}") },
            assay_report::plain(&one.target, 60),
            format!("{:.0}", one.elo.value),
            interval.map_or_else(|| "–".into(), |(lower, upper)| format!("{lower:.0} to {upper:.0}")),
            one.won.to_string(),
            one.tied.to_string(),
            one.lost.to_string(),
        ]
    });
    let level = format!("{}% interval", (1000.0 * options.confidence).round() / 10.0);
    let mut lines = vec![
        format!("  {counted}, each pair once; intervals by case:"),
        table(&["rank", "target", "Elo", &level, "won", "tied", "lost"], rows.collect(), &[2, 3, 4, 5, 6]),
    ];
    if ranking.separated {
        lines.push(
            "  a target won or lost everything against the others: its strength is a bound, not an estimate".into(),
        );
    }
    lines
}

fn slices(report: &Report, level: &str) -> Option<String> {
    let rows: Vec<Vec<String>> = report
        .criteria
        .iter()
        .flat_map(|criterion| criterion.slices.iter().map(move |slice| (criterion, slice)))
        .map(|(criterion, slice)| {
            vec![
                criterion.name.clone(),
                format!("{} = {}", slice.key, slice.value),
                slice.paired.to_string(),
                value(slice.alpha),
                range(slice.alpha),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| table(&["criterion", "slice", "items with 2+", "α", level], rows, &[2, 3, 4]))
}

fn left_out(report: &Report) -> Option<String> {
    // A rater without whom agreement is about the same is of no interest.
    const NOTABLE: f64 = 0.02;
    let rows: Vec<Vec<String>> = report
        .criteria
        .iter()
        .flat_map(|criterion| criterion.left_out.iter().map(move |left| (criterion, left)))
        .filter(|(_, left)| left.change.abs() >= NOTABLE)
        .map(|(criterion, left)| {
            vec![criterion.name.clone(), left.rater.clone(), number(Some(left.alpha)), format!("{:+.3}", left.change)]
        })
        .collect();
    (!rows.is_empty()).then(|| table(&["criterion", "without", "α of the others", "change"], rows, &[2, 3]))
}

fn raters(raters: &[RaterReport], level: &str) -> String {
    let rows = raters
        .iter()
        .map(|rater| {
            let gold = rater.gold.hits + rater.gold.misses;
            let accuracy = match (gold, rater.gold.interval) {
                (0, _) => "–".to_owned(),
                (n, interval) => {
                    let known =
                        rater.gold.accuracy.map_or_else(String::new, |share| format!("{} ", percent(Some(share))));
                    format!("{known}{} (n = {n})", range(interval))
                }
            };
            let severity: Vec<String> = rater
                .severity
                .iter()
                .map(|(name, figure)| format!("{name} {:+.2} ({})", figure.value, range(Some(*figure))))
                .collect();
            let mut flags = Vec::new();
            if rater.state == RaterState::Suspended {
                flags.push("suspended".to_owned());
            }
            if rater.gold.drifts {
                flags.push("errs on gold more than before".to_owned());
            }
            if rater.fast_p.is_some_and(|p| p < 0.05) {
                flags.push(format!("{} fast", rater.fast));
            }
            if !rater.straight.is_empty() {
                flags.push(format!("one answer in long runs: {}", rater.straight.join(", ")));
            }
            vec![
                rater.name.clone(),
                rater.accepted.to_string(),
                accuracy,
                severity.join("; "),
                rater.median_seconds.map_or_else(|| "–".into(), |seconds| format!("{seconds:.1}")),
                rater.paid.to_string(),
                flags.join("; "),
            ]
        })
        .collect();
    let gold = format!("right on gold, {level}");
    let severity = format!("severity ({level})");
    table(&["rater", "counts", &gold, &severity, "seconds", "paid", "look at"], rows, &[1, 4, 5])
}
