//! Numbers as people read them.

pub use assay_analysis::gate::percent as confidence;
use assay_core::{Direction, ScoreKind};
use assay_stats::{Difference, Estimate, Interval};

/// A value of a scorer: rates in percent, others with four significant digits.
pub fn value(value: f64, kind: ScoreKind) -> String {
    match kind {
        ScoreKind::Binary | ScoreKind::Bounded { lo: 0.0, hi: 1.0 } => format!("{:.1}%", 100.0 * value),
        _ => significant(value),
    }
}

/// Four significant digits.
pub fn significant(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 9);
    format!("{value:.*}", digits as usize)
}

/// An interval of a scorer's values.
pub fn interval(interval: Interval, kind: ScoreKind) -> String {
    format!("{} to {}", value(interval.lower, kind), value(interval.upper, kind))
}

/// An estimate with its interval, or why there is none.
pub fn estimate(estimate: &Estimate, kind: ScoreKind) -> (String, String) {
    let shown = estimate.value.map_or_else(|| "–".to_owned(), |v| value(v, kind));
    let range = match (estimate.interval, estimate.reason) {
        (Some(range), _) => interval(range, kind),
        (None, Some(reason)) => reason.to_string(),
        (None, None) => "no interval".to_owned(),
    };
    (shown, range)
}

/// The heads of [`compared`].
pub(crate) const COMPARED: [&str; 6] =
    ["scorer", "baseline", "candidate", "difference", "interval", "better/worse/same"];

/// A scorer's row of a comparison, under [`COMPARED`].
pub(crate) fn compared(row: &assay_analysis::compare::Row) -> Vec<String> {
    let (shown, range) = difference(&row.difference, row.score, row.direction);
    let Difference { better, worse, same, .. } = row.difference;
    vec![
        format!("{}{}", row.name(), if row.advisory { " (advisory)" } else { "" }),
        estimate(&row.baseline, row.score).0,
        estimate(&row.candidate, row.score).0,
        shown,
        range,
        format!("{better}/{worse}/{same}"),
    ]
}

/// A difference in the scorer's own direction, in points for rates.
pub fn difference(difference: &Difference, kind: ScoreKind, direction: Direction) -> (String, String) {
    let points = |v: f64| match kind {
        ScoreKind::Binary | ScoreKind::Bounded { lo: 0.0, hi: 1.0 } => format!("{:+.1} pts", 100.0 * v),
        _ if v >= 0.0 => format!("+{}", significant(v)),
        _ => significant(v),
    };
    let turn = |i: Interval| if direction == Direction::Lower { i.negated() } else { i };
    let sign = if direction == Direction::Lower { -1.0 } else { 1.0 };
    let shown = difference.estimate.value.map_or_else(|| "–".to_owned(), |v| points(sign * v));
    let range = match (difference.estimate.interval, difference.estimate.reason) {
        (Some(i), _) => {
            let i = turn(i);
            format!("{} to {}", points(i.lower), points(i.upper))
        }
        (None, Some(reason)) => reason.to_string(),
        (None, None) => "no interval".to_owned(),
    };
    (shown, range)
}

/// How many trials have no score, by reason; empty when none.
pub fn missing(row: &assay_analysis::summary::Row) -> String {
    let parts = [
        (row.trial_errors, "failed"),
        (row.scorer_errors, "scorer errors"),
        (row.unscored, "unscored"),
        (row.not_run, "not run"),
    ];
    let words: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    words.join(", ")
}

/// Microseconds since the Unix epoch as a UTC time.
pub fn time(us: i64) -> String {
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(us) * 1000)
        .map(|t| {
            let (date, clock) = (t.date(), t.time());
            format!("{date} {:02}:{:02}:{:02} UTC", clock.hour(), clock.minute(), clock.second())
        })
        .unwrap_or_default()
}
