//! The memo of a decision: one page that somebody reads in two minutes, as Markdown and as HTML to print.

use std::fmt::Write as _;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;

use crate::markdown::{cell, rows};

const PAGE: &str = include_str!("memo.html");

/// A decision on one page. Texts may come from outside: renderers make them harmless.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Memo {
    /// What changed.
    pub title: String,
    /// Where it stands, in a sentence.
    pub stands: String,
    /// Who, what kind, how risky, under which policy: names and values.
    pub facts: Vec<(String, String)>,
    /// What holds it up.
    pub blocks: Vec<String>,
    /// Each rule: verdict, what is required, what was found.
    pub rules: Vec<[String; 3]>,
    /// What moved: suite, scorer, baseline, candidate, difference, interval.
    pub moved: Vec<[String; 6]>,
    /// What it costs: suite, baseline, candidate; per case.
    pub costs: Vec<[String; 3]>,
    /// Quality against cost.
    pub trade: Option<Trade>,
    /// What is not known, or known to be bad, in sentences.
    pub risks: Vec<String>,
    /// What is waived, by whom, until when, and who follows it up.
    pub waivers: Vec<String>,
    /// Where it does worst: suite, scorer, slice, level, interval, cases.
    pub limits: Vec<[String; 6]>,
    /// Slices that go with a loss.
    pub causes: Vec<Cause>,
}

/// A slice that goes with a loss. It is where to look, not yet why.
#[derive(Clone, Debug, Serialize)]
pub struct Cause {
    /// The suite and the scorer.
    pub scorer: String,
    /// The slice.
    pub slice: String,
    /// The difference in it.
    pub difference: String,
    /// Its interval.
    pub interval: String,
    /// Its p-value, adjusted over all slices and scorers.
    pub p: String,
    /// Cases in it that got worse.
    pub examples: Vec<String>,
}

/// Runs of a suite by what they cost and what they reach.
#[derive(Clone, Debug, Serialize)]
pub struct Trade {
    /// The suite and the scorer.
    pub what: String,
    /// The runs.
    pub points: Vec<Point>,
}

/// A target of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// What it is called.
    pub name: String,
    /// Dollars per case.
    pub cost: f64,
    /// The scorer's level, higher is better.
    pub level: f64,
    /// `candidate`, `baseline` or `other`.
    pub role: &'static str,
}

/// A point on the chart, in its units.
#[derive(Serialize)]
struct Mark<'a> {
    x: f64,
    y: f64,
    name: &'a str,
    role: &'a str,
    front: bool,
}

impl Trade {
    /// Whether no other run is at least as good for at most the cost, and better in one of the two.
    pub fn on_front(&self, at: usize) -> bool {
        let own = &self.points[at];
        !self.points.iter().any(|other| {
            other.level >= own.level && other.cost <= own.cost && (other.level > own.level || other.cost < own.cost)
        })
    }

    fn marks(&self) -> Vec<Mark<'_>> {
        let span = |of: fn(&Point) -> f64| {
            let values = self.points.iter().map(of);
            let (lo, hi) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
            (lo, if hi > lo { hi - lo } else { 1.0 })
        };
        let (cost, level) = (span(|point| point.cost), span(|point| point.level));
        let marks = self.points.iter().enumerate().map(|(at, point)| Mark {
            x: 40.0 + 420.0 * (point.cost - cost.0) / cost.1,
            y: 180.0 - 150.0 * (point.level - level.0) / level.1,
            name: &point.name,
            role: point.role,
            front: self.on_front(at),
        });
        marks.collect()
    }
}

impl Memo {
    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n**{}**\n\n", cell(&self.title), cell(&self.stands));
        for (name, value) in &self.facts {
            let _ = writeln!(text, "- {}: {}", cell(name), cell(value));
        }
        list(&mut text, "What holds it up", &self.blocks);
        let grid = |text: &mut String, title: &str, header: &[&str], cells: Vec<Vec<String>>| {
            if !cells.is_empty() {
                let _ = writeln!(text, "\n## {title}");
                rows(text, header, cells);
            }
        };
        grid(&mut text, "How sure", &["verdict", "rule", "found"], all(&self.rules));
        let header = ["suite", "scorer", "baseline", "candidate", "difference", "interval"];
        grid(&mut text, "What moved", &header, all(&self.moved));
        grid(&mut text, "Cost per case", &["suite", "baseline", "candidate"], all(&self.costs));
        if let Some(trade) = &self.trade {
            let cells = trade.points.iter().enumerate().map(|(at, point)| {
                let front = if trade.on_front(at) { "nothing is better and cheaper" } else { "" };
                vec![
                    point.name.clone(),
                    point.role.to_owned(),
                    format!("${:.6}", point.cost),
                    crate::numbers::significant(point.level),
                    front.to_owned(),
                ]
            });
            let title = format!("Quality against cost: {}", cell(&trade.what));
            grid(&mut text, &title, &["run", "", "per case", "level", "front"], cells.collect());
        }
        list(&mut text, "Open risks", &self.risks);
        list(&mut text, "Waivers", &self.waivers);
        let header = ["suite", "scorer", "slice", "level", "interval", "cases"];
        grid(&mut text, "Known limitations", &header, all(&self.limits));
        if !self.causes.is_empty() {
            text.push_str("\n## Where the loss is\n\nSlices that go with it; each is where to look, not yet why.\n");
            let cells = self.causes.iter().map(|cause| {
                let (scorer, slice) = (cause.scorer.clone(), cause.slice.clone());
                let (difference, interval) = (cause.difference.clone(), cause.interval.clone());
                vec![scorer, slice, difference, interval, cause.p.clone(), cause.examples.join(", ")]
            });
            rows(&mut text, &["scorer", "slice", "difference", "interval", "p", "cases to look at"], cells.collect());
            text.push_str("\nCause: …\n\nWhat will be done: …\n");
        }
        text
    }

    /// As one HTML file that prints on a page.
    ///
    /// # Errors
    /// Only a fault of the template itself.
    pub fn html(&self) -> Result<String, String> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.add_template("memo", PAGE).map_err(|error| error.to_string())?;
        let template = environment.get_template("memo").map_err(|error| error.to_string())?;
        let marks = self.trade.as_ref().map(Trade::marks);
        let context = serde_json::json!({"memo": self, "marks": marks});
        template.render(Serde(context)).map_err(|error| error.to_string())
    }
}

fn all<const N: usize>(cells: &[[String; N]]) -> Vec<Vec<String>> {
    cells.iter().map(|row| row.to_vec()).collect()
}

fn list(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## {title}\n");
    for line in lines {
        let _ = writeln!(text, "- {}", cell(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memo() -> Memo {
        let point = |name: &str, cost, level, role| Point { name: name.into(), cost, level, role };
        Memo {
            title: "A <shorter> prompt | @all".into(),
            stands: "held up".into(),
            trade: Some(Trade {
                what: "chat, correct".into(),
                points: vec![
                    point("now", 0.002, 0.9, "candidate"),
                    point("before", 0.003, 0.9, "baseline"),
                    point("<b>", 0.004, 0.95, "other"),
                ],
            }),
            blocks: vec!["chat#1 <script>".into()],
            ..Memo::default()
        }
    }

    #[test]
    fn the_front_is_what_nothing_beats_in_both() {
        let memo = memo();
        let trade = memo.trade.as_ref().unwrap();
        assert_eq!([0, 1, 2].map(|at| trade.on_front(at)), [true, false, true]);
    }

    #[test]
    fn nothing_hostile_comes_out() {
        let (page, text) = (memo().html().unwrap(), memo().markdown());
        assert!(!page.contains("<script>") && !page.contains("<b>") && page.contains("&lt;b&gt;"), "{page}");
        assert!(page.contains("@page") && page.contains("Content-Security-Policy"), "{page}");
        assert!(!text.contains("<shorter>") && !text.contains("@all") && text.contains("\\|"), "{text}");
    }
}
