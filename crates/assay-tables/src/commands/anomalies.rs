//! `assay stats anomalies`: reported anomalies in a series against the true ones.

use std::path::PathBuf;

use assay_metrics::anomaly::{
    Costs, adjusted_f1_area, adjusted_scores, affiliation, delays, event_scores, events, nab_score, point_scores,
    volumes,
};
use assay_stats::Interval;
use assay_stats::proportion::{critical, wilson};
use clap::Args;
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, level, usage};
use crate::{Answer, Failure, Table};

/// By events and by points, with what the literature adjusts shown for what it is. Rows are in the order of time.
#[derive(Args)]
pub struct Anomalies {
    /// A table with a row per point in time.
    file: PathBuf,
    /// The column of the true anomalies: yes or no.
    #[arg(long, default_value = "truth")]
    truth: String,
    /// The column of the reported anomalies: yes or no.
    #[arg(long, required_unless_present = "score")]
    reported: Option<String>,
    /// The column of an anomaly score: higher says "more anomalous".
    #[arg(long)]
    score: Option<String>,
    /// The score from which a point is reported.
    #[arg(long, requires = "score", conflicts_with = "reported")]
    threshold: Option<f64>,
    /// The widest buffer around events, in points, for the volumes under the surfaces of a score.
    #[arg(long, default_value_t = 100)]
    window: usize,
    /// The share of an event's points that must be reported for it to count as reported throughout (PA%K).
    #[arg(long, default_value_t = 0.2)]
    k: f64,
    #[command(flatten)]
    confidence: Confidence,
}

struct Line {
    name: String,
    value: Option<f64>,
    interval: Option<Interval>,
    note: String,
}

impl Anomalies {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let gap =
            |column: &str| usage(format!("{}: `{column}` has empty cells: fill or drop them", self.file.display()));
        let flags = |column: &str| -> Result<Vec<bool>, Failure> {
            source.flags(column, None)?.into_iter().collect::<Option<_>>().ok_or_else(|| gap(column))
        };
        let truth = flags(&self.truth)?;
        let scores: Option<Vec<f64>> = match &self.score {
            Some(column) => {
                Some(source.numbers(column)?.into_iter().collect::<Option<_>>().ok_or_else(|| gap(column))?)
            }
            None => None,
        };
        let reported = match (&self.reported, &scores, self.threshold) {
            (Some(column), _, _) => Some(flags(column)?),
            (None, Some(scores), Some(threshold)) => Some(scores.iter().map(|score| *score >= threshold).collect()),
            _ => None,
        };
        let fail = |why: assay_metrics::classification::Undefined| usage(format!("{}: {why}", self.file.display()));
        let true_events = events(&truth);
        let mut lines = Vec::new();
        let mut first = format!("{} true events in {} points", true_events.len(), truth.len());
        let mut waits = Value::Null;
        if let Some(reported) = &reported {
            let z = critical(self.confidence.level);
            let (events_found, points) =
                (event_scores(&truth, reported).map_err(fail)?, point_scores(&truth, reported).map_err(fail)?);
            let reports = events(reported).len();
            // Events far apart are independent, points within one are not: only events have an interval here.
            let share = |value: Option<f64>, n: usize| value.and_then(|p| wilson(p * n as f64, n as f64, z));
            let recall = share(events_found.recall, true_events.len());
            let precision = share(events_found.precision, reports);
            let mut push = |name: &str, value, interval, note: &str| {
                lines.push(Line { name: name.into(), value, interval, note: note.into() });
            };
            push("event precision", events_found.precision, precision, "reported stretches that touch a true event");
            push("event recall", events_found.recall, recall, "true events with a report");
            push("event F1", events_found.f1(), None, "");
            push("point precision", points.precision(), None, "points of one event depend on each other: no interval");
            push("point recall", points.recall(), None, "");
            push("point F1", points.f1(), None, "");
            let at_k = adjusted_scores(&truth, reported, self.k).map_err(fail)?;
            push(&format!("F1 adjusted at {:.0}% (PA%K)", 100.0 * self.k), at_k.f1(), None, "");
            push("F1 adjusted, area over K", adjusted_f1_area(&truth, reported).map_err(fail)?, None, "");
            let inflated = adjusted_scores(&truth, reported, 0.0).map_err(fail)?.f1();
            push("F1 point-adjusted", inflated, None, "INFLATED: random reports score high where events are long");
            if let Ok(near) = affiliation(&truth, reported) {
                push("affiliation precision", near.precision, None, "a random report scores about 0.5");
                push("affiliation recall", near.recall, None, "a random report scores about 0.5");
            }
            for (name, costs, note) in [
                ("NAB, standard", Costs::STANDARD, "early reports earn more: no report 0, perfect 1, no lower bound"),
                ("NAB, few false alarms", Costs::FEW_FALSE_ALARMS, "a false alarm costs twice as much"),
                ("NAB, few misses", Costs::FEW_MISSES, "a miss costs twice as much"),
            ] {
                push(name, nab_score(&truth, reported, costs).ok(), None, note);
            }
            let late = delays(&truth, reported).map_err(fail)?;
            let mut found: Vec<usize> = late.iter().flatten().copied().collect();
            found.sort_unstable();
            let median =
                (!found.is_empty()).then(|| (found[(found.len() - 1) / 2] + found[found.len() / 2]) as f64 / 2.0);
            push("median delay (points)", median, None, "from the start of an event that is found to its first report");
            waits = json!(late);
            first =
                format!("{} of {} true events found; {} reported stretches", found.len(), true_events.len(), reports);
        }
        if let Some(scores) = &scores {
            let area = volumes(&truth, scores, self.window).map_err(fail)?;
            lines.push(Line {
                name: "VUS-ROC".into(),
                value: Some(area.roc),
                interval: None,
                note: format!("buffers up to {} points", self.window),
            });
            lines.push(Line { name: "VUS-PR".into(), value: Some(area.pr), interval: None, note: String::new() });
        }
        let metrics: serde_json::Map<String, Value> = lines
            .iter()
            .map(|line| (line.name.clone(), json!({"value": line.value, "interval": bounds(line.interval)})))
            .collect();
        let rows = lines
            .into_iter()
            .map(|line| {
                let interval =
                    line.interval.map_or_else(|| "–".into(), |i| format!("{:.3} to {:.3}", i.lower, i.upper));
                vec![line.name, crate::answer::number(line.value), interval, line.note]
            })
            .collect();
        let header = ["metric", "value", &level(self.confidence.level), ""];
        let json = json!({"points": truth.len(), "events": true_events.len(), "metrics": metrics, "delays": waits});
        Ok(Answer::new(json).line(first).table(&header, rows, &[1, 2]))
    }
}
