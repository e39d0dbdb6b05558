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
    /// What is given for what: quality against cost, quality against safety.
    pub trades: Vec<Trade>,
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

/// Runs by what they reach and what that takes.
#[derive(Clone, Debug, Serialize)]
pub struct Trade {
    /// What the two are.
    pub title: String,
    /// What is across.
    pub across: Across,
    /// The runs.
    pub points: Vec<Point>,
}

/// What is across on a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Across {
    /// Dollars per case: less is better.
    Cost,
    /// Another scorer's level: more is better.
    Level,
}

/// A run.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// What it is called.
    pub name: String,
    /// Its place across.
    pub across: f64,
    /// The scorer's level, higher is better.
    pub level: f64,
    /// `candidate`, `baseline` or `other`.
    pub role: &'static str,
}

/// A chart, in its units.
#[derive(Serialize)]
struct Chart<'a> {
    title: &'a str,
    /// What is at the far end of what is across.
    far: &'static str,
    marks: Vec<Mark<'a>>,
}

/// A point on a chart.
#[derive(Serialize)]
struct Mark<'a> {
    x: f64,
    y: f64,
    name: &'a str,
    role: &'a str,
    front: bool,
}

impl Trade {
    /// Whether no other run is at least as good in both, and better in one of the two.
    pub fn on_front(&self, at: usize) -> bool {
        let sign = if self.across == Across::Cost { -1.0 } else { 1.0 };
        let own = &self.points[at];
        let (level, across) = (own.level, sign * own.across);
        !self.points.iter().map(|other| (other.level, sign * other.across)).any(|(other_level, other_across)| {
            other_level >= level && other_across >= across && (other_level > level || other_across > across)
        })
    }

    fn chart(&self) -> Chart<'_> {
        let span = |of: fn(&Point) -> f64| {
            let values = self.points.iter().map(of);
            let (lo, hi) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
            (lo, if hi > lo { hi - lo } else { 1.0 })
        };
        let (across, level) = (span(|point| point.across), span(|point| point.level));
        let marks = self.points.iter().enumerate().map(|(at, point)| Mark {
            x: 40.0 + 420.0 * (point.across - across.0) / across.1,
            y: 180.0 - 150.0 * (point.level - level.0) / level.1,
            name: &point.name,
            role: point.role,
            front: self.on_front(at),
        });
        let far = if self.across == Across::Cost { "dearer" } else { "safer" };
        Chart { title: &self.title, far, marks: marks.collect() }
    }

    /// As a table: run, role, what is across, level, whether it is on the front.
    fn cells(&self) -> Vec<Vec<String>> {
        let cells = self.points.iter().enumerate().map(|(at, point)| {
            let across = match self.across {
                Across::Cost => format!("${:.6}", point.across),
                Across::Level => crate::numbers::significant(point.across),
            };
            let front = if self.on_front(at) { "nothing is better in both" } else { "" };
            let level = crate::numbers::significant(point.level);
            vec![point.name.clone(), point.role.to_owned(), across, level, front.to_owned()]
        });
        cells.collect()
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
        for trade in &self.trades {
            let across = if trade.across == Across::Cost { "per case" } else { "safety" };
            grid(&mut text, &cell(&trade.title), &["run", "", across, "level", "front"], trade.cells());
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
        let charts: Vec<Chart<'_>> = self.trades.iter().map(Trade::chart).collect();
        let context = serde_json::json!({"memo": self, "charts": charts});
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
        let point = |name: &str, across, level, role| Point { name: name.into(), across, level, role };
        let points = vec![
            point("now", 0.002, 0.9, "candidate"),
            point("before", 0.003, 0.9, "baseline"),
            point("<b>", 0.004, 0.95, "other"),
        ];
        let trade = |title: &str, across| Trade { title: title.into(), across, points: points.clone() };
        Memo {
            title: "A <shorter> prompt | @all".into(),
            stands: "held up".into(),
            trades: vec![trade("against cost", Across::Cost), trade("against <safety>", Across::Level)],
            blocks: vec!["chat#1 <script>".into()],
            ..Memo::default()
        }
    }

    #[test]
    fn the_front_is_what_nothing_beats_in_both() {
        let memo = memo();
        let front = |at: usize| [0, 1, 2].map(|of| memo.trades[at].on_front(of));
        assert_eq!(front(0), [true, false, true]);
        // Where more is better in both, the last beats all others.
        assert_eq!(front(1), [false, false, true]);
        assert!(memo.html().unwrap().contains("safer"));
    }

    #[test]
    fn nothing_hostile_comes_out() {
        let (page, text) = (memo().html().unwrap(), memo().markdown());
        assert!(!page.contains("<script>") && !page.contains("<b>") && page.contains("&lt;b&gt;"), "{page}");
        assert!(page.contains("@page") && page.contains("Content-Security-Policy"), "{page}");
        assert!(
            !text.contains("<shorter>") && !text.contains("<safety>") && !text.contains("@all") && text.contains("\\|"),
            "{text}"
        );
    }
}
